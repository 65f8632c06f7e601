/* SPDX-License-Identifier: MIT */
/* Logs in SARIF: see sarif_log.h. */
#include "report/sarif_log.h"

#include "base/version.h"
#include "report/terminal.h"

#define SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"
#define DIGITS 9 /* of numbers */

json_t *sarif_take(struct text *text)
{
	json_t *value =
		text->failed ? NULL : json_string(text->chars ? text->chars : "");

	text_free(text);
	return value;
}

json_t *sarif_harmless(const char *chars)
{
	struct text text = {0};

	if (*chars)
		terminal_put(&text, chars, SIZE_MAX);
	return sarif_take(&text);
}

char *sarif_log(const char *name, json_t *rules, json_t *run)
{
	json_t *whole = json_pack("{s:{s:{s:s, s:s, s:s, s:o}}}", "tool", "driver",
				  "name", name, "version", AUTOPERF_VERSION,
				  "semanticVersion", AUTOPERF_VERSION, "rules", rules);
	json_t *log = NULL;
	char *chars = NULL;

	if (whole && run && !json_object_update(whole, run))
		log = json_pack("{s:s, s:s, s:[O]}", "$schema", SCHEMA, "version",
				"2.1.0", "runs", whole);
	if (log)
		chars = json_dumps(log, JSON_INDENT(2) | JSON_REAL_PRECISION(DIGITS));
	json_decref(log);
	json_decref(whole);
	json_decref(run);
	return chars;
}
