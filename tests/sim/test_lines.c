/* SPDX-License-Identifier: MIT */
/*
 * The simulator's report of contended lines: that the padding it names ends false sharing and
 * that less does not, and that it names whatever memory a program may share.
 */
#include "simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define NOT_FALSE 20 /* HITM at the beginning and end of threads, not settled */

/* The run's costliest line, if any, and counters of the region work(). */
struct outcome {
	json_t *root;
	json_t *line;
	struct totals totals;
};

/* Of the region; what threads do outside is not asked for. */
static json_t *costliest(const json_t *root)
{
	json_t *line;
	size_t i;

	json_array_foreach (json_object_get(root, "lines"), i, line)
		if (json_array_size(json_object_get(line, "regions")))
			return line;
	return NULL;
}

static struct outcome run(const char *program, const char *mode, unsigned padding,
			  unsigned shift)
{
	bool churns = !strcmp(program, "named churn");
	char padding_text[16], shift_text[16], *text;
	struct plan plan = {
		.options = {"--region-function=work"},
		.command = {find_program(churns ? "named" : program), mode},
	};
	struct simulation *simulation;
	struct outcome outcome;
	json_error_t error;

	snprintf(padding_text, sizeof(padding_text), "%u", padding);
	snprintf(shift_text, sizeof(shift_text), "%u", shift);
	if (!strcmp(program, "layout")) {
		plan.command[2] = padding_text;
		plan.command[3] = shift_text;
	} else if (!strcmp(program, "contention")) {
		plan.command[2] = "4"; /* threads */
		plan.command[3] = "3000";
	}
	if (churns)
		plan.command[2] = "churn";
	simulation = simulate(&plan);
	assert_exited(simulation, 0);
	text = read_result(simulation, ".lines.json");
	outcome.totals = add_up(simulation, "work");
	outcome.root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (!outcome.root)
		fail_msg("line %d: %s", error.line, error.text);
	outcome.line = costliest(outcome.root);
	free(text);
	finish(simulation);
	return outcome;
}

static uint64_t false_hitm(const char *mode, unsigned padding, unsigned shift)
{
	struct outcome outcome = run("layout", mode, padding, shift);

	json_decref(outcome.root);
	return outcome.totals.counters[MACHINE_HITM_FALSE];
}

static unsigned padding_named(const char *mode)
{
	struct outcome outcome = run("layout", mode, 0, 0);
	unsigned padding =
		(unsigned)json_integer_value(json_object_get(outcome.line, "padding"));

	assert_true(outcome.totals.counters[MACHINE_HITM_FALSE] > 1000);
	json_decref(outcome.root);
	return padding;
}

/* Wherever the whole begins in a line. */
static void is_ended_by(const char *mode, unsigned padding)
{
	for (unsigned shift = 0; shift < MACHINE_LINE_BYTES; shift += 24)
		if (false_hitm(mode, padding, shift) > NOT_FALSE)
			fail_msg("%s: %u bytes do not end it at %u", mode, padding,
				 shift);
}

static void is_not_ended_by(const char *mode, unsigned padding)
{
	for (unsigned shift = 0; shift < MACHINE_LINE_BYTES; shift += 8)
		if (false_hitm(mode, padding, shift) > 1000)
			return;
	fail_msg("%s: %u bytes end it already", mode, padding);
}

static void padding_ends_false_sharing_in_an_array_and_less_does_not(void **state)
{
	unsigned padding = padding_named("array");

	(void)state;
	is_ended_by("array", padding);
	is_not_ended_by("array", padding - 8);
}

static void padding_separates_threads_that_have_several_runs_of_bytes(void **state)
{
	unsigned padding = padding_named("turns");

	(void)state;
	is_ended_by("turns", padding);
	is_not_ended_by("turns", padding - 8);
}

static void padding_separates_a_writer_from_readers_of_something_else(void **state)
{
	unsigned padding = padding_named("readers");

	(void)state;
	is_ended_by("readers", padding);
	is_not_ended_by("readers", padding - 8);
}

static void threads_that_set_up_and_collect_do_not_change_the_padding(void **state)
{
	(void)state;
	assert_int_equal(padding_named("collected"), padding_named("array"));
}

static void padding_ends_false_sharing_of_heap_blocks(void **state)
{
	unsigned padding = padding_named("heap");

	(void)state;
	assert_true(padding > 0);
	assert_true(false_hitm("heap", padding, 0) <= NOT_FALSE);
}

static void no_padding_is_named_where_none_helps(void **state)
{
	struct outcome outcome = run("layout", "helpless", 0, 0);

	(void)state;
	assert_true(outcome.totals.counters[MACHINE_HITM_TRUE] > 1000);
	assert_int_equal(json_integer_value(json_object_get(outcome.line, "padding")),
			 0);
	json_decref(outcome.root);
}

static unsigned padding_of(const struct outcome *outcome)
{
	return (unsigned)json_integer_value(json_object_get(outcome->line, "padding"));
}

/*
 * Each end reads the other's index: padding ends the false sharing, not the true. A few false HITM
 * are left, since the slots of the ring go on changing hands.
 */
static void the_ends_of_a_queue_are_put_apart(void **state)
{
	struct outcome packed = run("contention", "queue", 0, 0);
	struct outcome padded = run("contention", "queue-padded", 0, 0);

	(void)state;
	assert_int_equal(padding_of(&packed), 56);
	assert_true(padded.totals.counters[MACHINE_HITM_TRUE] > 100);
	assert_true(padded.totals.counters[MACHINE_HITM_FALSE] * 20 <=
		    packed.totals.counters[MACHINE_HITM_FALSE]);
	json_decref(packed.root);
	json_decref(padded.root);
}

static void a_lock_and_what_it_guards_are_not_put_apart(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct outcome outcome =
			run("contention", i ? "condition" : "mutex", 0, 0);

		assert_int_equal(padding_of(&outcome), 0);
		json_decref(outcome.root);
	}
}

/* ---- names ---- */

/* The stretch of the line that the threads contend for begins at byte `first`. */
static const json_t *stretch(const json_t *line, const char *kind)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(line, "data"), i, item)
		if (!strcmp(json_string_value(json_object_get(item, "kind")), kind) &&
		    (strcmp(kind, "heap") ||
		     !json_integer_value(json_object_get(item, "offset"))))
			return item;
	fail_msg("nothing of kind %s on the line", kind);
	return NULL;
}

/* Is the block that threads contend for from make_<source>()? */
static void is_from(const struct outcome *outcome, const char *source)
{
	const json_t *data = stretch(outcome->line, "heap");
	const json_t *block = json_array_get(
		json_object_get(outcome->line, "blocks"),
		(size_t)json_integer_value(json_object_get(data, "block")));
	const json_t *frames = json_object_get(block, "allocated_at");
	bool found = false;
	char maker[64];

	/* posix() is inlined or not, as the compiler likes. */
	snprintf(maker, sizeof(maker), "make_%s()", source);
	for (size_t k = 0; k < 2; k++) {
		const char *function = json_string_value(
			json_object_get(json_array_get(frames, k), "function"));

		found |= function && strstr(function, maker);
	}
	if (!found)
		fail_msg("%s: the block is not from %s", source, maker);
	assert_true(json_integer_value(json_object_get(block, "bytes")) >= 96);
}

static void every_allocation_is_named_by_who_asked_for_it(void **state)
{
	static const char *const sources[] = {
		"malloc",           "calloc",         "realloc",
		"reallocarray",     "memalign",       "aligned_alloc",
		"valloc",           "posix_memalign", "new",
		"new_array",        "new_nothrow",    "new_aligned",
		"new_aligned_array"};

	(void)state;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		struct outcome outcome = run("named", sources[i], 0, 0);

		is_from(&outcome, sources[i]);
		json_decref(outcome.root);
	}
}

static void a_block_is_named_after_many_others_have_come_and_gone(void **state)
{
	struct outcome outcome = run("named churn", "calloc", 0, 0);

	(void)state;
	is_from(&outcome, "calloc");
	json_decref(outcome.root);
}

static void is_named(const char *source, const char *kind, const char *name)
{
	struct outcome outcome = run("named", source, 0, 0);
	const json_t *data = stretch(outcome.line, kind);
	const char *said = json_string_value(json_object_get(data, "name"));

	if (strncmp(said, name, strlen(name)) != 0)
		fail_msg("%s is called '%s', not '%s'", source, said, name);
	assert_int_equal(json_integer_value(json_object_get(data, "offset")), 0);
	json_decref(outcome.root);
}

static void variables_are_named_wherever_they_are(void **state)
{
	(void)state;
	is_named("global", "global", "(anonymous namespace)::plain");
	is_named("stack", "stack", "main");
	is_named("thread", "thread", "");
}

static void names_that_are_no_text_become_text(void **state)
{
	(void)state;
	is_named("hostile", "global", "ho st\\x1b[31m\\xff\xc3\xa4");
}

static void names_of_ten_thousand_characters_lose_their_end(void **state)
{
	(void)state;
	is_named("long", "global",
		 "(anonymous namespace)::name<(anonymous namespace)::both<");
}

static void accesses_are_placed_in_the_source(void **state)
{
	struct outcome outcome = run("layout", "array", 0, 0);
	static const char *const keys[] = {"fetched_at", "written_at"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		const json_t *place = json_object_get(
			json_array_get(json_object_get(outcome.line, keys[i]), 0),
			"place");

		assert_string_equal(
			json_string_value(json_object_get(place, "function")), "work");
		assert_non_null(strstr(
			json_string_value(json_object_get(place, "file")), "layout.c"));
		assert_true(json_integer_value(json_object_get(place, "line")) > 0);
	}
	json_decref(outcome.root);
}

static void cycles_of_lines_are_a_part_of_their_region(void **state)
{
	struct outcome outcome = run("layout", "array", 0, 0);
	const json_t *region =
		json_array_get(json_object_get(outcome.root, "regions"), 0);
	json_int_t cycles = json_integer_value(json_object_get(region, "cycles"));
	json_int_t sum = 0;
	const json_t *line;
	size_t i;

	(void)state;
	json_array_foreach (json_object_get(outcome.root, "lines"), i, line)
		sum += json_integer_value(json_object_get(
			json_array_get(json_object_get(line, "regions"), 0), "cycles"));
	assert_int_equal(json_integer_value(json_object_get(region, "executions")), 3);
	assert_true(sum > cycles / 2 && sum <= cycles);
	json_decref(outcome.root);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			padding_ends_false_sharing_in_an_array_and_less_does_not),
		cmocka_unit_test(
			padding_separates_threads_that_have_several_runs_of_bytes),
		cmocka_unit_test(
			padding_separates_a_writer_from_readers_of_something_else),
		cmocka_unit_test(
			threads_that_set_up_and_collect_do_not_change_the_padding),
		cmocka_unit_test(padding_ends_false_sharing_of_heap_blocks),
		cmocka_unit_test(no_padding_is_named_where_none_helps),
		cmocka_unit_test(the_ends_of_a_queue_are_put_apart),
		cmocka_unit_test(a_lock_and_what_it_guards_are_not_put_apart),
		cmocka_unit_test(every_allocation_is_named_by_who_asked_for_it),
		cmocka_unit_test(a_block_is_named_after_many_others_have_come_and_gone),
		cmocka_unit_test(variables_are_named_wherever_they_are),
		cmocka_unit_test(names_that_are_no_text_become_text),
		cmocka_unit_test(names_of_ten_thousand_characters_lose_their_end),
		cmocka_unit_test(accesses_are_placed_in_the_source),
		cmocka_unit_test(cycles_of_lines_are_a_part_of_their_region),
	};

	if (!simulate_arguments(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
