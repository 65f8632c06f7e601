/* SPDX-License-Identifier: MIT */
/*
 * Findings as JUnit's XML, as CI systems read it: a test case for each region. A regression fails,
 * what cannot be told is skipped, the rest passes; what else was said is a case's output.
 */
#include "report/report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "detect/cause.h"
#include "report/escape.h"
#include "report/number.h"

static void put_attribute(struct text *text, const char *name, const char *value)
{
	text_printf(text, " %s=\"", name);
	escape_xml(text, value);
	text_puts(text, "\"");
}

static void put_property(struct text *text, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	text_puts(text, "      <property");
	put_attribute(text, "name", name);
	put_attribute(text, "value", value);
	text_puts(text, "/>\n");
}

static void put_line(struct text *text, const char *label, const char *sentence)
{
	text_printf(text, "%s: ", label);
	escape_xml(text, sentence);
	text_puts(text, "\n");
}

/* What a region's finding rests on, a line each. */
static void put_details(struct text *text, const struct findings *findings,
			const struct finding_region *region)
{
	char before[NUMBER_BYTES], after[NUMBER_BYTES], factor[NUMBER_BYTES];

	for (size_t i = 0; i < region->cause_count; i++)
		text_printf(text, "cause: %s explains %s of the extra time\n",
			    cause_name(region->causes[i].kind),
			    number_share(fmin(region->causes[i].share, 1), factor));
	for (size_t i = 0; i < region->line_count; i++) {
		put_line(text, region->lines[i].is_false ? "false sharing" : "sharing",
			 region->lines[i].contended);
		if (region->lines[i].waits_at)
			put_line(text, "at", region->lines[i].waits_at);
	}
	for (size_t i = 0; i < region->change_count; i++) {
		const struct finding_change *change =
			&findings->changes[region->changes[i]];

		text_puts(text, "changed: ");
		escape_xml(text, change->path);
		text_printf(text, ":%" PRIu32 "\n", change->first);
	}
	for (size_t i = 0; i < region->counter_count; i++) {
		const struct finding_counter *counter = &region->counters[i];

		if (!counter->moved)
			continue;
		text_puts(text, "counter: ");
		escape_xml(text, counter->name);
		text_printf(text, " %s -> %s (%s)\n",
			    number_rate(counter, counter->before, before),
			    number_rate(counter, counter->after, after),
			    number_factor(counter->factor, factor));
	}
}

/* JUnit's time of a case is in seconds: the region's in a run, all threads together. */
static void put_seconds(struct text *text, double nanoseconds)
{
	uint64_t microseconds;

	if (!isfinite(nanoseconds) || nanoseconds < 0 || nanoseconds >= 1e18)
		return;
	microseconds = (uint64_t)llround(nanoseconds / 1e3);
	text_printf(text, " time=\"%" PRIu64 ".%06" PRIu64 "\"", microseconds / 1000000,
		    microseconds % 1000000);
}

static void put_case(struct text *text, const struct findings *findings,
		     const struct finding_region *region)
{
	const char *verdict = verdict_name(region->verdict);
	bool failed = region->verdict == VERDICT_REGRESSION;

	text_puts(text, "    <testcase classname=\"autoperf\"");
	put_attribute(text, "name", region->name);
	put_seconds(text, region->total_after_ns);
	text_puts(text, ">\n");
	if (failed || region->verdict == VERDICT_CANNOT_TELL) {
		text_printf(text, "      <%s", failed ? "failure" : "skipped");
		put_attribute(text, "message", region->reason);
		if (failed) {
			put_attribute(text, "type", verdict);
			text_puts(text, ">");
			put_details(text, findings, region);
			text_puts(text, "</failure>\n");
		} else {
			text_puts(text, "/>\n");
		}
	} else {
		text_puts(text, "      <system-out>");
		put_line(text, verdict, region->reason);
		if (region->verdict != VERDICT_NORMAL)
			put_details(text, findings, region);
		text_puts(text, "</system-out>\n");
	}
	text_puts(text, "    </testcase>\n");
}

static void put_unjudged(struct text *text, const struct finding_unjudged *unjudged)
{
	text_puts(text, "    <testcase classname=\"autoperf\"");
	put_attribute(text, "name", unjudged->name);
	text_puts(text, ">\n      <skipped");
	put_attribute(text, "message", unjudged->reason);
	text_puts(text, "/>\n    </testcase>\n");
}

static void put_properties(struct text *text, const struct findings *findings)
{
	text_puts(text, "    <properties>\n");
	put_property(text, "verdict", verdict_name(findings->verdict));
	put_property(text, "summary", findings->summary);
	put_property(text, "before", findings->model_path);
	put_property(text, "after", findings->profile_path);
	put_property(text, "commit_before", findings->commit_before);
	put_property(text, "commit_after", findings->commit_after);
	put_property(text, "range", findings->range);
	put_property(text, "source", findings->source);
	put_property(text, "cpu", findings->machine_after.cpu_model);
	text_puts(text, "    </properties>\n");
}

int report_junit(const struct findings *findings, const struct report_style *style,
		 FILE *out, struct error *error)
{
	size_t failed = 0, skipped = findings->unjudged_count;
	struct text text = {0};
	int code = 0;

	(void)style;
	for (size_t i = 0; i < findings->region_count; i++) {
		failed += findings->regions[i].verdict == VERDICT_REGRESSION;
		skipped += findings->regions[i].verdict == VERDICT_CANNOT_TELL;
	}
	text_puts(&text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
	text_printf(&text,
		    "  <testsuite name=\"autoperf\" tests=\"%zu\" failures=\"%zu\" "
		    "errors=\"0\" skipped=\"%zu\">\n",
		    findings->region_count + findings->unjudged_count, failed, skipped);
	put_properties(&text, findings);
	for (size_t i = 0; i < findings->region_count; i++)
		put_case(&text, findings, &findings->regions[i]);
	for (size_t i = 0; i < findings->unjudged_count; i++)
		put_unjudged(&text, &findings->unjudged[i]);
	if (findings->warning_count) {
		text_puts(&text, "    <system-err>");
		for (size_t i = 0; i < findings->warning_count; i++)
			put_line(&text, "bear in mind", findings->warnings[i]);
		text_puts(&text, "</system-err>\n");
	}
	text_puts(&text, "  </testsuite>\n</testsuites>\n");
	if (text.failed)
		code = error_no_memory(error, "writing test cases");
	else
		fwrite(text.chars, 1, text.length, out);
	text_free(&text);
	return code;
}
