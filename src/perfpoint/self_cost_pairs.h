/* SPDX-License-Identifier: MIT */
/*
 * Empty regions as user code has them, by way of the public header: what they count is what
 * markers cost. They are of the header's inline code, so they are compiled apart from the
 * runtime, whose functions have the same names.
 */
#ifndef AUTOPERF_PERFPOINT_SELF_COST_PAIRS_H
#define AUTOPERF_PERFPOINT_SELF_COST_PAIRS_H

/* Pairs that self_cost_pairs() executes, one after the other, without anything between. */
#define SELF_COST_PAIRS 8

struct self_cost_pairs {
	int kind; /* enum marker_kind */
	int mark;
	unsigned int region; /* of the other kinds */
	/* Called inside of the region of self_cost_pair_around(). */
	void (*inside)(void *argument);
	void *argument;
};

void self_cost_pairs(const struct self_cost_pairs *pairs);
/* One pair around a call of `inside`. */
void self_cost_pair_around(const struct self_cost_pairs *pairs);

#endif
