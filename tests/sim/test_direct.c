/* SPDX-License-Identifier: MIT */
/*
 * To simulate a single thread as it executes, and to log and replay it, come to the same.
 */
#include "simulate.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* Of all children so far. */
static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* A run with the functions `work` and `main` as regions, and the seconds that it took. */
static struct simulation *run(const struct plan *given, const char *direct,
			      double *seconds)
{
	struct plan plan = *given;
	struct simulation *simulation;
	double start = cpu_seconds();

	plan.options[0] = direct;
	plan.options[1] = "--summary=yes";
	plan.options[2] = "--region-function=work";
	simulation = simulate(&plan);
	*seconds = cpu_seconds() - start;
	assert_exited(simulation, 0);
	return simulation;
}

/* The counters of the summary, without Valgrind's mark before each line. */
static void copy_counters(const struct simulation *simulation, char *text, size_t size)
{
	const char *line = simulation->text;
	size_t used = 0;

	for (; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		int length = (int)strcspn(line, "\n");
		const char *counter = strstr(line, "==   ");

		if (!strncmp(line, "==", 2) && counter && counter < line + length)
			used += (size_t)snprintf(text + used, size - used, "%.*s\n",
						 (int)(line + length - counter),
						 counter);
		assert_true(used < size);
	}
}

static void the_same_is_counted(void **state)
{
	const char *input = find_program("alone");
	const struct plan programs[] = {
		{.command = {"sh", "-c", "exec gzip -c $0 >/dev/null", input}},
		{.command = {"sh", "-c", "LC_ALL=C exec sort $0 >/dev/null", input}},
	};
	char direct[8192], logged[8192];
	double seconds;

	(void)state;
	assert_non_null(input);
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		struct simulation *simulation =
			run(&programs[i], "--direct=yes", &seconds);

		copy_counters(simulation, direct, sizeof(direct));
		finish(simulation);
		simulation = run(&programs[i], "--direct=no", &seconds);
		copy_counters(simulation, logged, sizeof(logged));
		finish(simulation);
		assert_non_null(strstr(direct, "l1d_misses"));
		assert_string_equal(direct, logged);
	}
}

/*
 * What is executed is the same; what making and joining the second thread leaves in caches and
 * predictors may differ by a little.
 */
static void expect_alike(enum machine_counter counter, uint64_t direct, uint64_t logged)
{
	bool exact = counter == MACHINE_INSTRUCTIONS || counter == MACHINE_LOADS ||
		     counter == MACHINE_STORES || counter == MACHINE_ATOMICS ||
		     counter == MACHINE_BRANCHES;
	uint64_t difference = direct > logged ? direct - logged : logged - direct;

	if (difference > (exact ? 0 : 20 + logged / 10000))
		fail_msg("%s: %llu directly, %llu from the log",
			 machine_counter_name(counter), (unsigned long long)direct,
			 (unsigned long long)logged);
}

/* Before the second thread, and long after it, when direct simulation begins anew. */
static void so_it_is_around_a_second_thread(void **state)
{
	const struct plan plan = {.command = {find_program("alone"), "400000"}};
	double direct_seconds, logged_seconds;
	struct simulation *direct = run(&plan, "--direct=yes", &direct_seconds);
	struct simulation *logged = run(&plan, "--direct=no", &logged_seconds);
	struct totals one = add_up(direct, "work"), other = add_up(logged, "work");

	(void)state;
	assert_int_equal(one.executions, 11);
	assert_int_equal(other.executions, 11);
	for (int i = 0; i < MACHINE_COUNTERS; i++)
		expect_alike((enum machine_counter)i, one.counters[i],
			     other.counters[i]);
	assert_true(one.counters[MACHINE_ATOMICS] > 0);
	assert_true(one.counters[MACHINE_L1D_MISSES] > 0);
	assert_true(one.counters[MACHINE_BRANCH_MISSES] > 0);
	print_message("%.2f s directly, %.2f s from the log\n", direct_seconds,
		      logged_seconds);
	finish(direct);
	finish(logged);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_counted),
		cmocka_unit_test(so_it_is_around_a_second_thread),
	};

	if (!simulate_arguments(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
