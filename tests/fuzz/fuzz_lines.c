/* SPDX-License-Identifier: MIT */
/*
 * profile/lines.c, line_detail.c, lines_load.c: any bytes as a process's file of contended lines.
 * What a profile takes can be loaded from it, is within the bounds of lines.h and can be told.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "profile/lines.h"
#include "support/profile_builder.h"

static struct profile *profile; /* without any run */
static char profile_file[] = "/tmp/autoperf-fuzz-XXXXXX";

static void close_profile(void)
{
	profile_close(profile);
	profile = NULL;
	unlink(profile_file);
}

static void open_profile(void)
{
	static bool registered;
	int file;

	memset(strrchr(profile_file, '-') + 1, 'X', 6); /* mkstemp() fills them in */
	file = mkstemp(profile_file);
	fuzz_require(file >= 0);
	close(file);
	unlink(profile_file);
	profile = example_profile(profile_file, recording_plan());
	if (!registered)
		fuzz_require(!atexit(close_profile));
	registered = true;
}

static void check_places(const struct line_place *place)
{
	struct text text = {0};

	fuzz_require(place->function && place->file && place->object);
	line_put_place(&text, place);
	fuzz_require(!text.failed);
	text_free(&text);
}

static void check_data(const struct profile_line *line)
{
	struct text text = {0};
	uint32_t next = 0;

	for (size_t i = 0; i < line->data_count; i++) {
		const struct line_data *data = &line->data[i];

		fuzz_require(data->kind < LINE_DATA_KINDS && data->name);
		fuzz_require(data->first == next && data->last >= data->first);
		fuzz_require(data->kind != LINE_HEAP ||
			     data->block < line->block_count);
		next = data->last + 1;
	}
	fuzz_require(next == LINE_BYTES);
	for (uint32_t byte = 0; byte < LINE_BYTES; byte++)
		line_put_data(&text, line, byte);
	line_put_contended(&text, line);
	line_put_advice(&text, line);
	fuzz_require(!text.failed && text.length);
	text_free(&text);
}

static void check_line(const struct profile_line *line)
{
	char *detail = profile_line_detail(line);
	json_t *json;

	fuzz_require(detail);
	json = json_loads(detail, JSON_REJECT_DUPLICATES, NULL);
	fuzz_require(json_is_object(json));
	json_decref(json);
	free(detail);
	fuzz_require(*line->identity && *line->subject);
	fuzz_require(line->thread_count <= LINE_THREADS_MAX &&
		     line->block_count <= LINE_BLOCKS_MAX);
	fuzz_require(line->fetched_count <= LINE_SITES_MAX &&
		     line->written_count <= LINE_SITES_MAX);
	check_data(line);
	for (size_t i = 0; i < line->block_count; i++) {
		fuzz_require(line->blocks[i].frame_count <= LINE_FRAMES_MAX);
		for (size_t j = 0; j < line->blocks[i].frame_count; j++)
			check_places(&line->blocks[i].frames[j]);
	}
	for (size_t i = 0; i < line->fetched_count; i++)
		check_places(&line->fetched_at[i].place);
	for (size_t i = 0; i < line->written_count; i++)
		check_places(&line->written_at[i].place);
	for (size_t i = 0; i < line->region_count; i++) {
		const struct line_region *region = &line->regions[i];

		fuzz_require(*region->name);
		fuzz_require(isfinite(region->cycles_share) &&
			     isfinite(region->cycles_per_execution) &&
			     isfinite(region->hitm_per_execution) &&
			     isfinite(region->hitm_per_1000));
	}
}

static void check_profile(void)
{
	struct profile_lines lines;
	struct error error = {0};

	fuzz_require(!profile_lines(profile, &lines, &error));
	fuzz_require(lines.runs <= 1);
	for (size_t i = 0; i < lines.count; i++)
		check_line(&lines.items[i]);
	profile_lines_free(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const char *path = fuzz_file(bytes, length);
	struct profile_run run = {.status = PROFILE_RUN_OK};
	struct error error = {0};

	if (!profile)
		open_profile();
	fuzz_require(!profile_begin_run(profile, &run, &error));
	if (profile_add_lines(profile, &run, path, "/src", &error)) {
		fuzz_require(error.code < 0 && strstr(error.text, path));
		profile_abandon_run(profile);
		return 0;
	}
	fuzz_require(!profile_end_run(profile, &run, &error));
	check_profile();
	/* The next input finds an empty one again. */
	close_profile();
	return 0;
}

#define HEAD                                                   \
	"{\"version\":1,\"machine\":\"m\",\"clock_mhz\":3000," \
	"\"line_bytes\":64,\"regions\":[{\"region\":\"r\","    \
	"\"executions\":2,\"cycles\":900,\"instructions\":100}],\"lines\":["
#define PLACE "{\"function\":\"f\",\"file\":\"/a/../b.c\",\"line\":7,\"object\":\"/p\"}"
#define COUNTS                                                            \
	"{\"address\":4096,\"hitm_local\":9,\"hitm_remote\":1,"           \
	"\"hitm_false\":8,\"hitm_true\":2,\"upgrades\":3,\"cycles\":500," \
	"\"padding\":56,"
#define TAIL                                                               \
	"\"threads\":[{\"thread\":2,\"hitm\":5,"                           \
	"\"read\":\"00000000000000ff\",\"written\":\"00000000000000ff\"}," \
	"{\"thread\":3,\"hitm\":5,\"read\":\"ff00000000000000\","          \
	"\"written\":\"ff00000000000000\"}],\"more_threads\":false,"       \
	"\"fetched_at\":[{\"count\":4,\"place\":" PLACE "}],"              \
	"\"written_at\":[{\"count\":3,\"place\":" PLACE "}],"              \
	"\"regions\":[{\"region\":\"r\",\"hitm\":9,\"cycles\":400}]}"

bool fuzz_seed(size_t index, uint8_t **bytes, size_t *length)
{
	static const char *const seeds[] = {
		HEAD "]}",
		HEAD COUNTS
		"\"data\":[{\"first\":0,\"last\":63,\"kind\":\"global\","
		"\"name\":\"sums\",\"offset\":32,\"thread\":0,\"block\":0}],"
		"\"blocks\":[]," TAIL "]}",
		HEAD COUNTS "\"data\":[{\"first\":0,\"last\":15,\"kind\":\"stack\","
			    "\"name\":\"main\",\"offset\":0,\"thread\":1,\"block\":0},"
			    "{\"first\":16,\"last\":63,\"kind\":\"heap\",\"name\":\"\","
			    "\"offset\":0,\"thread\":0,\"block\":0}],"
			    "\"blocks\":[{\"bytes\":64,\"offset\":-16,"
			    "\"allocated_at\":[" PLACE "," PLACE "]}]," TAIL "]}",
	};

	if (index >= sizeof(seeds) / sizeof(*seeds))
		return false;
	*length = strlen(seeds[index]);
	*bytes = malloc(*length);
	if (!*bytes)
		abort();
	memcpy(*bytes, seeds[index], *length);
	return true;
}
