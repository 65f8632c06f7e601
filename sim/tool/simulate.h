/* SPDX-License-Identifier: MIT */
/*
 * One item of a block's execution on the simulated machine. Inlined into the loops that do so.
 */
#ifndef AUTOPERF_SIM_TOOL_SIMULATE_H
#define AUTOPERF_SIM_TOOL_SIMULATE_H

#include "machine/run.h"
#include "tool/block.h"
#include "tool/main.h"

/* The stalls are in the thread's counters. `left`: the block was left by it, a branch. */
static inline __attribute__((always_inline)) void
simulate_item(struct machine_thread *machine, const struct item *item,
	      const uint64_t *roots, bool left)
{
	uint64_t value = item->value;

	if (item->root != ROOT_NONE)
		value += roots[item->root];
	switch ((enum item_kind)item->kind) {
	case ITEM_LOAD:
	case ITEM_STORE:
	case ITEM_ATOMIC:
		if (likely(value))
			machine_access(tool.machine, machine, value, item->bytes,
				       (enum machine_access_kind)item->kind,
				       item->site);
		break;
	case ITEM_FETCH:
		machine_fetch(tool.machine, machine, value, item->bytes);
		break;
	case ITEM_BRANCH:
		machine_branch(tool.machine, machine, value, left != item->bytes);
		break;
	case ITEM_JUMP:
		machine_branch_indirect(tool.machine, machine, site_address(item->site),
					value);
		break;
	case ITEM_NONE:
		break;
	}
}

/* Fetching the block's instructions has no effect: they are where they were. */
static inline bool is_fetched(const struct machine_view *view, struct block *block)
{
	if (likely(machine_run_fetched(view, &block->run)))
		return true;
	for (uint32_t i = 0; i < block->item_count; i++)
		if (block->items[i].kind == ITEM_FETCH &&
		    !machine_fetch_is_idle(view, block->items[i].value))
			return false;
	machine_run_fetch(view, &block->run);
	return true;
}

#endif
