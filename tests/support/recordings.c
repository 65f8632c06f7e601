/* SPDX-License-Identifier: MIT */
/* Reads what a run recorded: see recordings.h. */
#include "support/recordings.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recording/session.h"

#define PATH_BYTES 512

static _Noreturn void give_up(const char *what, const char *why)
{
	fprintf(stderr, "recordings: %s: %s\n", what, why);
	abort();
}

static void open_one(struct recordings *recordings, const char *path)
{
	struct recording *larger = realloc(
		recordings->each, (recordings->count + 1) * sizeof(*recordings->each));
	struct error error;

	if (!larger)
		give_up(path, "out of memory");
	recordings->each = larger;
	if (recording_open(&larger[recordings->count], path, &error))
		give_up(path, error.text);
	recordings->count++;
}

void recordings_load(struct recordings *recordings, const char *directory)
{
	DIR *stream = opendir(directory);
	struct dirent *entry;
	char path[PATH_BYTES];

	if (!stream)
		give_up(directory, "cannot be read");
	while ((entry = readdir(stream))) {
		if (!strstr(entry->d_name, RECORDING_SUFFIX))
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		open_one(recordings, path);
	}
	closedir(stream);
}

void recordings_close(struct recordings *recordings)
{
	for (size_t i = 0; i < recordings->count; i++)
		recording_close(&recordings->each[i]);
	free(recordings->each);
	*recordings = (struct recordings){0};
}

static void visit_one(struct recording *recording, const char *region,
		      sample_visit visit, void *context)
{
	const unsigned char *samples;
	size_t count;

	recording_rewind(recording);
	while (recording_next(recording, &samples, &count))
		for (size_t i = 0; i < count; i++) {
			uint64_t copy[sizeof(struct recording_sample) / 8 +
				      RECORDING_EVENTS_MAX];
			const struct recording_sample *sample = (const void *)copy;

			recording_copy(recording,
				       samples + i * recording->header.sample_bytes,
				       copy);
			if (!recording_sample_valid(recording, sample))
				give_up("a sample", "of no region or thread");
			if (!region ||
			    !strcmp(region, recording->region_names[sample->region]))
				visit(recording, sample, (const uint64_t *)(sample + 1),
				      context);
		}
}

void recordings_visit(const struct recordings *recordings, const char *region,
		      sample_visit visit, void *context)
{
	for (size_t i = 0; i < recordings->count; i++)
		visit_one(&recordings->each[i], region, visit, context);
}

uint64_t recordings_lost(const struct recordings *recordings, enum recording_loss loss)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < recordings->count; i++)
		sum += recordings->each[i].header.losses[loss];
	return sum;
}
