/* SPDX-License-Identifier: MIT */
/*
 * Findings as workflow commands of GitHub Actions: lines "::error file=F,line=N,title=T::TEXT" that
 * become annotations beside the changed lines. A step has room for ten; the worst come first.
 * Names are made harmless, and no line but ours begins with "::".
 */
#include "report/report.h"

#include <string.h>

#include "detect/cause.h"
#include "report/place.h"
#include "report/terminal.h"

#define ANNOTATIONS_MAX ((size_t)10)
#define NAME_COLUMNS    80

/* In a property, "," and ":" have a meaning, too. */
static void put_escaped(struct text *text, const char *chars, size_t length,
			bool property)
{
	for (; length; chars++, length--) {
		if (*chars == '%' || *chars == '\r' || *chars == '\n' ||
		    (property && (*chars == ':' || *chars == ',')))
			text_printf(text, "%%%02X", (unsigned char)*chars);
		else
			text_append(text, chars, 1);
	}
}

/* A sentence of ours with names of the program's in it. */
static void put_harmless(struct text *text, const char *sentence, size_t columns,
			 bool property)
{
	struct text harmless = {0};

	terminal_put(&harmless, sentence, columns);
	if (!harmless.failed)
		put_escaped(text, harmless.chars, harmless.length, property);
	text->failed |= harmless.failed;
	text_free(&harmless);
}

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
	put_escaped(text, place->path, place->length, true);
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
	put_harmless(text, region->name, NAME_COLUMNS, true);
	text_puts(text, "::");
	put_harmless(text, region->reason, SIZE_MAX, false);
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
		put_harmless(&text, findings->summary, SIZE_MAX, false);
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
