/* SPDX-License-Identifier: MIT */
/*
 * The simulated machine: sockets and cores with caches, MESI coherence, data TLBs, branch
 * predictors and memory with NUMA homes. It is told, one after the other and in the order of
 * virtual time, what the threads of a program did; it counts events per thread and answers how
 * many cycles each of them cost.
 *
 *	struct machine_config config;
 *
 *	machine_config_default(&config);
 *	machine_config_parse(&config, text, length, &problem);
 *	machine = machine_create(&config, &host, &problem);
 *	thread = machine_thread_add(machine, id, MACHINE_ANY_CORE, &problem);
 *	machine_instructions(thread, 3);
 *	clock += machine_access(machine, thread, address, 8, MACHINE_LOAD, site);
 *
 * The code is freestanding: it lives in a Valgrind tool, without libc, and in native tests. It
 * takes memory from the caller only, uses no floating point, no clock and no randomness: same
 * calls, same counts. It is not thread-safe; one caller at a time. Time passes only through the
 * costs of the description: there is no overlap of misses, no store buffer and no prefetcher, so
 * that cycles are an upper bound while event counts are those of the described geometry.
 */
#ifndef AUTOPERF_SIM_MACHINE_H
#define AUTOPERF_SIM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MACHINE_LINE_BYTES   64
#define MACHINE_CORES_MAX    256
#define MACHINE_LLCS_MAX     32 /* last-level caches over all sockets */
#define MACHINE_THREADS_MAX  1024
#define MACHINE_ANY_CORE     UINT32_MAX
#define MACHINE_NAME_BYTES   64
#define MACHINE_LINE_THREADS 16 /* threads of a line whose bytes are kept */
#define MACHINE_LINE_SITES   4  /* candidates; the first two are the report's */
#define MACHINE_LINE_REGIONS 4

/* What the caller lends. */
struct machine_host {
	void *context; /* handed to each callback */
	/* Zeroed memory aligned to 16 bytes, NULL: there is none. Most blocks are small or
	 * grow by doubling; memory that is never touched need not be resident. */
	void *(*allocate)(void *context, size_t bytes);
	void (*release)(void *context, void *memory);
	/*
	 * Optional (NULL): names what lies at a line when it is first seen to be contended;
	 * the answer is kept as machine_line.note. Meant for the allocation site of the block
	 * that is live at this moment of virtual time. Must not call the machine.
	 */
	uint32_t (*note_line)(void *context, uint64_t address);
};

/* Why a description or a call was refused: one sentence, no newline. */
struct machine_problem {
	uint32_t line; /* of the description, from 1; 0: of no single line */
	char text[240];
};

enum machine_policy {
	MACHINE_INCLUSIVE, /* holds all that the caches above hold; evicting removes it there */
	MACHINE_NON_INCLUSIVE, /* filled together with those above, evicts by itself */
	MACHINE_VICTIM, /* last level only: filled by what the caches above evict */
};

enum machine_placement {
	MACHINE_COMPACT, /* fill one socket after the other */
	MACHINE_SCATTER, /* take turns over the sockets */
	MACHINE_LISTED,  /* as machine_config.listed says */
};

struct machine_cache_config {
	uint64_t bytes; /* 0: this cache does not exist (L2 and LLC only) */
	uint32_t ways;
	uint32_t slices; /* last level: equal parts, chosen by a hash of the address */
	enum machine_policy policy;
};

struct machine_tlb_config {
	uint32_t entries; /* 0: none (second level only) */
	uint32_t ways;    /* equal to entries: fully associative */
};

/* Stall cycles per event; what the base cost of an instruction hides (an L1 hit) is none. */
struct machine_costs {
	uint32_t instruction; /* cycles of one instruction, in 1/65536 */
	uint32_t l2_hit;
	uint32_t llc_hit;
	uint32_t forward_local;  /* clean line from a core below the same LLC */
	uint32_t forward_socket; /* from another LLC of the same socket, or its cores */
	uint32_t forward_remote; /* from caches of another socket */
	uint32_t hitm_local;     /* modified line from a core below the same LLC */
	uint32_t hitm_socket;    /* ... below another LLC of the same socket */
	uint32_t hitm_remote;    /* ... of another socket */
	uint32_t upgrade_local;  /* making copies below the same LLC invalid */
	uint32_t upgrade_socket;
	uint32_t upgrade_remote;
	uint32_t dram_local;
	uint32_t dram_remote;
	uint32_t stlb_hit; /* first-level TLB miss that the second level knows */
	uint32_t walk;     /* page walk */
	uint32_t first_touch;
	uint32_t branch_miss;
	uint32_t atomic;
};

struct machine_config {
	char name[MACHINE_NAME_BYTES];
	uint32_t clock_mhz; /* to turn cycles into time */
	uint32_t sockets;
	uint32_t cores;     /* per socket */
	uint32_t llc_cores; /* cores below one LLC; 0: all of the socket */
	uint32_t page_bytes;
	enum machine_placement placement;
	uint16_t listed
		[MACHINE_CORES_MAX]; /* cores in the order in which threads get them */
	uint32_t listed_count;       /* different ones; the others stay idle */
	struct machine_cache_config l1i, l1d, l2, llc; /* l1 and l2 per core */
	struct machine_tlb_config dtlb, stlb; /* data, first and second level */
	uint32_t predictor_entries;           /* of each of the predictor's tables */
	uint32_t sharing_lines;               /* contended lines kept for the report */
	struct machine_costs costs;
};

/* Fills in machines/default.machine: one socket, up to 64 cores. */
void machine_config_default(struct machine_config *config);
/*
 * Reads `key = value` lines (see machines/default.machine for all keys) over what *config
 * holds: keys that do not occur keep their value, so that a second text can change a few.
 * Returns 0, or -1 with *problem filled and *config in an unspecified state. Only machine_create
 * and machine_config_check judge whether the values fit each other.
 */
int machine_config_parse(struct machine_config *config, const char *text, size_t length,
			 struct machine_problem *problem);
/* 0, or -1 and *problem names what is impossible. */
int machine_config_check(const struct machine_config *config,
			 struct machine_problem *problem);

enum machine_counter {
	MACHINE_INSTRUCTIONS,
	MACHINE_CYCLES, /* estimated: instructions and all stalls; not blocked time */
	MACHINE_LOADS,  /* an atomic is one load and one store */
	MACHINE_STORES,
	MACHINE_ATOMICS,
	MACHINE_BRANCHES, /* conditional ones and indirect jumps */
	MACHINE_BRANCH_MISSES,
	MACHINE_L1I_MISSES,
	MACHINE_L1D_MISSES, /* accesses; over the end of a line, one if either part missed */
	MACHINE_L2_MISSES,   /* lines; 0 where there is no L2 */
	MACHINE_LLC_MISSES,  /* not served by the own LLC nor by cores below it */
	MACHINE_HITM_LOCAL,  /* lines fetched modified from another core, same socket */
	MACHINE_HITM_REMOTE, /* ... of another socket */
	MACHINE_HITM_FALSE,  /* of both: no byte that others wrote was touched */
	MACHINE_HITM_TRUE,   /* of both: some byte that others wrote was touched */
	MACHINE_INVALIDATIONS, /* copies in other cores made invalid by own writes */
	MACHINE_UPGRADES,      /* writes to a line that was held shared */
	MACHINE_FORWARDS, /* LLC misses served by another LLC or its cores (with HITM) */
	MACHINE_DRAM_LOCAL, /* LLC misses = forwards + DRAM local + DRAM remote */
	MACHINE_DRAM_REMOTE,
	MACHINE_DTLB_MISSES,   /* of the first level */
	MACHINE_DTLB_WALKS,    /* missed by both levels */
	MACHINE_FIRST_TOUCHES, /* of pages by loads and stores */
	MACHINE_BLOCKED,       /* virtual cycles; filled by the caller */
	MACHINE_LOCKS,         /* lock operations; filled by the caller */
	MACHINE_SYSTEM_CALLS,  /* filled by the caller */
	MACHINE_COUNTERS
};

/* "instructions", "l1d_misses", ...: fit for file formats; NULL beyond the last. */
const char *machine_counter_name(enum machine_counter counter);

struct machine;
struct machine_core;

/* One thread of the program. The caller may read all, and write what is said to be its own. */
struct machine_thread {
	uint64_t counters[MACHINE_COUNTERS];
	struct machine_core *core;
	uint32_t
		id; /* the caller's name for it; stays in reports after the thread's end */
	uint32_t
		slot; /* below MACHINE_THREADS_MAX, reused after machine_thread_remove() */
	uint32_t
		region; /* the caller's: where contention is attributed to; 0: nowhere */
	uint32_t cycles_per_instruction; /* 1/65536 */
	uint32_t cycle_fraction;         /* 1/65536 */
};

/* NULL with *problem filled: impossible description or no memory. */
struct machine *machine_create(const struct machine_config *config,
			       const struct machine_host *host,
			       struct machine_problem *problem);
/* NULL is allowed; frees threads too. */
void machine_free(struct machine *machine);
const struct machine_config *machine_configuration(const struct machine *machine);

/*
 * A new thread on `core` (0 .. sockets * cores - 1; several threads may share one), or with
 * MACHINE_ANY_CORE on the next of the least occupied cores in the order of the placement.
 * NULL with *problem filled: too many threads, no such core, no memory.
 */
struct machine_thread *machine_thread_add(struct machine *machine, uint32_t id,
					  uint32_t core,
					  struct machine_problem *problem);
/* The thread has ended; reads of its counters must be over. Caches keep what it left. */
void machine_thread_remove(struct machine *machine, struct machine_thread *thread);
uint32_t machine_thread_core(const struct machine_thread *thread);
/* Goes on running on another core, its caches cold. -1 with *problem filled. */
int machine_thread_move(struct machine *machine, struct machine_thread *thread,
			uint32_t core, struct machine_problem *problem);

enum machine_access_kind {
	MACHINE_LOAD,
	MACHINE_STORE,
	MACHINE_ATOMIC, /* read-modify-write in one step */
};

/*
 * `bytes` at `address` are read or written; any size, also over line and page ends; 0 bytes do
 * nothing. `site` is the caller's number for the place in the program, 0: unknown. Returns the
 * stall cycles, which are already in the thread's counters.
 */
uint64_t machine_access(struct machine *machine, struct machine_thread *thread,
			uint64_t address, uint64_t bytes, enum machine_access_kind kind,
			uint32_t site);
/* Instruction bytes are fetched; once per run through consecutive instructions is enough. */
uint64_t machine_fetch(struct machine *machine, struct machine_thread *thread,
		       uint64_t address, uint64_t bytes);
/* A conditional branch; returns the penalty of a misprediction, or 0. */
uint64_t machine_branch(struct machine *machine, struct machine_thread *thread,
			uint64_t pc, bool taken);
/* An indirect jump or call. Returns are taken to be predicted: do not report them. */
uint64_t machine_branch_indirect(struct machine *machine, struct machine_thread *thread,
				 uint64_t pc, uint64_t target);

/* `count` instructions are executed: counts them and their base cost. */
static inline void machine_instructions(struct machine_thread *thread, uint64_t count)
{
	uint64_t cycles =
		count * thread->cycles_per_instruction + thread->cycle_fraction;

	thread->counters[MACHINE_INSTRUCTIONS] += count;
	thread->counters[MACHINE_CYCLES] += cycles >> 16;
	thread->cycle_fraction = (uint32_t)(cycles & 0xffff);
}
/* The cycles that this would take now. */
static inline uint64_t machine_instructions_cycles(const struct machine_thread *thread,
						   uint64_t count)
{
	return (count * thread->cycles_per_instruction + thread->cycle_fraction) >> 16;
}

/*
 * Whether a line that was fetched modified is shared truly or falsely is known for sure only when
 * the core loses it again. This decides for all that are open on the thread's core by what has
 * been touched so far; call it before reading counters at the end of a region. Afterwards
 * HITM_FALSE + HITM_TRUE = HITM_LOCAL + HITM_REMOTE for the threads of this core.
 */
void machine_settle(struct machine *machine, struct machine_thread *thread);

/*
 * Pages wholly or partly in the range are gone (munmap, MADV_DONTNEED): homes, translations and
 * cached lines are forgotten; the next touch is a first touch. Contended lines are closed.
 */
void machine_unmap(struct machine *machine, uint64_t address, uint64_t bytes);

/* Memory ran out at some time: lines that found no room were simulated as uncached. */
bool machine_out_of_memory(const struct machine *machine);

/*
 * A contended cache line: fetched modified from another core at least once. At most
 * config.sharing_lines are kept, the cheapest are dropped first.
 */
struct machine_line_thread {
	uint32_t id;       /* machine_thread.id */
	uint32_t hitm;     /* times this thread fetched it modified (saturates) */
	uint32_t upgrades; /* times its write took the others' copies (saturates) */
	uint64_t read;     /* bit i: byte i of the line was read ... */
	uint64_t written;
};

struct machine_line_site {
	uint32_t site;
	uint32_t
		count; /* an over-estimate once more than MACHINE_LINE_SITES competed */
};

struct machine_line_region {
	uint32_t region; /* machine_thread.region of the thread that waited */
	uint32_t reserved;
	uint64_t hitm;
	uint64_t cycles;
};

struct machine_line {
	uint64_t address; /* of its first byte */
	uint64_t hitm_local, hitm_remote;
	uint64_t hitm_false, hitm_true; /* what is not settled yet is in neither */
	uint64_t upgrades;
	uint64_t cycles; /* stalls by fetching it modified and by upgrades */
	uint32_t note;   /* machine_host.note_line's answer */
	bool closed; /* by machine_lines_close(): a later line may have its address */
	bool more_threads; /* than MACHINE_LINE_THREADS touched it */
	uint8_t thread_count;
	struct machine_line_thread threads[MACHINE_LINE_THREADS]; /* by first touch */
	/* Most frequent first; count 0: unused. */
	struct machine_line_site
		fetched_at[MACHINE_LINE_SITES]; /* the access that waited */
	struct machine_line_site
		written_at[MACHINE_LINE_SITES]; /* the owner's last write */
	struct machine_line_region
		regions[MACHINE_LINE_REGIONS]; /* most cycles first */
};

/*
 * The up to `count` costliest lines, by cycles, then by address; returns how many. Pointers are
 * valid until the next call that simulates something.
 */
size_t machine_lines(const struct machine *machine, const struct machine_line **lines,
		     size_t count);
/*
 * The memory in the range now belongs to something else (a block is freed): lines of it stay in
 * the report as they are, and contention from now on starts new ones. The sharing of bytes is
 * forgotten, not the caches' content.
 */
void machine_lines_close(struct machine *machine, uint64_t address, uint64_t bytes);

#endif
