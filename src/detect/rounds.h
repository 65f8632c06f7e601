/* SPDX-License-Identifier: MIT */
/*
 * Rounds: one run with each pass makes a round, what people call an execution of the program.
 * Added up over regions and passes, it can be judged as a whole.
 */
#ifndef AUTOPERF_DETECT_ROUNDS_H
#define AUTOPERF_DETECT_ROUNDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "detect/findings.h"
#include "model/model.h"

struct round_entry {
	uint32_t pass;
	uint32_t ordinal;
	uint64_t samples;
	double anomalous; /* samples */
	double score;     /* sum of log(score) */
};

/* Zero-initialised is empty. */
struct rounds {
	struct round_entry *entries; /* one per region, pass and run */
	size_t count;
	size_t capacity;
};

/* Adds the runs of one region and pass. -ENOMEM. */
int rounds_add(struct rounds *rounds, uint32_t pass, const struct model_run *runs,
	       size_t count);
/*
 * Adds up: the n-th runs of all passes become round n. *summed (malloc'd, the caller's) has
 * *count runs of which samples, anomalous_share, score_mean and ordinal, the number of the
 * round, mean something. -ENOMEM.
 */
int rounds_sum(struct rounds *rounds, struct model_run **summed, size_t *count);
void rounds_free(struct rounds *rounds);

/*
 * The findings' rounds of both sides. A new round is compared with all held-out normal ones, a
 * normal one with the others of its kind. -ENOMEM.
 */
int rounds_judge(struct findings *findings, struct rounds *before,
		 struct rounds *after);

#endif
