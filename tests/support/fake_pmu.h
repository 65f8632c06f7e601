/* SPDX-License-Identifier: MIT */
/*
 * A kernel with an imagined PMU behind perf_event_open(2), for code whose answers depend on
 * counters that the machine of the test does not have. The program is linked with
 * fake_pmu_link_args of tests/support/meson.build, which lead its system calls here; all but
 * those about events reach the real kernel.
 *
 * Groups are accepted if an idle PMU could run them, and run if the counters that nobody else
 * holds suffice, which is tried for all ways to place them. Nothing is ever run in turns.
 */
#ifndef AUTOPERF_TESTS_FAKE_PMU_H
#define AUTOPERF_TESTS_FAKE_PMU_H

#include <stdbool.h>
#include <stdint.h>

#include "event/event.h"

#define FAKE_PMU_COUNTERS_MAX 16

struct fake_pmu {
	int counters;       /* for any event, from number 0 on */
	uint32_t taken;     /* a bit a counter: held by somebody else */
	int cycles_counter; /* number of a counter for cycles alone; 0: there is none */
	int instructions_counter; /* likewise */
	/* Raw event rN may use the counters of mask[N], 0: any. */
	uint32_t mask[16];
	bool user_read; /* counters can be read in user space */
	uint32_t
		other_type; /* of a hybrid processor's other PMU, with as many counters */
	bool on_other;      /* the thread is on a core of that one */
	int refusal;        /* errno of every hardware event; 0: none */
	int software_refusal;
	int kernel_refusal; /* of events that count kernel mode */
};

/* The PMU from now on; NULL: no hardware events, ENOENT. Counts of opened events go to 0. */
void fake_pmu_install(const struct fake_pmu *pmu);
/* Events that are open now. */
int fake_pmu_open_events(void);

#endif
