/* SPDX-License-Identifier: MIT */
/*
 * Names and sentences of strangers for the formats of CI systems: first made harmless as for a
 * terminal (terminal.h), which leaves printable UTF-8 in one line, then escaped so that nothing in
 * them is markup. Private to src/report.
 */
#ifndef AUTOPERF_REPORT_ESCAPE_H
#define AUTOPERF_REPORT_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* As content of an XML element or value of an attribute in quotes; "" stays empty. */
void escape_xml(struct text *text, const char *string);

/* As a sentence of GitHub's Markdown. */
void escape_markdown(struct text *text, const char *sentence);
/*
 * As a code span of it, in the cell of a table or not, of at most `columns` columns: longer names
 * lose their middle.
 */
void escape_code(struct text *text, const char *name, size_t columns, bool cell);

/* As text of a workflow command of GitHub Actions; in a property, ":" and "," mean something, too. */
void escape_workflow(struct text *text, const char *sentence, size_t columns,
		     bool property);
/* The same of bytes that are taken as they are, line breaks included: paths of files. */
void escape_workflow_bytes(struct text *text, const char *bytes, size_t length,
			   bool property);

#endif
