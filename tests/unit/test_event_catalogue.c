/* SPDX-License-Identifier: MIT */
/* src/event/catalogue.c and presets.c: the tables agree with the kernel and with each other. */
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

#include "event/catalogue.h"

static void every_generic_event_is_found_by_name_alias_and_encoding(void **state)
{
	const struct generic_event *event;

	(void)state;
	for (size_t i = 0; (event = catalogue_generic(i)); i++) {
		assert_ptr_equal(
			catalogue_find_generic(event->name, strlen(event->name)),
			event);
		assert_ptr_equal(catalogue_find_encoding(event->type, event->config),
				 event);
		if (event->alias)
			assert_ptr_equal(catalogue_find_generic(event->alias,
								strlen(event->alias)),
					 event);
		assert_true(strlen(event->description) > 0);
	}
}

static void hardware_cache_codes_are_those_of_the_kernel(void **state)
{
	(void)state;
	assert_int_equal(catalogue_find_generic("L1-dcache-loads", 15)->config, 0x0);
	assert_int_equal(catalogue_find_generic("LLC-load-misses", 15)->config,
			 0x10002);
	assert_int_equal(catalogue_find_generic("dTLB-store-misses", 17)->config,
			 0x10103);
	assert_int_equal(
		catalogue_find_generic("L1-dcache-prefetch-misses", 25)->config,
		0x10200);
	assert_int_equal(catalogue_find_generic("node-loads", 10)->config, 0x6);
}

static void every_kind_has_the_type_of_the_kernel(void **state)
{
	const struct generic_event *event;

	(void)state;
	for (size_t i = 0; (event = catalogue_generic(i)); i++) {
		uint32_t type = !strcmp(event->kind, "hardware")   ? PERF_TYPE_HARDWARE
				: !strcmp(event->kind, "software") ? PERF_TYPE_SOFTWARE
								   : PERF_TYPE_HW_CACHE;

		assert_int_equal(event->type, type);
	}
}

static void a_part_of_a_name_is_not_found(void **state)
{
	(void)state;
	assert_null(catalogue_find_generic("cycle", 5));
	assert_null(catalogue_find_generic("cycles:u", 8));
	assert_null(catalogue_find_generic("", 0));
	assert_null(catalogue_find_preset("PAPI_L1"));
}

static void all_presets_of_the_original_are_known(void **state)
{
	static const char *const original[] = {
		"L1_ICM", "L1_DCM", "L2_ICM",  "L2_TCM", "L3_TCM", "TLB_IM", "L1_LDM",
		"L1_STM", "L2_STM", "STL_ICY", "BR_CN",  "BR_NTK", "BR_MSP", "LD_INS",
		"SR_INS", "BR_INS", "TOT_CYC", "L2_DCA", "L2_DCR", "L3_DCR", "L2_DCW",
		"L3_DCW", "L2_ICH", "L2_ICA",  "L3_ICA", "L2_ICR", "L3_ICR", "L2_TCA",
		"L3_TCA", "L2_TCR", "L3_TCR",  "L2_TCW", "L3_TCW"};
	char name[32];

	(void)state;
	assert_int_equal(sizeof(original) / sizeof(*original), 33);
	for (size_t i = 0; i < 33; i++) {
		snprintf(name, sizeof(name), "PAPI_%s", original[i]);
		assert_non_null(catalogue_find_preset(name));
	}
}

static void presets_stand_for_processor_events_with_the_same_role(void **state)
{
	const struct papi_preset *preset;

	(void)state;
	for (size_t i = 0; (preset = catalogue_preset(i)); i++) {
		const struct generic_event *generic;

		assert_ptr_equal(catalogue_find_preset(preset->name), preset);
		if (!preset->generic)
			continue;
		generic = catalogue_find_generic(preset->generic,
						 strlen(preset->generic));
		assert_non_null(generic);
		assert_string_not_equal(generic->kind, "software");
		assert_int_equal(generic->role, preset->role);
	}
}

static void the_nearest_preset_is_the_exact_one(void **state)
{
	(void)state;
	assert_string_equal(
		catalogue_preset_of(catalogue_find_generic("instructions", 12))->name,
		"PAPI_TOT_INS");
	assert_string_equal(
		catalogue_preset_of(catalogue_find_generic("L1-dcache-load-misses", 21))
			->name,
		"PAPI_L1_LDM");
	assert_null(catalogue_preset_of(catalogue_find_generic("page-faults", 11)));
}

static void modifiers_are_told_from_parts_of_names(void **state)
{
	(void)state;
	assert_int_equal(catalogue_bare_length("cycles"), 6);
	assert_int_equal(catalogue_bare_length("cycles:u"), 6);
	assert_int_equal(catalogue_bare_length("cycles:ukpp"), 6);
	assert_int_equal(catalogue_bare_length("sched:sched_switch"), 18);
	assert_int_equal(catalogue_bare_length("sched:sched_switch:k"), 18);
	assert_int_equal(catalogue_bare_length("perf::u"), 7);
	assert_int_equal(catalogue_bare_length("cycles:"), 7);
	assert_int_equal(catalogue_bare_length(":u"), 2);
}

static void only_scheduling_and_tracepoints_are_kernel_only(void **state)
{
	(void)state;
	assert_true(catalogue_kernel_only(PERF_TYPE_SOFTWARE,
					  PERF_COUNT_SW_CONTEXT_SWITCHES));
	assert_true(catalogue_kernel_only(PERF_TYPE_SOFTWARE,
					  PERF_COUNT_SW_CPU_MIGRATIONS));
	assert_true(catalogue_kernel_only(PERF_TYPE_TRACEPOINT, 1));
	assert_false(
		catalogue_kernel_only(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS));
	assert_false(catalogue_kernel_only(PERF_TYPE_HARDWARE,
					   PERF_COUNT_SW_CONTEXT_SWITCHES));
	assert_true(catalogue_mode_blind(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK));
	assert_false(
		catalogue_mode_blind(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_generic_event_is_found_by_name_alias_and_encoding),
		cmocka_unit_test(hardware_cache_codes_are_those_of_the_kernel),
		cmocka_unit_test(every_kind_has_the_type_of_the_kernel),
		cmocka_unit_test(a_part_of_a_name_is_not_found),
		cmocka_unit_test(all_presets_of_the_original_are_known),
		cmocka_unit_test(presets_stand_for_processor_events_with_the_same_role),
		cmocka_unit_test(the_nearest_preset_is_the_exact_one),
		cmocka_unit_test(modifiers_are_told_from_parts_of_names),
		cmocka_unit_test(only_scheduling_and_tracepoints_are_kernel_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
