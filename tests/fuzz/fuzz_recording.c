/* SPDX-License-Identifier: MIT */
/* recording/reader.c: whatever the bytes, no crash, and its promises hold. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "recording/reader.h"
#include "support/recording_builder.h"

#define PAGE_END 8192 /* in the middle of the names area */

/* Checks where the samples lie, and reads them. Returns how many there are. */
static uint64_t read_samples(struct recording *recording)
{
	const unsigned char *end = recording->map + recording->header.blocks_offset;
	const unsigned char *samples;
	uint64_t total = 0;
	size_t count;

	while (recording_next(recording, &samples, &count)) {
		fuzz_require(count > 0);
		fuzz_require((uintptr_t)samples % 8 == 0);
		/* In file order, no byte twice. */
		fuzz_require(samples >= end);
		fuzz_require(count * recording->header.sample_bytes <=
			     (size_t)(recording->map + recording->map_bytes - samples));
		for (size_t i = 0; i < count; i++) {
			struct recording_sample sample;

			memcpy(&sample, samples + i * recording->header.sample_bytes,
			       sizeof(sample));
			if (recording_sample_valid(recording, &sample))
				fuzz_require(
					strlen(recording
						       ->region_names[sample.region]) <=
					RECORDING_NAME_MAX);
		}
		end = samples + count * recording->header.sample_bytes;
		total += count;
	}
	return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct recording recording;
	struct error error = {0};
	uint64_t count;

	if (recording_open(&recording, fuzz_file(bytes, length), &error)) {
		fuzz_require(error.code < 0 && *error.text);
		fuzz_require(!recording.map);
		return 0;
	}
	for (uint32_t i = 0; i < recording.header.event_count; i++)
		fuzz_require(recording.event_names[i]);
	fuzz_require(recording.region_count <= RECORDING_REGIONS_MAX);
	count = recording_count(&recording);
	fuzz_require(count <= length / recording.header.sample_bytes);
	fuzz_require(read_samples(&recording) == count);
	recording_rewind(&recording);
	fuzz_require(read_samples(&recording) == count);
	recording_close(&recording);
	return 0;
}

bool fuzz_seed(size_t index, uint8_t **bytes, size_t *length)
{
	struct recording_builder builder;
	const struct recording_sample sample = {.region = 1, .wall_ns = 5, .one_in = 1};
	const uint64_t values[2] = {1, 2};
	uint64_t block;

	switch (index) {
	case 0:
		builder_open(&builder, 0);
		break;
	case 1:
		builder_example(&builder, 20);
		break;
	case 2: /* holes in the names and between the blocks */
		builder_example(&builder, 3);
		builder_names_hole(&builder, 48);
		builder_name(&builder, RECORDING_NAME_REGION, 2, 0, "gamma");
		builder_hole(&builder, 1);
		block = builder_block(&builder, 2);
		builder_sample(&builder, block, &sample, values);
		break;
	case 3: /* a full block */
		builder_example(&builder, 400);
		break;
	case 4: /* a chain of blocks that are nearly empty */
		builder_example(&builder, 1);
		for (int i = 0; i < 3; i++) {
			block = builder_block(&builder, 1);
			builder_sample(&builder, block, &sample, values);
		}
		break;
	case 5: /* cut where a name and a page of memory end */
		builder_example(&builder, 1);
		builder_names_hole(&builder,
				   PAGE_END - RECORDING_HEADER_BYTES - 32 -
					   builder_header(&builder)->names_used);
		builder_name(&builder, RECORDING_NAME_REGION, 2, 0, "page end");
		builder.length = PAGE_END;
		break;
	default:
		return false;
	}
	*bytes = builder.bytes;
	*length = builder.length;
	return true;
}
