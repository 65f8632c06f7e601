/* SPDX-License-Identifier: MIT */
/*
 * How the budget is shared out among the regions of a thread, and which executions are measured
 * then. Pure arithmetic on integers (the program's floating-point flags are not ours to touch);
 * time and what things cost is budget.c's business.
 */
#include "perfpoint/budget.h"

/* Marsaglia, Xorshift RNGs (2003): 13, 17, 5. */
static uint32_t next_random(uint32_t *state)
{
	uint32_t x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *state = x;
}

/*
 * Regions that are executed less often than the level leave what they do not need to the others,
 * which raises the level; each round finds at least one more of them, or is the last.
 */
uint64_t budget_level(const struct budget_region *regions, uint32_t count,
		      uint64_t room)
{
	uint64_t level = 0;

	for (uint32_t satisfied = UINT32_MAX;;) {
		uint64_t rest = room;
		uint32_t below = 0, above = 0;

		for (uint32_t i = 0; i < count; i++) {
			uint64_t wanted =
				budget_executions(&regions[i]) * BUDGET_LEVEL_UNIT;

			if (!wanted)
				continue;
			if (wanted > level) {
				above++;
				continue;
			}
			below++;
			rest -= wanted;
		}
		if (!above)
			return UINT64_MAX;
		if (below == satisfied)
			return level;
		satisfied = below;
		level = rest / above;
	}
}

static uint32_t one_in(const struct budget_region *region, uint64_t level)
{
	uint64_t executions = budget_executions(region) * BUDGET_LEVEL_UNIT;

	if (executions <= level || region->seen < BUDGET_FIRST)
		return 1;
	if (executions / BUDGET_ONE_IN_MAX >= level)
		return BUDGET_ONE_IN_MAX;
	return (uint32_t)((executions + level - 1) / level);
}

void budget_begin_epoch(struct budget_region *region, uint64_t level, uint32_t *random)
{
	/* What is not executed tells nothing. */
	if (budget_executions(region))
		region->beyond = one_in(region, level) - 1;
	/* It got slower: the countdown that was drawn for the old k would last too long. */
	if (region->left - 1 > 2 * (int64_t)(region->beyond + 1)) {
		uint32_t cut = (uint32_t)region->left - 1 -
			       next_random(random) % (region->beyond + 2);

		region->left -= cut;
		region->gap -= cut;
	}
	/* The next one is measured, and the countdown begins there. */
	if (region->left == BUDGET_ALL && region->beyond) {
		region->gap = 0;
		region->left = 1;
	}
	region->counted = 0u - budget_skipped(region);
}

uint32_t budget_draw(struct budget_region *region, uint32_t *random)
{
	uint32_t weight = budget_skipped(region) + 1;
	uint32_t gap = region->beyond;
	uint32_t half = (gap + 1) / 2; /* of k */

	if (gap)
		gap += next_random(random) % (2 * half + 1) - half;
	region->gap = gap;
	region->left = region->beyond ? (int64_t)gap + 1 : BUDGET_ALL;
	return weight;
}
