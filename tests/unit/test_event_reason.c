/* SPDX-License-Identifier: MIT */
/*
 * src/event/reason.c: the sentence for each errno, under circumstances that are not at hand; and,
 * with a kernel that refuses, that it reaches the user.
 */
#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "event/counter.h"
#include "event/event.h"
#include "recording/session.h"
#include "support/fake_pmu.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static const struct event_encoding cycles = {.type = PERF_TYPE_HARDWARE,
					     .config = PERF_COUNT_HW_CPU_CYCLES};

/* What the kernel may answer, and a part of the way out. */
static const struct {
	int code;
	const char *way_out;
} refusals[] = {
	{EACCES, "CAP_PERFMON"},
	{EPERM, "CAP_PERFMON"},
	{ENOENT, "choose another"},
	{EINVAL, "`autoperf events`"},
	{EMFILE, "ulimit -n"},
	{ENOSPC, "end debuggers"},
	{EBUSY, "end other profilers"},
	{EOPNOTSUPP, "leave the modifiers out"},
	{ENODEV, "choose another event"},
	{ENFILE, "fs.file-max"},
	{ENOMEM, "name fewer events"},
	{ENOSYS, "--source sim"},
	{E2BIG, "newer kernel"},
	{EIO, "`autoperf doctor`"},
};

/* An ordinary user of an ordinary machine. */
static struct counter_circumstances ordinary(void)
{
	return (struct counter_circumstances){.paranoid = 2, .files_hard = 65536};
}

static const char *explain(const struct event_encoding *encoding, int code,
			   const struct counter_circumstances *here)
{
	static char reason[512];

	counter_explain(encoding, code, here, reason, sizeof(reason));
	assert_true(strlen(reason) < sizeof(reason) - 1);
	return reason;
}

static void assert_explained(const struct event_encoding *encoding, int code,
			     const struct counter_circumstances *here, const char *part)
{
	const char *reason = explain(encoding, code, here);

	if (!strstr(reason, part))
		fail_msg("expected '%s' in: %s", part, reason);
}

static void each_errno_has_a_sentence_of_its_own_with_the_way_out(void **state)
{
	static char reasons[COUNT_OF(refusals)][512];
	struct counter_circumstances here = ordinary();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		assert_explained(&cycles, refusals[i].code, &here, refusals[i].way_out);
		strcpy(reasons[i], explain(&cycles, refusals[i].code, &here));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(reasons[i], reasons[j]);
	}
}

static void a_level_that_is_too_high_is_named_with_the_command(void **state)
{
	struct counter_circumstances here = ordinary();

	(void)state;
	assert_explained(&cycles, EACCES, &here,
			 "to this user (kernel.perf_event_paranoid is 2): `sudo sysctl "
			 "kernel.perf_event_paranoid=1`");
	here.paranoid = INT_MIN;
	assert_explained(&cycles, EACCES, &here, "to this user: `sudo sysctl");
}

static void a_container_without_perfmon_is_told_to_get_it(void **state)
{
	struct counter_circumstances here = ordinary();

	(void)state;
	here.container = true;
	assert_explained(&cycles, EACCES, &here, "`--cap-add PERFMON`");
	assert_explained(&cycles, EACCES, &here, "on the host");
	assert_explained(&cycles, EPERM, &here,
			 "this container lacks CAP_PERFMON: start it with `--cap-add "
			 "PERFMON`");
}

static void capabilities_of_a_user_namespace_are_not_enough(void **state)
{
	struct counter_circumstances here = ordinary();

	(void)state;
	here.container = here.perfmon = here.user_namespace = true;
	assert_explained(&cycles, EACCES, &here, "rootless containers");
	here.user_namespace = false;
	assert_explained(&cycles, EACCES, &here, "ausearch");
}

static void a_seccomp_filter_is_blamed_before_anything_else(void **state)
{
	struct counter_circumstances here = ordinary();

	(void)state;
	here.seccomp = here.container = true;
	assert_explained(&cycles, EPERM, &here,
			 "`--security-opt seccomp=unconfined` or `--cap-add PERFMON`");
	/* With the capability the filter still forbids it: only the filter is left. */
	here.perfmon = true;
	assert_explained(&cycles, EPERM, &here, "seccomp=unconfined`");
	assert_null(strstr(explain(&cycles, EPERM, &here), "--cap-add"));
	here.seccomp = false;
	assert_explained(&cycles, EPERM, &here, "lockdown");
}

static void a_missing_event_is_told_from_a_missing_pmu(void **state)
{
	const struct event_encoding software = {.type = PERF_TYPE_SOFTWARE,
						.config = 4711};
	const struct event_encoding other_pmu = {.type = 23};
	struct counter_circumstances here = ordinary();

	(void)state;
	assert_explained(&cycles, ENOENT, &here, "processor has no counter for it");
	here.no_core_pmu = true;
	assert_explained(&cycles, ENOENT, &here, "(no PMU)");
	assert_explained(&software, ENOENT, &here, "this kernel does not have it");
	assert_explained(&other_pmu, ENOENT, &here, "PMU that it names");
}

static void modifiers_are_blamed_where_they_are_the_cause(void **state)
{
	struct counter_circumstances here = ordinary();
	struct event_encoding precise = cycles;
	const struct event_encoding other_pmu = {.type = 23};

	(void)state;
	precise.flags = 2u << SESSION_EVENT_PRECISE_SHIFT;
	assert_explained(&precise, EINVAL, &here, ":p");
	assert_explained(&precise, EOPNOTSUPP, &here, ":p");
	assert_null(strstr(explain(&cycles, EOPNOTSUPP, &here), ":p"));
	assert_explained(&other_pmu, EINVAL, &here, "whole CPU or socket");
}

static void
a_limit_that_cannot_be_raised_is_not_told_to_be_raised_by_ulimit(void **state)
{
	struct counter_circumstances here = ordinary();

	(void)state;
	assert_explained(&cycles, EMFILE, &here, "`ulimit -n 4096`");
	here.files_hard = 256;
	assert_explained(&cycles, EMFILE, &here, "more files than 256");
	assert_explained(&cycles, EMFILE, &here, "LimitNOFILE=");
	assert_null(strstr(explain(&cycles, EMFILE, &here), "ulimit -n 4096"));
}

static void the_sentence_of_a_refused_event_reaches_the_user(void **state)
{
	struct fake_pmu pmu = {.counters = 4};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		struct event_names names = {0};
		const struct event_plan_options options = {.source = EVENT_SOURCE_PERF,
							   .names = &names};
		struct event_plan plan;
		struct error error = {0};
		char reason[512];

		pmu.refusal = refusals[i].code;
		fake_pmu_install(&pmu);
		counter_reason(&cycles, refusals[i].code, reason, sizeof(reason));
		assert_int_equal(event_names_split(&names, "task-clock,cycles", &error),
				 0);
		assert_true(event_plan_make(&plan, &options, &error) < 0);
		assert_int_equal(error.exit_status, EXIT_CANNOT_MEASURE);
		assert_non_null(strstr(error.text, "1 of 2 events cannot be counted"));
		assert_non_null(strstr(error.text, "cycles: "));
		if (!strstr(error.text, reason))
			fail_msg("errno %d: expected '%s' in: %s", refusals[i].code,
				 reason, error.text);
		assert_int_equal(fake_pmu_open_events(), 0);
		event_names_free(&names);
	}
}

static void a_kernel_that_refuses_everything_is_told_by_the_machine(void **state)
{
	struct fake_pmu pmu = {.counters = 4};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		struct event_machine machine;
		char reason[512];
		const struct event_encoding clock = {
			.type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_TASK_CLOCK};

		pmu.refusal = pmu.software_refusal = refusals[i].code;
		fake_pmu_install(&pmu);
		event_machine_probe(&machine);
		assert_false(machine.perf_allowed);
		counter_reason(&clock, refusals[i].code, reason, sizeof(reason));
		assert_string_equal(machine.reason, reason);
	}
}

static void events_are_narrowed_where_only_the_kernel_is_refused(void **state)
{
	const struct fake_pmu pmu = {.counters = 4, .kernel_refusal = EACCES};
	struct event_machine machine;
	struct event event;
	struct error error = {0};

	(void)state;
	fake_pmu_install(&pmu);
	event_machine_probe(&machine);
	assert_true(machine.perf_allowed);
	assert_false(machine.kernel_allowed);
	assert_true(machine.hardware_counters);
	assert_int_equal(machine.hardware_slots, 4);
	assert_int_equal(event_resolve("cycles", &event, &error), 0);
	assert_int_equal(event_probe(&event, &machine, &error), 0);
	assert_string_equal(event.name, "cycles:u");
	event_free(&event);
}

static void a_reason_that_does_not_fit_is_cut(void **state)
{
	char reason[8] = "-------";

	(void)state;
	counter_reason(&cycles, EACCES, reason, sizeof(reason));
	assert_int_equal(strlen(reason), 7);
}

static void circumstances_of_this_process_are_found(void **state)
{
	struct counter_circumstances here;

	(void)state;
	counter_circumstances(&here);
	assert_true(here.files_hard > 0);
	assert_true(here.paranoid == INT_MIN ||
		    (here.paranoid >= -1 && here.paranoid <= 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_errno_has_a_sentence_of_its_own_with_the_way_out),
		cmocka_unit_test(a_level_that_is_too_high_is_named_with_the_command),
		cmocka_unit_test(a_container_without_perfmon_is_told_to_get_it),
		cmocka_unit_test(capabilities_of_a_user_namespace_are_not_enough),
		cmocka_unit_test(a_seccomp_filter_is_blamed_before_anything_else),
		cmocka_unit_test(a_missing_event_is_told_from_a_missing_pmu),
		cmocka_unit_test(modifiers_are_blamed_where_they_are_the_cause),
		cmocka_unit_test(
			a_limit_that_cannot_be_raised_is_not_told_to_be_raised_by_ulimit),
		cmocka_unit_test(the_sentence_of_a_refused_event_reaches_the_user),
		cmocka_unit_test(
			a_kernel_that_refuses_everything_is_told_by_the_machine),
		cmocka_unit_test(events_are_narrowed_where_only_the_kernel_is_refused),
		cmocka_unit_test(a_reason_that_does_not_fit_is_cut),
		cmocka_unit_test(circumstances_of_this_process_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
