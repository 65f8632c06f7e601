/* SPDX-License-Identifier: MIT */
/*
 * Branches that go on as they went for long, inlined where branches come from: most are such. All
 * others are predictor.c's.
 */
#ifndef AUTOPERF_SIM_MACHINE_PREDICTOR_H
#define AUTOPERF_SIM_MACHINE_PREDICTOR_H

#include "machine/internal.h"

#define BASE_PER_ENTRY 4
/* Times in a row: no history is long enough to know better. */
#define ROW_MAX 17

static inline struct base_entry *predictor_base(const struct predictor *predictor,
						uint64_t pc)
{
	uint32_t mask = BASE_PER_ENTRY * (predictor->mask + 1) - 1;

	return &predictor->base[(pc ^ pc >> 12) & mask];
}

static inline void predictor_remember(struct predictor *predictor, bool taken)
{
	predictor->history = predictor->history << 1 | taken;
}

/*
 * It goes the way that was certain, and nothing is to be learnt; false: ask branch_uncertainly().
 * predictor_remember() follows in any case.
 */
static inline bool predictor_goes_on(const struct predictor *predictor, uint64_t pc,
				     bool taken)
{
	const struct base_entry *base = predictor_base(predictor, pc);

	return base->row == ROW_MAX && base->way == taken;
}

/* predictor.c: what predictor_goes_on() denied; returns stall cycles. The branch is counted. */
uint64_t branch_uncertainly(struct machine *machine, struct machine_thread *thread,
			    uint64_t pc, bool taken);

#endif
