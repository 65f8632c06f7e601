/* SPDX-License-Identifier: MIT */
/*
 * accuracy.out, as the original AutoPerf wrote it: "Anomaly found in execution ...", "True
 * Positive 5", "Fscore 1.0". Like there, every execution of TEST is taken for anomalous and
 * every one of TRAIN for normal; unlike there, those of TRAIN are judged by networks that have
 * not seen them.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "report/number.h"
#include "report/terminal.h"

#define COUNTERS_LISTED_MAX  5
#define SENTENCE_COLUMNS_MAX 800
#define NAME_COLUMNS_MAX     200 /* of one name in a line */

/* "<label><name>\n", escaped. */
static void put_name(struct text *text, const char *label, const char *name)
{
	text_puts(text, label);
	terminal_put(text, name, NAME_COLUMNS_MAX);
	text_puts(text, "\n");
}

static size_t put_executions(struct text *text, const struct finding_round *rounds,
			     size_t count)
{
	size_t anomalous = 0;

	for (size_t i = 0; i < count; i++) {
		char share[NUMBER_BYTES];
		double samples = (double)rounds[i].samples;

		number_share(samples > 0 ? (double)rounds[i].anomalous_samples / samples
					 : 0,
			     share);
		text_printf(text,
			    "%s in execution %zu in %" PRIu64 " samples of %" PRIu64
			    " (%s)\n",
			    rounds[i].anomalous ? "Anomaly found" : "No anomaly", i + 1,
			    rounds[i].anomalous_samples, rounds[i].samples, share);
		anomalous += rounds[i].anomalous;
	}
	text_printf(text, "Total run %zu\nTotal anomalous run found %zu\n\n", count,
		    anomalous);
	return anomalous;
}

static double ratio(size_t part, size_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static void put_accuracy(struct text *text, size_t positive, size_t true_positive,
			 size_t negative, size_t false_positive)
{
	double precision = ratio(true_positive, true_positive + false_positive);
	double recall = ratio(true_positive, positive);
	double both = precision + recall;

	text_puts(text,
		  "# Every execution of TEST is taken for anomalous (positive), every "
		  "one "
		  "of TRAIN for\n# normal (negative), as in the original. TRAIN is "
		  "held out while it is judged.\n");
	text_printf(text,
		    "Actual Positive %zu\nTrue Positive %zu\nFalse Negative %zu\n",
		    positive, true_positive, positive - true_positive);
	text_printf(text,
		    "Actual Negative %zu\nTrue Negative %zu\nFalse Positive %zu\n",
		    negative, negative - false_positive, false_positive);
	text_printf(text, "Precision %.6g\nRecall %.6g\nFscore %.6g\n", precision,
		    recall, both > 0 ? 2 * precision * recall / both : 0.0);
}

static void put_region(struct text *text, const struct finding_region *region)
{
	char before[NUMBER_BYTES], after[NUMBER_BYTES], factor[NUMBER_BYTES];
	char share[NUMBER_BYTES];

	put_name(text, "\nRegion: ", region->name);
	text_printf(text, "  %s: ", verdict_name(region->verdict));
	terminal_put(text, region->reason, SENTENCE_COLUMNS_MAX);
	text_printf(text, "\n  anomalous samples %s",
		    number_share(region->anomalous_share_after, share));
	text_printf(text, ", of normal runs %s\n",
		    number_share(region->anomalous_share_before, share));
	for (size_t i = 0; i < region->counter_count && i < COUNTERS_LISTED_MAX; i++) {
		const struct finding_counter *counter = &region->counters[i];

		text_printf(text, "  %zu. ", i + 1);
		terminal_put(text, counter->name, NAME_COLUMNS_MAX);
		text_printf(text, ": %s -> %s",
			    number_rate(counter, counter->before, before),
			    number_rate(counter, counter->after, after));
		if (counter->kind != FEATURE_RAW)
			text_printf(text, " %s, %s", number_per(counter).per,
				    number_factor(counter->factor, factor));
		text_printf(text, ", explains %s\n",
			    number_share(counter->explains, share));
	}
}

int report_accuracy(const struct findings *findings, const char *train,
		    const char *test, FILE *out, struct error *error)
{
	struct text text = {0};
	size_t false_positive, true_positive;
	int code = 0;

	put_name(&text, "Train: ", train);
	put_name(&text, "Test: ", test);
	text_printf(&text, "Verdict: %s\n", verdict_name(findings->verdict));
	text_puts(&text, "Summary: ");
	terminal_put(&text, findings->summary, SENTENCE_COLUMNS_MAX);
	text_puts(&text, "\n\nExecutions of TEST\n");
	true_positive = put_executions(&text, findings->rounds_after,
				       findings->rounds_after_count);
	text_puts(&text, "Executions of TRAIN, held out\n");
	false_positive = put_executions(&text, findings->rounds_before,
					findings->rounds_before_count);
	put_accuracy(&text, findings->rounds_after_count, true_positive,
		     findings->rounds_before_count, false_positive);
	for (size_t i = 0; i < findings->region_count; i++)
		put_region(&text, &findings->regions[i]);
	if (text.failed)
		code = error_no_memory(error, "writing accuracy.out");
	else
		fwrite(text.chars, 1, text.length, out);
	text_free(&text);
	return code;
}
