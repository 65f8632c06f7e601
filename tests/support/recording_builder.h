/* SPDX-License-Identifier: MIT */
/*
 * Recordings made byte by byte, good ones and, by writing over parts, bad ones. Follows
 * recording/format.h and nothing else, so that reader and writer are not tested against
 * themselves. Ends the process when memory is short.
 */
#ifndef AUTOPERF_TESTS_RECORDING_BUILDER_H
#define AUTOPERF_TESTS_RECORDING_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "recording/format.h"

struct recording_builder {
	unsigned char *bytes; /* the file; freed by builder_close() */
	size_t length;
	size_t capacity;
};

/* Header and an empty names area that ends where the blocks begin, RECORDING_BLOCK_UNIT. */
void builder_open(struct recording_builder *builder, uint32_t event_count);
void builder_close(struct recording_builder *builder);
/* These point into `bytes` and are valid until something is added. */
struct recording_header *builder_header(struct recording_builder *builder);
struct recording_block *builder_block_at(struct recording_builder *builder,
					 uint64_t offset);

/* Adds a name; counts regions and threads in the header. Returns the record's offset. */
uint64_t builder_name(struct recording_builder *builder, enum recording_name_kind kind,
		      uint32_t id, uint64_t value, const char *chars);
/* `bytes` of zeros in the names area that no record covers. */
void builder_names_hole(struct recording_builder *builder, uint64_t bytes);
/* Adds an empty block of that many RECORDING_BLOCK_UNITs; returns its offset. */
uint64_t builder_block(struct recording_builder *builder, uint32_t units);
/* Space for a block that never got its header. */
void builder_hole(struct recording_builder *builder, uint32_t units);
/* Adds a sample to the block at `offset`; values[event_count]. Does not look for room. */
void builder_sample(struct recording_builder *builder, uint64_t offset,
		    const struct recording_sample *sample, const uint64_t *values);

/*
 * A whole one: events "page-faults" and "context-switches", regions "alpha" and "beta",
 * threads 0 and 1 (tids 100 and 101), `samples` samples, the i-th of region i % 2 and thread
 * i / 2 % 2 with begin_ns 1000 i, wall_ns 100 + i, cpu_ns 90 + i and values i and 2 i, spread
 * over blocks of one unit.
 */
void builder_example(struct recording_builder *builder, uint32_t samples);

#endif
