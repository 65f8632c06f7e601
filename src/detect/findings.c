/* SPDX-License-Identifier: MIT */
/* The findings' own affairs: names of verdicts, exit status, warnings, release. */
#include "detect/findings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/array.h"
#include "detect/lines.h"

const char *verdict_name(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_NORMAL:
		return "normal";
	case VERDICT_IMPROVEMENT:
		return "improvement";
	case VERDICT_CHANGED:
		return "changed";
	case VERDICT_CANNOT_TELL:
		return "cannot tell";
	case VERDICT_REGRESSION:
		return "regression";
	case VERDICTS:
		break;
	}
	return "unknown";
}

enum exit_status findings_exit_status(const struct findings *findings)
{
	switch (findings->verdict) {
	case VERDICT_REGRESSION:
		return EXIT_REGRESSION;
	case VERDICT_CANNOT_TELL:
		return EXIT_CANNOT_MEASURE;
	default:
		return EXIT_NORMAL;
	}
}

int findings_warn(struct findings *findings, const char *format, ...)
{
	va_list args;
	char *text;
	int length;

	if (array_reserve(&findings->warnings, &findings->warning_capacity,
			  findings->warning_count + 1, sizeof(*findings->warnings)))
		return -ENOMEM;
	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		return -ENOMEM;
	findings->warnings[findings->warning_count++] = text;
	return 0;
}

static void free_strings(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

static void free_region(struct finding_region *region)
{
	for (size_t i = 0; i < region->counter_count; i++) {
		free(region->counters[i].name);
		free(region->counters[i].description);
	}
	free(region->counters);
	free(region->causes);
	finding_lines_free(region);
	free(region->changes);
	free(region->runs);
	free(region->reason);
	free(region->name);
}

void findings_free(struct findings *findings)
{
	if (!findings)
		return;
	for (size_t i = 0; i < findings->region_count; i++)
		free_region(&findings->regions[i]);
	free(findings->regions);
	for (size_t i = 0; i < findings->unjudged_count; i++) {
		free(findings->unjudged[i].name);
		free(findings->unjudged[i].reason);
	}
	free(findings->unjudged);
	free(findings->rounds_before);
	free(findings->rounds_after);
	free_strings(findings->warnings, findings->warning_count);
	for (size_t i = 0; i < findings->renamed_count; i++) {
		free(findings->renamed[i].before);
		free(findings->renamed[i].after);
	}
	free(findings->renamed);
	for (size_t i = 0; i < findings->change_count; i++)
		free(findings->changes[i].path);
	free(findings->changes);
	free(findings->range);
	free_strings(findings->only_before, findings->only_before_count);
	free_strings(findings->only_after, findings->only_after_count);
	free(findings->summary);
	free(findings->model_path);
	free(findings->profile_path);
	free(findings->command_before);
	free(findings->command_after);
	free(findings->commit_before);
	free(findings->commit_after);
	free(findings->source);
	free(findings);
}
