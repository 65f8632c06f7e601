/* SPDX-License-Identifier: MIT */
/* src/report/page.html, embedded by the build (embed.sh). */
#ifndef AUTOPERF_REPORT_HTML_TEMPLATE_H
#define AUTOPERF_REPORT_HTML_TEMPLATE_H

#include <stddef.h>

extern const unsigned char html_template[];
extern const size_t html_template_bytes;

/* What the data take the place of, and where it stands: once. */
#define HTML_TEMPLATE_BEFORE "id=\"autoperf-data\">"
#define HTML_TEMPLATE_DATA   "@AUTOPERF_DATA@"

#endif
