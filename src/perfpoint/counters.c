/* SPDX-License-Identifier: MIT */
/*
 * Chooses among the counter sources: perf (counters_perf.c), a plug-in (papi_plugin.c, which
 * holds libpapi), the simulator (counters_sim.c), or none, wall time only. The reading itself is inline in runtime.h.
 */
#include "perfpoint/runtime.h"

#include <errno.h>

int counters_open(struct thread *thread, char *text, size_t size)
{
	clock_set(&thread->clock, process.start_ns);
	perf_disarm(thread);
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

/*
 * The simulator has the values only when its replay has come this far, and stores the sample
 * itself. So the reading at the end cannot be had; see counters_deferred().
 */
static bool begin_sim(const struct thread *thread, const uint64_t *reading)
{
	if (reading == thread->scratch)
		return false;
	sim_begin(thread, thread_frame(thread, thread->depth - 1));
	return true;
}

bool counters_deferred(const struct thread *thread, const struct frame *frame,
		       enum recording_loss loss)
{
	if (process.source != RECORDING_SOURCE_SIM ||
	    loss != RECORDING_LOSS_READ_FAILED)
		return false;
	sim_end(thread, frame);
	return true;
}

bool counters_read_plugin(struct thread *thread, uint64_t *reading)
{
	int saved_errno = errno;
	bool fine;

	if (process.source == RECORDING_SOURCE_SIM)
		return begin_sim(thread, reading);

	/* The library behind it may call read(2), a cancellation point. */
	thread_hold_cancel();
	fine = process.plugin->thread_read(thread->plugin_thread, reading);
	thread_release_cancel();
	errno = saved_errno;
	return fine;
}
