/* SPDX-License-Identifier: MIT */
/*
 * Findings as workflow commands of GitHub Actions: lines "::error file=F,line=N,title=T::TEXT" that
 * become annotations beside the changed lines. A step has room for ten; the worst come first.
 * Names are made harmless, and no line but ours begins with "::".
 */
#include "report/report.h"

#include <string.h>

#include "detect/cause.h"
#include "report/escape.h"
#include "report/place.h"
#include "report/terminal.h"

#define ANNOTATIONS_MAX ((size_t)10)
#define NAME_COLUMNS    80

/* NULL: worth no annotation. */
static const char *level(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_REGRESSION:
		return "error";
	case VERDICT_CANNOT_TELL:
	case VERDICT_CHANGED:
		return "warning";
	case VERDICT_IMPROVEMENT:
		return "notice";
	default:
		return NULL;
	}
}

static void put_place(struct text *text, const struct place *place)
{
	text_puts(text, " file=");
	escape_workflow_bytes(text, place->path, place->length, true);
	text_printf(text, ",line=%u", place->first);
	if (place->last > place->first)
		text_printf(text, ",endLine=%u", place->last);
	text_puts(text, ",");
}

static void put_region(struct text *text, const struct findings *findings,
		       const struct finding_region *region)
{
	struct place place;

	text_printf(text, "::%s", level(region->verdict));
	if (place_of_region(findings, region, &place))
		put_place(text, &place);
	else
		text_puts(text, " ");
	text_printf(text, "title=AutoPerf%%3A %s of ", verdict_name(region->verdict));
	escape_workflow(text, region->name, NAME_COLUMNS, true);
	text_puts(text, "::");
	escape_workflow(text, region->reason, SIZE_MAX, false);
	if (region->verdict == VERDICT_REGRESSION && region->cause_count)
		text_printf(text, "; cause: %s", cause_name(region->causes[0].kind));
	text_puts(text, "\n");
}

int report_github(const struct findings *findings, const struct report_style *style,
		  FILE *out, struct error *error)
{
	struct text text = {0};
	size_t worth = 0, shown = 0;
	int code = 0;

	(void)style;
	for (size_t i = 0; i < findings->region_count; i++)
		worth += level(findings->regions[i].verdict) != NULL;
	for (size_t i = 0; i < findings->region_count; i++) {
		const struct finding_region *region = &findings->regions[i];

		if (!level(region->verdict))
			continue;
		if (shown == ANNOTATIONS_MAX - 1 && worth > ANNOTATIONS_MAX) {
			text_printf(&text,
				    "::%s title=AutoPerf::%zu more regions are not "
				    "normal\n",
				    level(findings->verdict) ? level(findings->verdict)
							     : "notice",
				    worth - shown);
			break;
		}
		put_region(&text, findings, region);
		shown++;
	}
	/* Something is wrong with no region in particular. */
	if (!worth && level(findings->verdict)) {
		text_printf(&text,
			    "::%s title=AutoPerf%%3A %s::", level(findings->verdict),
			    verdict_name(findings->verdict));
		escape_workflow(&text, findings->summary, SIZE_MAX, false);
		text_puts(&text, "\n");
	}
	text_printf(&text, "AutoPerf: %s: ", verdict_name(findings->verdict));
	terminal_put(&text, findings->summary, SIZE_MAX);
	text_puts(&text, "\n");
	if (text.failed)
		code = error_no_memory(error, "writing annotations");
	else
		fwrite(text.chars, 1, text.length, out);
	text_free(&text);
	return code;
}
