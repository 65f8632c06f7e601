/* SPDX-License-Identifier: MIT */
/* report/json.c: valid JSON and UTF-8 whatever the names; the order of keys is fixed. */
#include "report/report.h"

#include <stdio.h>

#include <jansson.h>

#include "example_findings.h"

static char *render(const struct findings *findings)
{
	char *bytes = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&bytes, &length);

	assert_non_null(out);
	assert_int_equal(report_json(findings, out, NULL), 0);
	assert_int_equal(fclose(out), 0);
	return bytes;
}

static json_t *parse(const char *bytes)
{
	json_error_t error;
	json_t *root = json_loads(bytes, JSON_REJECT_DUPLICATES, &error);

	if (!root)
		fail_msg("line %d: %s", error.line, error.text);
	return root;
}

/* `path` is keys separated by '.', numbers are indices. */
static json_t *look(json_t *value, const char *path)
{
	char key[64];

	while (*path) {
		size_t length = strcspn(path, ".");

		assert_true(length < sizeof(key));
		memcpy(key, path, length);
		key[length] = '\0';
		value = json_is_array(value) ? json_array_get(value, (size_t)atoi(key))
					     : json_object_get(value, key);
		if (!value)
			fail_msg("no %s", key);
		path += length + (path[length] == '.');
	}
	return value;
}

static void the_findings_come_back_from_the_document(void **state)
{
	struct findings *findings = example_findings();
	char *bytes = render(findings);
	json_t *root = parse(bytes);

	(void)state;
	assert_string_equal(json_string_value(look(root, "format")),
			    "autoperf-findings");
	assert_int_equal(json_integer_value(look(root, "version")),
			 FINDINGS_FORMAT_VERSION);
	assert_string_equal(json_string_value(look(root, "verdict")), "regression");
	assert_int_equal(json_integer_value(look(root, "exit_status")),
			 EXIT_REGRESSION);
	assert_string_equal(json_string_value(look(root, "before.command.2")), "8");
	assert_string_equal(json_string_value(look(root, "after.machine.kernel")),
			    "6.1.0-18-amd64");
	assert_true(json_is_null(look(root, "before.machine.smt")));
	assert_true(json_is_true(look(root, "before.machine.turbo")));
	assert_true(json_number_value(
			    look(root, "regions.0.time_per_execution.ratio")) == 2.31);
	assert_true(json_number_value(look(root, "regions.0.counters.0.factor")) > 400);
	assert_string_equal(json_string_value(look(root, "regions.0.counters.0.role")),
			    "context_switch");
	assert_int_equal(json_array_size(look(root, "regions.0.new_runs")), 5);
	assert_true(json_number_value(
			    look(root, "regions.0.score_histogram.after.12")) == 0.971);
	assert_int_equal(
		json_array_size(look(root, "regions.0.score_histogram.before")),
		FINDING_BINS);
	assert_null(json_object_get(look(root, "regions.1"), "score_histogram"));
	assert_int_equal(json_array_size(look(root, "regions.1.counters")), 0);
	assert_string_equal(json_string_value(look(root, "only_after.0")), "rehash");
	json_decref(root);
	free(bytes);
	findings_free(findings);
}

static void the_same_findings_give_the_same_bytes_in_the_same_order(void **state)
{
	static const char *const order[] = {
		"\"format\"",    "\"version\"",  "\"verdict\"",     "\"summary\"",
		"\"before\"",    "\"after\"",    "\"warnings\"",    "\"regions\"",
		"\"counters\"",  "\"new_runs\"", "\"only_before\"", "\"only_after\"",
		"\"not_judged\""};
	struct findings *findings = example_findings();
	char *bytes = render(findings), *again = render(findings);
	const char *from = bytes;

	(void)state;
	assert_string_equal(bytes, again);
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		from = strstr(from, order[i]);
		assert_non_null(from);
	}
	free(bytes);
	free(again);
	findings_free(findings);
}

static void a_contended_line_keeps_its_details(void **state)
{
	struct findings *findings = example_findings();
	char *bytes;
	json_t *root;

	(void)state;
	example_line(&findings->regions[0]);
	findings->regions[0].lines[0].cycles_before = NAN;
	bytes = render(findings);
	root = parse(bytes);
	assert_string_equal(json_string_value(look(root, "regions.0.lines.0.sharing")),
			    "false");
	assert_string_equal(
		json_string_value(look(root, "regions.0.lines.0.line.data.0.name")),
		"sums");
	assert_int_equal(
		json_integer_value(look(root, "regions.0.lines.0.line.padding")), 56);
	assert_true(json_is_null(look(root, "regions.0.lines.0.waits_for")));
	assert_true(json_is_null(
		look(root, "regions.0.lines.0.cycles_per_execution.before")));
	assert_int_equal(json_array_size(look(root, "regions.1.lines")), 0);
	json_decref(root);
	free(bytes);
	findings_free(findings);
}

static void what_is_not_finite_is_null(void **state)
{
	struct findings *findings = example_findings();
	char *bytes;
	json_t *root;

	(void)state;
	findings->regions[0].time = (struct ratio_interval){NAN, -INFINITY, INFINITY};
	findings->regions[0].time_measured = false;
	findings->regions[0].counters[0].factor = INFINITY;
	findings->regions[0].p_time = NAN;
	bytes = render(findings);
	root = parse(bytes);
	assert_true(json_is_null(look(root, "regions.0.time_per_execution.ratio")));
	assert_true(json_is_null(look(root, "regions.0.time_per_execution.low")));
	assert_true(json_is_null(look(root, "regions.0.time_basis")));
	assert_true(json_is_null(look(root, "regions.0.counters.0.factor")));
	assert_true(json_is_null(look(root, "regions.0.p_time")));
	json_decref(root);
	free(bytes);
	findings_free(findings);
}

static void replace(char **string, const char *with)
{
	free(*string);
	*string = example_string(with);
}

static void names_of_any_bytes_become_valid_strings(void **state)
{
	struct findings *findings = example_findings();
	char every[256];
	char *bytes;
	json_t *root;

	(void)state;
	for (int i = 0; i < 255; i++)
		every[i] = (char)(i + 1);
	every[255] = '\0';
	replace(&findings->regions[0].name, every);
	replace(&findings->regions[1].name, "\"\\/\b\f\n\r\t\x7f");
	replace(&findings->regions[2].name, "\xed\xa0\x80 \xe2\x82");
	bytes = render(findings);
	root = parse(bytes);
	assert_string_equal(json_string_value(look(root, "regions.1.name")),
			    "\"\\/\b\f\n\r\t\x7f");
	/* Three bytes that are no character, a space, two more. */
	assert_string_equal(
		json_string_value(look(root, "regions.2.name")),
		"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd");
	assert_true(json_string_length(look(root, "regions.0.name")) > 255);
	json_decref(root);
	free(bytes);
	findings_free(findings);
}

static void a_command_that_is_no_array_is_a_string(void **state)
{
	struct findings *findings = example_findings();
	char *bytes;
	json_t *root;

	(void)state;
	replace(&findings->command_before, "./server --threads 8");
	free(findings->command_after);
	findings->command_after = NULL;
	bytes = render(findings);
	root = parse(bytes);
	assert_string_equal(json_string_value(look(root, "before.command")),
			    "./server --threads 8");
	assert_true(json_is_null(look(root, "after.command")));
	json_decref(root);
	free(bytes);
	findings_free(findings);
}

static void findings_without_regions_are_complete(void **state)
{
	struct findings findings = {.verdict = VERDICT_CANNOT_TELL,
				    .summary = (char *)"no region could be compared"};
	char *bytes = render(&findings);
	json_t *root = parse(bytes);

	(void)state;
	assert_int_equal(json_array_size(look(root, "regions")), 0);
	assert_int_equal(json_integer_value(look(root, "exit_status")),
			 EXIT_CANNOT_MEASURE);
	json_decref(root);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_findings_come_back_from_the_document),
		cmocka_unit_test(
			the_same_findings_give_the_same_bytes_in_the_same_order),
		cmocka_unit_test(a_contended_line_keeps_its_details),
		cmocka_unit_test(what_is_not_finite_is_null),
		cmocka_unit_test(names_of_any_bytes_become_valid_strings),
		cmocka_unit_test(a_command_that_is_no_array_is_a_string),
		cmocka_unit_test(findings_without_regions_are_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
