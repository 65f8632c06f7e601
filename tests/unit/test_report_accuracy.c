/* SPDX-License-Identifier: MIT */
/* report/accuracy.c: the original's words and counts. */
#include "report/report.h"

#include <stdio.h>

#include "example_findings.h"

static char *render(const struct findings *findings)
{
	char *bytes = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&bytes, &length);

	assert_non_null(out);
	assert_int_equal(report_accuracy(findings, "good", "bad\033[2J", out, NULL), 0);
	assert_int_equal(fclose(out), 0);
	return bytes;
}

/* `line` is one whole line of the text. */
static void assert_line(const char *text, const char *line)
{
	size_t length = strlen(line);

	for (const char *c = text; c; c = strchr(c, '\n'), c = c ? c + 1 : NULL)
		if (!strncmp(c, line, length) && c[length] == '\n')
			return;
	fail_msg("no line \"%s\" in\n%s", line, text);
}

static struct findings *with_rounds(void)
{
	struct findings *findings = example_findings();

	findings->rounds_before = example_array(4, sizeof(*findings->rounds_before));
	findings->rounds_before_count = 4;
	for (size_t i = 0; i < 4; i++)
		findings->rounds_before[i] =
			(struct finding_round){.samples = 1000,
					       .anomalous_samples = 10 * i,
					       .anomalous = i == 3};
	findings->rounds_after = example_array(3, sizeof(*findings->rounds_after));
	findings->rounds_after_count = 3;
	for (size_t i = 0; i < 3; i++)
		findings->rounds_after[i] =
			(struct finding_round){.samples = 2000,
					       .anomalous_samples = 1900,
					       .anomalous = i != 1};
	return findings;
}

static void executions_are_listed_under_the_original_words(void **state)
{
	struct findings *findings = with_rounds();
	char *text = render(findings);

	(void)state;
	assert_line(text, "Train: good");
	assert_line(text, "Verdict: regression");
	assert_line(text,
		    "Anomaly found in execution 1 in 1900 samples of 2000 (95 %)");
	assert_line(text, "No anomaly in execution 2 in 1900 samples of 2000 (95 %)");
	assert_line(text, "Total run 3");
	assert_line(text, "Total anomalous run found 2");
	assert_line(text, "Total run 4");
	assert_line(text, "Total anomalous run found 1");
	assert_line(text, "Region: update_stats");
	assert_non_null(
		strstr(text, "1. context-switches: 0.0123 -> 5.07 per ms, 412x"));
	free(text);
	findings_free(findings);
}

static void counts_and_scores_are_those_of_the_original(void **state)
{
	struct findings *findings = with_rounds();
	char *text = render(findings);

	(void)state;
	assert_line(text, "Actual Positive 3");
	assert_line(text, "True Positive 2");
	assert_line(text, "False Negative 1");
	assert_line(text, "Actual Negative 4");
	assert_line(text, "True Negative 3");
	assert_line(text, "False Positive 1");
	assert_line(text, "Precision 0.666667");
	assert_line(text, "Recall 0.666667");
	assert_line(text, "Fscore 0.666667");
	free(text);
	findings_free(findings);
}

static void nothing_found_is_not_divided_by(void **state)
{
	struct findings *findings = example_findings();
	char *text = render(findings);

	(void)state;
	assert_line(text, "Precision 0");
	assert_line(text, "Recall 0");
	assert_line(text, "Fscore 0");
	free(text);
	findings_free(findings);
}

static void names_are_made_harmless(void **state)
{
	struct findings *findings = with_rounds();
	char *text;

	(void)state;
	free(findings->regions[0].name);
	findings->regions[0].name = example_string("a\nTrue Positive 9\033[2J");
	text = render(findings);
	assert_null(strchr(text, '\033'));
	assert_line(text, "Test: bad\\x1b[2J");
	assert_line(text, "Region: a\\x0aTrue Positive 9\\x1b[2J");
	free(text);
	findings_free(findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(executions_are_listed_under_the_original_words),
		cmocka_unit_test(counts_and_scores_are_those_of_the_original),
		cmocka_unit_test(nothing_found_is_not_divided_by),
		cmocka_unit_test(names_are_made_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
