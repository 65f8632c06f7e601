/* SPDX-License-Identifier: MIT */
/*
 * What the parts of `autoperf info` share: a page of aligned text, and pieces of JSON. Every
 * kind of file fills either the page or the JSON object; info.c prints it.
 */
#ifndef AUTOPERF_CLI_INFO_H
#define AUTOPERF_CLI_INFO_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "event/event.h"
#include "profile/machine.h"

#define INFO_NAME_COLUMNS 40 /* of a region's name; longer ones lose their middle */

struct info {
	const char *path;
	uint64_t file_bytes;
	bool all;           /* every run, process and line, not only the notable ones */
	bool lines;         /* of a profile, its contended cache lines instead */
	const char *region; /* lines of this region only, NULL: of all */
	size_t top;         /* so many lines, 0: not given */
	bool color;
	json_t *json; /* the object to fill, or NULL: fill the page */
	struct text page;
};

/* info_recording.c, info_profile.c, info_lines.c, info_model.c */
int info_recording(struct info *info, struct error *error);
int info_profile(struct info *info, struct error *error);
int info_lines(struct info *info, struct error *error);
int info_model(struct info *info, struct error *error);

/* ---- info_page.c: text ---- */

/* "label      text\n" */
void info_fact(struct info *info, const char *label, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A heading line in bold, after a blank line. */
void info_heading(struct info *info, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The file's name and size: "profile    base.apdb, 1.2 MiB". */
void info_file(struct info *info, const char *kind);
/* Columns that a list of names needs, at most INFO_NAME_COLUMNS, at least `least`. */
size_t info_name_columns(const char *const *names, size_t count, size_t least);
/* A name, padded to `columns`. */
void info_name(struct info *info, const char *name, size_t columns);

/* "1.23 ms", or "-" for 0 and what is not finite. */
char *info_time(double nanoseconds, char *buffer, size_t size);
const char *info_plural(uint64_t count);

/* ---- what profiles and models have in common, on the page or in the JSON ---- */

/* `command` is a JSON array as in a profile; the others may be NULL too. */
void info_origin(struct info *info, const char *command, const char *commit,
		 bool dirty);
void info_machine(struct info *info, const struct machine *machine);
void info_plan(struct info *info, const struct event_plan *plan);

/* ---- JSON ---- */

/* A string; bytes that are no text become \xNN. NULL becomes null. */
json_t *info_json_text(const char *text);
/* A number; null when it is not finite. */
json_t *info_json_number(double number);

/* Distribution of the times of a region. */
struct info_times {
	double median;
	double p95;
};
/* `weight`: executions that each stands for. May sort `wall_ns`; NaN when there is none, or no
 * memory. */
struct info_times info_times(double *wall_ns, const double *weight, size_t count);

#endif
