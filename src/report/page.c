/* SPDX-License-Identifier: MIT */
/* The building blocks of the text report: see page.h. */
#include "report/page.h"

#include <ctype.h>
#include <string.h>

#include "report/terminal.h"

#define LABEL_COLUMNS 8 /* of page_fact(), indent of 2 not counted */
#define INDENT        2
#define CHANGES_SHOWN 6 /* unless verbose */

#define RESET  "\033[0m"
#define BOLD   "\033[1m"
#define RED    "\033[1;31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[1;33m"

static const char *verdict_color(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_REGRESSION:
		return RED;
	case VERDICT_CANNOT_TELL:
	case VERDICT_CHANGED:
		return YELLOW;
	default:
		return GREEN;
	}
}

void page_verdict(struct page *page, enum verdict verdict, bool loud)
{
	const char *name = verdict_name(verdict);

	if (page->color)
		text_puts(&page->text, verdict_color(verdict));
	for (; *name; name++)
		text_printf(&page->text, "%c",
			    loud ? toupper((unsigned char)*name) : *name);
	if (page->color)
		text_puts(&page->text, RESET);
}

void page_heading(struct page *page, const char *heading)
{
	if (page->color)
		text_puts(&page->text, BOLD);
	terminal_put(&page->text, heading, page->width);
	if (page->color)
		text_puts(&page->text, RESET);
	text_puts(&page->text, "\n");
}

void page_fact(struct page *page, const char *label, const char *sentence)
{
	size_t column = INDENT + LABEL_COLUMNS;

	text_printf(&page->text, "%*s%-*s", INDENT, "", LABEL_COLUMNS,
		    label ? label : "");
	terminal_wrap(&page->text, sentence, column, column, page->width);
}

void page_fact_text(struct page *page, const char *label, struct text *sentence)
{
	page->text.failed |= sentence->failed;
	if (!page->text.failed)
		page_fact(page, label, sentence->chars ? sentence->chars : "");
	text_free(sentence);
}

void page_bullet(struct page *page, const char *sentence)
{
	text_printf(&page->text, "%*s- ", INDENT, "");
	terminal_wrap(&page->text, sentence, INDENT + strlen("- "),
		      INDENT + strlen("- "), page->width);
}

void page_bullet_text(struct page *page, struct text *sentence)
{
	page->text.failed |= sentence->failed;
	if (!page->text.failed)
		page_bullet(page, sentence->chars ? sentence->chars : "");
	text_free(sentence);
}

static void put_change(struct text *text, const struct finding_change *change)
{
	terminal_put(text, change->path, strlen(change->path));
	text_printf(text, ":%u", (unsigned)change->first);
	if (change->count > 1)
		text_printf(text, "-%u", (unsigned)(change->first + change->count - 1));
}

void page_changes(struct page *page, const size_t *indices, size_t count)
{
	struct text text = {0};

	if (!count)
		return;
	for (size_t i = 0; i < count; i++) {
		if (i == CHANGES_SHOWN && !page->verbose) {
			text_printf(&text, " and %zu more", count - i);
			break;
		}
		text_puts(&text, i ? ", " : "");
		put_change(&text, &page->findings->changes[indices ? indices[i] : i]);
	}
	page_fact_text(page, "changed", &text);
}
