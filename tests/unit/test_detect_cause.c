/* SPDX-License-Identifier: MIT */
/* detect/cause.c: what explains that executions take longer, from counters as findings have them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "detect/cause.h"

#define INSTRUCTIONS 10000.0 /* per execution */
#define BEFORE_NS    10000.0

/* A region whose executions take `after_ns`, with the counters given. */
static struct finding_region region_with(struct finding_counter *counters, size_t count,
					 double after_ns)
{
	return (struct finding_region){.counters = counters,
				       .counter_count = count,
				       .time_measured = true,
				       .time_before_ns = BEFORE_NS,
				       .time_after_ns = after_ns};
}

static struct finding_counter instructions(double before, double after)
{
	return (struct finding_counter){.name = (char *)"instructions",
					.role = EVENT_ROLE_INSTRUCTIONS,
					.kind = FEATURE_COUNT_PER_EXECUTION,
					.before = before,
					.after = after};
}

/* Events per execution, as a rate per 1000 of the usual instructions. */
static struct finding_counter counter(const char *name, enum event_role role,
				      double before, double after)
{
	return (struct finding_counter){.name = (char *)name,
					.role = role,
					.kind = FEATURE_RATE_PER_KILOINST,
					.before = before / (INSTRUCTIONS / 1000),
					.after = after / (INSTRUCTIONS / 1000)};
}

/* The first cause, and that it explains about `share`. */
static void assert_cause(struct finding_region *region, enum finding_cause_kind kind,
			 double share)
{
	assert_int_equal(cause_account(region), 0);
	assert_true(region->cause_count > 0);
	assert_int_equal(region->causes[0].kind, kind);
	assert_true(fabs(region->causes[0].share - share) < 0.01);
	free(region->causes);
	region->causes = NULL;
}

static void false_sharing_beats_the_misses_that_it_makes(void **state)
{
	/* 300 fetches, all false: 27,000 cycles are 9 us. */
	struct finding_counter counters[] = {
		instructions(INSTRUCTIONS, INSTRUCTIONS),
		counter("hitm_local", EVENT_ROLE_HITM, 0, 300),
		counter("hitm_false", EVENT_ROLE_FALSE_SHARING, 0, 300),
		counter("hitm_true", EVENT_ROLE_TRUE_SHARING, 0, 0),
		counter("l1d_misses", EVENT_ROLE_L1D_MISS, 5, 305),
		counter("l2_misses", EVENT_ROLE_L2_MISS, 5, 305),
		counter("llc_misses", EVENT_ROLE_LLC_MISS, 0, 0),
	};
	struct finding_region region = region_with(counters, 7, BEFORE_NS + 9000);

	(void)state;
	assert_cause(&region, CAUSE_FALSE_SHARING, 1);
	/* The same lines written to in the same bytes. */
	counters[2].after = 0;
	counters[3].after = 300 / (INSTRUCTIONS / 1000);
	assert_cause(&region, CAUSE_TRUE_SHARING, 1);
}

/* 300 fetches; half of them would not have been, had all bytes been apart. */
static void fields_of_a_lock_are_shared_truly_if_no_padding_helps(void **state)
{
	struct finding_counter counters[] = {
		instructions(INSTRUCTIONS, INSTRUCTIONS),
		counter("hitm_local", EVENT_ROLE_HITM, 0, 300),
		counter("hitm_false", EVENT_ROLE_FALSE_SHARING, 0, 200),
		counter("hitm_true", EVENT_ROLE_TRUE_SHARING, 0, 100),
	};
	struct finding_line lines[] = {
		{.before_known = true, .cycles_before = 0, .cycles_after = 27000},
		{.false_share = 1, .cycles_before = (double)NAN, .cycles_after = 0},
	};
	struct finding_region region = region_with(counters, 4, BEFORE_NS + 9000);

	(void)state;
	assert_cause(&region, CAUSE_FALSE_SHARING, 2.0 / 3);
	region.lines = lines;
	region.line_count = 2;
	assert_cause(&region, CAUSE_TRUE_SHARING, 1);
	/* A third of the cycles on that line; half of them on one that padding mends. */
	lines[0].cycles_after = 9000;
	lines[1].cycles_after = 13500;
	assert_cause(&region, CAUSE_FALSE_SHARING, 0.5 + 2.0 / 3 / 6);
	/* Nothing more than in training: then it is not this line. */
	lines[0].cycles_before = 9000;
	lines[1].cycles_after = 0;
	assert_cause(&region, CAUSE_FALSE_SHARING, 2.0 / 3);
}

static void twice_the_instructions_explain_twice_the_time(void **state)
{
	struct finding_counter counters[] = {
		instructions(INSTRUCTIONS, 7 * INSTRUCTIONS),
		/* The same rate is many more events. */
		counter("branch-misses", EVENT_ROLE_BRANCH_MISS, 1, 1),
	};
	struct finding_region region = region_with(counters, 2, 2 * BEFORE_NS);

	(void)state;
	assert_cause(&region, CAUSE_INSTRUCTIONS, 1);
}

static void an_executions_time_is_divided_among_what_it_went_into(void **state)
{
	/* 10,000 instructions are 5,000 cycles; 375 misses 6,000; a fault 1,500. */
	struct finding_counter counters[] = {
		instructions(INSTRUCTIONS, INSTRUCTIONS),
		counter("branch-misses", EVENT_ROLE_BRANCH_MISS, 375, 750),
		counter("page-faults", EVENT_ROLE_PAGE_FAULT, 0, 1),
	};
	struct finding_region region = region_with(counters, 3, 12000);
	struct cause_parts parts;

	(void)state;
	assert_true(cause_parts(&parts, &region, false));
	assert_true(fabs(parts.ns[CAUSE_INSTRUCTIONS] - 5000 / 3.0) < 1e-6);
	assert_true(fabs(parts.ns[CAUSE_BRANCHES] - 2000) < 1e-6);
	assert_true(parts.ns[CAUSE_PAGE_FAULTS] == 0);
	assert_true(fabs(parts.other_ns - (BEFORE_NS - 11000 / 3.0)) < 1e-6);
	assert_false(parts.scaled);
	assert_true(cause_parts(&parts, &region, true));
	assert_true(fabs(parts.ns[CAUSE_BRANCHES] - 4000) < 1e-6);
	assert_true(fabs(parts.ns[CAUSE_PAGE_FAULTS] - 500) < 1e-6);
}

static void parts_are_never_more_than_the_whole(void **state)
{
	struct finding_counter counters[] = {
		instructions(INSTRUCTIONS, INSTRUCTIONS),
		counter("branch-misses", EVENT_ROLE_BRANCH_MISS, 3750, 0),
		counter("page-faults", EVENT_ROLE_PAGE_FAULT, 40, 0),
	};
	struct finding_region region = region_with(counters, 3, 12000);
	struct cause_parts parts;
	double sum;

	(void)state;
	assert_true(cause_parts(&parts, &region, false));
	assert_true(parts.scaled);
	sum = parts.other_ns;
	for (int kind = 0; kind < CAUSE_KINDS; kind++)
		sum += parts.ns[kind];
	assert_true(fabs(sum - BEFORE_NS) < 1e-6);
	assert_true(parts.other_ns == 0);
	assert_true(fabs(parts.ns[CAUSE_BRANCHES] - parts.ns[CAUSE_PAGE_FAULTS]) <
		    1e-6);
}

static void time_that_nothing_tells_of_has_no_parts(void **state)
{
	struct finding_counter counters[] = {
		counter("context-switches", EVENT_ROLE_CONTEXT_SWITCH, 1, 2)};
	struct finding_region region = region_with(counters, 1, 12000);
	struct cause_parts parts;

	(void)state;
	assert_false(cause_parts(&parts, &region, true));
	assert_true(parts.other_ns == 12000);
	region.time_measured = false;
	assert_false(cause_parts(&parts, &region, true));
}

static void sharing_is_divided_on_either_side_by_itself(void **state)
{
	struct finding_counter counters[] = {
		instructions(INSTRUCTIONS, INSTRUCTIONS),
		counter("hitm_local", EVENT_ROLE_HITM, 100, 300),
		counter("hitm_false", EVENT_ROLE_FALSE_SHARING, 0, 300),
		counter("hitm_true", EVENT_ROLE_TRUE_SHARING, 100, 0),
	};
	struct finding_region region = region_with(counters, 4, BEFORE_NS + 9000);
	struct cause_parts parts;

	(void)state;
	assert_true(cause_parts(&parts, &region, false));
	assert_true(fabs(parts.ns[CAUSE_TRUE_SHARING] - 3000) < 1e-6);
	assert_true(parts.ns[CAUSE_FALSE_SHARING] == 0);
	assert_true(cause_parts(&parts, &region, true));
	assert_true(parts.ns[CAUSE_TRUE_SHARING] == 0);
	assert_true(fabs(parts.ns[CAUSE_FALSE_SHARING] - 9000) < 1e-6);
}

static void each_kind_of_event_is_told(void **state)
{
	const struct {
		const char *name;
		enum event_role role;
		double gain; /* that costs about 10 us */
		enum finding_cause_kind kind;
	} kinds[] = {
		{"branch-misses", EVENT_ROLE_BRANCH_MISS, 1875, CAUSE_BRANCHES},
		{"dTLB-load-misses", EVENT_ROLE_DTLB_MISS, 1000, CAUSE_TLB_MISSES},
		{"page-faults", EVENT_ROLE_PAGE_FAULT, 20, CAUSE_PAGE_FAULTS},
		{"system_calls", EVENT_ROLE_SYSTEM_CALL, 100, CAUSE_SYSTEM_CALLS},
		{"blocked_cycles", EVENT_ROLE_LOCK_WAIT, 30000, CAUSE_WAITING},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct finding_counter counters[] = {
			instructions(INSTRUCTIONS, INSTRUCTIONS),
			counter(kinds[i].name, kinds[i].role, 3, 3 + kinds[i].gain),
		};
		struct finding_region region =
			region_with(counters, 2, BEFORE_NS + 10000);

		assert_cause(&region, kinds[i].kind, 1);
	}
}

static void cache_misses_cost_what_the_level_does_that_had_the_line(void **state)
{
	struct finding_counter counters[] = {
		instructions(INSTRUCTIONS, INSTRUCTIONS),
		counter("L1-dcache-load-misses", EVENT_ROLE_L1D_MISS, 0, 1000),
		counter("LLC-load-misses", EVENT_ROLE_LLC_MISS, 0, 0),
	};
	struct finding_region region =
		region_with(counters, 3, BEFORE_NS + 10000 / 3.0);

	(void)state;
	/* A thousand that the second level had: 10,000 cycles. */
	assert_cause(&region, CAUSE_CACHE_MISSES, 1);
	/* A hundred of them went to memory. */
	counters[2].after = 100 / (INSTRUCTIONS / 1000);
	region.time_after_ns = BEFORE_NS + (900 * 10 + 100 * 250) / 3.0;
	assert_cause(&region, CAUSE_CACHE_MISSES, 1);
}

static void time_off_the_processor_is_waiting(void **state)
{
	struct finding_counter counters[] = {{.name = (char *)"cpu_share",
					      .kind = FEATURE_CPU_SHARE,
					      .before = 1,
					      .after = 0.5}};
	struct finding_region region = region_with(counters, 1, 2 * BEFORE_NS);

	(void)state;
	assert_cause(&region, CAUSE_WAITING, 1);
}

static void what_explains_little_is_no_cause(void **state)
{
	struct finding_counter counters[] = {
		instructions(INSTRUCTIONS, INSTRUCTIONS),
		counter("branch-misses", EVENT_ROLE_BRANCH_MISS, 0, 200),
	};
	struct finding_region region = region_with(counters, 2, BEFORE_NS + 10000);

	(void)state;
	assert_int_equal(cause_account(&region), 0);
	assert_int_equal(region.cause_count, 0);
	free(region.causes);
}

static void without_longer_executions_there_is_no_cause(void **state)
{
	struct finding_counter counters[] = {instructions(1, 2)};
	struct finding_region region = region_with(counters, 1, BEFORE_NS);

	(void)state;
	assert_int_equal(cause_account(&region), 0);
	assert_null(region.causes);
	region.time_after_ns = (double)NAN;
	assert_int_equal(cause_account(&region), 0);
	assert_null(region.causes);
	region = region_with(counters, 1, 2 * BEFORE_NS);
	region.time_measured = false;
	assert_int_equal(cause_account(&region), 0);
	assert_null(region.causes);
}

static void each_cause_has_a_name(void **state)
{
	(void)state;
	for (int kind = 0; kind < CAUSE_KINDS; kind++)
		assert_non_null(cause_name((enum finding_cause_kind)kind));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(false_sharing_beats_the_misses_that_it_makes),
		cmocka_unit_test(fields_of_a_lock_are_shared_truly_if_no_padding_helps),
		cmocka_unit_test(twice_the_instructions_explain_twice_the_time),
		cmocka_unit_test(an_executions_time_is_divided_among_what_it_went_into),
		cmocka_unit_test(parts_are_never_more_than_the_whole),
		cmocka_unit_test(time_that_nothing_tells_of_has_no_parts),
		cmocka_unit_test(sharing_is_divided_on_either_side_by_itself),
		cmocka_unit_test(each_kind_of_event_is_told),
		cmocka_unit_test(
			cache_misses_cost_what_the_level_does_that_had_the_line),
		cmocka_unit_test(time_off_the_processor_is_waiting),
		cmocka_unit_test(what_explains_little_is_no_cause),
		cmocka_unit_test(without_longer_executions_there_is_no_cause),
		cmocka_unit_test(each_cause_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
