/* SPDX-License-Identifier: MIT */
/* The page that the text report is put together on; private to src/report. */
#ifndef AUTOPERF_REPORT_PAGE_H
#define AUTOPERF_REPORT_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "detect/findings.h"

struct page {
	const struct findings *findings;
	struct text text;
	size_t width; /* columns */
	bool color;
	bool verbose;
	bool utf8;
};

/* A verdict's word, coloured if the page is; "REGRESSION" when `loud`. */
void page_verdict(struct page *page, enum verdict verdict, bool loud);
/* A heading line in bold, escaped and cut to the width. */
void page_heading(struct page *page, const char *heading);
/*
 * "  label     sentence, wrapped under itself"; `label` NULL: only the sentence's column.
 */
void page_fact(struct page *page, const char *label, const char *sentence);
/* The same with a text that is made for the purpose; frees it. */
void page_fact_text(struct page *page, const char *label, struct text *sentence);
/* "  - sentence, wrapped". */
void page_bullet(struct page *page, const char *sentence);
void page_bullet_text(struct page *page, struct text *sentence);

/*
 * Changed lines as a fact, "server.c:12-15, server.c:40": `count` of the findings' changes by their
 * indices, or all if `indices` is NULL; nothing where there are none.
 */
void page_changes(struct page *page, const size_t *indices, size_t count);
/* text_region.c: everything about one region below the table. */
void page_region(struct page *page, const struct finding_region *region);
/* advice.c: "What next". */
void page_advice(struct page *page);

#endif
