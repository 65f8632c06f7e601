/* SPDX-License-Identifier: MIT */
/*
 * Comma-separated values, RFC 4180 with what real files have on top: LF or CRLF, a byte-order
 * mark, blank lines (skipped), blanks around unquoted fields (dropped). Strict about the
 * rest, because a table read wrongly is worse than one refused: quotes must balance and
 * enclose a whole field, NUL bytes are no text, sizes are bounded. Errors name file and line.
 */
#ifndef AUTOPERF_PROFILE_CSV_H
#define AUTOPERF_PROFILE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/text.h"

#define CSV_FIELD_MAX  (1u << 20) /* bytes of one field or line */
#define CSV_RECORD_MAX (16u << 20)
#define CSV_FIELDS_MAX 65536u

struct csv_field {
	size_t offset; /* into `record` */
	size_t length;
};

struct csv_reader {
	const char *path; /* the caller's */
	size_t count;     /* fields of the current record */
	uint64_t line;    /* on which the current record begins, 1.. */
	uint64_t bytes; /* taken from the file, up to a buffer more than was consumed */
	/* private */
	int file;
	int read_error;        /* errno of a failed read, 0: none */
	unsigned char *buffer; /* bytes [at, filled) are not consumed yet */
	size_t at;
	size_t filled;
	struct text record; /* the fields' bytes, each followed by a NUL */
	struct csv_field *fields;
	size_t capacity;
	uint64_t next_line;
};

/* `path` must live as long as the reader. */
int csv_open(struct csv_reader *reader, const char *path, struct error *error);
/* Harmless on a zeroed reader. */
void csv_close(struct csv_reader *reader);

/* The next record: 1, or 0 at the end of the file, or negative. */
int csv_next(struct csv_reader *reader, struct error *error);
/* The next line as it is, without its end, as the only field. Same returns. */
int csv_next_line(struct csv_reader *reader, struct error *error);
/* A field of the current record, NUL-terminated, valid until the next one is read. */
const char *csv_field(const struct csv_reader *reader, size_t index);

/* "FILE, line N: ..."; the line is that of the current record. */
int csv_error(const struct csv_reader *reader, struct error *error, const char *format,
	      ...) __attribute__((format(printf, 3, 4)));

/* ---- writing ---- */

/* Quoted where it must be. */
void csv_put_text(FILE *out, const char *text);
/* The shortest decimal that reads back as the same double; whole numbers without a point. */
void csv_put_number(FILE *out, double number);
void csv_put_float(FILE *out, float number);
void csv_put_u64(FILE *out, uint64_t number);

#endif
