/* SPDX-License-Identifier: MIT */
/* What replay and direct simulation ask of a block before they execute it. Inlined into both. */
#ifndef AUTOPERF_SIM_TOOL_SIMULATE_H
#define AUTOPERF_SIM_TOOL_SIMULATE_H

#include "machine/run.h"
#include "tool/block.h"

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
