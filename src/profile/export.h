/* SPDX-License-Identifier: MIT */
/*
 * A profile's samples for other programs. Runs that failed are left out: nobody should learn
 * from them. Memory: one chunk of samples, whatever the size of the profile.
 */
#ifndef AUTOPERF_PROFILE_EXPORT_H
#define AUTOPERF_PROFILE_EXPORT_H

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "profile/profile.h"

struct export_summary {
	size_t runs;
	size_t runs_left_out; /* failed, or without samples */
	size_t files;
	uint64_t samples;
};

/*
 * One table with a header row: region, run, pass, thread, begin_ns, wall_ns, cpu_ns,
 * executions, counters_running, and a column per event, empty where the row's pass lacks it.
 * Errors of writing stay in the stream for its owner to find.
 */
int profile_export_csv(struct profile *profile, FILE *out,
		       struct export_summary *summary, struct error *error);

/*
 * The original AutoPerf's layout: <directory>/run_<n>/event_<i>_perf_data.csv. The directory
 * must not exist, or be empty; after a failure it is as it was. Needs instructions in each
 * pass. Regions that are not called mark-<n> get numbers, listed in <directory>/marks.csv.
 */
int profile_export_original(struct profile *profile, const char *directory,
			    struct export_summary *summary, struct error *error);

#endif
