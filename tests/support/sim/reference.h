/* SPDX-License-Identifier: MIT */
/*
 * A second, independent simulator of the same machine: slow and plain. Caches are arrays with a
 * time stamp per way, every core has a table of the state of every line, and a request asks all
 * cores and all LLCs one after the other. It knows no directory, no filter and no shortcut, and
 * shares no code with the simulator that it checks. The program's memory is a few thousand lines
 * from address 0 on.
 */
#ifndef AUTOPERF_TESTS_SUPPORT_SIM_REFERENCE_H
#define AUTOPERF_TESTS_SUPPORT_SIM_REFERENCE_H

#include "machine/machine.h"

#define REFERENCE_LINES 4096
#define REFERENCE_CORES 16
#define REFERENCE_LLCS  8

struct reference_way {
	bool used;
	bool marked;   /* used recently */
	uint64_t what; /* line or page */
	uint64_t stamp;
};

enum reference_policy {
	REFERENCE_LRU,
	REFERENCE_NRU, /* the first way that is not marked; all are: no way is any more */
};

struct reference_cache {
	enum reference_policy policy;
	struct reference_way *ways; /* NULL: does not exist */
	uint64_t sets;              /* of a slice */
	uint32_t way_count, slices;
};

enum reference_state { REFERENCE_I, REFERENCE_S, REFERENCE_E, REFERENCE_M };

struct reference_core {
	struct reference_cache l1i, l1d, l2, dtlb, stlb;
	enum reference_state state[REFERENCE_LINES];
	uint64_t
		stale[REFERENCE_LINES]; /* bytes others wrote since this core lost it */
	uint32_t pending[REFERENCE_LINES]; /* thread + 1 whose HITM is undecided */
};

struct reference {
	struct machine_config config;
	uint32_t core_count, llc_count, cores_per_llc;
	struct reference_core cores[REFERENCE_CORES];
	struct reference_cache llcs[REFERENCE_LLCS];
	int home[REFERENCE_LINES];         /* by page; -1: not touched */
	bool contended[REFERENCE_LINES];   /* had a HITM */
	uint64_t written[REFERENCE_LINES]; /* by the owner since it became owner */
	uint64_t counters[MACHINE_THREADS_MAX][MACHINE_COUNTERS];
	uint64_t time;
};

/* reference_caches.c */
void reference_cache_init(struct reference_cache *cache, enum reference_policy policy,
			  uint64_t entries, uint32_t ways, uint32_t slices);
void reference_cache_free(struct reference_cache *cache);
/* The way that holds it, or NULL. */
struct reference_way *reference_cache_find(const struct reference_cache *cache,
					   uint64_t what);
/* It is used now. */
void reference_cache_use(struct reference *reference, struct reference_way *way);
/* Puts it into an unused way or, true and *evicted, one that is chosen by the policy. */
bool reference_cache_fill(struct reference *reference, struct reference_cache *cache,
			  uint64_t what, uint64_t *evicted);
bool reference_cache_drop(struct reference_cache *cache, uint64_t what);

/* reference.c */
struct reference *reference_create(const struct machine_config *config);
void reference_free(struct reference *reference);
/* Everything by the thread's number and the core's; returns stall cycles. */
uint64_t reference_access(struct reference *reference, uint32_t thread, uint32_t core,
			  uint64_t address, uint64_t bytes,
			  enum machine_access_kind kind);
uint64_t reference_fetch(struct reference *reference, uint32_t thread, uint32_t core,
			 uint64_t address, uint64_t bytes);
void reference_settle(struct reference *reference, uint32_t core);
void reference_close(struct reference *reference, uint64_t address, uint64_t bytes);
void reference_unmap(struct reference *reference, uint64_t address, uint64_t bytes);

#endif
