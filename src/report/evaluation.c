/* SPDX-License-Identifier: MIT */
/*
 * The table that `autoperf evaluate` prints, and its JSON. Names of regions are those of a
 * profile, valid UTF-8 without control characters; the terminal's functions escape the rest.
 */
#include "report/evaluation.h"

#include <math.h>

#include <jansson.h>

#include "base/text.h"
#include "report/number.h"
#include "report/terminal.h"

#define REGION_COLUMNS_MIN 12
#define REGION_COLUMNS_MAX 40
#define PAGE_COLUMNS       100
#define ALL_REGIONS        "(all regions)"
#define JSON_DIGITS        9

static const char *row_name(const struct evaluation_row *row)
{
	return row->region ? row->region : ALL_REGIONS;
}

/* ---- text ---- */

static size_t region_columns(const struct evaluation *evaluation)
{
	size_t columns = REGION_COLUMNS_MIN;

	for (size_t i = 0; i < evaluation->row_count; i++) {
		size_t wanted = terminal_columns(row_name(&evaluation->rows[i]));

		if (wanted > columns)
			columns = wanted;
	}
	return columns < REGION_COLUMNS_MAX ? columns : REGION_COLUMNS_MAX;
}

/* "0.957", "-" where there is none. */
static void put_ratio(struct text *text, int columns, double value)
{
	if (isfinite(value))
		text_printf(text, "%*.3f", columns, value);
	else
		text_printf(text, "%*s", columns, "-");
}

static void put_row(struct text *text, const struct evaluation_row *row, size_t columns)
{
	const struct accuracy *accuracy = &row->accuracy;
	char found[32], alarms[32];

	snprintf(found, sizeof(found), "%zu of %zu", accuracy->true_positives,
		 accuracy->positives);
	snprintf(alarms, sizeof(alarms), "%zu of %zu", accuracy->false_positives,
		 accuracy->negatives);
	terminal_put_padded(text, row_name(row), columns);
	text_printf(text, "  %11s  %12s", found, alarms);
	put_ratio(text, 11, accuracy->precision);
	put_ratio(text, 8, accuracy->recall);
	put_ratio(text, 7, accuracy->f1);
	put_ratio(text, 7, accuracy->roc_area);
	put_ratio(text, 7, accuracy->pr_area);
	text_printf(text, "  %s, %s\n", verdict_name(row->on_normal),
		    verdict_name(row->on_anomalous));
}

static void put_sweep(struct text *text, const struct evaluation_row *row)
{
	const struct accuracy *accuracy = &row->accuracy;

	text_puts(text, "\nIf an execution was found from a score on: ");
	terminal_put(text, row_name(row), REGION_COLUMNS_MAX);
	text_puts(text, "\n     score  found  false alarms  precision  recall\n");
	for (size_t i = 0; i < accuracy->point_count; i++) {
		const struct accuracy_point *point = &accuracy->points[i];
		size_t all = point->true_positives + point->false_positives;

		text_printf(text, "%10.4g  %5zu  %12zu", point->threshold,
			    point->true_positives, point->false_positives);
		put_ratio(text, 11, (double)point->true_positives / (double)all);
		put_ratio(text, 8,
			  accuracy->positives ? (double)point->true_positives /
							(double)accuracy->positives
					      : (double)NAN);
		text_puts(text, "\n");
	}
}

static int finish(struct text *text, FILE *out, struct error *error)
{
	int code = 0;

	if (text->failed)
		code = error_no_memory(error, "writing the evaluation");
	else
		fwrite(text->chars, 1, text->length, out);
	text_free(text);
	return code;
}

int report_evaluation_text(const struct evaluation *evaluation, bool verbose, FILE *out,
			   struct error *error)
{
	size_t columns = region_columns(evaluation);
	struct text text = {0};

	text_printf(&text,
		    "Learnt from %zu normal run%s (method %s); a case is a run of the "
		    "program with each pass\n\n",
		    evaluation->training_runs,
		    evaluation->training_runs == 1 ? "" : "s",
		    model_method_name(evaluation->method));
	terminal_put_padded(&text, "region", columns);
	text_puts(&text, "        found  false alarms  precision  recall     F1    ROC"
			 "     PR  verdicts: normal, anomalous\n");
	for (size_t i = 0; i < evaluation->row_count; i++)
		put_row(&text, &evaluation->rows[i], columns);
	for (size_t i = 0; i < evaluation->row_count && verbose; i++)
		put_sweep(&text, &evaluation->rows[i]);
	if (evaluation->warning_count)
		text_puts(&text, "\n");
	for (size_t i = 0; i < evaluation->warning_count; i++) {
		text_puts(&text, "note: ");
		terminal_wrap(&text, evaluation->warnings[i], 6, 6, PAGE_COLUMNS);
	}
	return finish(&text, out, error);
}

int report_splits_text(const struct split_results *results, FILE *out,
		       struct error *error)
{
	size_t alarms = results->verdicts[VERDICT_REGRESSION];
	char share[NUMBER_BYTES], low[NUMBER_BYTES], high[NUMBER_BYTES];
	char asked[NUMBER_BYTES];
	struct text text = {0};

	text_printf(&text,
		    "False alarms: %zu of %zu splits, %s (95 %% interval %s to %s); "
		    "asked for: at most %s\n"
		    "Each split learnt from %zu runs and judged %zu others of the same "
		    "profile\n",
		    alarms, results->splits,
		    number_share((double)alarms / (double)results->splits, share),
		    number_share(results->low, low), number_share(results->high, high),
		    number_share(results->alarm_rate, asked), results->training_runs,
		    results->test_runs);
	text_printf(
		&text,
		"Sure before the effect floor, whatever moved: %zu splits, %s\n\n",
		results->sure,
		number_share((double)results->sure / (double)results->splits, share));
	text_puts(&text, "verdict       splits  regions in splits\n");
	for (int verdict = VERDICTS - 1; verdict >= 0; verdict--)
		text_printf(&text, "%-12s  %6zu  %17zu\n",
			    verdict_name((enum verdict)verdict),
			    results->verdicts[verdict],
			    results->region_verdicts[verdict]);
	return finish(&text, out, error);
}

/* ---- JSON ---- */

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *integer(size_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *points_json(const struct accuracy *accuracy)
{
	json_t *points = json_array();

	for (size_t i = 0; i < accuracy->point_count; i++) {
		const struct accuracy_point *point = &accuracy->points[i];

		json_array_append_new(
			points,
			json_pack("{s:o, s:o, s:o}", "score", number(point->threshold),
				  "found", integer(point->true_positives),
				  "false_alarms", integer(point->false_positives)));
	}
	return points;
}

static json_t *row_json(const struct evaluation_row *row)
{
	const struct accuracy *accuracy = &row->accuracy;

	return json_pack(
		"{s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:o}",
		"region", row->region, "anomalous", integer(accuracy->positives),
		"normal", integer(accuracy->negatives), "found",
		integer(accuracy->true_positives), "false_alarms",
		integer(accuracy->false_positives), "precision",
		number(accuracy->precision), "recall", number(accuracy->recall), "f1",
		number(accuracy->f1), "roc_area", number(accuracy->roc_area), "pr_area",
		number(accuracy->pr_area), "verdict_on_normal",
		verdict_name(row->on_normal), "verdict_on_anomalous",
		verdict_name(row->on_anomalous), "sweep", points_json(accuracy));
}

static int dump(json_t *root, FILE *out, struct error *error)
{
	/* Errors of the stream surface when its owner closes it. */
	if (!root)
		return error_no_memory(error, "writing the evaluation");
	json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(JSON_DIGITS));
	fputc('\n', out);
	json_decref(root);
	return 0;
}

/* Takes the tree. */
static char *compact(json_t *root)
{
	char *text =
		root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(JSON_DIGITS))
		     : NULL;

	json_decref(root);
	return text;
}

static json_t *evaluation_json(const struct evaluation *evaluation)
{
	json_t *rows = json_array(), *warnings = json_array();

	for (size_t i = 1; i < evaluation->row_count; i++)
		json_array_append_new(rows, row_json(&evaluation->rows[i]));
	for (size_t i = 0; i < evaluation->warning_count; i++)
		json_array_append_new(warnings, json_string(evaluation->warnings[i]));
	return json_pack("{s:s, s:f, s:o, s:o, s:o, s:o}", "method",
			 model_method_name(evaluation->method), "alarm_rate",
			 evaluation->alarm_rate, "training_runs",
			 integer(evaluation->training_runs), "all_regions",
			 row_json(&evaluation->rows[0]), "regions", rows, "warnings",
			 warnings);
}

int report_evaluation_json(const struct evaluation *evaluation, FILE *out,
			   struct error *error)
{
	return dump(evaluation_json(evaluation), out, error);
}

char *evaluation_compact(const struct evaluation *evaluation)
{
	return compact(evaluation_json(evaluation));
}

static json_t *verdicts_json(const size_t *counts)
{
	json_t *verdicts = json_object();

	for (int verdict = 0; verdict < VERDICTS; verdict++)
		json_object_set_new(verdicts, verdict_name((enum verdict)verdict),
				    integer(counts[verdict]));
	return verdicts;
}

static json_t *splits_json(const struct split_results *results)
{
	size_t alarms = results->verdicts[VERDICT_REGRESSION];

	return json_pack("{s:o, s:o, s:o, s:f, s:o, s:f, s:f, s:f, s:o, s:o, s:o}",
			 "splits", integer(results->splits), "training_runs",
			 integer(results->training_runs), "test_runs",
			 integer(results->test_runs), "alarm_rate", results->alarm_rate,
			 "false_alarms", integer(alarms), "false_alarm_share",
			 (double)alarms / (double)results->splits, "low", results->low,
			 "high", results->high, "sure", integer(results->sure),
			 "verdicts", verdicts_json(results->verdicts),
			 "region_verdicts", verdicts_json(results->region_verdicts));
}

int report_splits_json(const struct split_results *results, FILE *out,
		       struct error *error)
{
	return dump(splits_json(results), out, error);
}

char *splits_compact(const struct split_results *results)
{
	return compact(splits_json(results));
}
