/* SPDX-License-Identifier: MIT */
/*
 * Bytes that the same threads read and the same threads write make up a part: a field, or the
 * whole of what one thread has. Two parts are at odds if a thread writes one and another thread
 * touches the other; these have to go to lines of their own. Parts begin and end at multiples of
 * a granule, as whatever is inserted must keep them aligned; so two granules that are a line
 * apart are on different lines wherever the first one lies, and the padding is what the nearest
 * two granules at odds lack of that.
 *
 * Threads that only set the line up or collect from it at the end would make more parts than
 * there are. They are known by how seldom they waited for it: a thread that goes on writing takes
 * the line from others each time that they have seen it, be it by a HITM or, where they only read,
 * by an upgrade.
 */
#include "tool/padding.h"

#define QUIET_SHARE  64 /* a thread that waits less than 1/64 of what the busiest does */
#define GRANULE_MAX  8u
#define MOSTLY_FALSE 9 /* false HITM for each true one */
#define MOSTLY_TRUE  9 /* the reverse: padding would end too little */

/* Threads by their place in machine_line.threads. */
struct part {
	uint32_t readers;
	uint32_t writers;
};

static uint64_t waits(const struct machine_line_thread *thread)
{
	return (uint64_t)thread->hitm + thread->upgrades;
}

static bool is_quiet(const struct machine_line *line, uint32_t index)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < line->thread_count; i++)
		if (waits(&line->threads[i]) > most)
			most = waits(&line->threads[i]);
	return waits(&line->threads[index]) < most / QUIET_SHARE + 1;
}

static void find_parts(const struct machine_line *line,
		       struct part parts[static MACHINE_LINE_BYTES])
{
	for (uint32_t byte = 0; byte < MACHINE_LINE_BYTES; byte++)
		parts[byte] = (struct part){0, 0};
	for (uint32_t i = 0; i < line->thread_count; i++) {
		const struct machine_line_thread *thread = &line->threads[i];

		if (is_quiet(line, i))
			continue;
		for (uint32_t byte = 0; byte < MACHINE_LINE_BYTES; byte++) {
			parts[byte].readers |= (uint32_t)(thread->read >> byte & 1)
					       << i;
			parts[byte].writers |= (uint32_t)(thread->written >> byte & 1)
					       << i;
		}
	}
}

static bool is_same(struct part left, struct part right)
{
	return left.readers == right.readers && left.writers == right.writers;
}

/* How sure it is that two parts are wanted at different times, surest first. */
enum reason {
	TOUCHED_ALONE, /* a thread touches the one, and never the other, which is written */
	WRITTEN_APART, /* each is written by threads that do not write the other */
	WRITTEN_BESIDE, /* a thread writes the one, another touches the other, if not alone */
};

/* Some thread writes the one, another touches the other. */
static bool is_written_beside(struct part written, struct part touched, bool alone)
{
	uint32_t others = touched.readers | touched.writers;

	if (alone)
		others &= ~(written.readers | written.writers);
	return written.writers && others &&
	       !(written.writers == others && !(others & (others - 1)));
}

static bool are_at_odds(struct part left, struct part right, enum reason reason)
{
	bool alone = reason == TOUCHED_ALONE;

	if (is_same(left, right))
		return false;
	if (reason == WRITTEN_APART)
		return left.writers & ~right.writers && right.writers & ~left.writers;
	return is_written_beside(left, right, alone) ||
	       is_written_beside(right, left, alone);
}

static uint32_t find_granule(const struct part parts[static MACHINE_LINE_BYTES])
{
	uint32_t granule = GRANULE_MAX;

	for (uint32_t byte = 1; byte < MACHINE_LINE_BYTES; byte++)
		while (byte % granule && !is_same(parts[byte - 1], parts[byte]))
			granule /= 2;
	return granule;
}

/* 0: no two parts are at odds. */
static uint32_t nearest_at_odds(const struct part parts[static MACHINE_LINE_BYTES],
				enum reason reason)
{
	uint32_t granule = find_granule(parts);

	for (uint32_t distance = granule; distance < MACHINE_LINE_BYTES;
	     distance += granule)
		for (uint32_t at = 0; at + distance < MACHINE_LINE_BYTES; at += granule)
			if (are_at_odds(parts[at], parts[at + distance], reason))
				return distance;
	return 0;
}

uint32_t padding_smallest(const struct machine_line *line)
{
	struct part parts[MACHINE_LINE_BYTES];
	uint32_t distance;

	if (line->hitm_true / MOSTLY_TRUE >= line->hitm_false)
		return 0;
	find_parts(line, parts);
	distance = nearest_at_odds(parts, TOUCHED_ALONE);
	if (!distance) /* the ends of a queue, each of which looks at the other's index */
		distance = nearest_at_odds(parts, WRITTEN_APART);
	/* A lock and what it guards are wanted together: only counts tell otherwise. */
	if (!distance && line->hitm_false / MOSTLY_FALSE > line->hitm_true)
		distance = nearest_at_odds(parts, WRITTEN_BESIDE);
	return distance ? MACHINE_LINE_BYTES - distance : 0;
}
