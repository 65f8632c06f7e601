/* SPDX-License-Identifier: MIT */
/*
 * src/event/probe.c: what this machine counts, and what it says to a user with fewer rights.
 * Nothing here needs hardware counters; where there are some, more is checked.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <limits.h>
#include <unistd.h>

#include "event/event.h"
#include "event/kernel_file.h"
#include "support/restricted.h"

static bool paranoid_is_at_least(int64_t level)
{
	int64_t paranoid;

	return !kernel_file_number("/proc/sys/kernel/perf_event_paranoid", &paranoid) &&
	       paranoid >= level;
}

/* "NAME: counted" or "NAME: REASON (exit N)" for one event, as this process sees it. */
static void describe_probe(const char *name, char *text, size_t size)
{
	struct event_machine machine;
	struct error error = {0};
	struct event event;
	int code = event_resolve(name, &event, &error);

	event_machine_probe(&machine);
	if (!code)
		code = event_probe(&event, &machine, &error);
	if (code)
		snprintf(text, size, "%s: %s (exit %d)\n", name, error.text,
			 error.exit_status);
	else
		snprintf(text, size, "%s: counted\n", event.name);
	event_free(&event);
}

static void describe_some(char *text, size_t size)
{
	static const char *const names[] = {"task-clock", "page-faults",
					    "context-switches", "page-faults:k"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		describe_probe(names[i], text + strlen(text), size - strlen(text));
}

static void describe_machine(char *text, size_t size)
{
	struct event_machine machine;

	event_machine_probe(&machine);
	snprintf(text, size, "perf %d kernel %d hardware %d slots %d: %s",
		 machine.perf_allowed, machine.kernel_allowed,
		 machine.hardware_counters, machine.hardware_slots, machine.reason);
}

static void the_machine_says_what_it_offers(void **state)
{
	struct event_machine machine;
	int64_t paranoid;

	(void)state;
	event_machine_probe(&machine);
	if (!machine.perf_allowed)
		skip();
	if (!kernel_file_number("/proc/sys/kernel/perf_event_paranoid", &paranoid))
		assert_int_equal(machine.paranoid, paranoid);
	assert_int_equal(machine.hardware_counters, machine.hardware_slots > 0);
	/* Either it counts, or there is a reason. */
	assert_int_equal(machine.hardware_counters, !machine.reason[0]);
}

static void every_generic_software_event_is_counted_with_full_rights(void **state)
{
	static const char *const names[] = {
		"task-clock",     "cpu-clock",        "page-faults",
		"minor-faults",   "major-faults",     "context-switches",
		"cpu-migrations", "alignment-faults", "dummy"};
	struct event_machine machine;
	char text[1024], expected[128];

	(void)state;
	event_machine_probe(&machine);
	if (!machine.kernel_allowed)
		skip();
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		describe_probe(names[i], text, sizeof(text));
		snprintf(expected, sizeof(expected), "%s: counted\n", names[i]);
		assert_string_equal(text, expected);
	}
}

static void context_switches_without_kernel_mode_are_refused_not_zero(void **state)
{
	char text[1024];

	(void)state;
	describe_probe("context-switches:u", text, sizeof(text));
	assert_non_null(strstr(text, "always read 0"));
	assert_non_null(strstr(text, "(exit 4)"));
}

static void hardware_events_are_counted_or_missing_with_a_reason(void **state)
{
	struct event_machine machine;
	char text[1024];

	(void)state;
	event_machine_probe(&machine);
	describe_probe("instructions", text, sizeof(text));
	if (machine.hardware_counters)
		assert_non_null(strstr(text, "counted"));
	else
		assert_non_null(strstr(text, "(exit 4)"));
}

static void an_unknown_config_is_refused_with_a_reason(void **state)
{
	char text[1024];

	(void)state;
	describe_probe("software/config=4711/", text, sizeof(text));
	assert_non_null(strstr(text, "(exit 4)"));
}

static void a_user_who_may_not_count_the_kernel_gets_narrowed_events(void **state)
{
	char text[4096];

	(void)state;
	if (!paranoid_is_at_least(2) ||
	    !restricted_run(restricted_to_nobody, describe_some, text, sizeof(text)))
		skip();
	if (strstr(text, "task-clock: the kernel refuses it")) /* Debian's level 3 */
		skip();
	/* Clocks count the same in all modes, so their name stays. */
	assert_non_null(strstr(text, "task-clock: counted"));
	assert_non_null(strstr(text, "page-faults:u: counted"));
	assert_non_null(
		strstr(text, "context-switches: it happens in kernel mode only"));
	assert_non_null(strstr(text, "`sudo sysctl kernel.perf_event_paranoid=1`"));
	assert_non_null(
		strstr(text, "page-faults:k: the kernel refuses it to this user"));
}

static void a_seccomp_filter_is_named_as_the_cause(void **state)
{
	char text[4096];

	(void)state;
	if (!restricted_run(restricted_by_seccomp, describe_machine, text,
			    sizeof(text)))
		skip();
	assert_non_null(strstr(text, "perf 0 kernel 0 hardware 0"));
	assert_non_null(strstr(text, "seccomp"));
	assert_non_null(strstr(text, "--security-opt seccomp=unconfined"));
	assert_true(restricted_run(restricted_by_seccomp, describe_some, text,
				   sizeof(text)));
	assert_non_null(strstr(text, "task-clock: a seccomp filter"));
}

/* All descriptors taken but for what reading a file of /proc needs for a moment. */
static void describe_without_descriptors(char *text, size_t size)
{
	while (dup(0) >= 0)
		continue;
	describe_probe("task-clock", text, size);
}

static void a_lack_of_descriptors_is_no_lack_of_counters(void **state)
{
	char text[4096];

	(void)state;
	assert_true(restricted_run(restricted_to_few_files,
				   describe_without_descriptors, text, sizeof(text)));
	assert_non_null(strstr(text, "ulimit -n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_machine_says_what_it_offers),
		cmocka_unit_test(
			every_generic_software_event_is_counted_with_full_rights),
		cmocka_unit_test(
			context_switches_without_kernel_mode_are_refused_not_zero),
		cmocka_unit_test(hardware_events_are_counted_or_missing_with_a_reason),
		cmocka_unit_test(an_unknown_config_is_refused_with_a_reason),
		cmocka_unit_test(
			a_user_who_may_not_count_the_kernel_gets_narrowed_events),
		cmocka_unit_test(a_seccomp_filter_is_named_as_the_cause),
		cmocka_unit_test(a_lack_of_descriptors_is_no_lack_of_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
