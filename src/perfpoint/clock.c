/* SPDX-License-Identifier: MIT */
/* Setting the clock of markers: see clock.h. */
#include "perfpoint/clock.h"

/* The counter and CLOCK_MONOTONIC are read together so often; the closest pair counts. */
#define TRIES 4

void clock_set(struct clock *clock, uint64_t start_ns)
{
	*clock = (struct clock){.rate = (uint64_t)1 << CLOCK_SHIFT, .origin = start_ns};
}

void clock_set_raw(struct clock *clock, const struct perf_event_mmap_page *page,
		   uint64_t start_ns)
{
	uint64_t best = UINT64_MAX;

	/* time_shift is at most 32, and 0 with a time_mult of 0 where nothing is known. */
	if (!page->cap_user_time || !page->time_mult || page->time_shift > CLOCK_SHIFT)
		return;
	clock->raw = true;
	clock->rate = (uint64_t)page->time_mult << (CLOCK_SHIFT - page->time_shift);
	for (int i = 0; i < TRIES; i++) {
		uint64_t before = user_read_clock();
		uint64_t now_ns = process_now();
		uint64_t after = user_read_clock();

		if (after - before >= best)
			continue;
		best = after - before;
		clock->origin = before + best / 2;
		clock->origin_ns = now_ns - start_ns;
	}
}
