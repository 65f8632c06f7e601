/* SPDX-License-Identifier: MIT */
/*
 * Findings as SARIF 2.1.0 (OASIS), which code hosts show beside the code: a result for each region
 * that is not normal. Rules are causes; their identifiers never change, and neither does a
 * result's fingerprint, region and rule, so that a host knows a finding of yesterday. Every text
 * has been made harmless by terminal.h, which also leaves only valid UTF-8.
 */
#include "report/report.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/text.h"
#include "detect/cause.h"
#include "report/place.h"
#include "report/sarif_log.h"
#include "report/terminal.h"

#define FINGERPRINT "autoperfRegion/v1"
#define ROOT        "SRCROOT"

/* Verdicts that have no cause come after the causes. */
enum rule {
	RULE_REGRESSION = CAUSE_KINDS, /* of no known cause */
	RULE_CANNOT_TELL,
	RULE_CHANGED,
	RULE_IMPROVEMENT,
	RULES
};

static const struct {
	const char *id, *text, *level;
} verdict_rules[] = {
	[RULE_REGRESSION - CAUSE_KINDS] = {"regression", "A region takes longer",
					   "error"},
	[RULE_CANNOT_TELL - CAUSE_KINDS] = {"cannot-tell",
					    "Too few runs to tell whether a region "
					    "takes longer",
					    "warning"},
	[RULE_CHANGED - CAUSE_KINDS] = {"changed",
					"Counters of a region moved, its time did not",
					"warning"},
	[RULE_IMPROVEMENT -
		CAUSE_KINDS] = {"improvement", "A region takes less time", "note"},
};

/* "false-sharing" of "false sharing". */
static void put_rule_id(struct text *text, int rule)
{
	const char *name = rule < CAUSE_KINDS
				   ? cause_name((enum finding_cause_kind)rule)
				   : verdict_rules[rule - CAUSE_KINDS].id;

	for (; *name; name++)
		text_printf(text, "%c",
			    *name == ' ' ? '-' : tolower((unsigned char)*name));
}

static const char *rule_level(int rule)
{
	return rule < CAUSE_KINDS ? "error" : verdict_rules[rule - CAUSE_KINDS].level;
}

/* RULES: worth no result. */
static int rule_of(const struct finding_region *region)
{
	switch (region->verdict) {
	case VERDICT_REGRESSION:
		return region->cause_count ? (int)region->causes[0].kind
					   : RULE_REGRESSION;
	case VERDICT_CANNOT_TELL:
		return RULE_CANNOT_TELL;
	case VERDICT_CHANGED:
		return RULE_CHANGED;
	case VERDICT_IMPROVEMENT:
		return RULE_IMPROVEMENT;
	default:
		return RULES;
	}
}

static json_t *rules(void)
{
	json_t *array = json_array();

	for (int rule = 0; rule < RULES; rule++) {
		struct text id = {0}, words = {0};

		put_rule_id(&id, rule);
		if (rule < CAUSE_KINDS)
			text_printf(&words, "A region takes longer: %s",
				    cause_name((enum finding_cause_kind)rule));
		else
			text_puts(&words, verdict_rules[rule - CAUSE_KINDS].text);
		json_array_append_new(
			array,
			json_pack("{s:o, s:{s:o}, s:{s:s}}", "id", sarif_take(&id),
				  "shortDescription", "text", sarif_take(&words),
				  "defaultConfiguration", "level", rule_level(rule)));
	}
	return array;
}

/* A relative reference (RFC 3986); the first segment may hold no colon. */
static json_t *uri(const struct place *place)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
				    "XYZ0123456789-._~/";
	struct text text = {0};

	for (size_t i = 0; i < place->length; i++) {
		if (strchr(plain, place->path[i]))
			text_append(&text, &place->path[i], 1);
		else
			text_printf(&text, "%%%02X", (unsigned char)place->path[i]);
	}
	return sarif_take(&text);
}

static json_t *location(const struct findings *findings,
			const struct finding_region *region)
{
	json_t *location =
		json_pack("{s:[{s:o, s:s}]}", "logicalLocations", "fullyQualifiedName",
			  sarif_harmless(region->name), "kind", "function");
	struct place place;

	if (place_of_region(findings, region, &place))
		json_object_set_new(location, "physicalLocation",
				    json_pack("{s:{s:o, s:s}, s:{s:I, s:I}}",
					      "artifactLocation", "uri", uri(&place),
					      "uriBaseId", ROOT, "region", "startLine",
					      (json_int_t)place.first, "endLine",
					      (json_int_t)place.last));
	return location;
}

/* The sentence that people read. */
static json_t *message(const struct finding_region *region)
{
	struct text text = {0};

	text_puts(&text, "Region ");
	terminal_put(&text, region->name, SIZE_MAX);
	text_puts(&text, " ");
	terminal_put(&text, region->reason, SIZE_MAX);
	return sarif_take(&text);
}

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *result(const struct findings *findings,
		      const struct finding_region *region, int rule)
{
	struct text id = {0}, fingerprint = {0};

	put_rule_id(&id, rule);
	put_rule_id(&fingerprint, rule);
	text_puts(&fingerprint, "/");
	terminal_put(&fingerprint, region->name, SIZE_MAX);
	return json_pack("{s:o, s:i, s:s, s:s, s:{s:o}, s:[o], s:{s:o}, s:{s:s, s:o, "
			 "s:o, s:o, s:o}}",
			 "ruleId", sarif_take(&id), "ruleIndex", rule, "level",
			 rule_level(rule), "kind", "fail", "message", "text",
			 message(region), "locations", location(findings, region),
			 "partialFingerprints", FINGERPRINT, sarif_take(&fingerprint),
			 "properties", "verdict", verdict_name(region->verdict),
			 "timeRatio", number(region->time.ratio), "timeRatioLow",
			 number(region->time.low), "timeRatioHigh",
			 number(region->time.high), "pValue", number(region->p_value));
}

static json_t *results(const struct findings *findings)
{
	json_t *array = json_array();

	for (size_t i = 0; i < findings->region_count; i++) {
		const struct finding_region *region = &findings->regions[i];
		int rule = rule_of(region);

		if (rule != RULES &&
		    json_array_append_new(array, result(findings, region, rule))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

int report_sarif(const struct findings *findings, const struct report_style *style,
		 FILE *out, struct error *error)
{
	char *text;

	(void)style;
	text = sarif_log("AutoPerf", rules(),
			 json_pack("{s:{s:{s:{s:s}}}, s:o, s:s, s:{s:s, s:o}}",
				   "originalUriBaseIds", ROOT, "description", "text",
				   "The top of the repository", "results",
				   results(findings), "columnKind", "utf16CodeUnits",
				   "properties", "verdict",
				   verdict_name(findings->verdict), "summary",
				   sarif_harmless(findings->summary)));
	if (!text)
		return error_no_memory(error, "writing SARIF");
	fputs(text, out);
	fputs("\n", out);
	free(text);
	return 0;
}
