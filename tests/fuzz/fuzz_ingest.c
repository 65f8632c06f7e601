/* SPDX-License-Identifier: MIT */
/* profile/ingest.c: any bytes as a recording into a profile; what went in comes out. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "profile/profile.h"
#include "support/profile_builder.h"
#include "support/recording_builder.h"

static struct profile *profile; /* empty: every run is abandoned */
static char profile_file[] = "/tmp/autoperf-fuzz-XXXXXX";

static void remove_profile(void)
{
	profile_close(profile);
	unlink(profile_file);
}

static void open_profile(void)
{
	int file = mkstemp(profile_file);

	fuzz_require(file >= 0);
	close(file);
	unlink(profile_file);
	profile = example_profile(profile_file, recording_plan());
	fuzz_require(!atexit(remove_profile));
}

/* All samples of the begun run, by the way that everybody takes. */
static uint64_t count_samples(void)
{
	struct profile_region *regions;
	struct error error;
	uint64_t total = 0;
	size_t count;

	fuzz_require(!profile_regions(profile, &regions, &count, &error));
	for (size_t i = 0; i < count; i++) {
		struct sample_table table;

		fuzz_require(
			!profile_load(profile, regions[i].id, 0, true, &table, &error));
		fuzz_require(table.rows == regions[i].samples);
		total += table.rows;
		sample_table_free(&table);
	}
	profile_regions_free(regions, count);
	return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const char *path = fuzz_file(bytes, length);
	struct profile_run run = {.status = PROFILE_RUN_OK};
	struct error error = {0};

	if (!profile)
		open_profile();
	fuzz_require(!profile_begin_run(profile, &run, &error));
	if (profile_add_recording(profile, &run, path, &error)) {
		fuzz_require(error.code < 0 && strstr(error.text, path));
		fuzz_require(!run.samples && !run.lost);
	}
	fuzz_require(count_samples() == run.samples);
	profile_abandon_run(profile);
	return 0;
}

bool fuzz_seed(size_t index, uint8_t **bytes, size_t *length)
{
	static const uint32_t samples[] = {0, 3, 600};
	struct recording_builder builder;

	if (index >= sizeof(samples) / sizeof(samples[0]))
		return false;
	builder_example(&builder, samples[index]);
	*bytes = builder.bytes;
	*length = builder.length;
	return true;
}
