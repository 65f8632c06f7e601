/* SPDX-License-Identifier: MIT */
/*
 * Source sim: the program runs in the simulator (sim/), and the regions' frames are told to it by
 * client requests, which are a few instructions without effect anywhere else. The frames, and
 * what is lost, stay the business of this library; the counters exist only after the simulator's
 * replay, so it is the simulator that appends the samples to our recording.
 *
 * Built without valgrind.h, there is no simulator that could listen.
 */
#include "perfpoint/runtime.h"

#include <errno.h>
#include <stdio.h>

#ifdef HAVE_VALGRIND

#include "requests.h"

static bool present;

void sim_configure(void)
{
	const void *entries[MARKERS_ENTRIES_MAX];
	size_t count = markers_entries(entries);

	present = autoperf_sim_markers(entries, count) == AUTOPERF_SIM_DONE;
}

int sim_start(char *text, size_t size)
{
	const char *names[RECORDING_EVENTS_MAX];
	struct autoperf_sim_start start = {
		.abi = AUTOPERF_SIM_ABI,
		.event_count = process.event_count,
		.events = names,
		.recording = process.path,
		.problem = text,
		.problem_bytes = size,
	};

	for (uint32_t i = 0; i < process.event_count; i++)
		names[i] = process.events[i].name;
	return autoperf_sim_start(&start) == AUTOPERF_SIM_DONE ? 0 : -EIO;
}

void sim_begin(const struct thread *thread, const struct frame *frame)
{
	autoperf_sim_begin(thread->depth - 1, frame_region(frame), frame->token);
}

void sim_end(const struct thread *thread, const struct frame *frame)
{
	autoperf_sim_end(thread->depth - 1, thread->index, frame->token);
}

#else

static const bool present;

void sim_configure(void)
{
}

int sim_start(char *text, size_t size)
{
	(void)text, (void)size;
	return -ENOSYS;
}

void sim_begin(const struct thread *thread, const struct frame *frame)
{
	(void)thread, (void)frame;
}

void sim_end(const struct thread *thread, const struct frame *frame)
{
	(void)thread, (void)frame;
}

#endif

int sim_check(char *text, size_t size)
{
	if (present)
		return 0;
	snprintf(text, size,
		 "source sim counts only inside the simulator; autoperf record "
		 "--follow-children takes programs that others start there, too");
	return -ENODEV;
}
