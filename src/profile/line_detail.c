/* SPDX-License-Identifier: MIT */
/*
 * What a contended line has on it and who touched it where. The simulator writes it as JSON, and
 * the profile keeps it as that, since nothing is ever looked for in it: so the same code reads
 * both, and trusts neither.
 */
#include "profile/line_detail.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "profile/store.h"

#define MASK_DIGITS 16 /* hexadecimal, of 64 bytes */
/* A thread with less than this part of the busiest one's HITM only set the line up. */
#define QUIET_SHARE 64

static const char *const kind_names[LINE_DATA_KINDS] = {
	[LINE_UNKNOWN] = "unknown", [LINE_GLOBAL] = "global",
	[LINE_SECTION] = "section", [LINE_STACK] = "stack",
	[LINE_THREAD] = "thread",   [LINE_HEAP] = "heap",
	[LINE_FILE] = "file",
};

const char *line_data_kind_name(enum line_data_kind kind)
{
	return kind < LINE_DATA_KINDS ? kind_names[kind] : "unknown";
}

/* ---- members ---- */

static int bad(struct error *error, const char *key, const char *what)
{
	return error_set(error, -EBADMSG, "\"%s\" is %s", key, what);
}

int line_get_count(const json_t *object, const char *key, uint64_t limit,
		   uint64_t *count, struct error *error)
{
	const json_t *member = json_object_get(object, key);
	json_int_t value = json_integer_value(member);

	if (!json_is_integer(member))
		return bad(error, key, "no whole number");
	if (value < 0 || (uint64_t)value > limit)
		return bad(error, key, "out of range");
	*count = (uint64_t)value;
	return 0;
}

static int get_number(const json_t *object, const char *key, uint32_t limit,
		      uint32_t *number, struct error *error)
{
	uint64_t count = 0;
	int status = line_get_count(object, key, limit, &count, error);

	*number = (uint32_t)count;
	return status;
}

static int get_offset(const json_t *object, const char *key, int64_t *offset,
		      struct error *error)
{
	const json_t *member = json_object_get(object, key);

	if (!json_is_integer(member))
		return bad(error, key, "no whole number");
	*offset = json_integer_value(member);
	if (*offset > (int64_t)LINE_COUNT_MAX || *offset < -(int64_t)LINE_COUNT_MAX)
		return bad(error, key, "out of range");
	return 0;
}

int line_get_text(json_t *object, const char *key, size_t limit, const char **text,
		  struct error *error)
{
	json_t *member = json_object_get(object, key);
	char *clean;
	int failed;

	if (!json_is_string(member))
		return bad(error, key, "no text");
	if (json_string_length(member) > limit)
		return bad(error, key, "too long");
	*text = json_string_value(member);
	if (store_is_clean(*text))
		return 0;
	clean = profile_clean_text(*text, strlen(*text));
	failed = !clean || json_string_set(member, clean);
	free(clean);
	*text = json_string_value(member);
	return failed ? error_no_memory(error, "reading a name") : 0;
}

static int get_mask(const json_t *object, const char *key, uint64_t *mask,
		    struct error *error)
{
	const char *text = json_string_value(json_object_get(object, key));

	*mask = 0;
	if (!text || strlen(text) != MASK_DIGITS)
		return bad(error, key, "no set of bytes");
	for (; *text; text++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = strchr(digits, *text);

		if (!digit)
			return bad(error, key, "no set of bytes");
		*mask = *mask << 4 | (uint64_t)(digit - digits);
	}
	return 0;
}

static int get_array(const json_t *object, const char *key, size_t limit,
		     json_t **array, struct error *error)
{
	*array = json_object_get(object, key);
	if (!json_is_array(*array))
		return bad(error, key, "no array");
	if (json_array_size(*array) > limit)
		return bad(error, key, "too long");
	return 0;
}

/* ---- parts of a line ---- */

/* Builds name files as "../src/a.c" below the directory of the build: "x/.." goes. In place. */
static void shorten_path(char *path)
{
	char *up;

	while ((up = strstr(path, "/../"))) {
		char *from = up;

		while (from > path && from[-1] != '/')
			from--;
		/* Nothing to take back: "../", "./../" and "/../" stay, as does all behind. */
		if (from == up || !strncmp(from, "../", 3) || !strncmp(from, "./", 2))
			break;
		memmove(from, up + strlen("/../"), strlen(up + strlen("/../")) + 1);
	}
}

static int get_file(json_t *object, const char **file, struct error *error)
{
	int status = line_get_text(object, "file", LINE_NAME_MAX, file, error);
	char *path;

	if (status || !strstr(*file, "/../"))
		return status;
	path = strdup(*file);
	if (!path)
		return error_no_memory(error, "reading a name");
	shorten_path(path);
	if (json_string_set(json_object_get(object, "file"), path))
		status = error_no_memory(error, "reading a name");
	free(path);
	*file = json_string_value(json_object_get(object, "file"));
	return status;
}

/* A member that is a path below `top`, if there is one: that part goes. */
static int cut_name(json_t *object, const char *key, const char *top)
{
	json_t *member = json_object_get(object, key);
	const char *text = json_string_value(member);
	size_t length = strlen(top);
	int status = 0;
	char *path;

	if (!text || strncmp(text, top, length) != 0 || text[length] != '/')
		return 0;
	path = strdup(text);
	if (!path)
		return -ENOMEM;
	shorten_path(path);
	if (!strncmp(path, top, length) && path[length] == '/' && path[length + 1])
		status = json_string_set(member, path + length + 1) ? -ENOMEM : 0;
	free(path);
	return status;
}

int line_name_below(json_t *value, const char *top)
{
	static const char *const keys[] = {"file", "object", "name"};
	const char *key;
	json_t *member;
	int status = 0;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]) && !status; i++)
		status = cut_name(value, keys[i], top);
	/* As deep as the parser lets a text be. */
	json_array_foreach (value, i, member)
		status = status ? status : line_name_below(member, top);
	json_object_foreach (value, key, member)
		status = status ? status : line_name_below(member, top);
	return status;
}

static int read_place(json_t *object, struct line_place *place, struct error *error)
{
	int status = line_get_text(object, "function", LINE_NAME_MAX, &place->function,
				   error);

	if (!status)
		status = get_file(object, &place->file, error);
	if (!status)
		status = line_get_text(object, "object", LINE_NAME_MAX, &place->object,
				       error);
	if (!status)
		status = get_number(object, "line", UINT32_MAX, &place->line, error);
	return status;
}

static int read_sites(const json_t *line, const char *key, struct line_site *sites,
		      size_t *count, struct error *error)
{
	json_t *array, *item;
	int status = get_array(line, key, LINE_SITES_MAX, &array, error);
	size_t i;

	*count = 0;
	if (status)
		return status;
	json_array_foreach (array, i, item) {
		struct line_site *site = &sites[*count];

		status = line_get_count(item, "count", LINE_COUNT_MAX, &site->count,
					error);
		if (!status)
			status = read_place(json_object_get(item, "place"),
					    &site->place, error);
		if (status)
			return status;
		(*count)++;
	}
	return 0;
}

static int read_block(json_t *item, struct line_block *block, struct error *error)
{
	json_t *array, *frame;
	int status =
		line_get_count(item, "bytes", LINE_COUNT_MAX, &block->bytes, error);
	size_t i;

	if (!status)
		status = get_offset(item, "offset", &block->offset, error);
	if (!status)
		status =
			get_array(item, "allocated_at", LINE_FRAMES_MAX, &array, error);
	block->frame_count = 0;
	if (status)
		return status;
	json_array_foreach (array, i, frame) {
		status = read_place(frame, &block->frames[i], error);
		if (status)
			return status;
		block->frame_count++;
	}
	return 0;
}

static int read_blocks(const json_t *object, struct profile_line *line,
		       struct error *error)
{
	json_t *array, *item;
	int status = get_array(object, "blocks", LINE_BLOCKS_MAX, &array, error);
	size_t i;

	line->block_count = 0;
	if (status)
		return status;
	json_array_foreach (array, i, item) {
		status = read_block(item, &line->blocks[i], error);
		if (status)
			return status;
		line->block_count++;
	}
	return 0;
}

static int read_kind(const json_t *item, enum line_data_kind *kind, struct error *error)
{
	const char *name = json_string_value(json_object_get(item, "kind"));

	for (unsigned i = 0; name && i < LINE_DATA_KINDS; i++)
		if (!strcmp(name, kind_names[i])) {
			*kind = (enum line_data_kind)i;
			return 0;
		}
	return bad(error, "kind", "no kind of memory");
}

/* `next`: the byte where the stretch has to begin. */
static int read_stretch(json_t *item, const struct profile_line *line, uint32_t next,
			struct line_data *data, struct error *error)
{
	int status = read_kind(item, &data->kind, error);

	if (!status)
		status = get_number(item, "first", LINE_BYTES - 1, &data->first, error);
	if (!status)
		status = get_number(item, "last", LINE_BYTES - 1, &data->last, error);
	if (!status && (data->first != next || data->last < data->first))
		status = bad(error, "data", "in disorder");
	if (!status)
		status = line_get_text(item, "name", LINE_NAME_MAX, &data->name, error);
	if (!status)
		status = get_offset(item, "offset", &data->offset, error);
	if (!status)
		status = get_number(item, "thread", UINT32_MAX, &data->thread, error);
	if (!status)
		status =
			get_number(item, "block", LINE_BLOCKS_MAX, &data->block, error);
	if (!status && data->kind == LINE_HEAP && data->block >= line->block_count)
		status = bad(error, "block", "no block of the line");
	return status;
}

static int read_data(const json_t *object, struct profile_line *line,
		     struct error *error)
{
	json_t *array, *item;
	int status = get_array(object, "data", LINE_BYTES, &array, error);
	uint32_t next = 0;
	size_t i;

	line->data_count = 0;
	if (status)
		return status;
	json_array_foreach (array, i, item) {
		status = read_stretch(item, line, next, &line->data[i], error);
		if (status)
			return status;
		next = line->data[i].last + 1;
		line->data_count++;
	}
	return next == LINE_BYTES ? 0 : bad(error, "data", "not of the whole line");
}

static int read_threads(const json_t *object, struct profile_line *line,
			struct error *error)
{
	json_t *array, *item;
	int status = get_array(object, "threads", LINE_THREADS_MAX, &array, error);
	size_t i;

	line->thread_count = 0;
	if (status)
		return status;
	json_array_foreach (array, i, item) {
		struct line_thread *thread = &line->threads[i];

		status = get_number(item, "thread", UINT32_MAX, &thread->thread, error);
		if (!status)
			status = line_get_count(item, "hitm", LINE_COUNT_MAX,
						&thread->hitm, error);
		if (!status)
			status = get_mask(item, "read", &thread->read, error);
		if (!status)
			status = get_mask(item, "written", &thread->written, error);
		if (status)
			return status;
		line->thread_count++;
	}
	return 0;
}

int line_read_detail(json_t *object, struct profile_line *line, struct error *error)
{
	const json_t *more = json_object_get(object, "more_threads");
	int status =
		get_number(object, "padding", LINE_BYTES - 1, &line->padding, error);

	if (!status && !json_is_boolean(more))
		status = bad(error, "more_threads", "neither true nor false");
	line->more_threads = json_is_true(more);
	if (!status)
		status = read_blocks(object, line, error);
	if (!status)
		status = read_data(object, line, error);
	if (!status)
		status = read_threads(object, line, error);
	if (!status)
		status = read_sites(object, "fetched_at", line->fetched_at,
				    &line->fetched_count, error);
	if (!status)
		status = read_sites(object, "written_at", line->written_at,
				    &line->written_count, error);
	return status;
}

char *line_write_detail(const json_t *object)
{
	static const char *const members[] = {"padding",   "more_threads", "data",
					      "blocks",    "threads",      "fetched_at",
					      "written_at"};
	json_t *detail = json_object();
	char *text = NULL;
	bool failed = !detail;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]) && !failed; i++)
		failed = json_object_set(detail, members[i],
					 json_object_get(object, members[i]));
	if (!failed)
		text = json_dumps(detail, JSON_COMPACT);
	json_decref(detail);
	return text;
}

/* ---- what lies there ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void put_place(struct text *text, const struct line_place *place,
		      bool with_lines)
{
	text_printf(text, "%s(%s", place->function,
		    base_name(*place->file ? place->file : place->object));
	if (with_lines && place->line)
		text_printf(text, ":%" PRIu32, place->line);
	text_puts(text, ")");
}

uint64_t profile_line_contended(const struct profile_line *line)
{
	uint64_t most = 0, bytes = 0;

	for (size_t i = 0; i < line->thread_count; i++)
		if (line->threads[i].hitm > most)
			most = line->threads[i].hitm;
	for (size_t i = 0; i < line->thread_count; i++)
		if (line->threads[i].hitm > most / QUIET_SHARE)
			bytes |= line->threads[i].read | line->threads[i].written;
	return bytes ? bytes : UINT64_MAX;
}

/*
 * A variable is known by its name, a block of the heap by who allocated it: those say most. All
 * else is told apart by who touches it.
 */
static const struct line_data *most_telling(const struct profile_line *line)
{
	uint64_t contended = profile_line_contended(line);
	const struct line_data *best = &line->data[0];

	for (size_t i = 0; i < line->data_count; i++) {
		const struct line_data *data = &line->data[i];
		uint64_t bytes = UINT64_MAX >> (LINE_BYTES - 1 - data->last) &
				 UINT64_MAX << data->first;

		if (!(bytes & contended))
			continue;
		if (data->kind == LINE_GLOBAL || data->kind == LINE_HEAP)
			return data;
		if (best->kind == LINE_UNKNOWN)
			best = data;
	}
	return best;
}

void line_identify(struct text *text, const struct profile_line *line, bool with_lines)
{
	const struct line_data *data = most_telling(line);
	const struct line_block *block = &line->blocks[data->block];

	text_printf(text, "%s%s%s", line_data_kind_name(data->kind),
		    *data->name ? " " : "", data->name);
	switch (data->kind) {
	case LINE_GLOBAL:
		text_printf(text, "%+" PRId64, data->offset - data->first);
		return;
	case LINE_HEAP:
		/* Blocks begin anywhere in a line: the number of the line says less, but the
		 * same in every run. */
		text_printf(text, " %" PRId64 " of",
			    (block->offset + LINE_BYTES - 1) / LINE_BYTES);
		for (size_t i = 0; i < block->frame_count; i++) {
			text_puts(text, " ");
			put_place(text, &block->frames[i], with_lines);
		}
		return;
	default:
		break;
	}
	if (line->fetched_count) {
		text_puts(text, " fetched ");
		put_place(text, &line->fetched_at[0].place, with_lines);
	}
	if (line->written_count) {
		text_puts(text, " written ");
		put_place(text, &line->written_at[0].place, with_lines);
	}
}
