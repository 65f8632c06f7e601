/* SPDX-License-Identifier: MIT */
/*
 * The page and its data: see html.h. The data are JSON inside of a <script> that browsers do not
 * execute; '<' is escaped in all of it, so that it ends where we end it. Everything is put
 * together in memory first: a page that was cut off looks like one that has nothing to say.
 */
#include "report/html.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/version.h"
#include "report/evaluation.h"
#include "report/html_region.h"
#include "report/html_template.h"
#include "report/json.h"
#include "report/json_writer.h"

#define DATA_VERSION 1

/*
 * Budgets of all regions together, and bounds of one. With the page itself and findings of usual
 * size 20 regions are below 2 MB; larger findings leave less room.
 */
#define DATA_BYTES      1500000.0
#define EVIDENCE_BYTES  1100000.0 /* of the budgets below, about */
#define SCALE_LEAST     0.25
#define SAMPLES_OF_ALL  ((size_t)16000)
#define SAMPLES_MAX     ((size_t)2000)
#define POINTS_OF_ALL   ((size_t)6000)
#define POINTS_MAX      ((size_t)600)
#define COUNTERS_OF_ALL ((size_t)600)
#define COUNTERS_MIN    ((size_t)4)
#define REGIONS_MAX     ((size_t)200) /* that evidence is shown of */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* For so many regions, after the findings took so many bytes. */
static struct html_limits limits_of(size_t regions, size_t bytes)
{
	double room = (DATA_BYTES - (double)bytes) / EVIDENCE_BYTES;
	double share = fmin(1, fmax(SCALE_LEAST, room)) / (double)(regions + !regions);
	size_t counters = (size_t)(share * (double)COUNTERS_OF_ALL);

	return (struct html_limits){
		.samples = least(SAMPLES_MAX, (size_t)(share * (double)SAMPLES_OF_ALL)),
		.points = least(POINTS_MAX, (size_t)(share * (double)POINTS_OF_ALL)),
		.counters = counters > COUNTERS_MIN ? counters : COUNTERS_MIN,
	};
}

/* ---- what a reader has to be told ---- */

static void note(struct json_writer *json, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void note(struct json_writer *json, const char *format, ...)
{
	char *sentence = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&sentence, format, arguments);
	va_end(arguments);
	if (length < 0) {
		json->text.failed = true;
		return;
	}
	json_key_string(json, NULL, sentence);
	free(sentence);
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void note_missing(struct json_writer *json,
			 const struct report_evidence *evidence)
{
	if (!evidence->model)
		note(json,
		     "The model could not be looked at (%s): histograms of scores, the "
		     "latent space, how the networks were trained and which samples "
		     "are anomalous are not shown.",
		     evidence->no_model ? evidence->no_model : "it was not given");
	if (!evidence->fresh)
		note(json,
		     "The profile of the new runs could not be looked at (%s): their "
		     "samples, scores and counters' distributions are not shown.",
		     evidence->no_fresh ? evidence->no_fresh : "it was not given");
	if (!evidence->normal)
		note(json,
		     "The profile of the normal runs could not be looked at (%s): "
		     "their samples and counters' distributions are not shown.",
		     evidence->no_normal ? evidence->no_normal : "it was not given");
}

static void note_regions(struct json_writer *json, const struct findings *findings,
			 const struct report_evidence *evidence,
			 const struct html_remarks *remarks)
{
	size_t shown = least(findings->region_count, REGIONS_MAX);

	if (evidence->fresh && remarks->without_new)
		note(json,
		     "The profile of the new runs has no samples of %zu of the "
		     "regions: is it the one that was judged?",
		     remarks->without_new);
	if (evidence->model && remarks->without_unit)
		note(json,
		     "The model knows nothing of %zu of the regions: is it the one "
		     "that they were judged by?",
		     remarks->without_unit);
	if (remarks->without_history)
		note(json,
		     "How the network of %zu region%s was trained is not known: the "
		     "original's method or an older AutoPerf made the model.",
		     remarks->without_history, plural(remarks->without_history));
	if (shown < findings->region_count)
		note(json, "Evidence is shown of the %zu most serious regions of %zu.",
		     shown, findings->region_count);
}

static void note_manner(struct json_writer *json, const struct findings *findings,
			const struct report_evidence *evidence,
			const struct html_remarks *remarks)
{
	if (evidence->model && evidence->model->plan.pass_count > 1 &&
	    findings->region_count)
		note(json,
		     "Each run measured one of %zu groups of counters, and each group "
		     "has a network of its own: scores, latent space and training of a "
		     "region are those of the group that its first counter is in.",
		     evidence->model->plan.pass_count);
	if (remarks->thinned)
		note(json,
		     "Shares are estimated from at most %zu samples, evenly chosen, of "
		     "regions that have more.",
		     EXHIBIT_ROWS_MAX);
	if (remarks->counters_left)
		note(json,
		     "So that the page stays small, %zu counter%s that explain%s less "
		     "%s no histogram.",
		     remarks->counters_left, plural(remarks->counters_left),
		     remarks->counters_left == 1 ? "s" : "",
		     remarks->counters_left == 1 ? "has" : "have");
	if (remarks->scaled)
		note(json,
		     "Where the time goes is estimated from typical costs, which "
		     "overlap: where they add up to more than the time that there "
		     "was, they are scaled down to it.");
	if (remarks->of_model)
		note(json, "Normal samples in latent space are examples that the model "
			   "keeps of its training.");
	if (remarks->original)
		note(json, "The original's method scales each run by its own maximum: "
			   "its latent space is not shown.");
}

static void put_notes(struct json_writer *json, const struct findings *findings,
		      const struct report_evidence *evidence,
		      const struct html_remarks *remarks)
{
	json_open(json, "notes", '[');
	if (findings) {
		note_missing(json, evidence);
		note_regions(json, findings, evidence, remarks);
		note_manner(json, findings, evidence, remarks);
	}
	json_close(json, ']');
}

/* ---- the data ---- */

static int put_regions(struct json_writer *json, const struct findings *findings,
		       const struct report_evidence *evidence,
		       struct html_remarks *remarks, struct error *error)
{
	const struct console silent = {.quiet = true};
	size_t count = findings ? least(findings->region_count, REGIONS_MAX) : 0;
	struct html_limits limits = limits_of(count, json->text.length);
	struct exhibit_source source;
	struct progress progress;
	int code = exhibit_source_open(&source, evidence->model, evidence->normal,
				       evidence->fresh, error);

	progress_start(&progress, evidence->console ? evidence->console : &silent,
		       "looking at the samples", (double)count);
	json_open(json, "regions", '[');
	for (size_t i = 0; i < count && !code; i++) {
		code = html_put_region(json, &findings->regions[i], &source, &limits,
				       remarks, error);
		progress_update(&progress, (double)(i + 1));
	}
	json_close(json, ']');
	progress_finish(&progress);
	exhibit_source_free(&source);
	return code;
}

static void put_evaluation(struct json_writer *json,
			   const struct report_evidence *evidence)
{
	char *text;

	if (!evidence->evaluation && !evidence->splits)
		return;
	text = evidence->evaluation ? evaluation_compact(evidence->evaluation)
				    : splits_compact(evidence->splits);
	json_key_value(json, "evaluation", text);
	free(text);
}

static int put_data(struct json_writer *json, const struct findings *findings,
		    const struct report_evidence *evidence, struct error *error)
{
	struct html_remarks remarks = {0};
	int code;

	json_open(json, NULL, '{');
	json_key_count(json, "version", DATA_VERSION);
	json_key_string(json, "tool", "autoperf " AUTOPERF_VERSION);
	if (findings)
		json_key_findings(json, "findings", findings);
	put_evaluation(json, evidence);
	code = put_regions(json, findings, evidence, &remarks, error);
	put_notes(json, findings, evidence, &remarks);
	json_close(json, '}');
	if (!code && json->text.failed)
		code = error_no_memory(error, "writing the page");
	return code;
}

/* ---- the page ---- */

/* Where the data belong in the template; NULL: it has no such place. */
static const unsigned char *find_place(void)
{
	static const char mark[] = HTML_TEMPLATE_BEFORE HTML_TEMPLATE_DATA;
	const unsigned char *place =
		memmem(html_template, html_template_bytes, mark, sizeof(mark) - 1);

	return place ? place + strlen(HTML_TEMPLATE_BEFORE) : NULL;
}

int report_html(const struct findings *findings, const struct report_evidence *evidence,
		FILE *out, struct error *error)
{
	static const struct report_evidence none;
	struct json_writer json = {.first = true, .compact = true, .in_html = true};
	const unsigned char *place = find_place();
	int code;

	if (!place)
		return error_set(error, -EINVAL,
				 "cannot write a page: the template that was built "
				 "into this program has no place for the data");
	code = put_data(&json, findings, evidence ? evidence : &none, error);
	if (!code) {
		const unsigned char *rest = place + strlen(HTML_TEMPLATE_DATA);

		fwrite(html_template, 1, (size_t)(place - html_template), out);
		fwrite(json.text.chars, 1, json.text.length, out);
		fwrite(rest, 1, (size_t)(html_template + html_template_bytes - rest),
		       out);
	}
	text_free(&json.text);
	return code;
}
