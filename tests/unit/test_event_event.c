/* SPDX-License-Identifier: MIT */
/* src/event/event.c: stable names, and lists of events. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "event/event.h"

static void every_role_has_a_name_that_parses_back(void **state)
{
	(void)state;
	for (int i = 0; i < EVENT_ROLES; i++) {
		enum event_role role;

		assert_int_equal(
			event_role_parse(event_role_name((enum event_role)i), &role),
			0);
		assert_int_equal(role, i);
		assert_true(strlen(event_role_title((enum event_role)i)) > 0);
	}
}

static void stored_names_never_change(void **state)
{
	(void)state;
	assert_string_equal(event_role_name(EVENT_ROLE_L1D_MISS), "l1d_miss");
	assert_string_equal(event_role_name(EVENT_ROLE_SYSTEM_CALL), "system_call");
	assert_string_equal(event_unit_name(EVENT_UNIT_NANOSECONDS), "nanoseconds");
	assert_string_equal(event_unit_name(EVENT_UNIT_RAW), "raw");
	assert_string_equal(event_source_name(EVENT_SOURCE_IMPORT), "import");
	assert_string_equal(event_source_name(EVENT_SOURCE_NONE), "none");
}

static void every_unit_and_source_parses_back(void **state)
{
	enum event_unit unit;
	enum event_source source;

	(void)state;
	for (int i = EVENT_UNIT_COUNT; i <= EVENT_UNIT_RAW; i++) {
		assert_int_equal(
			event_unit_parse(event_unit_name((enum event_unit)i), &unit),
			0);
		assert_int_equal(unit, i);
	}
	for (int i = EVENT_SOURCE_AUTO; i <= EVENT_SOURCE_NONE; i++) {
		assert_int_equal(
			event_source_parse(event_source_name((enum event_source)i),
					   &source),
			0);
		assert_int_equal(source, i);
	}
}

static void unknown_names_do_not_parse(void **state)
{
	enum event_role role;
	enum event_unit unit;
	enum event_source source;

	(void)state;
	assert_int_equal(event_role_parse("L1D_MISS", &role), -EINVAL);
	assert_int_equal(event_unit_parse("", &unit), -EINVAL);
	assert_int_equal(event_source_parse("perf ", &source), -EINVAL);
}

static void a_role_out_of_range_has_the_name_of_other(void **state)
{
	(void)state;
	assert_string_equal(event_role_name(EVENT_ROLES), "other");
}

static void a_list_takes_over_what_is_added(void **state)
{
	struct event_list list = {0};
	struct event event = {.name = strdup("cycles"), .description = strdup("d")};

	(void)state;
	assert_int_equal(event_list_add(&list, &event), 0);
	assert_null(event.name);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.items[0].name, "cycles");
	event_list_free(&list);
	assert_null(list.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_role_has_a_name_that_parses_back),
		cmocka_unit_test(stored_names_never_change),
		cmocka_unit_test(every_unit_and_source_parses_back),
		cmocka_unit_test(unknown_names_do_not_parse),
		cmocka_unit_test(a_role_out_of_range_has_the_name_of_other),
		cmocka_unit_test(a_list_takes_over_what_is_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
