/* SPDX-License-Identifier: MIT */
/* Which changed lines are put beside which region. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/change.h"

static const struct revision base = {.id = "1111111111222222222233333333334444444444"};
static const struct revision head = {.id = "5555555555222222222233333333334444444444"};

static char path_of_server[] = "src/server.c";
static char path_of_client[] = "src/client.c";
static char context_of_handle[] = "static void handle(struct request *request)";
static char no_context[] = "";

static struct difference_hunk hunks[] = {
	{.path = path_of_client, .context = no_context, .new_first = 3, .new_count = 2},
	{.path = path_of_server,
	 .context = context_of_handle,
	 .new_first = 40,
	 .new_count = 0},
};
static const struct difference difference = {.hunks = hunks, .count = 2};

/* Findings with one region of that name, which waits at `place` (NULL: nowhere). */
static struct findings *make_findings(const char *name, const char *place)
{
	struct findings *findings = calloc(1, sizeof(*findings));

	assert_non_null(findings);
	findings->regions = calloc(1, sizeof(*findings->regions));
	assert_non_null(findings->regions);
	findings->region_count = 1;
	findings->regions[0].name = strdup(name);
	if (place) {
		findings->regions[0].lines = calloc(1, sizeof(struct finding_line));
		assert_non_null(findings->regions[0].lines);
		findings->regions[0].lines[0].waits_at = strdup(place);
		findings->regions[0].line_count = 1;
	}
	return findings;
}

static void expect(const char *name, const char *place, size_t count, size_t first)
{
	struct findings *findings = make_findings(name, place);
	struct error error = {0};

	assert_int_equal(change_add(findings, &difference, &base, &head, &error), 0);
	assert_string_equal(findings->range, "1111111111..5555555555");
	assert_int_equal(findings->change_count, 2);
	assert_string_equal(findings->changes[1].path, "src/server.c");
	assert_int_equal(findings->changes[1].first, 40);
	assert_int_equal(findings->changes[1].count, 0);
	assert_int_equal(findings->regions[0].change_count, count);
	if (count)
		assert_int_equal(findings->regions[0].changes[0], first);
	findings_free(findings);
}

static void a_change_in_a_function_is_beside_the_region_of_its_name(void **state)
{
	(void)state;
	expect("handle", NULL, 1, 1);
	expect("server::handle", NULL, 1, 1);
	expect("hand", NULL, 0, 0);
	expect("handle_all", NULL, 0, 0);
}

static void a_change_in_a_file_that_is_waited_in_is_beside_the_region(void **state)
{
	(void)state;
	expect("other", "src/client.c:17 (other)", 1, 0);
	expect("other", "lib/client.c:17 (other)", 0, 0);
	expect("other", "lib/src/client.c:17 (other)", 0, 0);
	expect("other", "src/myclient.c:17 (other)", 0, 0);
	expect("other", "src/client.cpp:17 (other)", 0, 0);
	/* Less is known. */
	expect("other", "client.c:17 (other)", 1, 0);
	expect("other", "../src/client.c:17 (other)", 1, 0);
	expect("other", "t.c:17 (other)", 0, 0);
	expect("other", "?", 0, 0);
	expect("other", "", 0, 0);
}

static void a_snapshot_has_no_name_in_the_range(void **state)
{
	struct revision snapshot = head;
	struct findings *findings = make_findings("handle", NULL);
	struct error error = {0};

	(void)state;
	snapshot.snapshot = true;
	assert_int_equal(change_add(findings, &difference, &base, &snapshot, &error),
			 0);
	assert_string_equal(findings->range, "1111111111");
	findings_free(findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_change_in_a_function_is_beside_the_region_of_its_name),
		cmocka_unit_test(
			a_change_in_a_file_that_is_waited_in_is_beside_the_region),
		cmocka_unit_test(a_snapshot_has_no_name_in_the_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
