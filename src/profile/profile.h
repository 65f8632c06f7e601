/* SPDX-License-Identifier: MIT */
/*
 * The profile: one SQLite file with everything that was measured (doc/formats.md has the
 * schema). Stages after it read only this.
 *
 * A profile has events, passes (ordered sets of events), runs (one execution of the command
 * with one pass), processes, regions, and the samples in zstd-compressed column blocks.
 * Writers commit once a run: what was finished survives everything.
 *
 * Not thread-safe: one handle, one thread.
 */
#ifndef AUTOPERF_PROFILE_PROFILE_H
#define AUTOPERF_PROFILE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "event/event.h"
#include "profile/machine.h"

#define PROFILE_APPLICATION_ID 0x41504462 /* "APDb" */
#define PROFILE_SCHEMA_VERSION 3
#define PROFILE_SUFFIX         ".apdb"

struct profile;

enum profile_access { PROFILE_READ, PROFILE_WRITE };

/*
 * Creates; refuses an existing file unless `force`, and then replaces it. The file exists,
 * complete and empty, when this returns.
 */
int profile_create(struct profile **profile, const char *path, bool force,
		   struct error *error);
/*
 * Opens an existing one. The error tells apart: no such file, no profile, damaged, made by a
 * newer version. PROFILE_WRITE is for --append. A journal left by a killed writer is rolled
 * back (needs write permission; the text says so when it has none).
 */
int profile_open(struct profile **profile, const char *path, enum profile_access access,
		 struct error *error);
/* Closes; NULL is fine. Uncommitted work of a begun run is rolled back. */
void profile_close(struct profile *profile);
const char *profile_path(const struct profile *profile);

/*
 * Names as the profile keeps them, whatever bytes a program passed: valid UTF-8 without
 * control characters, so that terminals, JSON and CSV can take them. Every other byte becomes
 * \xNN (lower-case hexadecimal); a backslash that already reads as such an escape becomes
 * \x5c, so that different names stay different. malloc'd; NULL when out of memory.
 */
char *profile_clean_text(const char *bytes, size_t length);

/* ---- facts about the whole profile: key and value, UTF-8 ---- */
#define FACT_MAX_OVERHEAD "max_overhead" /* share that markers may take; 0: no limit */
/* JSON array: names of hardware events that were 0 in all samples, although they ran. */
#define FACT_SILENT_EVENTS "silent_events"
/* Keys in use: created_utc, tool_version, command (JSON array), directory, source,
 * git_commit, git_dirty, environment (JSON object), max_overhead,
 * silent_events. NULL value when absent. */
int profile_set_fact(struct profile *profile, const char *key, const char *value,
		     struct error *error);
/* malloc'd; NULL when absent or unreadable. Whoever prints it cleans it first. */
char *profile_get_fact(struct profile *profile, const char *key);

/* Machine fingerprint, see machine.h; one per profile, checked on --append. */
int profile_set_machine(struct profile *profile, const struct machine *machine,
			struct error *error);
/* All fields are unknown (see machine_probe) when none was set, as in imports. */
int profile_get_machine(struct profile *profile, struct machine *machine,
			struct error *error);

/* ---- events and passes: written once, before the first run ---- */
/* Also sets the fact "source". -EEXIST when there are runs already. */
int profile_set_plan(struct profile *profile, const struct event_plan *plan,
		     struct error *error);
/* The plan as stored (names, roles, units, descriptions, passes; no encodings). Free with
 * event_plan_free(). */
int profile_get_plan(struct profile *profile, struct event_plan *plan,
		     struct error *error);

/* ---- runs ---- */
enum profile_run_status {
	PROFILE_RUN_OK,
	PROFILE_RUN_EXIT,        /* exit status not 0 */
	PROFILE_RUN_SIGNAL,      /* killed by a signal */
	PROFILE_RUN_TIMEOUT,     /* killed by us after --timeout */
	PROFILE_RUN_INTERRUPTED, /* Ctrl-C while it ran */
	PROFILE_RUN_EMPTY,       /* fine, but no region was executed */
};
const char *profile_run_status_name(enum profile_run_status status);

struct profile_run {
	int64_t id;       /* set by profile_begin_run(); unique in the profile */
	uint32_t ordinal; /* 0, 1, 2, ... in the order of execution; set by begin */
	uint32_t pass;    /* index into plan.passes */
	enum profile_run_status status;
	int exit_code; /* exit status, or signal number, or 0 */
	int64_t started_utc_ns;
	uint64_t wall_ns; /* of the whole command */
	uint64_t user_ns; /* CPU time of the command and its children */
	uint64_t system_ns;
	uint64_t max_rss_bytes;
	uint64_t seed; /* of the layout randomisation, 0: none */
	/* filled by ingest, or when read: */
	uint64_t samples;
	/*
	 * Samples not stored, executions not measured, and samples that made no sense. Not what
	 * the program did itself: END without START, START without END.
	 */
	uint64_t lost;
	/* filled by ingest alone: */
	uint64_t counted; /* bit i: event i of the pass is not 0 in every sample */
	double region_ns; /* wall time of the samples, each for the executions it stands for */
};

/* Opens a transaction. */
int profile_begin_run(struct profile *profile, struct profile_run *run,
		      struct error *error);
/*
 * Adds one recording (one process) to the begun run. The recording's events must be those of
 * the run's pass. Losses and a truncated file are stored with the process and reported by
 * profile_processes(). All or nothing: after a failure the run is as it was, and may go on
 * unless the profile itself could not be written. What recording_open() refuses comes with
 * its codes (-ENODATA: nothing had been measured yet). Memory: under 64 MiB.
 */
int profile_add_recording(struct profile *profile, struct profile_run *run,
			  const char *recording_path, struct error *error);
/* Stores the run and commits. On failure the run is rolled back and nothing of it remains. */
int profile_end_run(struct profile *profile, const struct profile_run *run,
		    struct error *error);
void profile_abandon_run(struct profile *profile);

/* All runs in order of execution; *runs is malloc'd. */
int profile_runs(struct profile *profile, struct profile_run **runs, size_t *count,
		 struct error *error);

struct profile_process {
	int64_t run;
	uint32_t pid;
	char executable[256];
	uint32_t threads;
	uint64_t samples;
	bool ended;          /* its exit handlers ran; else it was killed or replaced */
	bool truncated;      /* the recording was cut short */
	uint64_t torn;       /* samples that made no sense, left out */
	uint64_t losses[16]; /* enum recording_loss */
	uint64_t recording_bytes; /* of the recording, holes not counted */
	char failure[256];        /* first failure of the runtime, "" if none */
	/* What markers took; all 0 where it is not known. */
	uint64_t executions; /* of regions, measured or not */
	uint64_t measured;
	uint64_t marker_ns; /* of the threads' time, estimated */
};
int profile_processes(struct profile *profile, struct profile_process **processes,
		      size_t *count, struct error *error);

/* ---- regions and samples ---- */
struct profile_region {
	int64_t id;
	char *name;
	uint64_t samples;     /* in runs with status OK */
	double total_wall_ns; /* in them, weighted by one_in */
};
/* Sorted by name (bytes). Free with profile_regions_free(). */
int profile_regions(struct profile *profile, struct profile_region **regions,
		    size_t *count, struct error *error);
void profile_regions_free(struct profile_region *regions, size_t count);

/*
 * Samples of one region and one pass as columns, in order of run, process, block. The unit of
 * everything downstream.
 */
struct sample_table {
	size_t rows;
	size_t event_count;
	uint32_t *run;      /* [rows] index into run_ordinals, 0.. */
	uint32_t *thread;   /* [rows] thread index, unique within a run */
	uint64_t *begin_ns; /* [rows] since the start of the run's process */
	double *wall_ns;    /* [rows]; 0 for raw imports without time */
	double *cpu_ns;     /* [rows]; NaN where unknown */
	double *weight;     /* [rows] executions that this one stands for, >= 1 */
	float *running;     /* [rows] share of time that the counters ran, (0, 1] */
	/* [rows] regions open around it on its thread, 0 also where that is not known; NULL unless
	 * the reader asks for it, as exports do. */
	uint16_t *depth;
	double **values;        /* [event_count][rows] in the order of the pass */
	uint32_t *run_ordinals; /* [run_count] ordinal of each run, ascending */
	size_t run_count;       /* runs that have samples here */
};

/*
 * Loads what a region's runs with `status OK` hold for one pass (all runs when
 * `include_failed`). No rows is success. *bytes of memory: about 40 + 8 x events per sample.
 */
int profile_load(struct profile *profile, int64_t region, uint32_t pass,
		 bool include_failed, struct sample_table *table, struct error *error);
void sample_table_free(struct sample_table *table);
/*
 * Only the wall times of a region's samples, and the executions that each stands for, of every
 * pass, in order of run; both malloc'd (8 bytes a sample), NULL when there are none.
 */
int profile_load_wall(struct profile *profile, int64_t region, bool include_failed,
		      double **wall_ns, double **weight, size_t *count,
		      struct error *error);

/*
 * Writes samples that do not come from a recording (imports). Rows of one region, within a
 * begun run; adds to run->samples. `table->run` is ignored; arrays that are NULL, except
 * `values`, mean the defaults thread 0, begin 0, wall 0, CPU time unknown, weight 1, running 1.
 * A region's name that is text already (see profile_clean_text) is kept as it is.
 */
int profile_add_samples(struct profile *profile, struct profile_run *run,
			const char *region_name, const struct sample_table *table,
			struct error *error);

#endif
