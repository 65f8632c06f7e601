/* SPDX-License-Identifier: MIT */
/*
 * The samples of one run in order of time, thread by thread, and which lies inside which: what
 * traces and flame graphs are made of. Private to src/profile.
 *
 * Times alone do not tell: what the markers took is subtracted from them, so a region with many
 * others inside ends, by its times, before the last of these begin. Where every execution of a
 * process was measured, the depths of its samples decide. Where some were not, a sample lies
 * inside another if it begins before that one ends, or if it was nested more deeply and the
 * markers since then took as long. One inside of an execution that was not measured so lies inside
 * of what is open around that. Imports, simulated and old profiles: times are exact, or all there
 * is.
 */
#ifndef AUTOPERF_PROFILE_TIMELINE_H
#define AUTOPERF_PROFILE_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/export_source.h"

/* The runtime measures 256 levels; what nests deeper than that is no program's nesting. */
#define TIMELINE_LEVELS_MAX 256

struct timeline_process {
	int64_t id; /* 0: samples of no process, in imports */
	uint64_t start_utc_ns;
	uint64_t offset_ns; /* its beginning since that of the run's first one */
	double pair_ns; /* what a pair of markers took about; 0: not known, or nothing */
	uint32_t pid;
	uint32_t first_thread;
	char *executable; /* clean text, may be "" */
	bool exact;       /* depths tell what lies inside what */
};

struct timeline_sample {
	uint64_t begin_ns; /* since the run's first process began */
	uint64_t
		end_ns; /* begin + wall, or the end of what lies inside it, if that is later */
	double wall_ns;
	double cpu_ns; /* NaN: unknown */
	double weight;
	size_t row;       /* of `values` */
	uint32_t process; /* index */
	uint32_t thread;  /* unique in the run */
	uint32_t region;  /* index in the source's */
	uint16_t depth;   /* as recorded; 0 also where it is not known */
	uint16_t level;   /* how many samples it lies inside of */
};

struct timeline {
	struct timeline_process *processes;
	size_t process_count;
	struct timeline_sample
		*samples; /* sorted by process, thread, begin; outer first */
	size_t count;
	double *values; /* [count][event_count] in the order of the run's pass */
	size_t event_count;
	bool timed; /* samples tell when they began, and how long they took */
};

/*
 * Reads a run; memory: 64 bytes and 8 a counter for each sample. Without times, levels are 0.
 * Free with timeline_free(), also after a failure.
 */
int timeline_read(struct timeline *timeline, struct export_source *source,
		  const struct export_run *run, struct error *error);
void timeline_free(struct timeline *timeline);

/* One past the last sample of the thread that sample `first` belongs to. */
size_t timeline_end_of_thread(const struct timeline *timeline, size_t first);

#endif
