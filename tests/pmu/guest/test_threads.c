/* SPDX-License-Identifier: MIT */
/* What threads leave behind: a counter is freed when its descriptor and its mapping are. */
#include "guest.h"

#include <stdio.h>

#include "work.h"

#define MANY "1000"

static void check_churn(bool user_reads)
{
	struct recorded *recorded;
	struct series series;

	set_user_reads(user_reads);
	recorded = record_work("-e instructions:u,cycles:u", "churn " MANY);
	assert_int_equal(told(recorded->reply, "descriptors-after"),
			 told(recorded->reply, "descriptors-before"));
	assert_int_equal(told(recorded->reply, "mappings-after"),
			 told(recorded->reply, "mappings-before"));
	/* Two events of the first thread, and of none that has ended. */
	assert_int_equal(told(recorded->reply, "descriptors-after"), 2);
	assert_int_equal(told(recorded->reply, "mappings-after"), user_reads ? 2 : 0);
	series = series_of(recorded, "mark-1000", "instructions:u");
	assert_int_equal(series.count, 1 + 1000);
	series_free(&series);
	assert_int_equal(lost_at_all(recorded->outcome), 0);
	recorded_free(recorded);
}

static void a_thousand_threads_leave_no_descriptor_and_no_mapping(void **state)
{
	(void)state;
	check_churn(true);
	check_churn(false);
}

static void every_one_of_a_thousand_threads_counts_the_same(void **state)
{
	struct recorded *recorded;

	(void)state;
	set_user_reads(true);
	recorded = record_work("-e instructions:u,cycles:u", "churn " MANY);
	remark("each counts %llu instructions",
	       (unsigned long long)usual_value_of(recorded, "mark-1000",
						  "instructions:u"));
	recorded_free(recorded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thousand_threads_leave_no_descriptor_and_no_mapping),
		cmocka_unit_test(every_one_of_a_thousand_threads_counts_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
