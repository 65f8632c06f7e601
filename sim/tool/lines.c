/* SPDX-License-Identifier: MIT */
/*
 * Turns the machine's contended lines into text: bytes into variables and blocks, sites into lines
 * of the source.
 */
#include "tool/lines.h"

#include "base/printable.h"
#include "tool/block.h"
#include "tool/describe.h"
#include "tool/heap.h"
#include "tool/main.h"
#include "tool/padding.h"
#include "tool/region.h"

#define FORMAT_VERSION 1
#define FILE_FLAGS     (VKI_O_WRONLY | VKI_O_CREAT | VKI_O_TRUNC)
#define PRINTED_MAX    5 /* lines that lines_print() shows */
#define PRINTED_PLACES 2

/* ---- what lies there ---- */

/* Bytes of a line that belong to one variable or block, or to nothing known. */
struct stretch {
	struct data data; /* at the first byte */
	uint32_t first, last;
	uint32_t block; /* DATA_HEAP: index in the note */
};

/* At one byte. Blocks and stacks are those of the time when the line became contended. */
static void describe_byte(const struct heap_note *note, uint64_t address,
			  struct stretch *stretch)
{
	struct data *data = &stretch->data;

	for (uint32_t i = 0; note && i < note->block_count; i++) {
		uint64_t offset = address - note->blocks[i].address;

		if (offset >= note->blocks[i].bytes)
			continue;
		VG_(memset)(data, 0, sizeof(*data));
		data->kind = DATA_HEAP;
		data->offset = (int64_t)offset;
		stretch->block = i;
		return;
	}
	if (note && !note->block_count && note->other.kind != DATA_GLOBAL &&
	    note->other.kind != DATA_SECTION)
		*data = note->other;
	else if (note && note->block_count)
		VG_(memset)(data, 0, sizeof(*data)); /* the allocator's own */
	else
		describe_data(address, data);
}

static bool goes_on(const struct stretch *stretch, const struct stretch *next)
{
	uint32_t distance = next->first - stretch->first;

	if (stretch->data.kind != next->data.kind)
		return false;
	if (stretch->data.kind == DATA_HEAP && stretch->block != next->block)
		return false;
	if (stretch->data.kind == DATA_HEAP || stretch->data.kind == DATA_GLOBAL)
		return stretch->data.offset + distance == next->data.offset;
	return true;
}

/* The line from left to right; returns the number of stretches. */
static uint32_t describe_line(const struct machine_line *line,
			      struct stretch stretches[static MACHINE_LINE_BYTES])
{
	const struct heap_note *note = heap_get_note(line->note);
	uint32_t count = 0;

	for (uint32_t byte = 0; byte < MACHINE_LINE_BYTES; byte++) {
		struct stretch *next = &stretches[count];

		next->first = next->last = byte;
		next->block = 0;
		describe_byte(note, line->address + byte, next);
		if (count && goes_on(&stretches[count - 1], next))
			stretches[count - 1].last = byte;
		else
			count++;
	}
	return count;
}

/* Of the line that is being told. */
static struct stretch stretches[MACHINE_LINE_BYTES];

static bool touches(const struct machine_line_thread *thread, uint32_t byte)
{
	return (thread->read | thread->written) >> byte & 1;
}

static uint32_t first_byte(const struct machine_line_thread *thread)
{
	uint64_t bytes = thread->written ? thread->written : thread->read;

	return bytes ? (uint32_t)__builtin_ctzll(bytes) : 0;
}

/* ---- where it is touched ---- */

struct counted_place {
	uint64_t count;
	struct place place;
};

static bool is_same_place(const struct place *left, const struct place *right)
{
	return left->line == right->line &&
	       !VG_(strcmp)(left->function, right->function) &&
	       !VG_(strcmp)(left->file, right->file) &&
	       !VG_(strcmp)(left->object, right->object);
}

/* Several instructions may be one place; most frequent first. Returns the number of places. */
static uint32_t describe_sites(const struct machine_line_site *sites,
			       struct counted_place places[static MACHINE_LINE_SITES])
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < MACHINE_LINE_SITES && sites[i].count; i++) {
		struct counted_place next = {.count = sites[i].count};
		uint32_t at = 0;

		describe_place(site_address(sites[i].site), &next.place);
		while (at < count && !is_same_place(&places[at].place, &next.place))
			at++;
		if (at < count)
			next.count += places[at].count;
		else
			count++;
		for (; at && places[at - 1].count < next.count; at--)
			places[at] = places[at - 1];
		places[at] = next;
	}
	return count;
}

/* ---- JSON ---- */

/* As the profile keeps names (base/printable.h). */
static void put_text(VgFile *file, const HChar *text)
{
	const unsigned char *at = (const unsigned char *)text;
	SizeT left = VG_(strlen)(text);

	VG_(fprintf)(file, "\"");
	while (left) {
		SizeT length = printable_sequence(at, left);

		if (!length || printable_reads_as_escape(at, left)) {
			VG_(fprintf)(file, "\\\\x%02x", (UInt)*at);
			at++, left--;
			continue;
		}
		if (*at == '"' || *at == '\\')
			VG_(fprintf)(file, "\\");
		left -= length;
		while (length--)
			VG_(fprintf)(file, "%c", *at++);
	}
	VG_(fprintf)(file, "\"");
}

static void put_place(VgFile *file, const struct place *place)
{
	VG_(fprintf)(file, "{\"function\": ");
	put_text(file, place->function);
	VG_(fprintf)(file, ", \"file\": ");
	put_text(file, place->file);
	VG_(fprintf)(file, ", \"line\": %u, \"object\": ", place->line);
	put_text(file, place->object);
	VG_(fprintf)(file, "}");
}

static void put_stretch(VgFile *file, const struct stretch *stretch)
{
	static const HChar *const kinds[] = {
		[DATA_UNKNOWN] = "unknown", [DATA_GLOBAL] = "global",
		[DATA_SECTION] = "section", [DATA_STACK] = "stack",
		[DATA_THREAD] = "thread",   [DATA_HEAP] = "heap",
		[DATA_FILE] = "file",
	};
	const struct data *data = &stretch->data;

	VG_(fprintf)
	(file,
	 "{\"first\": %u, \"last\": %u, \"kind\": \"%s\", \"name\": ", stretch->first,
	 stretch->last, kinds[data->kind]);
	put_text(file, data->name);
	VG_(fprintf)
	(file, ", \"offset\": %lld, \"thread\": %u, \"block\": %u}", (Long)data->offset,
	 data->thread, stretch->block);
}

static void put_data(VgFile *file, const struct machine_line *line)
{
	uint32_t count = describe_line(line, stretches);

	VG_(fprintf)(file, "   \"data\": [");
	for (uint32_t i = 0; i < count; i++) {
		VG_(fprintf)(file, i ? ",\n    " : "\n    ");
		put_stretch(file, &stretches[i]);
	}
	VG_(fprintf)(file, "],\n");
}

static void put_block(VgFile *file, const struct machine_line *line,
		      const struct heap_noted_block *block)
{
	struct place places[DESCRIBE_FRAMES_MAX];
	uint32_t count = describe_allocation(block->where, places, DESCRIBE_FRAMES_MAX);

	VG_(fprintf)
	(file, "{\"bytes\": %llu, \"offset\": %lld, \"allocated_at\": [",
	 (ULong)block->bytes, (Long)(line->address - block->address));
	for (uint32_t i = 0; i < count; i++) {
		VG_(fprintf)(file, i ? ",\n     " : "\n     ");
		put_place(file, &places[i]);
	}
	VG_(fprintf)(file, "]}");
}

/* `offset` of a block: of the line's first byte in it. */
static void put_blocks(VgFile *file, const struct machine_line *line)
{
	const struct heap_note *note = heap_get_note(line->note);

	VG_(fprintf)(file, "   \"blocks\": [");
	for (uint32_t i = 0; note && i < note->block_count; i++) {
		VG_(fprintf)(file, i ? ",\n    " : "\n    ");
		put_block(file, line, &note->blocks[i]);
	}
	VG_(fprintf)(file, "],\n");
}

static void put_threads(VgFile *file, const struct machine_line *line)
{
	VG_(fprintf)(file, "   \"threads\": [");
	for (uint32_t i = 0; i < line->thread_count; i++) {
		const struct machine_line_thread *thread = &line->threads[i];

		VG_(fprintf)
		(file,
		 "%s\n    {\"thread\": %u, \"hitm\": %u, \"read\": "
		 "\"%016llx\", \"written\": \"%016llx\"}",
		 i ? "," : "", thread->id, thread->hitm, (ULong)thread->read,
		 (ULong)thread->written);
	}
	VG_(fprintf)
	(file, "],\n   \"more_threads\": %s,\n", line->more_threads ? "true" : "false");
}

static void put_sites(VgFile *file, const HChar *name,
		      const struct machine_line_site *sites)
{
	struct counted_place places[MACHINE_LINE_SITES];
	uint32_t count = describe_sites(sites, places);

	VG_(fprintf)(file, "   \"%s\": [", name);
	for (uint32_t i = 0; i < count; i++) {
		VG_(fprintf)
		(file, "%s\n    {\"count\": %llu, \"place\": ", i ? "," : "",
		 (ULong)places[i].count);
		put_place(file, &places[i].place);
		VG_(fprintf)(file, "}");
	}
	VG_(fprintf)(file, "],\n");
}

static void put_region_name(VgFile *file, uint32_t number)
{
	static HChar name[RECORDING_NAME_MAX + 1];

	region_name(number, name, sizeof(name));
	put_text(file, name);
}

static void put_line_regions(VgFile *file, const struct machine_line *line)
{
	bool first = true;

	VG_(fprintf)(file, "   \"regions\": [");
	for (int i = 0; i < MACHINE_LINE_REGIONS; i++) {
		const struct machine_line_region *region = &line->regions[i];
		const struct region_total *total = region_total(region->region);

		if (!total || !total->executions || !region->cycles)
			continue;
		VG_(fprintf)(file, "%s\n    {\"region\": ", first ? "" : ",");
		put_region_name(file, region->region);
		VG_(fprintf)
		(file, ", \"hitm\": %llu, \"cycles\": %llu}", (ULong)region->hitm,
		 (ULong)region->cycles);
		first = false;
	}
	VG_(fprintf)(file, "]");
}

static void put_line(VgFile *file, const struct machine_line *line)
{
	VG_(fprintf)
	(file,
	 "  {\"address\": %llu, \"hitm_local\": %llu, \"hitm_remote\": %llu, "
	 "\"hitm_false\": %llu,\n   \"hitm_true\": %llu, \"upgrades\": %llu, "
	 "\"cycles\": %llu, \"padding\": %u,\n",
	 (ULong)line->address, (ULong)line->hitm_local, (ULong)line->hitm_remote,
	 (ULong)line->hitm_false, (ULong)line->hitm_true, (ULong)line->upgrades,
	 (ULong)line->cycles, padding_smallest(line));
	put_data(file, line);
	put_blocks(file, line);
	put_threads(file, line);
	put_sites(file, "fetched_at", line->fetched_at);
	put_sites(file, "written_at", line->written_at);
	put_line_regions(file, line);
	VG_(fprintf)(file, "}");
}

/* What the lines' cycles are a share of. */
static void put_regions(VgFile *file)
{
	bool first = true;

	VG_(fprintf)(file, " \"regions\": [");
	for (uint32_t i = 1; i <= region_count(); i++) {
		const struct region_total *total = region_total(i);

		if (!total || !total->executions)
			continue;
		VG_(fprintf)(file, first ? "\n  {\"region\": " : ",\n  {\"region\": ");
		put_region_name(file, i);
		VG_(fprintf)
		(file,
		 ", \"executions\": %llu, \"cycles\": %llu, \"instructions\": "
		 "%llu}",
		 (ULong)total->executions, (ULong)total->cycles,
		 (ULong)total->counters[MACHINE_INSTRUCTIONS]);
		first = false;
	}
	VG_(fprintf)(file, "],\n");
}

static size_t costliest(const struct machine_line ***lines)
{
	size_t count = (size_t)tool.lines;

	*lines = VG_(malloc)("autoperf.lines", (count + 1) * sizeof(**lines));
	return machine_lines(tool.machine, *lines, count);
}

bool lines_write(const HChar *path)
{
	VgFile *file = VG_(fopen)(path, FILE_FLAGS, 0600);
	const struct machine_line **lines;
	size_t count;

	if (!file)
		return false;
	count = costliest(&lines);
	VG_(fprintf)(file, "{\"version\": %d, \"machine\": ", FORMAT_VERSION);
	put_text(file, tool.config->name);
	VG_(fprintf)
	(file, ", \"clock_mhz\": %u, \"line_bytes\": %d,\n", tool.config->clock_mhz,
	 MACHINE_LINE_BYTES);
	put_regions(file);
	VG_(fprintf)(file, " \"lines\": [");
	for (size_t i = 0; i < count; i++) {
		VG_(fprintf)(file, i ? ",\n" : "\n");
		put_line(file, lines[i]);
	}
	VG_(fprintf)(file, "\n ]}\n");
	VG_(fclose)(file);
	VG_(free)(lines);
	return true;
}

/* ---- for people ---- */

static void print_place(const HChar *verb, const struct place *place)
{
	VG_(umsg)
	("    %s in %s (%s:%u)\n", verb, *place->function ? place->function : "?",
	 *place->file ? place->file : place->object, place->line);
}

static void print_places(const HChar *verb, const struct machine_line_site *sites)
{
	struct counted_place places[MACHINE_LINE_SITES];
	uint32_t count = describe_sites(sites, places);

	for (uint32_t i = 0; i < count && i < PRINTED_PLACES; i++)
		print_place(verb, &places[i].place);
}

static void print_part(const struct machine_line_thread *thread, uint32_t count)
{
	uint32_t first = 0, last = MACHINE_LINE_BYTES - 1, at = 0;
	const struct data *data;

	while (first < last && !touches(thread, first))
		first++;
	while (last > first && !touches(thread, last))
		last--;
	while (at + 1 < count && stretches[at].last < first_byte(thread))
		at++;
	data = &stretches[at].data;
	VG_(umsg)
	("    thread %u %s bytes %u-%u", thread->id,
	 thread->written ? "writes" : "reads", first, last);
	if (data->kind == DATA_GLOBAL)
		VG_(umsg)
	(": %s+%lld", data->name,
	 (Long)data->offset + first_byte(thread) - stretches[at].first);
	else if (data->kind == DATA_HEAP) VG_(umsg)(
		": heap block %u, offset %lld", stretches[at].block + 1,
		(Long)data->offset + first_byte(thread) - stretches[at].first);
	else if (data->kind == DATA_STACK)
		VG_(umsg)(": stack of thread %u%s%s", data->thread,
			  *data->name ? ", " : "", data->name);
	else if (data->kind == DATA_THREAD)
		VG_(umsg)(": thread-local memory of thread %u", data->thread);
	VG_(umsg)("\n");
}

static void print_block(const struct heap_noted_block *block, uint32_t number)
{
	struct place places[DESCRIBE_FRAMES_MAX];
	uint32_t count = describe_allocation(block->where, places, DESCRIBE_FRAMES_MAX);

	VG_(umsg)("    heap block %u: %llu bytes\n", number, (ULong)block->bytes);
	for (uint32_t i = 0; i < count; i++)
		print_place("  allocated", &places[i]);
}

static void print_line(const struct machine_line *line)
{
	const struct heap_note *note = heap_get_note(line->note);
	uint64_t hitm = line->hitm_local + line->hitm_remote;
	uint32_t padding = padding_smallest(line);
	uint32_t count = describe_line(line, stretches);

	VG_(umsg)
	("line 0x%llx: %llu HITM, %llu %% false sharing, %llu cycles\n",
	 (ULong)line->address, (ULong)hitm,
	 (ULong)(hitm ? 100 * line->hitm_false / hitm : 0), (ULong)line->cycles);
	for (uint32_t i = 0; i < line->thread_count; i++)
		print_part(&line->threads[i], count);
	print_places("read or written", line->fetched_at);
	print_places("owner's write", line->written_at);
	for (uint32_t i = 0; note && i < note->block_count; i++)
		print_block(&note->blocks[i], i + 1);
	if (padding)
		VG_(umsg)("    %u bytes of padding would end it\n", padding);
}

void lines_print(void)
{
	const struct machine_line **lines;
	size_t count = costliest(&lines);

	for (size_t i = 0; i < count && i < PRINTED_MAX; i++)
		print_line(lines[i]);
	VG_(free)(lines);
}
