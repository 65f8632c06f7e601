/* SPDX-License-Identifier: MIT */
/*
 * Turns the machine's contended lines into text: bytes into variables and blocks, sites into lines
 * of the source.
 */
#include "tool/lines.h"

#include "tool/block.h"
#include "tool/describe.h"
#include "tool/heap.h"
#include "tool/main.h"
#include "tool/region.h"

#define FORMAT_VERSION 1
#define FILE_FLAGS     (VKI_O_WRONLY | VKI_O_CREAT | VKI_O_TRUNC)
#define PRINTED_MAX    5 /* lines that lines_print() shows */

/* ---- what to say ---- */

static bool touches(const struct machine_line_thread *thread, uint32_t byte)
{
	return (thread->read | thread->written) >> byte & 1;
}

static uint32_t first_byte(const struct machine_line_thread *thread)
{
	uint64_t bytes = thread->written ? thread->written : thread->read;

	return bytes ? (uint32_t)__builtin_ctzll(bytes) : 0;
}

/*
 * Bytes to insert before each thread's part so that two parts never share a line, however the
 * whole is aligned: a line less the smallest distance of two parts that a thread writes. 0:
 * padding does not help, because threads touch the same bytes.
 */
static uint32_t smallest_padding(const struct machine_line *line)
{
	uint32_t distance = MACHINE_LINE_BYTES;

	if (line->hitm_true >= line->hitm_false)
		return 0;
	for (uint32_t i = 0; i < line->thread_count; i++)
		for (uint32_t j = 0; j < line->thread_count; j++) {
			uint32_t a = first_byte(&line->threads[i]);
			uint32_t b = first_byte(&line->threads[j]);

			if (line->threads[i].written && a < b && b - a < distance)
				distance = b - a;
		}
	return MACHINE_LINE_BYTES - distance;
}

/* What lies at the first byte that the thread touches. */
static void describe_part(const struct machine_line *line, uint32_t byte,
			  struct data *data)
{
	const struct heap_note *note = heap_get_note(line->note);
	uint64_t address = line->address + byte;

	if (note && address - note->address < note->bytes) {
		VG_(memset)(data, 0, sizeof(*data));
		data->kind = DATA_HEAP;
		data->offset = (int64_t)(address - note->address);
		return;
	}
	describe_data(address, data);
}

/* ---- JSON ---- */

static void put_text(VgFile *file, const HChar *text)
{
	VG_(fprintf)(file, "\"");
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			VG_(fprintf)(file, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			VG_(fprintf)(file, "\\u%04x", (unsigned)c);
		else
			VG_(fprintf)(file, "%c", c);
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

static void put_data(VgFile *file, const struct data *data)
{
	static const HChar *const kinds[] = {
		[DATA_UNKNOWN] = "unknown", [DATA_GLOBAL] = "global",
		[DATA_STACK] = "stack",     [DATA_HEAP] = "heap",
		[DATA_FILE] = "file",
	};

	VG_(fprintf)(file, "{\"kind\": \"%s\", \"name\": ", kinds[data->kind]);
	put_text(file, data->name);
	VG_(fprintf)(file, ", \"offset\": %lld}", (Long)data->offset);
}

static void put_block(VgFile *file, const struct machine_line *line)
{
	const struct heap_note *note = heap_get_note(line->note);
	struct place places[DESCRIBE_FRAMES_MAX];
	uint32_t count;

	if (!note)
		return;
	count = describe_allocation(note->where, places, DESCRIBE_FRAMES_MAX);
	VG_(fprintf)
	(file,
	 "   \"block\": {\"address\": %llu, \"bytes\": %llu, "
	 "\"allocated_at\": [",
	 (ULong)note->address, (ULong)note->bytes);
	for (uint32_t i = 0; i < count; i++) {
		VG_(fprintf)(file, i ? ",\n    " : "\n    ");
		put_place(file, &places[i]);
	}
	VG_(fprintf)(file, "]},\n");
}

static void put_threads(VgFile *file, const struct machine_line *line)
{
	VG_(fprintf)(file, "   \"threads\": [");
	for (uint32_t i = 0; i < line->thread_count; i++) {
		const struct machine_line_thread *thread = &line->threads[i];
		struct data data;

		describe_part(line, first_byte(thread), &data);
		VG_(fprintf)
		(file,
		 "%s\n    {\"thread\": %u, \"hitm\": %u, \"read\": "
		 "\"%016llx\", \"written\": \"%016llx\", \"data\": ",
		 i ? "," : "", thread->id, thread->hitm, (ULong)thread->read,
		 (ULong)thread->written);
		put_data(file, &data);
		VG_(fprintf)(file, "}");
	}
	VG_(fprintf)
	(file, "],\n   \"more_threads\": %s,\n", line->more_threads ? "true" : "false");
}

static void put_sites(VgFile *file, const HChar *name,
		      const struct machine_line_site *sites)
{
	VG_(fprintf)(file, "   \"%s\": [", name);
	for (uint32_t i = 0; i < 2 && sites[i].count; i++) {
		struct place place;

		describe_place(site_address(sites[i].site), &place);
		VG_(fprintf)
		(file, "%s\n    {\"count\": %u, \"place\": ", i ? "," : "",
		 sites[i].count);
		put_place(file, &place);
		VG_(fprintf)(file, "}");
	}
	VG_(fprintf)(file, "],\n");
}

static void put_regions(VgFile *file, const struct machine_line *line)
{
	bool first = true;

	VG_(fprintf)(file, "   \"regions\": [");
	for (int i = 0; i < MACHINE_LINE_REGIONS; i++) {
		const struct machine_line_region *region = &line->regions[i];
		const struct region_total *total = region_total(region->region);
		HChar name[DESCRIBE_NAME_BYTES];

		if (!total || !region->hitm)
			continue;
		region_name(region->region, name, sizeof(name));
		VG_(fprintf)(file, "%s\n    {\"region\": ", first ? "" : ",");
		put_text(file, name);
		VG_(fprintf)
		(file,
		 ", \"hitm\": %llu, \"cycles\": %llu, \"region_cycles\": "
		 "%llu}",
		 (ULong)region->hitm, (ULong)region->cycles, (ULong)total->cycles);
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
	 (ULong)line->cycles, smallest_padding(line));
	put_block(file, line);
	put_threads(file, line);
	put_sites(file, "fetched_at", line->fetched_at);
	put_sites(file, "written_at", line->written_at);
	put_regions(file, line);
	VG_(fprintf)(file, "}");
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
	(file, ", \"clock_mhz\": %u, \"line_bytes\": %d,\n \"lines\": [",
	 tool.config->clock_mhz, MACHINE_LINE_BYTES);
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

static void print_places(const HChar *verb, const struct machine_line_site *sites)
{
	for (uint32_t i = 0; i < 2 && sites[i].count; i++) {
		struct place place;

		describe_place(site_address(sites[i].site), &place);
		VG_(umsg)
		("    %s in %s (%s:%u)\n", verb, *place.function ? place.function : "?",
		 *place.file ? place.file : place.object, place.line);
	}
}

static void print_part(const struct machine_line *line,
		       const struct machine_line_thread *thread)
{
	struct data data;
	uint32_t first = 0, last = MACHINE_LINE_BYTES - 1;

	while (first < last && !touches(thread, first))
		first++;
	while (last > first && !touches(thread, last))
		last--;
	describe_part(line, first_byte(thread), &data);
	VG_(umsg)
	("    thread %u %s bytes %u-%u", thread->id,
	 thread->written ? "writes" : "reads", first, last);
	if (data.kind == DATA_GLOBAL)
		VG_(umsg)(": %s+%lld", data.name, (Long)data.offset);
	else if (data.kind == DATA_HEAP)
		VG_(umsg)(": heap block, offset %lld", (Long)data.offset);
	VG_(umsg)("\n");
}

static void print_line(const struct machine_line *line)
{
	const struct heap_note *note = heap_get_note(line->note);
	uint64_t hitm = line->hitm_local + line->hitm_remote;
	uint32_t padding = smallest_padding(line);

	VG_(umsg)
	("line 0x%llx: %llu HITM, %llu %% false sharing, %llu cycles\n",
	 (ULong)line->address, (ULong)hitm,
	 (ULong)(hitm ? 100 * line->hitm_false / hitm : 0), (ULong)line->cycles);
	for (uint32_t i = 0; i < line->thread_count; i++)
		print_part(line, &line->threads[i]);
	print_places("read or written", line->fetched_at);
	print_places("owner's write", line->written_at);
	if (note) {
		struct place places[DESCRIBE_FRAMES_MAX];
		uint32_t count =
			describe_allocation(note->where, places, DESCRIBE_FRAMES_MAX);

		VG_(umsg)("    block of %llu bytes\n", (ULong)note->bytes);
		for (uint32_t i = 0; i < count; i++)
			VG_(umsg)
		("      allocated in %s (%s:%u)\n",
		 *places[i].function ? places[i].function : "?",
		 *places[i].file ? places[i].file : places[i].object, places[i].line);
	}
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
