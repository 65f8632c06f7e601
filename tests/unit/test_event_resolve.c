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

#include <sys/stat.h>

#include "event/event.h"
#include "event/resolve.h"
#include "recording/session.h"
#include "support/scratch.h"

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

/* On a machine of that processor, without PMUs in sysfs. */
static int resolve_on(const char *processor, const char *name)
{
	const struct event_place place = {"/nonexistent", processor};

	event_free(&event);
	return event_resolve_at(&place, name, &event, &failure);
}

static struct scratch hybrid;

static void make_pmu(const char *name, const char *type)
{
	char path[64];

	snprintf(path, sizeof(path), "%s", name);
	assert_int_equal(mkdir(scratch_path(&hybrid, path), 0755), 0);
	snprintf(path, sizeof(path), "%s/format", name);
	assert_int_equal(mkdir(scratch_path(&hybrid, path), 0755), 0);
	snprintf(path, sizeof(path), "%s/type", name);
	scratch_write(&hybrid, path, type, strlen(type));
	snprintf(path, sizeof(path), "%s/format/event", name);
	scratch_write(&hybrid, path, "config:0-7\n", 11);
}

/* sysfs of an Alder Lake, as the kernel shows it. */
static int make_hybrid(void **state)
{
	(void)state;
	scratch_open(&hybrid);
	make_pmu("cpu_core", "4\n");
	make_pmu("cpu_atom", "10\n");
	return 0;
}

static int remove_hybrid(void **state)
{
	scratch_close(&hybrid);
	return free_event(state);
}

static int resolve_hybrid(const char *name)
{
	const struct event_place place = {hybrid.directory, "alder-lake"};

	event_free(&event);
	return event_resolve_at(&place, name, &event, &failure);
}

static void generic_events_of_a_hybrid_name_both_pmus(void **state)
{
	(void)state;
	assert_int_equal(resolve_hybrid("instructions:u"), 0);
	assert_int_equal(event.encoding.type, PERF_TYPE_HARDWARE);
	assert_int_equal(event.encoding.config, UINT64_C(0x400000001));
	assert_true(event.encoding.has_other);
	assert_int_equal(event.encoding.other_type, PERF_TYPE_HARDWARE);
	assert_int_equal(event.encoding.other_config, UINT64_C(0xa00000001));
	assert_int_equal(event.encoding.flags, USER_ONLY);
	assert_int_equal(resolve_hybrid("L1-dcache-load-misses"), 0);
	assert_int_equal(event.encoding.config, UINT64_C(0x400010000));
	assert_int_equal(event.encoding.other_config, UINT64_C(0xa00010000));
}

static void software_events_of_a_hybrid_are_one(void **state)
{
	(void)state;
	assert_int_equal(resolve_hybrid("page-faults"), 0);
	assert_false(event.encoding.has_other);
	assert_int_equal(event.encoding.config, PERF_COUNT_SW_PAGE_FAULTS);
}

static void default_events_of_a_hybrid_have_a_code_for_each_kind_of_core(void **state)
{
	(void)state;
	assert_int_equal(resolve_hybrid("OCR.DEMAND_RFO.L3_HIT.SNOOP_HITM"), 0);
	assert_int_equal(event.encoding.type, 4);
	assert_int_equal(event.encoding.config, 0x12a);
	assert_int_equal(event.encoding.config1, UINT64_C(0x10003c0002));
	assert_true(event.encoding.has_other);
	assert_int_equal(event.encoding.other_type, 10);
	assert_int_equal(event.encoding.other_config, 0x1b7);
	assert_int_equal(event.encoding.other_config1, UINT64_C(0x10003c0002));
	assert_int_equal(event.role, EVENT_ROLE_HITM);
	assert_int_equal(resolve_hybrid("FRONTEND_RETIRED.L1I_MISS"), 0);
	assert_int_equal(event.encoding.config1, 0x12);
	assert_int_equal(event.encoding.other_config, 0x280);
	assert_int_equal(event.encoding.other_config1, 0);
}

static void raw_codes_and_presets_of_a_hybrid_are_counted_on_both(void **state)
{
	(void)state;
	assert_int_equal(resolve_hybrid("r81d0"), 0);
	assert_int_equal(event.encoding.config, 0x81d0);
	assert_true(event.encoding.has_other);
	assert_int_equal(event.encoding.other_type, 10);
	assert_int_equal(event.encoding.other_config, 0x81d0);
	assert_int_equal(resolve_hybrid("PAPI_LD_INS"), 0);
	assert_int_equal(event.encoding.other_config, 0x81d0);
	assert_int_equal(resolve_hybrid("PAPI_TOT_CYC"), 0);
	assert_int_equal(event.encoding.other_config, UINT64_C(0xa00000000));
}

static void terms_of_both_pmus_of_a_hybrid_make_one_event(void **state)
{
	(void)state;
	assert_int_equal(resolve_hybrid("cpu_core/event=0xd1/+cpu_atom/event=0xd2/u"),
			 0);
	assert_int_equal(event.encoding.type, 4);
	assert_int_equal(event.encoding.config, 0xd1);
	assert_true(event.encoding.has_other);
	assert_int_equal(event.encoding.other_type, 10);
	assert_int_equal(event.encoding.other_config, 0xd2);
	assert_int_equal(event.encoding.flags, USER_ONLY);
	assert_int_equal(resolve_hybrid("cpu/event=0x3c/:k"), 0);
	assert_int_equal(event.encoding.config, 0x3c);
	assert_int_equal(event.encoding.other_config, 0x3c);
	assert_int_equal(event.encoding.flags, KERNEL_ONLY);
	assert_int_equal(resolve_hybrid("cpu_atom/event=0x3c/"), 0);
	assert_int_equal(event.encoding.type, 10);
	assert_false(event.encoding.has_other);
}

static void odd_sums_of_pmus_are_refused(void **state)
{
	(void)state;
	assert_int_equal(resolve_hybrid("cpu_core/event=1/+cpu_core/event=2/"),
			 -EINVAL);
	assert_int_equal(failure.exit_status, EXIT_USAGE);
	assert_int_equal(resolve_hybrid("cpu_core/event=1/+"), -EINVAL);
	assert_int_equal(resolve_hybrid("cpu_core/event=1/+cpu_lost/event=2/"),
			 -ENODEV);
	assert_int_equal(failure.exit_status, EXIT_CANNOT_MEASURE);
	assert_int_equal(
		resolve_hybrid("cpu_core/event=1/+cpu_atom/event=2/+cpu_core/event=3/"),
		-EINVAL);
}

static void default_events_of_another_processor_are_told_as_such(void **state)
{
	(void)state;
	assert_int_equal(resolve_on("neoverse-n1", "LL_CACHE_MISS_RD:u"), 0);
	assert_string_equal(event.name, "LL_CACHE_MISS_RD:u");
	assert_int_equal(event.encoding.type, PERF_TYPE_RAW);
	assert_int_equal(event.encoding.config, 0x37);
	assert_int_equal(event.encoding.flags, USER_ONLY);
	assert_int_equal(resolve_on("zen4", "bp_l1_tlb_miss_l2_tlb_miss"), -ENODEV);
	assert_int_equal(failure.exit_status, EXIT_CANNOT_MEASURE);
	assert_non_null(strstr(failure.text, "AMD Zen 3"));
}

static void default_events_are_offered_for_mistyped_names(void **state)
{
	(void)state;
	assert_int_equal(resolve_on("neoverse-n1", "STAL_BACKEND"), -ENOENT);
	assert_non_null(strstr(failure.text, "'STALL_BACKEND'"));
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
	assert_int_equal(resolve_on("", "PAPI_L3_TCM"), 0);
	assert_string_equal(event.name, "PAPI_L3_TCM");
	assert_int_equal(event.encoding.type, PERF_TYPE_HW_CACHE);
	assert_int_equal(event.role, EVENT_ROLE_LLC_MISS);
	assert_non_null(strstr(event.description, "counted as LLC-load-misses"));
	assert_int_equal(resolve_on("", "PAPI_TOT_INS:u"), 0);
	assert_int_equal(event.encoding.config, PERF_COUNT_HW_INSTRUCTIONS);
	assert_int_equal(event.encoding.flags, USER_ONLY);
}

static void a_preset_without_an_equivalent_points_to_source_papi(void **state)
{
	(void)state;
	assert_int_equal(resolve_on("", "PAPI_L2_TCA"), -ENOENT);
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

#define CLEAN(test)  cmocka_unit_test_teardown(test, free_event)
#define HYBRID(test) cmocka_unit_test_setup_teardown(test, make_hybrid, remove_hybrid)

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
		HYBRID(generic_events_of_a_hybrid_name_both_pmus),
		HYBRID(software_events_of_a_hybrid_are_one),
		HYBRID(default_events_of_a_hybrid_have_a_code_for_each_kind_of_core),
		HYBRID(raw_codes_and_presets_of_a_hybrid_are_counted_on_both),
		HYBRID(terms_of_both_pmus_of_a_hybrid_make_one_event),
		HYBRID(odd_sums_of_pmus_are_refused),
		CLEAN(default_events_of_another_processor_are_told_as_such),
		CLEAN(default_events_are_offered_for_mistyped_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
