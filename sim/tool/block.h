/* SPDX-License-Identifier: MIT */
/*
 * What is known of a superblock when it is translated: the instructions' fetches, accesses and
 * branches in program order. The code that Valgrind generates then logs, each time the block is
 * executed, only what differs: the addresses of its roots and how far it came (log.h).
 *
 * A root is a value computed by the block, a base register usually; most accesses are a root plus
 * a constant, so that a run of pushes or the fields of a structure cost one word in the log.
 */
#ifndef AUTOPERF_SIM_TOOL_BLOCK_H
#define AUTOPERF_SIM_TOOL_BLOCK_H

#include "tool/base.h"

#include "machine/run.h"

#define BLOCK_ITEMS_MAX 4096u
#define BLOCK_ROOTS_MAX 250u
#define ROOT_NONE       MACHINE_NO_ROOT /* the value is the address itself */

enum item_kind {
	ITEM_LOAD = MACHINE_LOAD,
	ITEM_STORE = MACHINE_STORE,
	ITEM_ATOMIC = MACHINE_ATOMIC,
	ITEM_FETCH, /* `bytes` of instructions at `value`, all in one line */
	ITEM_BRANCH, /* conditional, at address `value`; root: 1 if leaving is not taken */
	ITEM_JUMP, /* indirect, to root + `value` */
	ITEM_NONE, /* instructions only */
};

/* One step of a block. */
struct item {
	uint64_t value;
	uint32_t site;
	uint8_t kind; /* enum item_kind */
	uint8_t bytes;
	uint8_t root;
	uint8_t gap; /* instructions begun since the item before */
};

static inline bool item_is_access(const struct item *item)
{
	return item->kind <= ITEM_ATOMIC;
}

static inline bool item_is_exit(const struct item *item)
{
	return item->kind == ITEM_BRANCH;
}

/* How far an execution has come behind a reference. */
struct step {
	uint32_t instructions; /* begun */
	uint16_t item;         /* the next one */
	uint16_t exits;        /* passed */
};

struct block {
	Addr address; /* where the program jumped to */
	struct block *next_discarded;
	uint32_t item_count;
	uint32_t root_count;
	/* All items at once, and what stands in the log then, but for LOG_TAKEN. */
	struct machine_run run; /* its references and exits are behind the items, */
	struct step *steps;     /* and these, by reference */
	uint64_t whole;
	bool jumps; /* indirectly, by the last item */
	struct item items[];
};

/* A copy of the items, found again by block_discarded(). */
struct block *block_new(Addr address, const struct item *items, uint32_t item_count,
			uint32_t root_count);
/* Valgrind has thrown away the translation; the block stays until blocks_collect(). */
void block_discarded(Addr address);
/* Frees discarded blocks; no log may mention them any more. */
void blocks_collect(void);

/* A small number for the place in the program, the same for the same address; never 0. */
uint32_t site_number(Addr address);
Addr site_address(uint32_t site);

#endif
