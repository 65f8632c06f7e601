/* SPDX-License-Identifier: MIT */
/* Recordings made byte by byte: see recording_builder.h. */
#include "support/recording_builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Makes the file longer by zeros. */
static uint64_t extend(struct recording_builder *builder, size_t bytes)
{
	uint64_t offset = builder->length;

	if (array_reserve(&builder->bytes, &builder->capacity, builder->length + bytes,
			  1))
		abort();
	builder->length += bytes;
	return offset;
}

struct recording_header *builder_header(struct recording_builder *builder)
{
	return (struct recording_header *)(void *)builder->bytes;
}

struct recording_block *builder_block_at(struct recording_builder *builder,
					 uint64_t offset)
{
	return (struct recording_block *)(void *)(builder->bytes + offset);
}

void builder_open(struct recording_builder *builder, uint32_t event_count)
{
	struct recording_header *header;

	*builder = (struct recording_builder){0};
	extend(builder, RECORDING_BLOCK_UNIT);
	header = builder_header(builder);
	memcpy(header->magic, RECORDING_MAGIC, sizeof(header->magic));
	header->version = RECORDING_VERSION;
	header->byte_order = RECORDING_BYTE_ORDER;
	header->header_bytes = RECORDING_HEADER_BYTES;
	header->source = RECORDING_SOURCE_PERF;
	header->state = RECORDING_EXITED;
	header->event_count = event_count;
	header->sample_bytes =
		(uint32_t)(sizeof(struct recording_sample) + 8 * event_count);
	header->pid = 4321;
	header->parent_pid = 4320;
	header->start_realtime_ns = UINT64_C(1700000000000000000);
	header->start_monotonic_ns = UINT64_C(5000000000);
	header->names_offset = RECORDING_HEADER_BYTES;
	header->names_bytes = RECORDING_BLOCK_UNIT - RECORDING_HEADER_BYTES;
	header->blocks_offset = RECORDING_BLOCK_UNIT;
	header->file_bytes = RECORDING_BLOCK_UNIT;
	memcpy(header->executable, "/usr/bin/example", sizeof("/usr/bin/example"));
}

void builder_close(struct recording_builder *builder)
{
	free(builder->bytes);
	*builder = (struct recording_builder){0};
}

uint64_t builder_name(struct recording_builder *builder, enum recording_name_kind kind,
		      uint32_t id, uint64_t value, const char *chars)
{
	struct recording_header *header = builder_header(builder);
	struct recording_name name = {.kind = kind, .id = id, .value = value};
	uint64_t offset = header->names_offset + header->names_used;
	size_t length = strlen(chars);

	name.length = (uint32_t)length;
	memcpy(builder->bytes + offset, &name, sizeof(name));
	memcpy(builder->bytes + offset + sizeof(name), chars, length);
	header->names_used += (sizeof(name) + length + 7) & ~(uint64_t)7;
	if (kind == RECORDING_NAME_REGION)
		header->region_count++;
	if (kind == RECORDING_NAME_THREAD)
		header->thread_count++;
	return offset;
}

void builder_names_hole(struct recording_builder *builder, uint64_t bytes)
{
	builder_header(builder)->names_used += bytes;
}

void builder_hole(struct recording_builder *builder, uint32_t units)
{
	size_t bytes = (size_t)units * RECORDING_BLOCK_UNIT;

	extend(builder, bytes);
	builder_header(builder)->file_bytes += bytes;
}

uint64_t builder_block(struct recording_builder *builder, uint32_t units)
{
	uint64_t offset = builder->length;
	struct recording_block *block;

	builder_hole(builder, units);
	block = builder_block_at(builder, offset);
	block->bytes = (uint64_t)units * RECORDING_BLOCK_UNIT;
	block->magic = RECORDING_BLOCK_MAGIC;
	return offset;
}

void builder_sample(struct recording_builder *builder, uint64_t offset,
		    const struct recording_sample *sample, const uint64_t *values)
{
	const struct recording_header *header = builder_header(builder);
	struct recording_block *block = builder_block_at(builder, offset);
	unsigned char *to = (unsigned char *)(block + 1) + block->used;

	memcpy(to, sample, sizeof(*sample));
	memcpy(to + sizeof(*sample), values, 8 * header->event_count);
	block->used += header->sample_bytes;
}

void builder_example(struct recording_builder *builder, uint32_t samples)
{
	uint32_t per_block;
	uint64_t block = 0;

	builder_open(builder, 2);
	per_block = (uint32_t)((RECORDING_BLOCK_UNIT - sizeof(struct recording_block)) /
			       builder_header(builder)->sample_bytes);
	builder_name(builder, RECORDING_NAME_EVENT, 0, 0, "page-faults");
	builder_name(builder, RECORDING_NAME_EVENT, 1, 0, "context-switches");
	builder_name(builder, RECORDING_NAME_REGION, 0, 0, "alpha");
	builder_name(builder, RECORDING_NAME_REGION, 1, 0, "beta");
	builder_name(builder, RECORDING_NAME_THREAD, 0, 100, "main");
	builder_name(builder, RECORDING_NAME_THREAD, 1, 101, "worker");
	for (uint32_t i = 0; i < samples; i++) {
		const struct recording_sample sample = {
			.region = i % 2,
			.thread = i / 2 % 2,
			.begin_ns = 1000 * (uint64_t)i,
			.wall_ns = 100 + (uint64_t)i,
			.cpu_ns = 90 + (uint64_t)i,
			.flags = RECORDING_SAMPLE_CPU_TIME,
			.running_share = UINT16_MAX,
			.one_in = 1,
		};
		const uint64_t values[] = {i, 2 * (uint64_t)i};

		if (i % per_block == 0)
			block = builder_block(builder, 1);
		builder_sample(builder, block, &sample, values);
	}
}
