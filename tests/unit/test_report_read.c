/* SPDX-License-Identifier: MIT */
/*
 * report/read.c: findings come back from their JSON so that every renderer says the same; what is
 * no findings is refused by name, whichever value of the document it is that is wrong.
 */
#include "report/read.h"

#include <errno.h>
#include <stdio.h>

#include <jansson.h>

#include "example_findings.h"
#include "report/report.h"

static char *render(const struct findings *findings, enum report_format format)
{
	struct report_style style = {.verbose = true};
	char *bytes = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&bytes, &length);

	assert_non_null(out);
	assert_int_equal(report_write(findings, format, &style, out, NULL), 0);
	assert_int_equal(fclose(out), 0);
	return bytes;
}

static struct findings *parse(const char *bytes)
{
	struct findings *findings;
	struct error error = {0};

	if (findings_parse(&findings, bytes, strlen(bytes), "f.json", &error))
		fail_msg("%s", error.text);
	return findings;
}

static void refused(const char *bytes, const char *because)
{
	struct findings *findings;
	struct error error = {0};

	assert_int_equal(
		findings_parse(&findings, bytes, strlen(bytes), "f.json", &error),
		-EINVAL);
	assert_null(findings);
	assert_non_null(strstr(error.text, "f.json"));
	if (!strstr(error.text, because))
		fail_msg("'%s' does not say '%s'", error.text, because);
}

/* With changed lines, contended ones, what is infinite and what is unknown. */
static struct findings *full_findings(void)
{
	struct findings *findings = example_findings();

	example_line(&findings->regions[0]);
	findings->range = example_string("1234567890..0987654321");
	findings->changes = example_array(2, sizeof(*findings->changes));
	findings->changes[0] =
		(struct finding_change){example_string("src/a b.c"), 12, 3};
	findings->changes[1] = (struct finding_change){example_string("ü.h"), 7, 0};
	findings->change_count = 2;
	findings->regions[0].changes = example_array(1, sizeof(size_t));
	findings->regions[0].changes[0] = 1;
	findings->regions[0].change_count = 1;
	findings->regions[0].counters[0].before = 0;
	findings->regions[0].counters[0].factor = INFINITY;
	findings->regions[0].time.high = INFINITY;
	findings->regions[0].p_improvement = NAN;
	return findings;
}

static void every_format_says_the_same_of_what_was_read(void **state)
{
	static const enum report_format formats[] = {REPORT_TEXT,   REPORT_JSON,
						     REPORT_JUNIT,  REPORT_SARIF,
						     REPORT_GITHUB, REPORT_MARKDOWN};
	struct findings *findings = full_findings();
	char *document = render(findings, REPORT_JSON);
	struct findings *again = parse(document);

	(void)state;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		char *before = render(findings, formats[i]);
		char *after = render(again, formats[i]);

		assert_string_equal(before, after);
		free(before);
		free(after);
	}
	free(document);
	findings_free(again);
	findings_free(findings);
}

static void findings_of_older_versions_have_no_changes(void **state)
{
	struct findings *findings = example_findings();
	char *document = render(findings, REPORT_JSON), *older;
	json_t *root = json_loads(document, 0, NULL), *region;
	struct findings *again;
	size_t i;

	(void)state;
	json_object_del(root, "range");
	json_object_del(root, "changes");
	json_array_foreach (json_object_get(root, "regions"), i, region)
		json_object_del(region, "changes");
	json_object_set_new(root, "of the future", json_true());
	older = json_dumps(root, 0);
	again = parse(older);
	assert_null(again->range);
	assert_int_equal(again->change_count, 0);
	findings_free(again);
	free(older);
	json_decref(root);
	free(document);
	findings_free(findings);
}

static void what_is_no_findings_is_told_apart(void **state)
{
	(void)state;
	refused("", "no JSON document");
	refused("{\"format\": \"autoperf-findings\", \"vers",
		"only a part of one: line 1");
	refused("[]", "holds no findings");
	refused("{\"format\": \"autoperf-evaluation\", \"version\": 1}",
		"holds no findings");
	refused("{\"format\": \"autoperf-findings\"}", "no version");
	refused("{\"format\": \"autoperf-findings\", \"version\": 2}",
		"written by a newer AutoPerf");
	refused("{\"format\": \"autoperf-findings\", \"version\": 1}", "damaged");
	refused("{\"a\": 1, \"a\": 2}", "duplicate");
}

/* Puts each of the wrong values into the place of each value below, and reads that. */
static void spoil(json_t *root, json_t *parent, size_t *read, size_t *failed)
{
	json_t *const wrong[] = {json_null(),
				 json_integer(-1),
				 json_real(1e300),
				 json_string("wrong"),
				 json_array(),
				 json_object(),
				 json_integer(1ll << 40),
				 json_true()};
	size_t count = json_is_object(parent) ? json_object_size(parent)
					      : json_array_size(parent);
	void *at = json_object_iter(parent);

	for (size_t i = 0; i < count; i++) {
		const char *key = json_object_iter_key(at);
		json_t *value = json_is_object(parent) ? json_object_iter_value(at)
						       : json_array_get(parent, i);

		json_incref(value);
		for (size_t w = 0; w < sizeof(wrong) / sizeof(wrong[0]); w++) {
			struct findings *findings;
			struct error error = {0};
			char *bytes;
			int code;

			if (json_is_object(parent))
				json_object_set(parent, key, wrong[w]);
			else
				json_array_set(parent, i, wrong[w]);
			bytes = json_dumps(root, 0);
			code = findings_parse(&findings, bytes, strlen(bytes), "f.json",
					      &error);
			assert_true(!code == (findings != NULL));
			assert_true(!code || strstr(error.text, "f.json"));
			*read += 1;
			*failed += code != 0;
			findings_free(findings);
			free(bytes);
		}
		if (json_is_object(parent))
			json_object_set(parent, key, value);
		else
			json_array_set(parent, i, value);
		if (json_is_object(value) || json_is_array(value))
			spoil(root, value, read, failed);
		json_decref(value);
		at = json_is_object(parent)
			     ? json_object_iter_next(parent,
						     json_object_key_to_iter(key))
			     : NULL;
	}
	for (size_t w = 0; w < sizeof(wrong) / sizeof(wrong[0]); w++)
		json_decref(wrong[w]);
}

static void any_wrong_value_is_refused_or_harmless(void **state)
{
	struct findings *findings = full_findings(), *again;
	char *document = render(findings, REPORT_JSON);
	json_t *root = json_loads(document, 0, NULL);
	size_t read = 0, failed = 0;
	char *same;

	(void)state;
	spoil(root, root, &read, &failed);
	/* Most types are wrong in most places. */
	assert_true(read > 1000 && failed > read / 2);
	same = json_dumps(root, 0);
	again = parse(same);
	findings_free(again);
	free(same);
	json_decref(root);
	free(document);
	findings_free(findings);
}

static void a_file_that_is_not_there_is_named(void **state)
{
	struct findings *findings;
	struct error error = {0};

	(void)state;
	assert_true(findings_load(&findings, "/nowhere/f.json", &error) < 0);
	assert_null(findings);
	assert_non_null(strstr(error.text, "/nowhere/f.json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_format_says_the_same_of_what_was_read),
		cmocka_unit_test(findings_of_older_versions_have_no_changes),
		cmocka_unit_test(what_is_no_findings_is_told_apart),
		cmocka_unit_test(any_wrong_value_is_refused_or_harmless),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
