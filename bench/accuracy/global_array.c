/* SPDX-License-Identifier: MIT */
/*
 * Threads classify the characters of a text. False sharing: in the bad variant the tallies of
 * four threads lie on one cache line; the good one gives each thread lines of its own.
 */
#include "common.h"
#include "perfpoint.h"

#define TEXT_BYTES 4096

struct tally {
	uint32_t vowels, consonants, digits, others;
#ifndef BAD
} __attribute__((aligned(2 * CACHE_LINE)));
#else
};
#endif

static struct example example;
static struct tally tallies[THREADS_MAX] __attribute__((aligned(2 * CACHE_LINE)));
static unsigned char text[TEXT_BYTES];

static void classify_text(const unsigned char *bytes, struct tally *mine)
{
	PERFPOINT_SCOPE("classify_text");

	for (int i = 0; i < TEXT_BYTES; i++) {
		unsigned char byte = bytes[i];
		uint32_t *kind;

#ifdef HARMLESS
		if (byte < 'a')
			kind = byte < '0' || byte > '9' ? &mine->others : &mine->digits;
		else
			kind = 0x104111u & 1u << (byte - 'a') ? &mine->vowels
							      : &mine->consonants;
#else
		if (byte >= 'a')
			kind = 0x104111u >> (byte - 'a') & 1 ? &mine->vowels
							     : &mine->consonants;
		else
			kind = byte >= '0' && byte <= '9' ? &mine->digits
							  : &mine->others;
#endif
		++*kind;
	}
}

static void thread(long index)
{
	for (long round = 0; round < example.rounds; round++)
		classify_text(text, &tallies[index]);
}

int main(int argc, char **argv)
{
	static const char letters[] = "etaoin shrdlu 0123456789";
	uint64_t state = 7;
	unsigned long vowels = 0;

	example = example_parse(argc, argv, 2, 100);
	for (int i = 0; i < TEXT_BYTES; i++)
		text[i] = (unsigned char)
			letters[example_random(&state) % (sizeof(letters) - 1)];
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		vowels += tallies[i].vowels;
	printf("global_array (" VARIANT "): %lu vowels\n", vowels);
	return 0;
}
