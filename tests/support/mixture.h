/* SPDX-License-Identifier: MIT */
/*
 * Samples of a known distribution for tests of training and detection: executions of three
 * kinds ("modes") that differ in size, speed and counter rates, with a common hidden factor and
 * log-normal noise. Page faults never happen in normal samples. Fails loudly.
 */
#ifndef AUTOPERF_TESTS_MIXTURE_H
#define AUTOPERF_TESTS_MIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"

#define MIXTURE_NOISE 0.05 /* standard deviation of the logarithms */

struct mixture {
	size_t runs;
	size_t rows;     /* of each run */
	size_t counters; /* besides instructions and page-faults */
	uint64_t seed;   /* of the samples; the modes are always the same */
	/* What is wrong with the samples; 0: nothing. */
	double time_factor;    /* all times are multiplied by it */
	double counter_factor; /* counter 0 is multiplied by it */
	double faults;         /* page faults in each execution */
};

/* Events of the mixture: instructions, page-faults, counter-0, counter-1, ... Free it with
 * mixture_plan_free(). */
void mixture_plan(struct event_plan *plan, size_t counters);
void mixture_plan_free(struct event_plan *plan);
/* Free with mixture_table_free(). */
void mixture_table(struct sample_table *table, const struct mixture *mixture);
void mixture_table_free(struct sample_table *table);

#endif
