/* SPDX-License-Identifier: MIT */
/*
 * src/cli/checkup_judge.c with machines that are not at hand, and checkup_gather.c with the
 * files of one.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "cli/checkup.h"
#include "support/scratch.h"

/* A machine on which everything is as it should be. */
static struct checkup_facts healthy(void)
{
	struct checkup_facts facts = {
		.machine = {.cores = 8, .cores_allowed = 8, .governor = "performance"},
		.events = {.hardware_counters = true,
			   .hardware_slots = 6,
			   .user_read = true,
			   .paranoid = 1,
			   .kernel_allowed = true,
			   .perf_allowed = true},
		.core_pmu = true,
		.root = true,
		.perfmon = true,
		.perfmon_inherits = true,
		.user_read = CHECKUP_USER_READ_ON,
		.user_read_switch = "/sys/bus/event_source/devices/cpu/rdpmc",
		.reading = {.user_ns = 30, .system_ns = 450},
		.default_events = 9,
		.default_passes = 2,
		.default_names = "cycles, instructions",
		.files_soft = 4096,
		.files_hard = 4096,
		.tracefs = TRACEFS_READABLE,
		.papi_components = "perf_event",
		.simulator = "Valgrind 3.19.0 (/usr/bin/valgrind), tool in /usr/lib",
		.runtime = "/usr/lib/libperfpoint.so.0",
		.shared_memory_bytes = INT64_C(8) << 30,
		.disk_bytes = INT64_C(80) << 30,
	};

	return facts;
}

static struct check judge(const struct checkup_facts *facts, const char *name)
{
	struct check check;

	for (size_t i = 0; checkup_judge(facts, i, &check); i++)
		if (!strcmp(check.name, name))
			return check;
	fail_msg("no check '%s'", name);
	return (struct check){0};
}

static void a_healthy_machine_passes_every_check_without_advice(void **state)
{
	struct checkup_facts facts = healthy();
	struct check check;
	size_t count = 0;

	(void)state;
	for (; checkup_judge(&facts, count, &check); count++) {
		if (check.state != CHECK_OK)
			print_error("%s: %s\n", check.name, check.found);
		assert_int_equal(check.state, CHECK_OK);
		assert_true(check.found[0]);
		assert_string_equal(check.cost, "");
		assert_string_equal(check.mend, "");
	}
	assert_int_equal(count, 21);
}

static void whatever_is_not_ok_says_what_it_costs(void **state)
{
	struct checkup_facts facts = {0};
	struct check check;

	(void)state;
	for (size_t i = 0; checkup_judge(&facts, i, &check); i++)
		assert_int_equal(check.state != CHECK_OK, check.cost[0] != '\0');
}

static void refused_events_are_a_problem_with_the_kernels_reason(void **state)
{
	struct checkup_facts facts = healthy();

	(void)state;
	facts.events = (struct event_machine){.paranoid = 3, .reason = "because"};
	assert_int_equal(judge(&facts, "perf_event_open").state, CHECK_PROBLEM);
	assert_non_null(strstr(judge(&facts, "perf_event_open").found, "because"));
	assert_int_equal(judge(&facts, "hardware counters").state, CHECK_NOTE);
	assert_int_equal(judge(&facts, "perf_event_paranoid").state, CHECK_PROBLEM);
}

static void a_guest_without_counters_is_told_how_its_hypervisor_gives_them(void **state)
{
	static const char *const advice[][2] = {
		{"kvm", "-cpu host,pmu=on"},
		{"vmware", "vpmc.enable"},
		{"hyper-v", "Set-VMProcessor"},
		{"xen", "vpmu=1"},
		{"", "dmesg"},
	};
	struct checkup_facts facts = healthy();

	(void)state;
	facts.events.hardware_counters = false;
	facts.core_pmu = false;
	for (size_t i = 0; i < sizeof(advice) / sizeof(*advice); i++) {
		struct check check;

		strcpy(facts.machine.hypervisor, advice[i][0]);
		check = judge(&facts, "hardware counters");
		assert_int_equal(check.state, CHECK_NOTE);
		assert_non_null(strstr(check.mend, advice[i][1]));
	}
	/* A PMU that is there and does not count is worse than none. */
	facts.core_pmu = true;
	assert_int_equal(judge(&facts, "hardware counters").state, CHECK_PROBLEM);
	assert_int_equal(judge(&facts, "user-space reads").state, CHECK_OK);
}

static void perfmon_that_programs_lose_is_noted(void **state)
{
	struct checkup_facts facts = healthy();

	(void)state;
	facts.root = false;
	facts.perfmon_inherits = false;
	assert_int_equal(judge(&facts, "privileges").state, CHECK_NOTE);
	assert_non_null(
		strstr(judge(&facts, "privileges").mend, "--ambient-caps=+perfmon"));
	/* An ordinary user who may count everything needs no privilege. */
	facts.perfmon = false;
	assert_int_equal(judge(&facts, "privileges").state, CHECK_OK);
	facts.events.kernel_allowed = false;
	assert_int_equal(judge(&facts, "privileges").state, CHECK_NOTE);
}

static void a_seccomp_filter_is_a_problem_only_when_events_are_refused(void **state)
{
	struct checkup_facts facts = healthy();

	(void)state;
	facts.seccomp = 2;
	assert_int_equal(judge(&facts, "seccomp").state, CHECK_OK);
	facts.events.perf_allowed = false;
	assert_int_equal(judge(&facts, "seccomp").state, CHECK_PROBLEM);
	facts.seccomp = CHECKUP_UNKNOWN;
	assert_int_equal(judge(&facts, "seccomp").state, CHECK_OK);
}

static void the_watchdog_matters_only_where_there_are_counters(void **state)
{
	struct checkup_facts facts = healthy();

	(void)state;
	facts.nmi_watchdog = 1;
	facts.events.taken_slots = 1;
	facts.events.watchdog = true;
	assert_int_equal(judge(&facts, "NMI watchdog").state, CHECK_NOTE);
	assert_string_equal(judge(&facts, "NMI watchdog").mend,
			    "sudo sysctl kernel.nmi_watchdog=0");
	/* It is told once. */
	assert_int_equal(judge(&facts, "hardware counters").state, CHECK_OK);
	facts.events.taken_slots = 0;
	assert_int_equal(judge(&facts, "NMI watchdog").state, CHECK_OK);
	facts.events.taken_slots = 1;
	facts.core_pmu = false;
	assert_int_equal(judge(&facts, "NMI watchdog").state, CHECK_OK);
}

static void counters_that_others_hold_are_noted(void **state)
{
	struct checkup_facts facts = healthy();

	(void)state;
	facts.events.fixed_slots = 3;
	assert_string_equal(judge(&facts, "hardware counters").found,
			    "6 run at once, and 3 more for cycles, instructions and "
			    "the like alone");
	facts.events.taken_slots = 2;
	assert_int_equal(judge(&facts, "hardware counters").state, CHECK_NOTE);
	assert_non_null(strstr(judge(&facts, "hardware counters").found,
			       "2 are taken by others"));
}

static void reads_in_user_space_are_told_with_what_they_save(void **state)
{
	struct checkup_facts facts = healthy();

	(void)state;
	assert_string_equal(judge(&facts, "user-space reads").found,
			    "on (/sys/bus/event_source/devices/cpu/rdpmc): 30 ns a "
			    "read, 450 ns by a system call");
	/* The switch promises what the kernel does not keep. */
	facts.events.user_read = false;
	facts.reading.user_ns = 0;
	assert_int_equal(judge(&facts, "user-space reads").state, CHECK_NOTE);
	assert_non_null(
		strstr(judge(&facts, "user-space reads").found, "offers no counter"));
	assert_non_null(strstr(judge(&facts, "user-space reads").cost, "450 ns here"));
	facts.events.hardware_counters = false;
	assert_int_equal(judge(&facts, "user-space reads").state, CHECK_OK);
	assert_non_null(strstr(judge(&facts, "user-space reads").found, "450 ns"));
}

static void default_events_that_do_not_work_are_named_with_their_reasons(void **state)
{
	struct checkup_facts facts = healthy();
	struct check check;

	(void)state;
	assert_string_equal(judge(&facts, "default events").found,
			    "9 can be counted, in 2 passes: cycles, instructions");
	strcpy(facts.default_missing, "LLC-load-misses: because");
	check = judge(&facts, "default events");
	assert_int_equal(check.state, CHECK_NOTE);
	assert_non_null(strstr(check.found, "; left out: LLC-load-misses: because"));
	facts.default_events = 0;
	assert_int_equal(judge(&facts, "default events").state, CHECK_PROBLEM);
}

static void a_user_who_may_count_nothing_is_promised_nothing(void **state)
{
	struct checkup_facts facts = healthy();

	(void)state;
	facts.events = (struct event_machine){.paranoid = 2, .perf_allowed = true};
	assert_non_null(strstr(judge(&facts, "perf_event_paranoid").cost,
			       "the others in user mode only"));
	facts.events = (struct event_machine){.paranoid = 3};
	assert_non_null(strstr(judge(&facts, "perf_event_paranoid").cost,
			       "nothing can be counted"));
	assert_int_equal(judge(&facts, "default events").state, CHECK_NOTE);
}

static void switches_are_mended_through_the_file_that_was_found(void **state)
{
	struct checkup_facts facts = healthy();

	(void)state;
	facts.user_read = CHECKUP_USER_READ_OFF;
	facts.events.user_read = false;
	strcpy(facts.user_read_switch, "/proc/sys/kernel/perf_user_access");
	assert_string_equal(judge(&facts, "user-space reads").mend,
			    "echo 1 | sudo tee /proc/sys/kernel/perf_user_access");
	facts.machine.turbo = 1;
	strcpy(facts.turbo_switch, "/sys/devices/system/cpu/intel_pstate/no_turbo");
	assert_string_equal(
		judge(&facts, "turbo").mend,
		"echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo");
	strcpy(facts.turbo_switch, "/sys/devices/system/cpu/cpufreq/boost");
	assert_string_equal(judge(&facts, "turbo").mend,
			    "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost");
}

static void what_makes_times_vary_is_noted(void **state)
{
	struct checkup_facts facts = healthy();

	(void)state;
	strcpy(facts.machine.governor, "powersave");
	facts.machine.smt = 1;
	facts.machine.cores_allowed = 1;
	strcpy(facts.machine.container, "docker");
	strcpy(facts.machine.hypervisor, "kvm");
	assert_int_equal(judge(&facts, "frequency governor").state, CHECK_NOTE);
	assert_int_equal(judge(&facts, "SMT").state, CHECK_NOTE);
	assert_int_equal(judge(&facts, "CPUs").state, CHECK_NOTE);
	assert_non_null(
		strstr(judge(&facts, "CPUs").cost, "never run at the same time"));
	assert_int_equal(judge(&facts, "container").state, CHECK_NOTE);
	assert_int_equal(judge(&facts, "hypervisor").state, CHECK_NOTE);
}

static void a_low_limit_on_files_is_raised_as_far_as_it_goes(void **state)
{
	struct checkup_facts facts = healthy();

	(void)state;
	facts.files_soft = 256;
	facts.files_hard = 512;
	assert_string_equal(judge(&facts, "open files").mend, "ulimit -n 512");
	facts.files_hard = UINT64_MAX;
	assert_string_equal(judge(&facts, "open files").mend, "ulimit -n 4096");
	facts.files_hard = 256;
	assert_non_null(strstr(judge(&facts, "open files").mend, "limits.conf"));
}

static void little_space_is_noted_and_none_is_a_problem(void **state)
{
	struct checkup_facts facts = healthy();

	(void)state;
	facts.disk_bytes = INT64_C(500) << 20;
	assert_int_equal(judge(&facts, "disk space").state, CHECK_NOTE);
	facts.disk_bytes = 0;
	facts.shared_memory_bytes = 0;
	assert_int_equal(judge(&facts, "disk space").state, CHECK_PROBLEM);
	assert_int_equal(judge(&facts, "shared memory").state, CHECK_NOTE);
	facts.disk_bytes = CHECKUP_UNKNOWN;
	assert_int_equal(judge(&facts, "disk space").state, CHECK_OK);
}

static void papi_and_tracefs_say_what_is_missing(void **state)
{
	struct checkup_facts facts = healthy();

	(void)state;
	strcpy(facts.papi_disabled, "no default PMU");
	assert_int_equal(judge(&facts, "PAPI").state, CHECK_NOTE);
	assert_non_null(strstr(judge(&facts, "PAPI").found, "no default PMU"));
	assert_int_equal(judge(&facts, "valgrind").state, CHECK_OK);
	assert_non_null(strstr(judge(&facts, "valgrind").found, "Valgrind 3.19.0"));
	strcpy(facts.simulator_problem, "it is gone");
	assert_int_equal(judge(&facts, "valgrind").state, CHECK_NOTE);
	assert_string_equal(judge(&facts, "valgrind").found, "it is gone");
	assert_non_null(strstr(judge(&facts, "valgrind").cost, "--source sim"));
	strcpy(facts.papi_problem, "no library");
	assert_string_equal(judge(&facts, "PAPI").found, "no library");
	facts.tracefs = TRACEFS_FORBIDDEN;
	assert_non_null(strstr(judge(&facts, "tracepoints").mend, "remount"));
	facts.tracefs = TRACEFS_ABSENT;
	assert_string_equal(judge(&facts, "tracepoints").mend, "");
}

static struct scratch scratch;

static void make_directories(const char *const *names)
{
	for (; *names; names++)
		assert_int_equal(mkdir(scratch_path(&scratch, *names), 0755), 0);
}

static int open_scratch(void **state)
{
	(void)state;
	scratch_open(&scratch);
	return 0;
}

static int close_scratch(void **state)
{
	(void)state;
	scratch_close(&scratch);
	return 0;
}

static void write_file(const char *name, const char *text)
{
	scratch_write(&scratch, name, text, strlen(text));
}

static void facts_are_read_from_the_files_of_the_machine(void **state)
{
	static const char *const directories[] = {"proc",
						  "proc/self",
						  "proc/sys",
						  "proc/sys/kernel",
						  "sys",
						  "sys/bus",
						  "sys/bus/event_source",
						  "sys/bus/event_source/devices",
						  "sys/bus/event_source/devices/cpu",
						  "sys/kernel",
						  "sys/kernel/tracing",
						  "sys/devices",
						  "sys/devices/system",
						  "sys/devices/system/cpu",
						  "sys/devices/system/cpu/cpufreq",
						  NULL};
	struct checkup_facts facts;

	(void)state;
	make_directories(directories);
	write_file("proc/sys/kernel/nmi_watchdog", "1\n");
	write_file("proc/self/status", "Name:\tx\nCapEff:\t0000004000000000\n"
				       "CapAmb:\t0000004000000000\nSeccomp:\t2\n"
				       "Seccomp_filters:\t1\n");
	write_file("sys/bus/event_source/devices/cpu/rdpmc", "0\n");
	write_file("sys/devices/system/cpu/cpufreq/boost", "1\n");
	checkup_gather(&facts, scratch.directory);
	assert_int_equal(facts.nmi_watchdog, 1);
	assert_int_equal(facts.seccomp, 2);
	assert_true(facts.perfmon);
	assert_true(facts.perfmon_inherits);
	assert_true(facts.core_pmu);
	assert_int_equal(facts.user_read, CHECKUP_USER_READ_OFF);
	assert_string_equal(facts.user_read_switch,
			    "/sys/bus/event_source/devices/cpu/rdpmc");
	assert_string_equal(facts.turbo_switch,
			    "/sys/devices/system/cpu/cpufreq/boost");
	assert_int_equal(facts.machine.turbo, 1);
	assert_int_equal(facts.tracefs, TRACEFS_NOT_MOUNTED);
	assert_true(facts.files_soft > 0);
	assert_true(facts.disk_bytes >= 0);
}

static void a_machine_without_files_leaves_unknowns(void **state)
{
	struct checkup_facts facts;

	(void)state;
	checkup_gather(&facts, scratch.directory);
	assert_int_equal(facts.nmi_watchdog, CHECKUP_UNKNOWN);
	assert_int_equal(facts.seccomp, CHECKUP_UNKNOWN);
	assert_false(facts.perfmon);
	assert_false(facts.core_pmu);
	assert_int_equal(facts.user_read, CHECKUP_USER_READ_UNKNOWN);
	assert_int_equal(facts.tracefs, TRACEFS_ABSENT);
}

static void what_is_tried_does_not_depend_on_files(void **state)
{
	struct checkup_facts facts;

	(void)state;
	checkup_gather(&facts, scratch.directory);
	if (!facts.events.perf_allowed)
		skip();
	assert_true(facts.default_events > 0);
	assert_true(facts.default_passes > 0);
	assert_non_null(strstr(facts.default_names, "task-clock"));
	assert_null(strchr(facts.default_missing, '\n'));
	/* A system call takes more than 10 ns and, at its best, less than 0.1 ms. */
	assert_true(facts.reading.system_ns > 10 && facts.reading.system_ns < 1e5);
	assert_int_equal(facts.events.user_read, facts.reading.user_ns > 0);
}

#define WITH_SCRATCH(test) \
	cmocka_unit_test_setup_teardown(test, open_scratch, close_scratch)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_healthy_machine_passes_every_check_without_advice),
		cmocka_unit_test(whatever_is_not_ok_says_what_it_costs),
		cmocka_unit_test(refused_events_are_a_problem_with_the_kernels_reason),
		cmocka_unit_test(
			a_guest_without_counters_is_told_how_its_hypervisor_gives_them),
		cmocka_unit_test(perfmon_that_programs_lose_is_noted),
		cmocka_unit_test(
			a_seccomp_filter_is_a_problem_only_when_events_are_refused),
		cmocka_unit_test(the_watchdog_matters_only_where_there_are_counters),
		cmocka_unit_test(counters_that_others_hold_are_noted),
		cmocka_unit_test(reads_in_user_space_are_told_with_what_they_save),
		cmocka_unit_test(
			default_events_that_do_not_work_are_named_with_their_reasons),
		cmocka_unit_test(a_user_who_may_count_nothing_is_promised_nothing),
		cmocka_unit_test(switches_are_mended_through_the_file_that_was_found),
		cmocka_unit_test(what_makes_times_vary_is_noted),
		cmocka_unit_test(a_low_limit_on_files_is_raised_as_far_as_it_goes),
		cmocka_unit_test(little_space_is_noted_and_none_is_a_problem),
		cmocka_unit_test(papi_and_tracefs_say_what_is_missing),
		WITH_SCRATCH(facts_are_read_from_the_files_of_the_machine),
		WITH_SCRATCH(a_machine_without_files_leaves_unknowns),
		WITH_SCRATCH(what_is_tried_does_not_depend_on_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
