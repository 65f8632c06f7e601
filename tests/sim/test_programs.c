/* SPDX-License-Identifier: MIT */
/*
 * Programs that nobody wrote for this, with threads, come to the right output under the simulator.
 * Skipped where they are not installed.
 */
#include "simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A folder with the file "input". */
struct place {
	char directory[64];
};

/* So many lines of up to six digits, in no order. */
static struct place *make_input(long lines)
{
	struct place *place = calloc(1, sizeof(*place));
	char path[128];
	FILE *file;

	assert_non_null(place);
	strcpy(place->directory, "/tmp/autoperf-input-XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(path, sizeof(path), "%s/input", place->directory);
	file = fopen(path, "w");
	assert_non_null(file);
	for (long i = 0; i < lines; i++)
		fprintf(file, "%ld\n", i * 7919 % 1000003);
	assert_int_equal(fclose(file), 0);
	return place;
}

static void remove_input(struct place *place)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/input", place->directory);
	unlink(path);
	snprintf(path, sizeof(path), "%s/output", place->directory);
	unlink(path);
	rmdir(place->directory);
	free(place);
}

/* With the place as $0. */
static struct simulation *shell(const struct place *place, const char *script,
				bool natively)
{
	const struct plan plan = {
		.options = {"--summary=yes"},
		.command = {"sh", "-c", script, place->directory},
		.natively = natively,
	};

	return simulate(&plan);
}

/* Runs `script` simulated, then `check` natively: both must succeed. */
static void runs_well(const char *program, long lines, const char *script,
		      const char *check)
{
	struct place *place;
	struct simulation *simulated, *checked;

	if (!is_installed(program))
		skip();
	place = make_input(lines);
	simulated = shell(place, script, false);
	assert_exited(simulated, 0);
	/* Or it would be too easy. */
	assert_non_null(strstr(simulated->text, "thread 2\n"));
	checked = shell(place, check, true);
	assert_exited(checked, 0);
	finish(simulated);
	finish(checked);
	remove_input(place);
}

static void sort_sorts(void **state)
{
	(void)state;
	/* Fewer lines it sorts in one thread. */
	runs_well("sort", 140000,
		  "LC_ALL=C exec sort --parallel=2 -S 64M $0/input -o $0/output",
		  "LC_ALL=C sort $0/input | cmp - $0/output");
}

static void xz_packs(void **state)
{
	(void)state;
	runs_well("xz", 40000,
		  "exec xz -T2 -0 --block-size=64KiB -c $0/input >$0/output",
		  "xz -dc $0/output | cmp - $0/input");
}

static void pigz_packs(void **state)
{
	(void)state;
	runs_well("pigz", 40000, "exec pigz -1 -p 2 -b 32 -c $0/input >$0/output",
		  "gzip -dc $0/output | cmp - $0/input");
}

/* Blocks of a C++ program that does not use malloc() are known as blocks all the same. */
static void an_own_operator_new_allocates(void **state)
{
	const struct plan plan = {
		.options = {"--region-function=work"},
		.command = {find_program("allocations")},
	};
	struct simulation *simulation = simulate(&plan);
	char *lines;

	(void)state;
	assert_exited(simulation, 0);
	lines = read_result(simulation, ".lines.json");
	assert_non_null(strstr(lines, "\"bytes\": 16, \"offset\": 0"));
	assert_non_null(strstr(lines, "{\"function\": \"make_words\""));
	free(lines);
	finish(simulation);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sort_sorts),
		cmocka_unit_test(xz_packs),
		cmocka_unit_test(pigz_packs),
		cmocka_unit_test(an_own_operator_new_allocates),
	};

	if (!simulate_arguments(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
