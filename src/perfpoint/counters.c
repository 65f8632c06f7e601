/* SPDX-License-Identifier: MIT */
/*
 * Chooses among the counter sources: perf (counters_perf.c), a plug-in (papi_plugin.c, which
 * holds libpapi), or none, wall time only. The reading itself is inline in runtime.h.
 */
#include "perfpoint/runtime.h"

#include <errno.h>

int counters_open(struct thread *thread, char *text, size_t size)
{
	switch (process.source) {
	case RECORDING_SOURCE_PERF:
		return perf_open(thread, text, size);
	case RECORDING_SOURCE_PAPI:
		thread->plugin_thread = process.plugin->thread_open(text, size);
		return thread->plugin_thread ? 0 : -EIO;
	default:
		return 0;
	}
}

void counters_close(struct thread *thread, bool forked)
{
	if (process.source == RECORDING_SOURCE_PERF)
		perf_close(thread, forked);
	/* A child's copy of its parent's state is dropped by the plug-in's next start. */
	if (thread->plugin_thread && !forked)
		process.plugin->thread_close(thread->plugin_thread);
	thread->plugin_thread = NULL;
}

uint32_t counters_reading_words(void)
{
	/* perf: in the worst case each event is a group, number and two times before it. */
	return process.source == RECORDING_SOURCE_PERF ? 4 * process.event_count
						       : process.event_count;
}

bool counters_read_plugin(struct thread *thread, uint64_t *reading)
{
	int state, saved_errno = errno;
	bool fine;

	/* The library behind it may call read(2), a cancellation point. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	fine = process.plugin->thread_read(thread->plugin_thread, reading);
	pthread_setcancelstate(state, NULL);
	errno = saved_errno;
	return fine;
}
