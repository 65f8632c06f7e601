/* SPDX-License-Identifier: MIT */
/*
 * Contended cache lines: what the simulated machine tells beside its counters. A run leaves a file
 * per process (doc/formats/lines.md); the profile keeps the lines that cost a region time, merged
 * over runs by what lies on them rather than by address, which differs from run to run.
 */
#ifndef AUTOPERF_PROFILE_LINES_H
#define AUTOPERF_PROFILE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "profile/profile.h"

#define PROFILE_LINES_SUFFIX ".lines.json" /* instead of the recording's */

/* Bounds of what a line can have; the simulated machine keeps less. */
#define LINE_BYTES       64
#define LINE_THREADS_MAX 16
#define LINE_BLOCKS_MAX  4
#define LINE_FRAMES_MAX  16
#define LINE_SITES_MAX   4

/* A place in the program; texts are clean (see profile_clean_text), "" and 0: unknown. */
struct line_place {
	const char *function; /* the innermost one, be it inlined */
	const char *file;
	const char *object; /* executable or library */
	uint32_t line;
};

struct line_site {
	uint64_t count; /* about so often, in one run */
	struct line_place place;
};

enum line_data_kind {
	LINE_UNKNOWN,
	LINE_GLOBAL, /* `name` is the variable */
	LINE_SECTION, /* variables of the program or library `name` that has no symbols */
	LINE_STACK,   /* `name` is the function in whose frame it is, "": unknown */
	LINE_THREAD, /* thread-local variables */
	LINE_HEAP,
	LINE_FILE, /* the mapped file `name` */
	LINE_DATA_KINDS
};
const char *line_data_kind_name(enum line_data_kind kind);

/* Bytes first..last of a line, and what they are. */
struct line_data {
	enum line_data_kind kind;
	uint32_t first, last;
	const char *name;
	int64_t offset;  /* of `first` in the variable or block */
	uint32_t thread; /* LINE_STACK, LINE_THREAD: whose; 0: unknown */
	uint32_t block;  /* LINE_HEAP: index */
};

/* A block of the heap that has bytes on the line. */
struct line_block {
	uint64_t bytes;
	int64_t offset;                            /* of the line's first byte in it */
	struct line_place frames[LINE_FRAMES_MAX]; /* innermost first */
	size_t frame_count;
};

struct line_thread {
	uint32_t thread; /* 1 is the first of the process */
	uint64_t hitm;   /* times that it fetched the line modified */
	uint64_t read;   /* bit i: byte i */
	uint64_t written;
};

/* What a line costs a region: medians over the simulated runs. */
struct line_region {
	char *name;
	double cycles_share;         /* of the region's cycles, waiting included */
	double cycles_per_execution; /* of the simulated machine */
	double hitm_per_execution;
	double hitm_per_1000; /* instructions */
};

/* Details (from `padding` on) are those of the run in which the line cost most. */
struct profile_line {
	char *identity; /* what lies there, with lines of the source */
	char *subject;  /* the same without: stays when code above it is edited */
	size_t runs;    /* in which it was seen, of profile_lines.runs */
	double hitm, hitm_false, hitm_true, upgrades, cycles; /* medians over runs */
	struct line_region *regions;                          /* most cycles first */
	size_t region_count;
	uint32_t padding; /* bytes between parts that would end it; 0: none would */
	bool more_threads;
	struct line_data data[LINE_BYTES]; /* from left to right, no gaps */
	size_t data_count;
	struct line_block blocks[LINE_BLOCKS_MAX];
	size_t block_count;
	struct line_thread threads[LINE_THREADS_MAX];
	size_t thread_count;
	struct line_site fetched_at[LINE_SITES_MAX]; /* most frequent first */
	size_t fetched_count;
	struct line_site written_at[LINE_SITES_MAX];
	size_t written_count;
	struct json_t *detail; /* has the texts */
};

struct profile_lines {
	struct profile_line *items; /* most cycles first */
	size_t count;
	size_t runs; /* runs with status OK that told about lines */
};

/*
 * Adds what one process of the begun run has told. Files below the directory `top` (canonical, NULL:
 * none) are named as seen from it, so that copies of one program name the same things alike. All or
 * nothing: after a failure the run is as it was, and may go on. A file that is cut short or makes no
 * sense is -EBADMSG.
 */
int profile_add_lines(struct profile *profile, const struct profile_run *run,
		      const char *path, const char *top, struct error *error);
/* Of the runs with status OK. Profiles without lines have none, which is success. */
int profile_lines(struct profile *profile, struct profile_lines *lines,
		  struct error *error);
/* Only how many there are, those of failed runs included. */
int profile_count_lines(struct profile *profile, size_t *count, struct error *error);
void profile_lines_free(struct profile_lines *lines);

/* The details as JSON: members of doc/formats/lines.md, "A line". malloc'd, NULL: no memory. */
char *profile_line_detail(const struct profile_line *line);
/* The line's part in the region, NULL: none. */
const struct line_region *profile_line_region(const struct profile_line *line,
					      const char *region);
/*
 * Most of its HITM would not have been, had the bytes been on lines of their own, and they can be
 * put there. A lock and what it guards cannot: the same threads want both at the same time, though
 * they come for one byte or another first.
 */
static inline bool profile_line_is_false(const struct profile_line *line)
{
	return line->padding && line->hitm_false > line->hitm_true;
}

/* Of its HITM, those that padding would end. */
static inline double profile_line_false_share(const struct profile_line *line)
{
	double decided = line->hitm_false + line->hitm_true;

	return line->padding && decided > 0 ? line->hitm_false / decided : 0;
}

/* Bytes of the line that the threads touch which do the waiting; bit i is byte i. */
uint64_t profile_line_contended(const struct profile_line *line);

/* ---- in words: lines_text.c ---- */

/* "examples/linear_regression.c:39 (accumulate)": the last two names of an absolute path. */
void line_put_place(struct text *text, const struct line_place *place);
/* What begins at that byte of the line: "sums+32", "byte 8 of a block of 64 bytes from a.c:7 (main)". */
void line_put_data(struct text *text, const struct profile_line *line, uint32_t byte);
/* What threads contend for: as above, from the first byte; two with "and" between them. */
void line_put_contended(struct text *text, const struct profile_line *line);
/* What to do about it, a sentence. */
void line_put_advice(struct text *text, const struct profile_line *line);

#endif
