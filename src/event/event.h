/* SPDX-License-Identifier: MIT */
/*
 * Events: what a name means on a source, whether it can be counted here, and what role it
 * plays in the diagnosis.
 */
#ifndef AUTOPERF_EVENT_EVENT_H
#define AUTOPERF_EVENT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

/* The part an event plays in the diagnosis. Stored by name (event_role_name), never by number. */
enum event_role {
	EVENT_ROLE_OTHER,
	EVENT_ROLE_INSTRUCTIONS,
	EVENT_ROLE_CYCLES,
	EVENT_ROLE_CPU_TIME, /* nanoseconds on a CPU */
	EVENT_ROLE_LOADS,
	EVENT_ROLE_STORES,
	EVENT_ROLE_BRANCHES,
	EVENT_ROLE_BRANCH_MISS,
	EVENT_ROLE_L1D_MISS,
	EVENT_ROLE_L1I_MISS,
	EVENT_ROLE_L2_MISS,
	EVENT_ROLE_LLC_MISS,
	EVENT_ROLE_HITM,
	EVENT_ROLE_FALSE_SHARING, /* of HITM, where it is seen which kind it is */
	EVENT_ROLE_TRUE_SHARING,
	EVENT_ROLE_REMOTE_DRAM,
	EVENT_ROLE_DTLB_MISS,
	EVENT_ROLE_ITLB_MISS,
	EVENT_ROLE_STALL,
	EVENT_ROLE_CONTEXT_SWITCH,
	EVENT_ROLE_MIGRATION,
	EVENT_ROLE_PAGE_FAULT,
	EVENT_ROLE_MAJOR_FAULT,
	EVENT_ROLE_LOCK_WAIT,
	EVENT_ROLE_SYSTEM_CALL,
	EVENT_ROLES /* number of roles */
};

enum event_unit {
	EVENT_UNIT_COUNT,
	EVENT_UNIT_NANOSECONDS,
	EVENT_UNIT_RAW, /* ready-made real-valued feature of an import, no normalisation */
};

enum event_source {
	EVENT_SOURCE_AUTO,
	EVENT_SOURCE_PERF,
	EVENT_SOURCE_PAPI,
	EVENT_SOURCE_SIM,
	EVENT_SOURCE_IMPORT,
	EVENT_SOURCE_NONE, /* wall time only */
};

/* Stable lower-case names ("l1d_miss", "nanoseconds", "perf"); the parsers return -EINVAL. */
const char *event_role_name(enum event_role role);
int event_role_parse(const char *name, enum event_role *role);
const char *event_unit_name(enum event_unit unit);
int event_unit_parse(const char *name, enum event_unit *unit);
const char *event_source_name(enum event_source source);
int event_source_parse(const char *name, enum event_source *source);
/* What a person reads, "context switches", "last-level cache misses". */
const char *event_role_title(enum event_role role);

/* perf_event_open(2) encoding; ready for the runtime. */
struct event_encoding {
	uint32_t type;
	uint64_t config;
	uint64_t config1;
	uint64_t config2;
	uint32_t flags; /* enum session_event_flag, recording/session.h */
	/* On hybrid processors: the same on the other kind of core, where `has_other`; the
	 * count is the sum of both. */
	bool has_other;
	uint32_t other_type;
	uint64_t other_config;
	uint64_t other_config1;
	uint64_t other_config2;
};

struct event {
	char *name; /* as the user wrote it; the kernel's aliases ("cs") by their main name; owned */
	enum event_role role;
	enum event_unit unit;
	char *description;              /* plain English, may be NULL; owned */
	struct event_encoding encoding; /* source perf */
};

struct event_list {
	struct event *items;
	size_t count;
	size_t capacity;
};

void event_list_free(struct event_list *list);
/* Moves *event to the end of the list; 0 or -ENOMEM, then *event is still the caller's. */
int event_list_add(struct event_list *list, struct event *event);
/* Frees what one event owns and makes it empty. */
void event_free(struct event *event);

/* A list of names as the user gave them, without duplicates, in order. */
struct event_names {
	char **items;
	size_t count;
	size_t capacity;
	size_t duplicates; /* dropped while reading */
};

#define EVENT_NAME_BYTES 512  /* longest name taken from a user */
#define EVENT_NAMES_MAX  4096 /* names in one list */

/*
 * COUNTERS file: one name a line, `#` comments, blank lines, CRLF and a BOM tolerated. Fails
 * when the file has no name, a name is longer than EVENT_NAME_BYTES, or a line is not
 * printable text; the text names file and line. Adds to what `names` already holds; after a
 * failure `names` is still valid and the caller's to free.
 */
int event_names_read(struct event_names *names, const char *path, struct error *error);
/* The same for bytes in memory; `origin` is what error texts call them. */
int event_names_parse(struct event_names *names, const char *bytes, size_t length,
		      const char *origin, struct error *error);
/* "a,b,c"; commas inside a cpu/.../ term do not separate. Fails when there is no name. */
int event_names_split(struct event_names *names, const char *list, struct error *error);
/* Adds a copy of `name` unless it is there already (`duplicates` counts those). */
int event_names_add(struct event_names *names, const char *name, struct error *error);
void event_names_free(struct event_names *names);

/*
 * What `name` means on source perf: kernel generic names ("page-faults", "cycles:u",
 * "L1-dcache-load-misses"), tracepoints ("sched:sched_switch"), raw events ("r01c2",
 * "cpu/event=0x3c,umask=0/", "cpu_core/.../+cpu_atom/.../"), PAPI presets that one counter of
 * this processor or a kernel event counts ("PAPI_TOT_INS"), the vendor's names of the events
 * of the processor's default set, libpfm4 native names. Fills *event (owned by the caller). On failure exit_status is
 * EXIT_USAGE when nobody knows the name (the text offers the nearest known one) and
 * EXIT_CANNOT_MEASURE when it exists but this machine has no such counter.
 */
int event_resolve(const char *name, struct event *event, struct error *error);

/* What this machine offers to the calling process, probed once. */
struct event_machine {
	bool hardware_counters; /* a hardware event opens and runs */
	int hardware_slots; /* generic counters that run at once in one group, 0 if none */
	int fixed_slots;    /* that only count cycles, instructions and the like */
	int taken_slots;    /* of either, that others hold: the watchdog usually */
	bool watchdog;      /* the kernel's NMI watchdog is on, and holds one of them */
	bool user_read;     /* a counter can be read without a system call */
	char processor
		[32]; /* "skylake-sp", "zen4", "neoverse-n1"; "": not known to us */
	int paranoid; /* perf_event_paranoid, or INT_MIN if unknown */
	bool kernel_allowed; /* events may count kernel mode */
	bool perf_allowed;   /* perf_event_open works at all */
	char reason[512]; /* why not, or why there are no hardware counters, else "" */
};
void event_machine_probe(struct event_machine *machine);
/*
 * Appends how many counters run at once, for whom, and who holds others with the way out: for
 * people, without a full stop. "none" and the reason where there are none.
 */
void event_machine_describe(const struct event_machine *machine, struct text *text);
/* Whether the event takes a counter of the processor; the others are counted by the kernel. */
bool event_takes_counter(const struct event_encoding *encoding);

/*
 * Whether the calling process can count the event: opened, started, read and closed. Where
 * counting kernel mode is refused, an event without :u or :k is narrowed to user mode first
 * and its name gets ":u", because the numbers mean something else then; an event that only
 * happens in kernel mode (context switches, tracepoints) would read 0 and fails instead.
 * An event that opens but never runs, or that cannot be right, fails too. The text is the
 * reason and the way out; exit_status is EXIT_CANNOT_MEASURE.
 */
int event_probe(struct event *event, const struct event_machine *machine,
		struct error *error);

/* Why there is one more pass, for people. */
enum event_pass_reason {
	EVENT_PASS_FIRST, /* the plan's first events, as many as go together */
	EVENT_PASS_NO_COUNTER_LEFT, /* for its events, in the passes before */
	EVENT_PASS_APART, /* they take no counter, and would keep those of the other passes
			     from being read in user space */
	EVENT_PASS_SAMPLE_FULL, /* the passes before hold as much as a sample can */
};

/*
 * One pass: the events of one run. They are one group, counted together all of the time,
 * unless groups take turns at the counters (multiplexing).
 */
struct event_pass {
	size_t *members; /* indices into plan.events */
	size_t count;
	/* Per member, with multiplexing: it begins a group, and the members behind it that do
	 * not are in it too. NULL: all are one group. */
	bool *begins_group;
	enum event_pass_reason reason;
};
struct event_plan {
	enum event_source source; /* never AUTO */
	struct event_list
		events; /* all events, in the user's order; instructions are put
					in front where the user did not name them */
	struct event_pass
		*passes;   /* each has instructions first where it can be counted */
	size_t pass_count; /* >= 1; a pass may be empty (wall time only) */
	struct event_names rejected; /* names that cannot be counted here */
	char **reasons;              /* why, one per rejected name */
	struct event_names merged; /* "a = b": a is b under another name and left out */
	struct event_machine machine; /* source perf: what the plan was made for */
};

struct event_plan_options {
	enum event_source source;
	const struct event_names *names; /* NULL: the default set of the machine */
	bool skip_unavailable; /* leave out what cannot be counted instead of failing */
	bool multiplex;        /* one pass with all of them, counters taking turns;
				  not for source papi */
	const char *
		papi_plugin; /* path of the PAPI plug-in, source papi; NULL: not checked */
	const char *papi_library; /* libpapi's file name; NULL: the usual ones */
};

/*
 * Resolves, probes and groups the events into the fewest passes found by opening groups and
 * seeing that they run. On failure the text names the events that cannot be counted and the
 * way out, and exit_status is EXIT_CANNOT_MEASURE (or EXIT_USAGE for unknown names).
 *
 * The default set never fails for an event that is missing here: it is in `rejected`. Source
 * AUTO without names falls back to NONE (wall time only, `rejected` says why) when the kernel
 * offers this process no counter at all.
 */
int event_plan_make(struct event_plan *plan, const struct event_plan_options *options,
		    struct error *error);
void event_plan_free(struct event_plan *plan);
/*
 * Appends what was rejected for people: "  a, b and 3 more: <reason>", a line for each
 * different reason, without a last line feed.
 */
void event_plan_describe_rejected(const struct event_plan *plan, struct text *text);

/* Calls `visit` for every name worth listing on this machine (`autoperf events`). */
struct event_listing {
	const char *name;
	const char *
		kind; /* "hardware", "software", "cache", "native", "pmu", "tracepoint", "pfm", "papi",
			 "sim", "alias" */
	const char *description;
	enum event_role role;
	bool available;
	const char *reason; /* why not available, "" otherwise */
};
/* Returns 0 to go on; another value ends the listing and is returned. */
typedef int (*event_visit)(const struct event_listing *listing, void *context);
/*
 * The kernel's generic names, the processor's default set and the events that PMU drivers
 * name; with `all` also every tracepoint and libpfm4 name. Source papi: its presets; with `all` the native events too.
 * Source sim: its counters; with `all` also the names of other sources that mean them.
 * Tracepoints are not opened one by one (a first user costs the kernel 39 ms each): what
 * the kernel requires of all of them is checked instead.
 */
int event_list_all(enum event_source source, const char *papi_library, bool all,
		   event_visit visit, void *context, struct error *error);

#endif
