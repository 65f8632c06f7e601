/* SPDX-License-Identifier: MIT */
/* src/workload/environment.c: what a measured command inherits. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "workload/environment.h"

/* A NULL-terminated list of literals; nobody changes them. */
#define LIST(...) ((char *const *)(const char *const[]){__VA_ARGS__, NULL})

/* Makes it, joins it with blanks, compares. */
static void expect(char *const *inherited, char *const *added, const char *joined)
{
	struct environment environment;
	struct error error;
	char text[512] = "";

	assert_int_equal(environment_make(&environment, inherited, added, "/run.so",
					  "/s", &error),
			 0);
	for (char **item = environment.items; *item; item++) {
		if (*text)
			strncat(text, " ", sizeof(text) - strlen(text) - 1);
		strncat(text, *item, sizeof(text) - strlen(text) - 1);
	}
	assert_string_equal(text, joined);
	environment_free(&environment);
}

static void the_empty_environment_gets_our_two(void **state)
{
	(void)state;
	char *const none[] = {NULL};

	expect(none, NULL, "LD_PRELOAD=/run.so PERFPOINT_SESSION=/s");
	expect(NULL, none, "LD_PRELOAD=/run.so PERFPOINT_SESSION=/s");
}

static void what_is_inherited_keeps_its_order(void **state)
{
	(void)state;
	char *const *inherited = LIST("B=2", "A=1", "EMPTY=", "B=3");

	expect(inherited, NULL,
	       "B=2 A=1 EMPTY= B=3 LD_PRELOAD=/run.so PERFPOINT_SESSION=/s");
}

static void added_names_replace_inherited_ones(void **state)
{
	(void)state;
	char *const *inherited = LIST("AB=1", "A=1", "C=1");
	char *const *added = LIST("A=2", "NEW=x=y");

	expect(inherited, added,
	       "AB=1 C=1 A=2 NEW=x=y LD_PRELOAD=/run.so PERFPOINT_SESSION=/s");
}

static void the_last_of_two_added_counts(void **state)
{
	(void)state;
	char *const *added = LIST("A=1", "B=1", "A=2");

	expect(NULL, added, "B=1 A=2 LD_PRELOAD=/run.so PERFPOINT_SESSION=/s");
}

static void without_a_runtime_nothing_is_ours(void **state)
{
	(void)state;
	char *const *inherited =
		LIST("LD_PRELOAD=/a.so", "PERFPOINT_SESSION=/old", "A=1");
	char *const *added = LIST("A=2");
	struct environment environment;
	struct error error;

	assert_int_equal(
		environment_make(&environment, inherited, added, NULL, NULL, &error),
		0);
	assert_string_equal(environment.items[0], "LD_PRELOAD=/a.so");
	assert_string_equal(environment.items[1], "A=2");
	assert_null(environment.items[2]);
	environment_free(&environment);
}

static void an_old_preload_comes_after_ours(void **state)
{
	(void)state;
	char *const *inherited =
		LIST("LD_PRELOAD=/a.so:/b.so", "PERFPOINT_SESSION=/old");
	char *const *added = LIST("LD_PRELOAD=/c.so");
	char *const *empty = LIST("LD_PRELOAD=");

	expect(inherited, NULL, "LD_PRELOAD=/run.so:/a.so:/b.so PERFPOINT_SESSION=/s");
	expect(inherited, added, "LD_PRELOAD=/run.so:/c.so PERFPOINT_SESSION=/s");
	expect(inherited, empty, "LD_PRELOAD=/run.so PERFPOINT_SESSION=/s");
}

static void a_runtime_that_cannot_be_written_in_ld_preload_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"/with space/run.so", "/with:colon/run.so",
					  "/with\ttab", "/with\nline"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct environment environment;
		struct error error;

		assert_int_equal(environment_make(&environment, NULL, NULL, bad[i],
						  "/s", &error),
				 -EINVAL);
		assert_non_null(strstr(error.text, bad[i]));
		assert_non_null(strstr(error.text, "PERFPOINT_LIBRARY_DIR"));
		assert_null(environment.items);
	}
}

static void get_finds_whole_names_and_the_last_value(void **state)
{
	(void)state;
	char *const *items = LIST("AB=1", "A=2", "A=3", "NOVALUE", "E=");

	assert_string_equal(environment_get(items, "A"), "3");
	assert_string_equal(environment_get(items, "E"), "");
	assert_null(environment_get(items, "NOVALUE"));
	assert_null(environment_get(items, "B"));
	assert_null(environment_get(NULL, "A"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_empty_environment_gets_our_two),
		cmocka_unit_test(what_is_inherited_keeps_its_order),
		cmocka_unit_test(added_names_replace_inherited_ones),
		cmocka_unit_test(the_last_of_two_added_counts),
		cmocka_unit_test(without_a_runtime_nothing_is_ours),
		cmocka_unit_test(an_old_preload_comes_after_ours),
		cmocka_unit_test(
			a_runtime_that_cannot_be_written_in_ld_preload_is_refused),
		cmocka_unit_test(get_finds_whole_names_and_the_last_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
