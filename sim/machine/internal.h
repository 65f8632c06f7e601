/* SPDX-License-Identifier: MIT */
/*
 * What the files of the simulator share: the data and who calls whom.
 *
 * Every line that any core holds has one `struct line`, found by directory_find(). It is the
 * directory's entry: who holds the line, who may write it, which bytes the writer has changed.
 * The caches of cores keep no state of their own but the order of use: L1 and L2 ways point to
 * the struct line. So an L1 hit is one comparison, an L1 miss one look-up,
 * and no cache is searched for a line that it does not hold. A line that only LLCs hold needs
 * nothing but its number in their ways: most lines are there, and the memory that the simulator
 * touches for each decides its speed.
 *
 * A core's L1I, L1D and L2 are one place to the protocol: a holder is a core, its state M
 * (owner, modified), E (owner, not modified), S (holder only) or I.
 *
 *	access.c     loads, stores, fetches: hits, and the way into the hierarchy on a miss
 *	run.c        many of them at once
 *	contend.c    the short way for lines that cores fight for
 *	coherence.c  where a missing line comes from, who loses it, what that costs
 *	place.c      filling and emptying caches; evictions run from L1 out to LLC
 *	directory.c  lines by number
 *	pages.c      homes of pages, TLBs
 *	predictor.c  branches
 *	sharing.c    contended lines, true and false sharing
 *	machine.c    creation, threads, cores
 *	unmap.c      memory that goes away
 */
#ifndef AUTOPERF_SIM_MACHINE_INTERNAL_H
#define AUTOPERF_SIM_MACHINE_INTERNAL_H

#include "machine/machine.h"

#define LINE_SHIFT 6
#define NO_CORE    UINT16_MAX
#define NO_PAGE    UINT64_MAX

/* Rare and slow; keeps the compiler from mixing it into the fast path. */
#define unlikely(condition) __builtin_expect(!!(condition), 0)
#define likely(condition)   __builtin_expect(!!(condition), 1)

/*
 * A line that some core holds. The number is the address / 64. The owner, if any, is the only
 * holder, and then no LLC but the one above it has the line. What a load asks for comes first, in 16
 * bytes, so that it is in one cache line of the host.
 */
struct line {
	uint64_t number;    /* LINE_FREE: unused */
	uint16_t contended; /* its struct contended, 0: none */
	bool modified;      /* by the owner */
	bool fetched;       /* has been in an L1I since it is here */
	uint32_t site;      /* of the last store */
	uint16_t owner;     /* core that may write without asking, NO_CORE */
	uint16_t writer;    /* slot of the thread of the last store */
	uint64_t written;   /* bytes the owner wrote since it became owner */
	uint64_t next;      /* in its hash chain, as there; or the next unused one */
	uint64_t holders[]; /* bit i: core i holds it in L1I, L1D or L2 */
};

#define LINE_FREE UINT64_MAX

#define CACHE_WAYS_MAX 16

struct cache_set {
	/* Way numbers, four bits each, the last used lowest; in an L1: see l1.h. */
	uint64_t order;
	uint64_t signatures[2]; /* a byte of each way's line number */
};

/* See cache.h. */
struct cache {
	struct cache_set *sets; /* NULL: this cache does not exist */
	uint64_t *words;        /* 0: empty; such ways are last in the order */
	uint64_t set_mask;      /* of a slice */
	uint32_t tag_shift;
	uint32_t way_count;
	uint32_t slices;
};

/*
 * A first-level cache. Its words are pointers to lines with the bit below. In front of it is a
 * table of lines of it that were used recently, by the low bits of their numbers, with what a hit
 * has to know: most accesses see nothing else.
 */
struct l1 {
	struct cache cache;
	struct front *fronts;
	uint64_t front_mask; /* of a line's number */
	uint64_t epoch;      /* another one whenever a front is lost; see run.h */
};

/* The line is in L2, too; not set: it may be. Nothing need be done when it falls out of L1. */
#define L1_BACKED UINT64_C(1)

/*
 * A line of an L1 that is marked as used: its address with the bits below; 0: none. All six bits
 * are set where a store has nothing to do but to store. Of a line that another core took away while
 * it was there, the address and FRONT_LOST stay: it will be wanted back.
 */
struct front {
	uint64_t tag;
	struct line *line;
};

enum front_bits {
	FRONT_WRITABLE = 1, /* the core owns the line and has modified it */
	FRONT_QUIET = 2,    /* nobody contends for the line: accesses need no look */
	FRONT_LOST = 4,     /* alone: the line is not here, and may be nowhere by now */
	FRONT_VALID = 4 | 8 | 16 | 32,
	FRONT_ALL = 63,
};

/* Words of L2 are pointers to lines; those of an LLC number << 2 with the bits below. */
struct llc {
	struct cache cache;
	uint32_t socket;
};

enum llc_bits {
	LLC_VALID = 1,
	/* Another LLC may have the line, or get it from a core that holds it. Clear: surely not,
	 * nobody needs to be asked. */
	LLC_SHARED = 2,
};

#define LLC_SHIFT 2

/* Translations: see tlb.h. */
struct tlb {
	uint64_t *pages; /* set * ways + way: page + 1; 0: empty; NULL: no such level */
	uint64_t *used;  /* by set, a bit for each way */
	uint64_t *
		fronts; /* page + 1 of some that are marked as used, by their low bits */
	uint64_t set_mask;
	uint64_t front_mask;
	uint32_t page_shift;
	uint32_t way_count;
};

struct tage_entry {
	uint16_t tag;
	int8_t counter; /* -4..3; taken from 0 on */
	uint8_t useful; /* 0..3 */
};

struct base_entry {
	int8_t counter; /* -2..1; taken from 0 on */
	bool way;       /* the last direction */
	uint8_t row;    /* times in a row, up to ROW_MAX */
};

struct target_entry {
	uint64_t tag;
	uint64_t target;
};

#define TAGE_TABLES 2

struct predictor {
	uint64_t history;        /* directions, the latest in bit 0 */
	uint64_t path;           /* of indirect targets */
	uint32_t index_shift;    /* 64 - log2 of a table's entries */
	uint32_t mask;           /* of a table's entries - 1 */
	uint32_t until_aging;    /* branches until `useful` is halved */
	struct base_entry *base; /* by address, 4 per table entry */
	struct tage_entry *tables[TAGE_TABLES];
	struct target_entry *last_targets, *path_targets;
};

#define PENDING_MAX 256

/*
 * Of a set of L1D, and the sets of L2 that hold the same lines: the line that another core took
 * away last, and nothing has been done in these sets since. See park.h. 0, or the line's number
 * and its way in L1D, with the bits below.
 */
enum park_bits {
	PARK_VALID = 1,
	PARK_AWAY = 2, /* the core has lost it, though its caches look as if not */
};

#define PARK_WAY_SHIFT    2
#define PARK_WAY_BITS     (UINT64_C(15) << PARK_WAY_SHIFT)
#define PARK_NUMBER_SHIFT 6

struct machine_core {
	struct l1 l1d;
	struct l1 l1i;
	struct cache l2;
	uint64_t *parks; /* by set of L1D: enum park_bits */
	struct tlb dtlb, stlb;
	struct predictor predictor;
	uint64_t home_page; /* the page whose home was asked for last; NO_PAGE */
	uint32_t home;
	uint16_t number;
	uint16_t llc;
	uint16_t socket;
	uint16_t pending_count; /* contended lines whose last HITM may be undecided */
	uint16_t pending[PENDING_MAX];
	uint32_t threads;
	bool ready; /* its caches exist */
};

/* How far two cores, or a core and an LLC, are from each other. */
enum distance {
	NEAR,        /* below the same LLC */
	SAME_SOCKET, /* another LLC of the socket */
	FAR,         /* another socket */
};

/* A core that shares a contended line. */
struct sharer {
	uint64_t stale; /* bytes that others wrote since this core lost the line */
	uint16_t core;
	uint16_t pending; /* slot + 1 of the thread whose HITM is undecided, 0: none */
	bool listed;      /* in the core's list of pending ones */
	uint8_t entry;    /* of the report: probably that of the core's thread */
};

#define SHARERS_MAX 16

struct contended {
	struct machine_line report;
	uint64_t written; /* bytes that any core wrote since it is contended */
	uint16_t next;    /* in its hash chain */
	uint16_t used;    /* bit i: sharers[i] is */
	struct sharer sharers[SHARERS_MAX]; /* by core: see find_sharer() */
};

/* Records whose lines have the same hash. */
struct sharing_chain {
	uint16_t first;
	uint16_t present; /* bits of another hash: for a clear one there is no record */
};

struct sharing {
	struct contended *records;    /* [0] unused */
	struct sharing_chain *chains; /* by hash of the number */
	uint32_t chain_mask;
	uint32_t capacity; /* records, without [0] */
	uint32_t fresh;    /* records from here on were never used */
	uint32_t open;     /* records found by their number */
	uint32_t hand;     /* where to look for a cheap one next */
};

/* Lines come from chunks, which never move. */
struct chunk {
	struct chunk *next;
	uint32_t used;    /* lines from here on were never used */
	uint64_t lines[]; /* of directory.line_bytes each */
};

#define CHUNK_LINES 1024u

struct directory {
	uint64_t *chains; /* by hash: directory.c */
	uint32_t bits;    /* log2 of the number of chains */
	uint32_t count;
	struct line *free; /* lines that were used */
	struct chunk *chunks;
	size_t line_bytes; /* of struct line with holders */
};

struct pages {
	uint64_t *slots;
	uint32_t bits;
	uint64_t count;
};

struct machine {
	struct machine_costs costs; /* a copy next to what is used with it */
	uint32_t page_shift;
	uint32_t words; /* of line.holders */
	bool l2_inclusive, llc_inclusive, llc_victim;
	bool out_of_memory;
	uint32_t core_count, llc_count;
	struct machine_core *cores;
	struct llc *llcs;
	uint32_t llcs_used; /* bit i: LLC i has been filled with something */
	struct directory directory;
	struct pages pages;
	struct sharing sharing;
	uint64_t *llc_cores; /* `words` words per LLC: the cores below it */
	uint16_t *placement; /* cores in the order in which threads get them */
	uint32_t placement_count;
	struct machine_thread *threads[MACHINE_THREADS_MAX];
	struct machine_host host;
	struct machine_config config;
};

static inline void *take_memory(struct machine *machine, size_t bytes)
{
	return machine->host.allocate(machine->host.context, bytes);
}

static inline void give_memory(struct machine *machine, void *memory)
{
	if (memory)
		machine->host.release(machine->host.context, memory);
}

/* An epoch belongs to one core only. */
static inline void l1_changed(struct l1 *l1)
{
	l1->epoch += MACHINE_CORES_MAX;
}

/* Spreads the bits of a number over the upper half of 64 (Fibonacci hashing). */
static inline uint64_t spread(uint64_t number)
{
	return number * UINT64_C(0x9E3779B97F4A7C15);
}

static inline bool holds(const struct line *line, uint32_t core)
{
	return line->holders[core / 64] >> core % 64 & 1;
}

/* `bytes` from `offset` on, within the line: 1 <= bytes <= 64 - offset. */
static inline uint64_t byte_mask(uint32_t offset, uint32_t bytes)
{
	return UINT64_MAX >> (MACHINE_LINE_BYTES - bytes) << offset;
}

/* The last address of a range of at least one byte, which ends with the address space. */
static inline uint64_t last_byte(uint64_t address, uint64_t bytes)
{
	return bytes - 1 > UINT64_MAX - address ? UINT64_MAX : address + bytes - 1;
}

/* directory.c */
int directory_init(struct machine *machine);
void directory_release(struct machine *machine);
struct line *directory_find(const struct machine *machine, uint64_t number);
/* A line that nobody holds yet; NULL: no memory. Must not exist. */
struct line *directory_add(struct machine *machine, uint64_t number);
void directory_remove(struct machine *machine, struct line *line);

/* Eight neighbouring lines have neighbouring chains. */
static inline uint64_t directory_chain(uint64_t number, uint32_t bits)
{
	return spread(number >> 3) >> (64 - bits + 3) << 3 | (number & 7);
}

/*
 * It is about to be searched. Like all functions that only prefetch, this one must be inlined always:
 * gcc 12 takes it for one without effect, and leaves out calls that it has not inlined by then.
 */
static inline __attribute__((always_inline)) void
directory_prefetch(const struct machine *machine, uint64_t number)
{
	const struct directory *directory = &machine->directory;

	__builtin_prefetch(
		&directory->chains[directory_chain(number, directory->bits)]);
}

static inline struct line *chunk_line(const struct machine *machine,
				      struct chunk *chunk, uint32_t index)
{
	return (struct line *)(void *)((char *)chunk->lines +
				       index * machine->directory.line_bytes);
}

/* place.c */
/* A line enters an LLC that does not have it; bits of enum llc_bits. */
void place_in_llc(struct machine *machine, uint32_t llc, uint64_t number,
		  uint64_t bits);
/* The word of a line in an LLC, or NULL. */
uint64_t *find_in_llc(const struct machine *machine, uint32_t llc, uint64_t number);
/* The same; it becomes the last used one. */
uint64_t *use_in_llc(const struct machine *machine, uint32_t llc, uint64_t number);
void remove_from_llc(const struct machine *machine, uint32_t llc, uint64_t number);
/* A line enters a cache of the core that does not have it. */
void place_in_l2(struct machine *machine, struct machine_core *core, struct line *line);
/* The front is the caller's to set then. */
void place_in_l1(struct machine *machine, struct machine_core *core, struct l1 *l1,
		 struct line *line);
/* From all caches of the core; its state becomes I, what it wrote goes nowhere. */
void remove_from_core(struct machine *machine, struct machine_core *core,
		      struct line *line);
/* The same, for another core, so that this one is likely to want it back. */
void take_from_core(struct machine *machine, struct machine_core *core,
		    struct line *line);

/* What an access is to the protocol. */
struct request {
	struct machine_thread *thread;
	struct machine_core *core;
	uint64_t number;
	uint64_t bytes; /* bit mask */
	uint32_t site;
	bool write;
	bool read;
	struct line *lost; /* the line, if it is known and not in the core; or NULL */
};

/* access.c: an access to a line wherever it is, whatever its state. Returns stall cycles. */
uint64_t access_anywhere(struct machine *machine, struct machine_thread *thread,
			 uint64_t number, uint64_t bytes, enum machine_access_kind kind,
			 uint32_t site);
/* contend.c: the same, if L1D has the front of the line, or has lost it, and it is contended. */
uint64_t access_contended(struct machine *machine, struct machine_thread *thread,
			  struct front *front, uint64_t bytes,
			  enum machine_access_kind kind, uint32_t site);

/* coherence.c: both return stall cycles. Only the first calls sharing_touch(). */
uint64_t obtain_line(struct machine *machine, const struct request *request,
		     struct line **line);
uint64_t upgrade_line(struct machine *machine, const struct request *request,
		      struct line *line);

/* pages.c */
int pages_init(struct machine *machine);
void pages_release(struct machine *machine);
/* A page that the first-level TLB has not known; returns stall cycles. */
uint64_t translate_slowly(struct machine *machine, struct machine_thread *thread,
			  uint64_t page);
uint32_t home_of_page(struct machine *machine, struct machine_core *core,
		      uint64_t page);
void pages_forget(struct machine *machine, uint64_t first, uint64_t last);

/* predictor.c */
int predictor_init(struct machine *machine, struct predictor *predictor);
void predictor_release(struct machine *machine, struct predictor *predictor);

/* sharing.c */
int sharing_init(struct machine *machine);
void sharing_release(struct machine *machine);
/* The open record of a line, 0: none. */
uint16_t sharing_find(const struct machine *machine, uint64_t number);
/*
 * The request found the line modified by line->owner, and waits `cycles` for it. sharing_touch() is
 * part of it.
 */
void sharing_hitm(struct machine *machine, const struct request *request,
		  struct line *line, bool remote, uint64_t cycles);
/* The request made other copies of a contended line invalid. */
void sharing_upgrade(struct machine *machine, const struct request *request,
		     struct line *line, uint64_t cycles);
/* The request has obtained a contended line without HITM. sharing_touch() is part of it, too. */
void sharing_obtain(struct machine *machine, const struct request *request,
		    const struct line *line);
/* Bytes of a contended line are touched: read, or written, or both. */
void sharing_touch(struct machine *machine, const struct request *request,
		   const struct line *line);
/* The core is about to lose a contended line. */
void sharing_lose(struct machine *machine, struct line *line, uint32_t core);
/* Records of the lines from `first` to `last` belong to memory that is used no more. */
void sharing_close(struct machine *machine, uint64_t first, uint64_t last);

#endif
