/* SPDX-License-Identifier: MIT */
/*
 * The lines that cores hold, found by their number: a hash table with chains. Eight neighbouring
 * lines have neighbouring chains, so that a program that walks through memory walks through the
 * table, too. Lines live in chunks that never move, because caches point to them.
 *
 * Most lines that are looked for are not there, and the lines that are have long left the host's
 * nearer caches. So a link of a chain says not only where the next line is, but also 16 bits of
 * another hash of its number: hardly any line is looked at in vain.
 */
#include "machine/internal.h"

#define BITS_MIN 12

/*
 * A link: 0, or the line's address, whose user space has 47 bits, with the tag above it, and in the
 * lowest bit whether the line has a next one.
 */
#define TAG_SHIFT 48
#define LINK_MORE UINT64_C(1)

static inline uint64_t tag_of(uint64_t number)
{
	return spread(number >> 3) >> 24 << TAG_SHIFT;
}

static inline struct line *linked(uint64_t link)
{
	return (struct line *)(uintptr_t)(link & ((UINT64_C(1) << TAG_SHIFT) - 2));
}

static inline uint64_t link_to(const struct line *line)
{
	return (uintptr_t)line | tag_of(line->number) | (line->next ? LINK_MORE : 0);
}

int directory_init(struct machine *machine)
{
	struct directory *directory = &machine->directory;

	directory->bits = BITS_MIN;
	directory->line_bytes = sizeof(struct line) + machine->words * sizeof(uint64_t);
	directory->chains = take_memory(machine, sizeof(uint64_t) << BITS_MIN);
	return directory->chains ? 0 : -1;
}

void directory_release(struct machine *machine)
{
	struct directory *directory = &machine->directory;

	while (directory->chunks) {
		struct chunk *chunk = directory->chunks;

		directory->chunks = chunk->next;
		give_memory(machine, chunk);
	}
	give_memory(machine, directory->chains);
}

struct line *directory_find(const struct machine *machine, uint64_t number)
{
	const struct directory *directory = &machine->directory;
	uint64_t link = directory->chains[directory_chain(number, directory->bits)];
	uint64_t tag = tag_of(number);

	while (link) {
		if ((link ^ tag) >> TAG_SHIFT == 0 && linked(link)->number == number)
			return linked(link);
		if (!(link & LINK_MORE))
			break;
		link = linked(link)->next;
	}
	return NULL;
}

static void put_in_chain(uint64_t *chains, uint32_t bits, struct line *line)
{
	uint64_t *chain = &chains[directory_chain(line->number, bits)];

	line->next = *chain;
	*chain = link_to(line);
}

/* As many chains as lines, so that most have one or none. Without memory they get longer. */
static void make_room(struct machine *machine)
{
	struct directory *directory = &machine->directory;
	uint64_t size = UINT64_C(1) << directory->bits;
	uint64_t *chains;

	if (directory->count < size)
		return;
	chains = take_memory(machine, size * 2 * sizeof(*chains));
	if (!chains)
		return;
	for (uint64_t i = 0; i < size; i++)
		while (directory->chains[i]) {
			struct line *line = linked(directory->chains[i]);

			directory->chains[i] = line->next;
			put_in_chain(chains, directory->bits + 1, line);
		}
	give_memory(machine, directory->chains);
	directory->chains = chains;
	directory->bits++;
}

/* A line that is in no chain; NULL: no memory. */
static struct line *take_line(struct machine *machine)
{
	struct directory *directory = &machine->directory;
	struct line *line = directory->free;
	struct chunk *chunk = directory->chunks;

	if (line) {
		directory->free = linked(line->next);
		return line;
	}
	if (!chunk || chunk->used == CHUNK_LINES) {
		chunk = take_memory(
			machine, sizeof(*chunk) + CHUNK_LINES * directory->line_bytes);
		if (!chunk)
			return NULL;
		chunk->next = directory->chunks;
		directory->chunks = chunk;
	}
	return chunk_line(machine, chunk, chunk->used++);
}

struct line *directory_add(struct machine *machine, uint64_t number)
{
	struct line *line = take_line(machine);

	if (!line)
		return NULL;
	make_room(machine);
	/* Holders are empty: the line was never used, or removed when they were. */
	line->number = number;
	line->written = 0;
	line->site = 0;
	line->owner = NO_CORE;
	line->modified = false;
	line->fetched = false;
	line->contended = machine->sharing.open ? sharing_find(machine, number) : 0;
	put_in_chain(machine->directory.chains, machine->directory.bits, line);
	machine->directory.count++;
	return line;
}

void directory_remove(struct machine *machine, struct line *line)
{
	struct directory *directory = &machine->directory;
	uint64_t *link =
		&directory->chains[directory_chain(line->number, directory->bits)];
	uint64_t *before = NULL;

	while (linked(*link) != line) {
		before = link;
		link = &linked(*link)->next;
	}
	*link = line->next;
	if (before && !line->next)
		*before &= ~LINK_MORE;
	line->number = LINE_FREE;
	line->contended = 0;
	line->next = (uintptr_t)directory->free;
	directory->free = line;
	directory->count--;
}
