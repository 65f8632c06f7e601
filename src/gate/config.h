/* SPDX-License-Identifier: MIT */
/*
 * `.autoperf/config.ini`: how a repository is built and what is run to measure it. Sections and
 * keys are those of the original AutoPerf, whose files are read as they are; those about its
 * network ([model], [training], [detection]) mean nothing here and are passed over.
 *
 * The parser is our own: commands may hold " ;" and be longer than 200 bytes, both of which
 * inih, as Debian builds it, silently cuts off.
 */
#ifndef AUTOPERF_GATE_CONFIG_H
#define AUTOPERF_GATE_CONFIG_H

#include <stdio.h>

#include "base/error.h"

#define CONFIG_DIRECTORY ".autoperf"
#define CONFIG_FILE      CONFIG_DIRECTORY "/config.ini" /* below the top of the work tree */

/* All strings are malloc'd; NULL: not set. Commands are for `sh -c`, as the user wrote them. */
struct config {
	char *build;
	char *build_dir; /* below the top, where the command runs; NULL: the top */
	char *clean;     /* run before a build */
	char *workload;
	char *workload_dir;
	char *base;   /* branch that changes are compared with */
	char *source; /* of counters, as --source takes it */
	char *runs;   /* of each side, as -n takes it */
};

/* The settings in the order of the file that init writes. */
struct config_key {
	const char *section;
	const char *key;
	size_t offset; /* of the member of struct config */
};
extern const struct config_key config_keys[]; /* ends with a section that is NULL */
/* The member that `key` is about. */
char **config_member(struct config *config, const struct config_key *key);

/*
 * Parses the text of a file; `origin` names it in errors, which also name the line. A key that
 * is unknown in a section that is ours is an error: it is a typing mistake, and would be missed.
 */
int config_parse(struct config *config, const char *text, const char *origin,
		 struct error *error);
/* Reads a file. -ENOENT when there is none. */
int config_read(struct config *config, const char *path, struct error *error);
/* Writes what is set. Values keep their lines. Errors of the stream surface at its closing. */
void config_write(const struct config *config, FILE *stream);
void config_free(struct config *config);

#endif
