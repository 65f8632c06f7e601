/* SPDX-License-Identifier: MIT */
/* src/event/nearest.c: what people mistype finds what they meant. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/nearest.h"

static const char *nearest_of(const char *wanted, const char *const *candidates)
{
	static struct nearest nearest;

	nearest_start(&nearest, wanted);
	for (; *candidates; candidates++)
		nearest_offer(&nearest, *candidates);
	return nearest.name;
}

static const char *const common[] = {"cycles",
				     "context-switches",
				     "page-faults",
				     "branch-misses",
				     "cache-misses",
				     "L1-dcache-stores",
				     "L1-dcache-load-misses",
				     "PAPI_TOT_INS",
				     NULL};

static void swapped_missing_and_wrong_letters_are_seen_through(void **state)
{
	(void)state;
	assert_string_equal(nearest_of("cycels", common), "cycles");
	assert_string_equal(nearest_of("contextswitches", common), "context-switches");
	assert_string_equal(nearest_of("page_faults", common), "page-faults");
	assert_string_equal(nearest_of("PAPI_TOT_ISN", common), "PAPI_TOT_INS");
}

static void case_does_not_matter(void **state)
{
	(void)state;
	assert_string_equal(nearest_of("CACHE-MISSES", common), "cache-misses");
}

static void a_word_left_out_is_nearer_than_other_letters(void **state)
{
	(void)state;
	assert_string_equal(nearest_of("L1-dcache-misses", common),
			    "L1-dcache-load-misses");
}

static void names_with_nothing_in_common_are_not_offered(void **state)
{
	(void)state;
	assert_string_equal(nearest_of("foo", common), "");
	assert_string_equal(nearest_of("", common), "");
	assert_string_equal(nearest_of("zzzzzzzzzzzz", common), "");
}

static void overlong_names_are_left_alone(void **state)
{
	char name[NEAREST_NAME_BYTES + 1];

	(void)state;
	memset(name, 'c', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_string_equal(nearest_of(name, common), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(swapped_missing_and_wrong_letters_are_seen_through),
		cmocka_unit_test(case_does_not_matter),
		cmocka_unit_test(a_word_left_out_is_nearer_than_other_letters),
		cmocka_unit_test(names_with_nothing_in_common_are_not_offered),
		cmocka_unit_test(overlong_names_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
