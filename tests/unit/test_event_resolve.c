/* SPDX-License-Identifier: MIT */
/* src/event/resolve.c: what names mean on source perf. Nothing is opened. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/perf_event.h>

#include "event/event.h"
#include "recording/session.h"

#define USER_ONLY   (SESSION_EVENT_EXCLUDE_KERNEL | SESSION_EVENT_EXCLUDE_HV)
#define KERNEL_ONLY (SESSION_EVENT_EXCLUDE_USER | SESSION_EVENT_EXCLUDE_HV)

static struct event event;
static struct error failure;

static int free_event(void **state)
{
	(void)state;
	event_free(&event);
	failure = (struct error){0};
	return 0;
}

static int resolve(const char *name)
{
	event_free(&event);
	return event_resolve(name, &event, &failure);
}

static void generic_names_have_the_kernels_numbers(void **state)
{
	(void)state;
	assert_int_equal(resolve("page-faults"), 0);
	assert_int_equal(event.encoding.type, PERF_TYPE_SOFTWARE);
	assert_int_equal(event.encoding.config, PERF_COUNT_SW_PAGE_FAULTS);
	assert_int_equal(event.encoding.flags, 0);
	assert_int_equal(event.role, EVENT_ROLE_PAGE_FAULT);
	assert_non_null(event.description);
	assert_int_equal(resolve("L1-dcache-load-misses"), 0);
	assert_int_equal(event.encoding.type, PERF_TYPE_HW_CACHE);
	assert_int_equal(event.encoding.config, 0x10000);
	assert_int_equal(resolve("task-clock"), 0);
	assert_int_equal(event.unit, EVENT_UNIT_NANOSECONDS);
}

static void aliases_get_the_main_name(void **state)
{
	(void)state;
	assert_int_equal(resolve("cs"), 0);
	assert_string_equal(event.name, "context-switches");
	assert_int_equal(resolve("cpu-cycles:u"), 0);
	assert_string_equal(event.name, "cycles:u");
}

static void modifiers_say_which_modes_count(void **state)
{
	(void)state;
	assert_int_equal(resolve("cycles:u"), 0);
	assert_int_equal(event.encoding.flags, USER_ONLY);
	assert_int_equal(resolve("cycles:k"), 0);
	assert_int_equal(event.encoding.flags, KERNEL_ONLY);
	assert_int_equal(resolve("cycles:uk"), 0);
	assert_int_equal(event.encoding.flags, SESSION_EVENT_EXCLUDE_HV);
	assert_int_equal(resolve("cycles:upp"), 0);
	assert_int_equal(event.encoding.flags,
			 USER_ONLY | 2u << SESSION_EVENT_PRECISE_SHIFT);
}

static void odd_modifiers_are_usage_errors(void **state)
{
	static const char *const names[] = {"cycles:z", "cycles:", "cycles:u:k",
					    "cycles:pppp", "PAPI_TOT_INS:x"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_int_equal(resolve(names[i]), -EINVAL);
		assert_int_equal(failure.exit_status, EXIT_USAGE);
		assert_non_null(strstr(failure.text, names[i]));
	}
}

static void raw_codes_are_hexadecimal(void **state)
{
	(void)state;
	assert_int_equal(resolve("r01c2"), 0);
	assert_int_equal(event.encoding.type, PERF_TYPE_RAW);
	assert_int_equal(event.encoding.config, 0x1c2);
	assert_string_equal(event.name, "r01c2");
	assert_int_equal(resolve("rFFffFFffFFffFFff:k"), 0);
	assert_int_equal(event.encoding.config, UINT64_MAX);
	assert_int_equal(event.encoding.flags, KERNEL_ONLY);
}

static void what_only_looks_like_a_raw_code_is_none(void **state)
{
	(void)state;
	assert_int_equal(resolve("r"), -ENOENT);
	assert_int_equal(resolve("r01g2"), -ENOENT);
	assert_int_equal(resolve("r11111111111111111"), -ERANGE);
	assert_int_equal(failure.exit_status, EXIT_USAGE);
}

static void presets_keep_their_name_and_say_what_counts_them(void **state)
{
	(void)state;
	assert_int_equal(resolve("PAPI_L3_TCM"), 0);
	assert_string_equal(event.name, "PAPI_L3_TCM");
	assert_int_equal(event.encoding.type, PERF_TYPE_HW_CACHE);
	assert_int_equal(event.role, EVENT_ROLE_LLC_MISS);
	assert_non_null(strstr(event.description, "counted as LLC-load-misses"));
	assert_int_equal(resolve("PAPI_TOT_INS:u"), 0);
	assert_int_equal(event.encoding.config, PERF_COUNT_HW_INSTRUCTIONS);
	assert_int_equal(event.encoding.flags, USER_ONLY);
}

static void a_preset_without_an_equivalent_points_to_source_papi(void **state)
{
	(void)state;
	assert_int_equal(resolve("PAPI_L2_TCA"), -ENOENT);
	assert_int_equal(failure.exit_status, EXIT_CANNOT_MEASURE);
	assert_non_null(strstr(failure.text, "--source papi"));
}

static void a_mistyped_name_is_answered_with_the_nearest(void **state)
{
	(void)state;
	assert_int_equal(resolve("page-fault"), -ENOENT);
	assert_int_equal(failure.exit_status, EXIT_USAGE);
	assert_non_null(strstr(failure.text, "'page-fault'"));
	assert_non_null(strstr(failure.text, "'page-faults'"));
	assert_int_equal(resolve("PAPI_TOT_ISN"), -ENOENT);
	assert_non_null(strstr(failure.text, "'PAPI_TOT_INS'"));
}

static void a_name_that_resembles_nothing_points_to_the_list(void **state)
{
	(void)state;
	assert_int_equal(resolve("xyzzy"), -ENOENT);
	assert_non_null(strstr(failure.text, "autoperf events"));
}

static void pmu_terms_go_through_sysfs(void **state)
{
	(void)state;
	assert_int_equal(resolve("software/config=3/u"), 0);
	assert_int_equal(event.encoding.type, PERF_TYPE_SOFTWARE);
	assert_int_equal(event.encoding.config, 3);
	assert_int_equal(event.encoding.flags, USER_ONLY);
	assert_string_equal(event.name, "software/config=3/u");
	assert_int_equal(resolve("software/config=3/:k"), 0);
	assert_int_equal(event.encoding.flags, KERNEL_ONLY);
	assert_int_equal(resolve("software/config=3/x"), -EINVAL);
	assert_int_equal(failure.exit_status, EXIT_USAGE);
}

static void empty_and_overlong_names_are_refused(void **state)
{
	char name[EVENT_NAME_BYTES + 2];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(resolve(""), -EINVAL);
	assert_int_equal(resolve(name), -EINVAL);
	name[EVENT_NAME_BYTES] = '\0';
	assert_int_equal(resolve(name), -ENOENT);
}

static void the_error_may_be_left_out(void **state)
{
	(void)state;
	assert_int_equal(event_resolve("xyzzy", &event, NULL), -ENOENT);
	assert_null(event.name);
}

#define CLEAN(test) cmocka_unit_test_teardown(test, free_event)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLEAN(generic_names_have_the_kernels_numbers),
		CLEAN(aliases_get_the_main_name),
		CLEAN(modifiers_say_which_modes_count),
		CLEAN(odd_modifiers_are_usage_errors),
		CLEAN(raw_codes_are_hexadecimal),
		CLEAN(what_only_looks_like_a_raw_code_is_none),
		CLEAN(presets_keep_their_name_and_say_what_counts_them),
		CLEAN(a_preset_without_an_equivalent_points_to_source_papi),
		CLEAN(a_mistyped_name_is_answered_with_the_nearest),
		CLEAN(a_name_that_resembles_nothing_points_to_the_list),
		CLEAN(pmu_terms_go_through_sysfs),
		CLEAN(empty_and_overlong_names_are_refused),
		CLEAN(the_error_may_be_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
