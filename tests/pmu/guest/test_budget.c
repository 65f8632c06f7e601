/* SPDX-License-Identifier: MIT */
/*
 * The overhead of measuring, in the guest's own time: it executes an instruction a nanosecond
 * whatever the host does, so that one run of each kind is enough. That is a slow machine, for which the
 * region is as many instructions as a fast one executes in 200 ns.
 */
#include "guest.h"

#include "work.h"

#define TINY           "100000"
#define BUDGET_PERCENT 4
#define WITH_BUDGET    "--max-overhead 4 -e instructions:u,cycles:u"

static uint64_t plain_ns(void)
{
	struct reply *reply = call(GUEST_ROOT, "work", "tiny " TINY);
	uint64_t ns;

	assert_reply(reply, 0);
	ns = told(reply, "nanoseconds");
	reply_free(reply);
	return ns;
}

static void regions_of_200_ns_keep_to_the_budget(void **state)
{
	uint64_t plain = plain_ns();

	(void)state;
	for (int user_reads = 0; user_reads <= 1; user_reads++) {
		struct recorded *recorded;
		double percent;

		set_user_reads(user_reads);
		recorded = record_work(WITH_BUDGET, "tiny " TINY);
		percent = 100 * ((double)told(recorded->reply, "nanoseconds") /
					 (double)plain -
				 1);
		remark("user-space reads %s: %.1f %% slower", user_reads ? "on" : "off",
		       percent);
		assert_true(percent <= BUDGET_PERCENT + 1);
		recorded_free(recorded);
	}
}

static void add_weight(const struct recording *recording,
		       const struct recording_sample *sample, const uint64_t *values,
		       void *context)
{
	(void)recording;
	(void)values;
	*(uint64_t *)context += sample->one_in;
}

static void samples_stand_for_all_executions(void **state)
{
	struct recorded *recorded = record_work(WITH_BUDGET, "tiny " TINY);
	uint64_t executions = 0;

	(void)state;
	recordings_visit(&recorded->outcome->recorded, "mark-5", add_weight,
			 &executions);
	/* The last ones may have no sample that stands for them: at most 3/2 of 4096. */
	assert_in_range(executions, 100000 - 6144, 100001);
	recorded_free(recorded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regions_of_200_ns_keep_to_the_budget),
		cmocka_unit_test(samples_stand_for_all_executions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
