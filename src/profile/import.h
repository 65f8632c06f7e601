/* SPDX-License-Identifier: MIT */
/*
 * Measurements of other programs into a profile: CSV tables, and the files of the original
 * AutoPerf. What the files look like is in doc/formats.md.
 */
#ifndef AUTOPERF_PROFILE_IMPORT_H
#define AUTOPERF_PROFILE_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/console.h"
#include "base/error.h"

struct import_options {
	const char *const *inputs; /* all CSV files, or all directories */
	size_t input_count;
	const char *output;
	bool force;
	bool raw; /* CSV columns are ready-made real-valued features, not counters */
	const char *tool_version;      /* stored in the profile */
	const struct console *console; /* warnings; NULL: none */
};

struct import_summary {
	size_t runs;
	size_t runs_empty; /* of them, without any sample */
	size_t passes;
	size_t events;
	size_t regions;
	uint64_t samples;
};

/*
 * Reads all inputs first (memory: about 8 bytes a number), then writes the profile. On failure
 * there is no output, and an existing one is as it was. Errors name file, line and column.
 */
int profile_import(const struct import_options *options, struct import_summary *summary,
		   struct error *error);

#endif
