/* SPDX-License-Identifier: MIT */
/* The formats by their names: see report.h. */
#include "report/report.h"

#include <errno.h>
#include <string.h>

#include "report/html.h"

static int plain_json(const struct findings *findings, const struct report_style *style,
		      FILE *out, struct error *error)
{
	(void)style;
	return report_json(findings, out, error);
}

static int html(const struct findings *findings, const struct report_style *style,
		FILE *out, struct error *error)
{
	return report_html(findings, style->evidence, out, error);
}

static const struct {
	const char *name;
	int (*render)(const struct findings *findings, const struct report_style *style,
		      FILE *out, struct error *error);
} formats[] = {
	[REPORT_TEXT] = {"text", report_text},
	[REPORT_JSON] = {"json", plain_json},
	[REPORT_JUNIT] = {"junit", report_junit},
	[REPORT_SARIF] = {"sarif", report_sarif},
	[REPORT_GITHUB] = {"github", report_github},
	[REPORT_MARKDOWN] = {"markdown", report_markdown},
	[REPORT_HTML] = {"html", html},
};

int report_format_parse(const char *name, enum report_format *format)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!strcmp(name, formats[i].name)) {
			*format = (enum report_format)i;
			return 0;
		}
	}
	return -EINVAL;
}

int report_write(const struct findings *findings, enum report_format format,
		 const struct report_style *style, FILE *out, struct error *error)
{
	return formats[format].render(findings, style, out, error);
}
