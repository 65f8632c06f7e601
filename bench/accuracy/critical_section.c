/* SPDX-License-Identifier: MIT */
/*
 * Threads compress pieces and put them into a list. Waiting: in the bad variant they also
 * compress while they hold the list's lock.
 */
#include "common.h"
#include "perfpoint.h"

#define PIECES      16
#define PIECE_BYTES 400

static struct example example;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	uint64_t pieces, bytes;
} list __attribute__((aligned(2 * CACHE_LINE)));

static uint64_t compress_piece(uint64_t seed)
{
	uint64_t runs = 0, previous = 0;

	for (int i = 0; i < PIECE_BYTES; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
#ifdef HARMLESS
		uint64_t top = seed >> 61;

		if (top != previous)
			runs++;
		previous = top;
#else
		runs += (seed >> 61) != previous;
		previous = seed >> 61;
#endif
	}
	return runs;
}

static void compress_pieces(uint64_t *state)
{
	PERFPOINT_SCOPE("compress_pieces");

	for (int i = 0; i < PIECES; i++) {
		uint64_t seed = example_random(state);

#ifdef BAD
		pthread_mutex_lock(&lock);
		uint64_t bytes = compress_piece(seed);
#else
		uint64_t bytes = compress_piece(seed);

		pthread_mutex_lock(&lock);
#endif
		list.pieces++;
		list.bytes += bytes;
		pthread_mutex_unlock(&lock);
	}
}

static void thread(long index)
{
	uint64_t state = 88172645463325252u + (uint64_t)index;

	for (long round = 0; round < example.rounds; round++)
		compress_pieces(&state);
}

int main(int argc, char **argv)
{
	example = example_parse(argc, argv, 2, 50);
	example_run(&example, thread);
	printf("critical_section (" VARIANT "): %llu pieces, %llu bytes\n",
	       (unsigned long long)list.pieces, (unsigned long long)list.bytes);
	return 0;
}
