/* SPDX-License-Identifier: MIT */
/*
 * A profile's samples for other programs. Runs that failed are left out: nobody should learn
 * from them. Memory: one chunk of samples, whatever the size of the profile; where samples have
 * to be put in order of time, those of one run (timeline.h).
 */
#ifndef AUTOPERF_PROFILE_EXPORT_H
#define AUTOPERF_PROFILE_EXPORT_H

#include <stdint.h>
#include <stdio.h>

#include "base/console.h"
#include "base/error.h"
#include "profile/profile.h"

#define EXPORT_JSON_VERSION 1

/* What is exported, the same in every format. Zeroed: everything. */
struct export_options {
	const struct console *console; /* progress; NULL: none */
	const uint32_t *runs;          /* ordinals; only these */
	size_t run_count;              /* 0: all */
	const char *const *regions;    /* names; only these */
	size_t region_count;           /* 0: all */
};

struct export_summary {
	size_t runs;
	size_t runs_left_out; /* failed, or without samples */
	size_t files;
	uint64_t samples;
};

/*
 * All of them: `options` may be NULL. -ENODATA when there is no sample to export, -ENOENT when
 * the options name a run or region that is not there. Errors of writing stay in the stream for
 * its owner to find.
 *
 * One table with a header row: region, run, pass, thread, begin_ns, wall_ns, cpu_ns,
 * executions, counters_running, and a column per event, empty where the row's pass lacks it.
 */
int profile_export_csv(struct profile *profile, const struct export_options *options,
		       FILE *out, struct export_summary *summary, struct error *error);

/* One JSON document with all that the profile tells about the samples: doc/formats/json.md. */
int profile_export_json(struct profile *profile, const struct export_options *options,
			FILE *out, struct export_summary *summary, struct error *error);

/*
 * A trace that the Perfetto UI opens: doc/formats/perfetto.md. -ENODATA when the samples do not
 * say when they were taken.
 */
int profile_export_perfetto(struct profile *profile,
			    const struct export_options *options, FILE *out,
			    struct export_summary *summary, struct error *error);

/*
 * Folded stacks for flame graphs, "process;thread;outer;inner weight": doc/formats/folded.md.
 * `weight` names an event, NULL: time. -ENOENT when no run counts it.
 */
int profile_export_folded(struct profile *profile, const struct export_options *options,
			  const char *weight, FILE *out, struct export_summary *summary,
			  struct error *error);

/*
 * The original AutoPerf's layout: <directory>/run_<n>/event_<i>_perf_data.csv. The directory
 * must not exist, or be empty; after a failure it is as it was. Needs instructions in each
 * pass. Regions that are not called mark-<n> get numbers, listed in <directory>/marks.csv.
 */
int profile_export_original(struct profile *profile,
			    const struct export_options *options, const char *directory,
			    struct export_summary *summary, struct error *error);

#endif
