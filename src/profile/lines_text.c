/* SPDX-License-Identifier: MIT */
/*
 * Contended lines in words, for every report alike. Names are as long as the program made them:
 * they are shortened here, so that a line of text stays one.
 */
#include <inttypes.h>
#include <string.h>

#include "profile/lines.h"

#define NAME_BYTES    48 /* of a variable or function; longer ones lose their end */
#define CONTENDED_MAX 2

/* Names that are too long are mostly arguments of templates: their beginning says most. */
static void put_name(struct text *text, const char *name)
{
	size_t length = strlen(name);

	if (length <= NAME_BYTES) {
		text_puts(text, name);
		return;
	}
	length = NAME_BYTES - strlen("...");
	while (length && ((unsigned char)name[length] & 0xc0) == 0x80)
		length--;
	text_append(text, name, length);
	text_puts(text, "...");
}

/* The last two names of an absolute path; one below a known directory is short enough. */
static const char *short_path(const char *path)
{
	const char *slash = *path == '/' ? strrchr(path, '/') : NULL;

	while (slash && slash > path && slash[-1] != '/')
		slash--;
	return slash ? slash : path;
}

void line_put_place(struct text *text, const struct line_place *place)
{
	if (*place->file && place->line)
		text_printf(text, "%s:%" PRIu32, short_path(place->file), place->line);
	else
		text_puts(text, *place->object ? short_path(place->object) : "?");
	if (*place->function) {
		text_puts(text, " (");
		put_name(text, place->function);
		text_puts(text, ")");
	}
}

static const struct line_data *data_at(const struct profile_line *line, uint32_t byte)
{
	size_t i = 0;

	while (i + 1 < line->data_count && line->data[i].last < byte)
		i++;
	return &line->data[i];
}

/* Not in a header of the system: a container says less than who has it. */
static bool is_own(const struct line_place *place)
{
	return place->line && strncmp(place->file, "/usr/", strlen("/usr/")) != 0;
}

static const struct line_place *allocator_of(const struct line_block *block)
{
	for (size_t i = 0; i < block->frame_count; i++)
		if (is_own(&block->frames[i]))
			return &block->frames[i];
	return block->frame_count ? &block->frames[0] : NULL;
}

static void put_block(struct text *text, const struct line_block *block, int64_t offset)
{
	const struct line_place *place = allocator_of(block);

	text_printf(text, "byte %" PRId64 " of a block of %" PRIu64 " bytes", offset,
		    block->bytes);
	if (!place)
		return;
	text_puts(text, " from ");
	line_put_place(text, place);
}

void line_put_data(struct text *text, const struct profile_line *line, uint32_t byte)
{
	const struct line_data *data = data_at(line, byte);
	int64_t offset = data->offset + byte - data->first;

	switch (data->kind) {
	case LINE_GLOBAL:
		put_name(text, data->name);
		text_printf(text, "+%" PRId64, offset);
		break;
	case LINE_HEAP:
		put_block(text, &line->blocks[data->block], offset);
		break;
	case LINE_SECTION:
		text_printf(text, "variables of %s", short_path(data->name));
		break;
	case LINE_STACK:
		text_puts(text, "the stack");
		if (data->thread)
			text_printf(text, " of thread %" PRIu32, data->thread);
		if (*data->name) {
			text_puts(text, " in ");
			put_name(text, data->name);
		}
		break;
	case LINE_THREAD:
		text_puts(text, "thread-local memory");
		if (data->thread)
			text_printf(text, " of thread %" PRIu32, data->thread);
		break;
	case LINE_FILE:
		text_printf(text, "the mapped file %s", short_path(data->name));
		break;
	default:
		text_puts(text, "memory without a name");
		break;
	}
}

void line_put_contended(struct text *text, const struct profile_line *line)
{
	uint64_t bytes = profile_line_contended(line);
	size_t told = 0;

	for (size_t i = 0; i < line->data_count && told < CONTENDED_MAX; i++) {
		const struct line_data *data = &line->data[i];
		uint32_t byte = data->first;

		while (byte <= data->last && !(bytes >> byte & 1))
			byte++;
		if (byte > data->last ||
		    (data->kind == LINE_UNKNOWN && (told || line->data_count > 1)))
			continue;
		if (told++)
			text_puts(text, " and ");
		line_put_data(text, line, byte);
	}
	if (!told)
		line_put_data(text, line, 0);
}

/* With one true HITM in so many, padding alone is not all that can be said. */
#define PART_TRUE 10

void line_put_advice(struct text *text, const struct profile_line *line)
{
	double decided = line->hitm_false + line->hitm_true;

	if (line->padding)
		text_printf(text,
			    "put %" PRIu32
			    " bytes between what different threads have, or "
			    "align each part to %d",
			    line->padding, LINE_BYTES);
	if (line->padding && line->hitm_true > decided / PART_TRUE)
		text_printf(text,
			    ": that ends the false sharing, %.0f %% of it; for the "
			    "rest, share less often",
			    100 * line->hitm_false / decided);
	if (!line->padding)
		text_puts(text,
			  "padding does not help, the threads want the same bytes: "
			  "share them less often");
}
