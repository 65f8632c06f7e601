/* SPDX-License-Identifier: MIT */
/*
 * The lines that are in any cache, found by their number. Open addressing with linear probing;
 * a slot holds 32 bits of the hash and the index of the line, so that a search touches lines
 * only where these bits agree. Eight neighbouring lines hash to neighbouring slots: a program
 * that walks through memory walks through the table, too. Lines live in chunks that never move,
 * because L1 ways point to them.
 */
#include "machine/internal.h"

#define BITS_MIN    12
#define CHUNK_LINES 1024u /* as in line_at() */
#define CHUNKS_MIN  64u

static inline uint32_t key_of(uint64_t number)
{
	return ((uint32_t)(spread(number >> 3) >> 32) & ~7u) | (uint32_t)(number & 7);
}

/* Where the search for a key starts: the upper bits of the hash, the three lowest kept. */
static inline uint32_t home_of(uint32_t key, uint32_t bits)
{
	return key >> (32 - bits + 3) << 3 | (key & 7);
}

static inline uint64_t slot_of(uint32_t key, uint32_t index)
{
	return (uint64_t)key << 32 | (index + 1);
}

int directory_init(struct machine *machine)
{
	struct directory *directory = &machine->directory;

	directory->bits = BITS_MIN;
	directory->line_bytes = sizeof(struct line) + machine->words * sizeof(uint64_t);
	directory->slots = take_memory(machine, sizeof(uint64_t) << BITS_MIN);
	directory->chunk_capacity = CHUNKS_MIN;
	directory->chunks = take_memory(machine, CHUNKS_MIN * sizeof(char *));
	return directory->slots && directory->chunks ? 0 : -1;
}

void directory_release(struct machine *machine)
{
	struct directory *directory = &machine->directory;

	for (uint32_t i = 0; i < directory->chunk_count; i++)
		give_memory(machine, directory->chunks[i]);
	give_memory(machine, directory->chunks);
	give_memory(machine, directory->slots);
}

struct line *directory_find(const struct machine *machine, uint64_t number)
{
	const struct directory *directory = &machine->directory;
	uint32_t mask = (uint32_t)((UINT64_C(1) << directory->bits) - 1);
	uint32_t key = key_of(number);
	uint32_t at = home_of(key, directory->bits);
	uint64_t slot;

	for (; (slot = directory->slots[at]); at = (at + 1) & mask) {
		struct line *line;

		if (slot >> 32 != key)
			continue;
		line = line_at(machine, (uint32_t)slot - 1);
		if (line->number == number)
			return line;
	}
	return NULL;
}

static void put_slot(uint64_t *slots, uint32_t bits, uint64_t slot)
{
	uint32_t mask = (uint32_t)((UINT64_C(1) << bits) - 1);
	uint32_t at = home_of((uint32_t)(slot >> 32), bits);

	while (slots[at])
		at = (at + 1) & mask;
	slots[at] = slot;
}

/* At most half of the slots are in use, so that searches stay short. */
static int make_room(struct machine *machine)
{
	struct directory *directory = &machine->directory;
	uint64_t size = UINT64_C(1) << directory->bits;
	uint64_t *slots;

	if (directory->count < size / 2)
		return 0;
	slots = directory->bits < 31 ? take_memory(machine, size * 2 * sizeof(uint64_t))
				     : NULL;
	if (!slots) /* a fuller table is slower, not wrong */
		return directory->count < size - size / 8 ? 0 : -1;
	for (uint64_t i = 0; i < size; i++)
		if (directory->slots[i])
			put_slot(slots, directory->bits + 1, directory->slots[i]);
	give_memory(machine, directory->slots);
	directory->slots = slots;
	directory->bits++;
	return 0;
}

static int add_chunk(struct machine *machine)
{
	struct directory *directory = &machine->directory;
	char *chunk;

	if (directory->chunk_count == directory->chunk_capacity) {
		uint32_t capacity = directory->chunk_capacity * 2;
		char **chunks = take_memory(machine, capacity * sizeof(char *));

		if (!chunks)
			return -1;
		for (uint32_t i = 0; i < directory->chunk_count; i++)
			chunks[i] = directory->chunks[i];
		give_memory(machine, directory->chunks);
		directory->chunks = chunks;
		directory->chunk_capacity = capacity;
	}
	chunk = take_memory(machine, CHUNK_LINES * directory->line_bytes);
	if (!chunk)
		return -1;
	directory->chunks[directory->chunk_count++] = chunk;
	return 0;
}

struct line *directory_add(struct machine *machine, uint64_t number)
{
	struct directory *directory = &machine->directory;
	struct line *line;
	uint32_t index;

	if (make_room(machine))
		return NULL;
	if (directory->free) {
		index = directory->free - 1;
		line = line_at(machine, index);
		directory->free = line->index;
	} else {
		index = directory->fresh;
		if (index == directory->chunk_count * CHUNK_LINES && add_chunk(machine))
			return NULL;
		directory->fresh++;
		line = line_at(machine, index);
	}
	directory->count++;
	put_slot(directory->slots, directory->bits, slot_of(key_of(number), index));
	/* Holders and LLCs are empty: the line was never used or removed when they were. */
	line->number = number;
	line->index = index;
	line->written = 0;
	line->site = 0;
	line->owner = NO_CORE;
	line->modified = false;
	line->contended = machine->sharing.open ? sharing_find(machine, number) : 0;
	return line;
}

void directory_remove(struct machine *machine, struct line *line)
{
	struct directory *directory = &machine->directory;
	uint32_t mask = (uint32_t)((UINT64_C(1) << directory->bits) - 1);
	uint32_t key = key_of(line->number), index = line->index;
	uint32_t hole = home_of(key, directory->bits);
	uint64_t slot = slot_of(key, index);

	while (directory->slots[hole] != slot)
		hole = (hole + 1) & mask;
	/* Slots behind the hole that were only pushed there by it move up. */
	for (uint32_t at = (hole + 1) & mask; (slot = directory->slots[at]);
	     at = (at + 1) & mask) {
		uint32_t home = home_of((uint32_t)(slot >> 32), directory->bits);

		if (((at - home) & mask) >= ((at - hole) & mask)) {
			directory->slots[hole] = slot;
			hole = at;
		}
	}
	directory->slots[hole] = 0;
	directory->count--;
	line->number = LINE_FREE;
	line->contended = 0;
	line->index = directory->free;
	directory->free = index + 1;
}
