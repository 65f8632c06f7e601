/* SPDX-License-Identifier: MIT */
/* Profiles for tests: a plan of known events, and samples by formula. Fails loudly. */
#ifndef AUTOPERF_TESTS_PROFILE_BUILDER_H
#define AUTOPERF_TESTS_PROFILE_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"

/*
 * Pass 0: instructions, page-faults, context-switches. Pass 1: instructions, cache-misses.
 * Static storage: not to be freed.
 */
const struct event_plan *example_plan(void);
/* Pass 0: page-faults, context-switches: the events of recording_builder's example. */
const struct event_plan *recording_plan(void);

/* A new profile with that plan. */
struct profile *example_profile(const char *path, const struct event_plan *plan);

/*
 * A table of `rows` samples of `event_count` events: row i has thread i % 3, begin_ns
 * 1000 (i + 1), wall_ns 100 + i + seed, cpu_ns 90 + i, weight 1 + i % 2, running 1, and value
 * of event k is (k + 1) * (1000 + i) + seed. Free with sample_table_free().
 */
void example_table(struct sample_table *table, size_t rows, size_t event_count,
		   uint64_t seed);

/* Adds a run with that status and, per region name, `rows` samples of example_table(). */
void example_run(struct profile *profile, uint32_t pass, enum profile_run_status status,
		 const char *const *regions, size_t region_count, size_t rows,
		 uint64_t seed);

#endif
