/* SPDX-License-Identifier: MIT */
/* A CSV reader that holds one record, and a writer's two primitives: see csv.h. */
#include "profile/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"

#define BUFFER_BYTES    (256u << 10)
#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define WHOLE_MAX       9007199254740992.0 /* 2^53: beyond, not every integer is a double */

/* Fills the empty buffer; false at the end of the file or after an error. */
static bool refill(struct csv_reader *reader)
{
	ssize_t got;

	do {
		got = read(reader->file, reader->buffer, BUFFER_BYTES);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		reader->read_error = errno;
	reader->at = 0;
	reader->filled = got > 0 ? (size_t)got : 0;
	reader->bytes += reader->filled;
	return got > 0;
}

int csv_open(struct csv_reader *reader, const char *path, struct error *error)
{
	const size_t mark = sizeof(BYTE_ORDER_MARK) - 1;
	struct stat info;

	*reader = (struct csv_reader){.path = path, .next_line = 1};
	reader->file = open(path, O_RDONLY | O_CLOEXEC);
	if (reader->file < 0 || fstat(reader->file, &info)) {
		int code = -errno;

		csv_close(reader);
		return error_set(error, code, "cannot open %s: %s", path,
				 strerror(-code));
	}
	if (S_ISDIR(info.st_mode)) {
		csv_close(reader);
		return error_set(error, -EISDIR, "%s is a directory, not a CSV file",
				 path);
	}
	reader->buffer = malloc(BUFFER_BYTES);
	if (!reader->buffer) {
		csv_close(reader);
		return error_no_memory(error, "reading a CSV file");
	}
	if (refill(reader) && reader->filled >= mark &&
	    !memcmp(reader->buffer, BYTE_ORDER_MARK, mark))
		reader->at = mark;
	return 0;
}

void csv_close(struct csv_reader *reader)
{
	if (reader->path && reader->file >= 0)
		close(reader->file);
	free(reader->buffer);
	text_free(&reader->record);
	free(reader->fields);
	*reader = (struct csv_reader){0};
}

int csv_error(const struct csv_reader *reader, struct error *error, const char *format,
	      ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return error_set(error, -EINVAL, "%s, line %" PRIu64 ": %s", reader->path,
			 reader->line, text);
}

const char *csv_field(const struct csv_reader *reader, size_t index)
{
	return reader->record.chars + reader->fields[index].offset;
}

static int next_byte(struct csv_reader *reader)
{
	int byte;

	if (reader->at == reader->filled && !refill(reader))
		return EOF;
	byte = reader->buffer[reader->at++];
	if (byte == '\n')
		reader->next_line++;
	return byte;
}

/* Takes back the byte that was just read, which is no LF. */
static void unread(struct csv_reader *reader)
{
	reader->at--;
}

static bool is_blank(int byte)
{
	return byte == ' ' || byte == '\t';
}

/* The end of a record: LF, CR LF, CR alone (old Macintosh), or the end of the file. */
static bool ends_record(struct csv_reader *reader, int byte)
{
	if (byte == '\r') {
		int after = next_byte(reader);

		if (after == '\n' || after == EOF)
			return true;
		unread(reader);
		reader->next_line++;
		return true;
	}
	return byte == '\n' || byte == EOF;
}

/* Adds to the field that begins at `begin`. */
static int put_bytes(struct csv_reader *reader, size_t begin, const char *bytes,
		     size_t length, struct error *error)
{
	if (reader->record.length - begin + length > CSV_FIELD_MAX)
		return csv_error(reader, error, "field %zu is longer than %u bytes",
				 reader->count + 1, CSV_FIELD_MAX);
	if (reader->record.length + length > CSV_RECORD_MAX)
		return csv_error(reader, error, "the line is longer than %u bytes",
				 CSV_RECORD_MAX);
	text_append(&reader->record, bytes, length);
	return reader->record.failed ? error_no_memory(error, "reading a CSV file") : 0;
}

static int put_byte(struct csv_reader *reader, size_t begin, int byte,
		    struct error *error)
{
	char character = (char)byte;

	if (!byte)
		return csv_error(reader, error,
				 "a NUL byte: this is no text file (UTF-16?); save it "
				 "as UTF-8");
	return put_bytes(reader, begin, &character, 1, error);
}

/* Adds what follows in the buffer and can only be part of an unquoted field. */
static int put_plain_run(struct csv_reader *reader, size_t begin, struct error *error)
{
	static const bool special[256] = {['\0'] = true,
					  [','] = true,
					  ['"'] = true,
					  ['\r'] = true,
					  ['\n'] = true};
	const unsigned char *run = reader->buffer + reader->at;
	size_t length = 0;

	while (length < reader->filled - reader->at && !special[run[length]])
		length++;
	reader->at += length;
	return put_bytes(reader, begin, (const char *)run, length, error);
}

static int end_field(struct csv_reader *reader, size_t begin, struct error *error)
{
	if (reader->count >= CSV_FIELDS_MAX)
		return csv_error(reader, error, "more than %u fields", CSV_FIELDS_MAX);
	if (array_reserve(&reader->fields, &reader->capacity, reader->count + 1,
			  sizeof(*reader->fields)))
		return error_no_memory(error, "reading a CSV file");
	reader->fields[reader->count].offset = begin;
	reader->fields[reader->count].length = reader->record.length - begin;
	reader->count++;
	text_append(&reader->record, "", 1);
	return reader->record.failed ? error_no_memory(error, "reading a CSV file") : 0;
}

/* After the opening quote. *after is the byte that follows the closing quote and blanks. */
static int read_quoted(struct csv_reader *reader, size_t begin, int *after,
		       struct error *error)
{
	int byte, status = 0;

	while (!status) {
		byte = next_byte(reader);
		if (byte == EOF)
			return csv_error(
				reader, error,
				"the quote that opens field %zu is never closed",
				reader->count + 1);
		if (byte == '"') {
			byte = next_byte(reader);
			if (byte != '"')
				break;
		}
		status = put_byte(reader, begin, byte, error);
	}
	if (status)
		return status;
	while (is_blank(byte))
		byte = next_byte(reader);
	*after = byte;
	if (byte != ',' && byte != '\n' && byte != '\r' && byte != EOF)
		return csv_error(reader, error,
				 "text after the closing quote of field %zu",
				 reader->count + 1);
	return 0;
}

static int read_unquoted(struct csv_reader *reader, size_t begin, int byte, int *after,
			 struct error *error)
{
	struct text *record = &reader->record;

	while (byte != ',' && byte != '\n' && byte != '\r' && byte != EOF) {
		int status;

		if (byte == '"')
			return csv_error(
				reader, error,
				"a quote inside field %zu, which does not begin "
				"with one",
				reader->count + 1);
		status = put_byte(reader, begin, byte, error);
		if (!status)
			status = put_plain_run(reader, begin, error);
		if (status)
			return status;
		byte = next_byte(reader);
	}
	while (record->length > begin && is_blank(record->chars[record->length - 1]))
		record->length--;
	*after = byte;
	return 0;
}

/* One field, whose first byte is `byte`; *after is the separator that ended it. */
static int read_field(struct csv_reader *reader, int byte, int *after,
		      struct error *error)
{
	size_t begin = reader->record.length;
	int status;

	while (is_blank(byte))
		byte = next_byte(reader);
	status = byte == '"' ? read_quoted(reader, begin, after, error)
			     : read_unquoted(reader, begin, byte, after, error);
	return status ? status : end_field(reader, begin, error);
}

static int check_reads(struct csv_reader *reader, struct error *error)
{
	if (!reader->read_error)
		return 0;
	return error_set(error, -reader->read_error,
			 "reading %s failed after line %" PRIu64 ": %s", reader->path,
			 reader->line, strerror(reader->read_error));
}

static void begin_record(struct csv_reader *reader)
{
	reader->line = reader->next_line;
	reader->count = 0;
	reader->record.length = 0;
}

int csv_next(struct csv_reader *reader, struct error *error)
{
	int byte, status;

	do { /* skip blank lines */
		begin_record(reader);
		byte = next_byte(reader);
		while (is_blank(byte))
			byte = next_byte(reader);
		if (byte == EOF)
			return check_reads(reader, error);
	} while (ends_record(reader, byte));
	for (;;) {
		status = read_field(reader, byte, &byte, error);
		if (status)
			return status;
		if (byte != ',')
			break;
		byte = next_byte(reader);
	}
	ends_record(reader, byte); /* takes the LF of a CR LF */
	status = check_reads(reader, error);
	return status ? status : 1;
}

int csv_next_line(struct csv_reader *reader, struct error *error)
{
	int byte, status;

	begin_record(reader);
	byte = next_byte(reader);
	if (byte == EOF)
		return check_reads(reader, error);
	while (!ends_record(reader, byte)) {
		status = put_byte(reader, 0, byte, error);
		if (status)
			return status;
		byte = next_byte(reader);
	}
	status = end_field(reader, 0, error);
	if (!status)
		status = check_reads(reader, error);
	return status ? status : 1;
}

/* ---- writing ---- */

void csv_put_text(FILE *out, const char *text)
{
	size_t length = strlen(text);
	bool quote = !length || strpbrk(text, ",\"\r\n") || is_blank(text[0]) ||
		     is_blank(text[length - 1]);

	if (!quote) {
		fputs(text, out);
		return;
	}
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', out);
		putc(*text, out);
	}
	putc('"', out);
}

void csv_put_u64(FILE *out, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	fwrite(digits + at, 1, sizeof(digits) - at, out);
}

void csv_put_float(FILE *out, float number)
{
	char digits[32];

	for (int precision = 6; precision <= 9; precision++) {
		snprintf(digits, sizeof(digits), "%.*g", precision, (double)number);
		if (strtof(digits, NULL) == number)
			break;
	}
	fputs(digits, out);
}

void csv_put_number(FILE *out, double number)
{
	char digits[32];

	if (number >= 0 && number <= WHOLE_MAX && number == floor(number) &&
	    !signbit(number)) {
		csv_put_u64(out, (uint64_t)number);
		return;
	}
	for (int precision = 15; precision <= 17; precision++) {
		snprintf(digits, sizeof(digits), "%.*g", precision, number);
		if (strtod(digits, NULL) == number)
			break;
	}
	fputs(digits, out);
}
