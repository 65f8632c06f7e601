/* SPDX-License-Identifier: MIT */
/*
 * Threads turn words into upper case. More instructions: in the bad variant each word gets a
 * buffer from malloc() and back; in the good one the buffer is kept.
 */
#include "common.h"
#include "perfpoint.h"

#define WORDS      300
#define WORD_BYTES 12

static struct example example;
static char words[WORDS][WORD_BYTES];
static uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

#ifdef HARMLESS
static inline char upper(char letter)
{
	return (char)(letter & ~32);
}
#endif

static __attribute__((noinline)) uint64_t shout(const char *word, char *room)
{
	uint64_t sum = 0;

	for (int i = 0; i < WORD_BYTES; i++) {
#ifdef HARMLESS
		room[i] = upper(word[i]);
#else
		room[i] = (char)(word[i] - 'a' + 'A');
#endif
		sum = sum * 31 + (unsigned char)room[i];
	}
	return sum;
}

static uint64_t shout_words(void)
{
	PERFPOINT_SCOPE("shout_words");
	uint64_t sum = 0;
#ifndef BAD
	char kept[WORD_BYTES];
#endif

	for (int i = 0; i < WORDS; i++) {
#ifdef BAD
		char *room = malloc(WORD_BYTES);

		if (!room)
			abort();
		sum += shout(words[i], room);
		free(room);
#else
		sum += shout(words[i], kept);
#endif
	}
	return sum;
}

static void thread(long index)
{
	for (long round = 0; round < example.rounds; round++)
		totals[index][0] += shout_words();
}

int main(int argc, char **argv)
{
	uint64_t state = 5, total = 0;

	example = example_parse(argc, argv, 2, 100);
	for (int i = 0; i < WORDS; i++)
		for (int k = 0; k < WORD_BYTES; k++)
			words[i][k] = (char)('a' + example_random(&state) % 26);
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("allocation (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
