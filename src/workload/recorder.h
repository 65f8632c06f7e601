/* SPDX-License-Identifier: MIT */
/*
 * Inside this room: what the parts of record() share. record.c is the loop over runs;
 * prepare.c decides what is measured; facts.c describes where; ingest.c stores one run;
 * losses.c says what is missing in the end; show.c shows progress; simulate.c is about source
 * sim.
 */
#ifndef AUTOPERF_WORKLOAD_RECORDER_H
#define AUTOPERF_WORKLOAD_RECORDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/console.h"
#include "base/text.h"
#include "event/event.h"
#include "profile/profile.h"
#include "workload/interrupts.h"
#include "workload/session_directory.h"
#include "workload/simulate.h"
#include "workload/workload.h"

struct recorder {
	const struct record_options *options;
	struct record_summary *summary;
	struct console
		console; /* ours to write on while the command runs, see show.c */
	char *runtime;   /* path of libperfpoint.so.0 */
	char *plugin;    /* path of the PAPI plug-in; NULL where it is not built */
	struct machine machine;
	struct profile *profile;
	bool created; /* the profile is new: it goes again if nothing gets into it */
	bool removed; /* it has */
	struct event_plan plan;
	struct simulation simulation; /* source sim */
	char simulated_on[264]; /* processor and kernel that we run on; source sim */
	struct session_directory directory;
	struct interrupts interrupts;
	uint64_t seed;      /* of the layout of the run under way, 0: not randomised */
	off_t input_offset; /* where the command's stdin starts, -1: no file */
	int *held;          /* one descriptor per event of the plan, -1: none */
	struct show {
		struct progress progress;
		bool lines;    /* lines instead of a bar */
		unsigned done; /* runs */
		unsigned total;
		uint64_t started_ns; /* CLOCK_MONOTONIC, as the next two */
		uint64_t told_ns;    /* when the last line was printed */
		uint64_t run_started_ns;
	} show;
	/* outcome */
	unsigned *ok_runs; /* [plan.pass_count] */
	struct pass_counts {
		uint64_t
			counted; /* bit per event of the pass, as in struct profile_run */
		double region_ns;
	} * counts;        /* [plan.pass_count] */
	int64_t first_run; /* id of our first run in the profile, 0: none */
	struct profile_run first_failed;
	size_t recordings;     /* that were read, of all runs */
	unsigned left_running; /* processes still running after the last run */
};

/* prepare.c: machine, profile (--append) and plan. */
int recorder_prepare(struct recorder *recorder, struct error *error);
/* Tells what will be measured, and what cannot be. */
void recorder_announce(const struct recorder *recorder);
/*
 * The first user of a tracepoint costs the kernel 39 ms, at each opening: holds those of the
 * plan open, uncounted, until recorder_release().
 */
void recorder_hold(struct recorder *recorder);
void recorder_release(struct recorder *recorder);

/* Facts about the profile that are read again. */
#define FACT_SIMULATED_MACHINE "simulated_machine" /* its description */

/* facts.c: command, directory, environment of interest, git commit. */
int recorder_store_facts(struct recorder *recorder, struct error *error);
/* With --append: warns when command or commit are not those of the profile. */
int recorder_compare_facts(struct recorder *recorder, struct error *error);

/*
 * ingest.c: stores the run that has just ended in the directory's run_path, and with it what
 * became of it. *run tells; a failure leaves nothing of the run in the profile.
 */
int recorder_ingest(struct recorder *recorder, uint32_t pass,
		    const struct workload_result *result, struct profile_run *run,
		    struct error *error);

/* losses.c: warns of everything that is missing in our runs. */
int recorder_report_losses(struct recorder *recorder, struct error *error);

/* silent.c: notes what a run counted; tells, and writes into the profile, what counted nothing. */
void recorder_note_counts(struct recorder *recorder, const struct profile_run *run);
int recorder_report_silent(struct recorder *recorder, struct error *error);

/* show.c: progress. The console for everything said from now on. */
struct console recorder_show_console(const struct console *console);
/* Needs the plan and summary->runs_planned. */
void recorder_show_start(struct recorder *recorder);
/* Before a run, after it, and after the last. */
void recorder_show_run(struct recorder *recorder, size_t pass);
void recorder_show_done(struct recorder *recorder);
void recorder_show_finish(struct recorder *recorder);
/* What to call while a run is under way, with the recorder; NULL: nothing to show. */
void (*recorder_show_waiting(const struct recorder *recorder))(void *context);

#endif
