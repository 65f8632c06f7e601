/* SPDX-License-Identifier: MIT */
/*
 * The overhead budget in a real process: of short regions not every execution is measured, and
 * samples and the header still tell how many there were and what happened in them.
 */
#include "harness.h"

#include <linux/perf_event.h>
#include <string.h>

#include "perfpoint/budget.h"

#define EXECUTIONS 300000u /* of a region on a thread, scenario.c */
#define BUDGET     40      /* permille */

/* What is not in any sample yet when a thread ends: less than the longest countdown. */
#define OPEN_MAX (BUDGET_ONE_IN_MAX * 3 / 2)

static struct outcome *run_with_budget(const char *name, uint32_t max_overhead)
{
	return run(&(struct setup){
		.program = scenario, .argument = name, .max_overhead = max_overhead});
}

static void add_weight(const struct recording *recording,
		       const struct recording_sample *sample, const uint64_t *values,
		       void *context)
{
	(void)recording;
	(void)values;
	*(uint64_t *)context += sample->one_in;
}

static uint64_t weights(struct outcome *outcome, const char *region)
{
	uint64_t sum = 0;

	recordings_visit(&outcome->recorded, region, add_weight, &sum);
	return sum;
}

static void without_a_limit_each_execution_is_a_sample(void **state)
{
	struct outcome *outcome = run_with_budget("many_short", 0);
	const struct recording_header *header = &outcome->recorded.each[0].header;

	(void)state;
	assert_exited(outcome, 0);
	assert_quiet(outcome);
	assert_int_equal(samples(outcome, "short"), 3 * EXECUTIONS);
	assert_int_equal(weights(outcome, "short"), 3 * EXECUTIONS);
	assert_int_equal(header->executions, 3 * EXECUTIONS);
	assert_int_equal(header->measured, 3 * EXECUTIONS);
	assert_true(header->marker_ns > 3 * EXECUTIONS * 10ull);
	finish(outcome);
}

static void short_regions_are_thinned_out_and_all_are_counted(void **state)
{
	struct outcome *outcome = run_with_budget("many_short", BUDGET);
	const struct recording_header *header = &outcome->recorded.each[0].header;

	(void)state;
	assert_exited(outcome, 0);
	assert_quiet(outcome);
	assert_int_equal(lost_at_all(outcome), 0);
	assert_int_equal(header->executions, 3 * EXECUTIONS);
	assert_int_equal(header->measured, samples(outcome, NULL));
	assert_true(header->measured < 3 * EXECUTIONS / 10);
	assert_true(header->measured >= 3 * BUDGET_FIRST);
	assert_in_range(weights(outcome, "short"), 3 * (EXECUTIONS - OPEN_MAX),
			3 * EXECUTIONS);
	finish(outcome);
}

static void a_kill_loses_the_last_epoch_of_the_count(void **state)
{
	struct outcome *outcome = run_with_budget("dies_among_short", BUDGET);
	const struct recording_header *header = &outcome->recorded.each[0].header;

	(void)state;
	assert_true(header->executions > 0);
	assert_true(header->executions <= EXECUTIONS);
	assert_true(header->measured <= header->executions);
	assert_true(samples(outcome, NULL) >= header->measured);
	finish(outcome);
}

static void a_child_counts_for_itself(void **state)
{
	struct outcome *outcome = run_with_budget("short_in_child", BUDGET);

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(outcome->recorded.count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct recording *recording = &outcome->recorded.each[i];

		assert_int_equal(recording->header.executions, EXECUTIONS);
		assert_int_equal(recording->header.measured,
				 recording_count(recording));
	}
	finish(outcome);
}

/* Each END closes its own region, whichever of those around it are measured. */
static void nested_regions_are_thinned_out_independently(void **state)
{
	static const char *const regions[] = {"mark-1", "mark-2", "scope", "mark-3"};
	struct outcome *outcome = run_with_budget("many_nested", BUDGET);
	const struct recording_header *header = &outcome->recorded.each[0].header;

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(lost_at_all(outcome), 0);
	assert_int_equal(header->executions, 4 * EXECUTIONS);
	assert_int_equal(header->measured, samples(outcome, NULL));
	assert_true(header->measured < 4 * EXECUTIONS / 10);
	for (size_t i = 0; i < 4; i++)
		assert_in_range(weights(outcome, regions[i]), EXECUTIONS - OPEN_MAX,
				EXECUTIONS);
	finish(outcome);
}

static void add_value(const struct recording *recording,
		      const struct recording_sample *sample, const uint64_t *values,
		      void *context)
{
	(void)recording;
	*(uint64_t *)context += values[0] * sample->one_in;
}

static void sums_of_counters_are_those_of_all_executions(void **state)
{
	static const struct session_event faults = {.name = "page-faults",
						    .type = PERF_TYPE_SOFTWARE,
						    .config =
							    PERF_COUNT_SW_PAGE_FAULTS};
	struct setup setup = {.program = scenario,
			      .argument = "many_faults",
			      .events = &faults,
			      .event_count = 1,
			      .max_overhead = BUDGET};
	const uint64_t pages = 40000;
	struct outcome *outcome = run(&setup);
	uint64_t sum = 0;

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(lost_at_all(outcome), 0);
	assert_int_equal(outcome->recorded.each[0].header.executions, pages);
	assert_true(samples(outcome, "fault") < pages / 2);
	recordings_visit(&outcome->recorded, "fault", add_value, &sum);
	/* What is open at the end is in no sample; beside faults nothing is counted. */
	assert_true(sum <= pages + pages / 100);
	assert_true(sum >= pages - OPEN_MAX);
	assert_true(sum >= weights(outcome, "fault"));
	finish(outcome);
}

static void depths_and_jumps_work_as_without_a_budget(void **state)
{
	struct outcome *outcome = run_with_budget("too_deep", BUDGET);

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-1"), 1);
	finish(outcome);
	outcome = run_with_budget("longjmps", BUDGET);
	assert_exited(outcome, 0);
	assert_int_equal(lost(outcome, RECORDING_LOSS_END_ALONE), 0);
	finish(outcome);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_limit_each_execution_is_a_sample),
		cmocka_unit_test(short_regions_are_thinned_out_and_all_are_counted),
		cmocka_unit_test(a_kill_loses_the_last_epoch_of_the_count),
		cmocka_unit_test(a_child_counts_for_itself),
		cmocka_unit_test(nested_regions_are_thinned_out_independently),
		cmocka_unit_test(sums_of_counters_are_those_of_all_executions),
		cmocka_unit_test(depths_and_jumps_work_as_without_a_budget),
	};

	if (!harness_arguments(argc, argv))
		return 2;
	return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
