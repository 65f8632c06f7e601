/* SPDX-License-Identifier: MIT */
/*
 * What all exporters walk over: plan, runs that ended well, and their chunks in order of run,
 * region and storing. Private to src/profile.
 */
#ifndef AUTOPERF_PROFILE_EXPORT_SOURCE_H
#define AUTOPERF_PROFILE_EXPORT_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/export.h"
#include "profile/profile.h"
#include "profile/store.h"

struct export_chunk {
	struct store_chunk chunk;
	size_t region;   /* index in `regions` */
	int64_t process; /* id, 0: none */
};

struct export_run {
	struct profile_run run;
	size_t first_chunk; /* index in `chunks` */
	size_t chunk_count;
};

struct export_source {
	struct profile *profile;
	struct event_plan plan;
	struct profile_region *regions;
	size_t region_count;
	struct export_run *runs; /* status OK, with samples; in order */
	size_t run_count;
	struct export_chunk *chunks;
	size_t chunk_count;
	size_t chunk_capacity;
	struct sample_table
		table; /* room for one chunk of the largest pass; with depth */
	struct progress progress; /* in samples read */
};

/*
 * Fills *source, and the runs of *summary; `options` may be NULL. Who reads samples more often
 * than once, or has more to do with them, adds that to source->progress.total. Free with export_source_close() in any case.
 */
int export_source_open(struct export_source *source, struct profile *profile,
		       const struct export_options *options,
		       struct export_summary *summary, struct error *error);
void export_source_close(struct export_source *source);
/*
 * Decodes a chunk of `run` into a view of source->table with the events of the run's pass, and
 * shows the progress.
 */
int export_read(struct export_source *source, const struct export_run *run,
		const struct export_chunk *chunk, struct sample_table *view,
		struct error *error);

#endif
