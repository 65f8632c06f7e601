/* SPDX-License-Identifier: MIT */
/*
 * Evaluations in the formats of CI systems. What is tested here is AutoPerf on this program: a
 * region passes if its normal runs raise no alarm, all regions together if the anomalous runs do,
 * splits of normal runs if they raise no more alarms than asked for. That a region is not slower
 * in runs that are anomalous elsewhere is no fault, so it is only told.
 */
#include "report/evaluation.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/text.h"
#include "report/escape.h"
#include "report/number.h"
#include "report/sarif_log.h"
#include "report/terminal.h"

#define ALL_REGIONS     "all regions"
#define ANNOTATIONS_MAX ((size_t)10)
#define NAME_COLUMNS    120

enum fault { FAULT_NONE, FAULT_FALSE_ALARM, FAULT_MISSED, FAULT_ALARM_RATE, FAULTS };

/* Identifiers never change. */
static const struct {
	const char *id, *text;
} faults[] = {
	[FAULT_FALSE_ALARM] = {"false-alarm", "Normal runs are judged a regression"},
	[FAULT_MISSED] = {"missed", "Anomalous runs are not judged a regression"},
	[FAULT_ALARM_RATE] = {"alarm-rate",
			      "Normal runs raise more alarms than asked for"},
};

/* One region, all of them, or all splits. */
struct test {
	const char *name; /* the evaluation's */
	enum fault fault;
	struct text words;
};

/* ---- what is tested ---- */

static void put_ratio(struct text *text, const char *name, double value)
{
	if (isfinite(value))
		text_printf(text, ", %s %.3f", name, value);
}

static void test_row(struct test *test, const struct evaluation_row *row)
{
	const struct accuracy *accuracy = &row->accuracy;
	struct text *words = &test->words;

	test->name = row->region ? row->region : ALL_REGIONS;
	if (row->on_normal == VERDICT_REGRESSION)
		test->fault = FAULT_FALSE_ALARM;
	else if (!row->region && row->on_anomalous != VERDICT_REGRESSION)
		test->fault = FAULT_MISSED;
	if (test->fault)
		text_printf(words, "%s; ", faults[test->fault].text);
	text_printf(words,
		    "normal runs: %s, anomalous runs: %s; %zu of %zu anomalous "
		    "executions found, %zu of %zu normal ones taken for such",
		    verdict_name(row->on_normal), verdict_name(row->on_anomalous),
		    accuracy->true_positives, accuracy->positives,
		    accuracy->false_positives, accuracy->negatives);
	put_ratio(words, "precision", accuracy->precision);
	put_ratio(words, "recall", accuracy->recall);
	put_ratio(words, "F1", accuracy->f1);
	put_ratio(words, "area under the ROC curve", accuracy->roc_area);
}

static void test_splits(struct test *test, const struct split_results *results)
{
	size_t alarms = results->verdicts[VERDICT_REGRESSION];
	char share[NUMBER_BYTES], low[NUMBER_BYTES], high[NUMBER_BYTES];
	char asked[NUMBER_BYTES];

	test->name = "false alarms";
	/* Chance alone makes some more; the interval says whether it is that. */
	if (results->low > results->alarm_rate) {
		test->fault = FAULT_ALARM_RATE;
		text_printf(&test->words, "%s; ", faults[FAULT_ALARM_RATE].text);
	}
	text_printf(&test->words,
		    "%zu of %zu splits raise an alarm, %s (95 %% interval %s to %s), "
		    "asked for: at most %s; each learnt from %zu runs and judged %zu",
		    alarms, results->splits,
		    number_share((double)alarms / (double)results->splits, share),
		    number_share(results->low, low), number_share(results->high, high),
		    number_share(results->alarm_rate, asked), results->training_runs,
		    results->test_runs);
}

/* ---- formats ---- */

static void put_junit(struct text *text, const struct test *tests, size_t count)
{
	size_t failed = 0;

	for (size_t i = 0; i < count; i++)
		failed += tests[i].fault != FAULT_NONE;
	text_printf(text,
		    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
		    "  <testsuite name=\"autoperf evaluate\" tests=\"%zu\" "
		    "failures=\"%zu\" errors=\"0\" skipped=\"0\">\n",
		    count, failed);
	for (size_t i = 0; i < count; i++) {
		bool fault = tests[i].fault != FAULT_NONE;

		text_puts(text,
			  "    <testcase classname=\"autoperf.evaluate\" name=\"");
		escape_xml(text, tests[i].name);
		text_puts(text, fault ? "\">\n      <failure type=\""
				      : "\">\n      <system-out>");
		if (fault)
			text_printf(text, "%s\" message=\"", faults[tests[i].fault].id);
		escape_xml(text, tests[i].words.chars);
		text_puts(text, fault ? "\"/>\n" : "</system-out>\n");
		text_puts(text, "    </testcase>\n");
	}
	text_puts(text, "  </testsuite>\n</testsuites>\n");
}

static void put_github(struct text *text, const struct test *tests, size_t count)
{
	size_t shown = 0;

	for (size_t i = 0; i < count && shown < ANNOTATIONS_MAX; i++) {
		if (!tests[i].fault)
			continue;
		text_puts(text, "::warning title=AutoPerf evaluation%3A ");
		escape_workflow(text, tests[i].name, NAME_COLUMNS, true);
		text_puts(text, "::");
		escape_workflow(text, tests[i].words.chars, SIZE_MAX, false);
		text_puts(text, "\n");
		shown++;
	}
	text_puts(text, "AutoPerf evaluation: ");
	terminal_put(text, tests[0].name, NAME_COLUMNS);
	text_puts(text, ": ");
	terminal_put(text, tests[0].words.chars, SIZE_MAX);
	text_puts(text, "\n");
}

static void put_markdown(struct text *text, const struct test *tests, size_t count)
{
	text_puts(text, "### AutoPerf: evaluation\n\n| Of | Holds | What was seen |\n"
			"|:--|:--|:--|\n");
	for (size_t i = 0; i < count; i++) {
		text_puts(text, "| ");
		escape_code(text, tests[i].name, NAME_COLUMNS, true);
		text_puts(text, tests[i].fault ? " | **no** | " : " | yes | ");
		escape_markdown(text, tests[i].words.chars);
		text_puts(text, " |\n");
	}
}

static json_t *sarif_rules(void)
{
	json_t *rules = json_array();

	for (int fault = FAULT_NONE + 1; fault < FAULTS; fault++)
		json_array_append_new(rules,
				      json_pack("{s:s, s:{s:s}}", "id",
						faults[fault].id, "shortDescription",
						"text", faults[fault].text));
	return rules;
}

static json_t *sarif_results(const struct test *tests, size_t count)
{
	json_t *results = json_array();

	for (size_t i = 0; i < count; i++) {
		if (!tests[i].fault)
			continue;
		if (json_array_append_new(
			    results,
			    json_pack("{s:s, s:i, s:s, s:{s:o}, s:[{s:[{s:o}]}]}",
				      "ruleId", faults[tests[i].fault].id, "ruleIndex",
				      (int)tests[i].fault - 1, "level", "warning",
				      "message", "text",
				      sarif_harmless(tests[i].words.chars), "locations",
				      "logicalLocations", "fullyQualifiedName",
				      sarif_harmless(tests[i].name)))) {
			json_decref(results);
			return NULL;
		}
	}
	return results;
}

static void put_sarif(struct text *text, const struct test *tests, size_t count)
{
	char *chars =
		sarif_log("AutoPerf evaluation", sarif_rules(),
			  json_pack("{s:o}", "results", sarif_results(tests, count)));

	if (chars)
		text_printf(text, "%s\n", chars);
	else
		text->failed = true;
	free(chars);
}

/* Frees the tests' words. */
static int write_tests(struct test *tests, size_t count, enum report_format format,
		       FILE *out, struct error *error)
{
	struct text text = {0};
	int code = 0;

	for (size_t i = 0; i < count; i++)
		text.failed |= tests[i].words.failed;
	if (text.failed)
		; /* said below */
	else if (format == REPORT_JUNIT)
		put_junit(&text, tests, count);
	else if (format == REPORT_GITHUB)
		put_github(&text, tests, count);
	else if (format == REPORT_SARIF)
		put_sarif(&text, tests, count);
	else
		put_markdown(&text, tests, count);
	if (text.failed)
		code = error_no_memory(error, "writing the evaluation");
	else
		fwrite(text.chars, 1, text.length, out);
	text_free(&text);
	for (size_t i = 0; i < count; i++)
		text_free(&tests[i].words);
	return code;
}

int report_evaluation_ci(const struct evaluation *evaluation, enum report_format format,
			 FILE *out, struct error *error)
{
	struct test *tests = calloc(evaluation->row_count, sizeof(*tests));
	int code;

	if (!tests)
		return error_no_memory(error, "writing the evaluation");
	for (size_t i = 0; i < evaluation->row_count; i++)
		test_row(&tests[i], &evaluation->rows[i]);
	code = write_tests(tests, evaluation->row_count, format, out, error);
	free(tests);
	return code;
}

int report_splits_ci(const struct split_results *results, enum report_format format,
		     FILE *out, struct error *error)
{
	struct test test = {0};

	test_splits(&test, results);
	return write_tests(&test, 1, format, out, error);
}
