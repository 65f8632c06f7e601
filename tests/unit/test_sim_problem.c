/* SPDX-License-Identifier: MIT */
/* sim/machine/problem.c: texts put together without stdio. */
#include "machine/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void parts_are_put_behind_each_other(void **state)
{
	struct machine_problem problem;

	(void)state;
	assert_int_equal(problem_set(&problem, 7, "core "), -1);
	assert_int_equal(problem_add_number(&problem, 0), -1);
	assert_int_equal(problem_add(&problem, " of "), -1);
	assert_int_equal(problem_add_number(&problem, UINT64_MAX), -1);
	assert_string_equal(problem.text, "core 0 of 18446744073709551615");
	assert_int_equal(problem.line, 7);
}

static void a_new_text_replaces_the_old(void **state)
{
	struct machine_problem problem;

	(void)state;
	problem_set(&problem, 1, "first");
	problem_set(&problem, 0, "");
	assert_string_equal(problem.text, "");
	assert_int_equal(problem.line, 0);
}

static void quotations_are_printable_and_short(void **state)
{
	struct machine_problem problem;
	char endless[1000];

	(void)state;
	problem_set(&problem, 0, "");
	assert_int_equal(problem_add_quoted(&problem, "a\0b\x80\n", 5), -1);
	assert_string_equal(problem.text, "'a?b?\?'");
	memset(endless, 'x', sizeof(endless));
	problem_set(&problem, 0, "");
	problem_add_quoted(&problem, endless, sizeof(endless));
	assert_string_equal(problem.text,
			    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...'");
}

static void what_does_not_fit_is_cut(void **state)
{
	struct machine_problem problem;

	(void)state;
	problem_set(&problem, 0, "");
	for (int i = 0; i < 100; i++)
		problem_add(&problem, "0123456789");
	assert_int_equal(strlen(problem.text), sizeof(problem.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_put_behind_each_other),
		cmocka_unit_test(a_new_text_replaces_the_old),
		cmocka_unit_test(quotations_are_printable_and_short),
		cmocka_unit_test(what_does_not_fit_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
