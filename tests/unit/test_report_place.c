/* SPDX-License-Identifier: MIT */
/* report/place.c: where a region's finding is shown, and which paths are not worth showing. */
#include "report/place.h"

#include "example_findings.h"

static void assert_place(const struct findings *findings, const char *path,
			 uint32_t first, uint32_t last)
{
	struct place place;

	assert_true(place_of_region(findings, &findings->regions[0], &place));
	assert_int_equal(place.length, strlen(path));
	assert_memory_equal(place.path, path, strlen(path));
	assert_int_equal(place.first, first);
	assert_int_equal(place.last, last);
}

static void wait_at(struct findings *findings, const char *words)
{
	free(findings->regions[0].lines[0].waits_at);
	findings->regions[0].lines[0].waits_at = words ? example_string(words) : NULL;
}

static void nowhere(struct findings *findings, const char *words)
{
	struct place place;

	wait_at(findings, words);
	if (place_of_region(findings, &findings->regions[0], &place))
		fail_msg("'%s' was taken", words);
}

static void the_authors_change_comes_first(void **state)
{
	struct findings *findings = example_findings();
	size_t index = 0;

	(void)state;
	example_line(&findings->regions[0]);
	wait_at(findings, "src/queue.c:39 (push)");
	assert_place(findings, "src/queue.c", 39, 39);
	findings->changes = example_array(1, sizeof(*findings->changes));
	findings->changes[0] = (struct finding_change){example_string("a/b.c"), 12, 3};
	findings->change_count = 1;
	findings->regions[0].changes = example_array(1, sizeof(index));
	findings->regions[0].change_count = 1;
	assert_place(findings, "a/b.c", 12, 14);
	/* Taken out at the very top. */
	findings->changes[0].first = findings->changes[0].count = 0;
	assert_place(findings, "a/b.c", 1, 1);
	findings->changes[0].first = findings->changes[0].count = UINT32_MAX;
	assert_place(findings, "a/b.c", UINT32_MAX, UINT32_MAX);
	free(findings->changes[0].path);
	findings->changes[0].path = example_string("../b.c");
	assert_place(findings, "src/queue.c", 39, 39);
	findings_free(findings);
}

static void words_are_taken_apart(void **state)
{
	struct findings *findings = example_findings();

	(void)state;
	example_line(&findings->regions[0]);
	wait_at(findings, "a b/c:d.cc:7 (ns::f(int) (.part.0))");
	assert_place(findings, "a b/c:d.cc", 7, 7);
	wait_at(findings, "queue.c:39");
	assert_place(findings, "queue.c", 39, 39);
	nowhere(findings, "/usr/include/x.h:3 (f)");
	nowhere(findings, "../x.h:3 (f)");
	nowhere(findings, "a/../x.h:3 (f)");
	nowhere(findings, "a/..:3 (f)");
	nowhere(findings, "libfoo.so (f)");
	nowhere(findings, "x.c:-3 (f)");
	nowhere(findings, "x.c:0 (f)");
	nowhere(findings, "x.c:3x (f)");
	nowhere(findings, "x.c:99999999999999999999 (f)");
	nowhere(findings, ":3 (f)");
	nowhere(findings, "");
	nowhere(findings, NULL);
	findings_free(findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_authors_change_comes_first),
		cmocka_unit_test(words_are_taken_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
