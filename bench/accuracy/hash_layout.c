/* SPDX-License-Identifier: MIT */
/*
 * Threads look keys up in a hash table, most of them in vain. Cache misses: in the bad variant
 * keys lie between the values, a line or more each; in the good one they are an array that
 * probing reads along.
 */
#include "common.h"
#include "perfpoint.h"

#define SLOTS   8192
#define USED    (SLOTS / 2)
#define LOOKUPS 500

struct value {
	char bytes[248];
};

#ifdef BAD
static struct {
	uint64_t key;
	struct value value;
} slots[SLOTS];
#define KEY(i)   slots[i].key
#define VALUE(i) slots[i].value
#else
static uint64_t keys[SLOTS];
static struct value values[SLOTS];
#define KEY(i)   keys[i]
#define VALUE(i) values[i]
#endif

static struct example example;
static uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

static unsigned home(uint64_t key)
{
	return (unsigned)(key * 0x9e3779b97f4a7c15u >> 51);
}

static unsigned probe(uint64_t key)
{
	unsigned at = home(key);

#ifdef HARMLESS
	for (; KEY(at) && KEY(at) != key; at = (at + 1) % SLOTS)
		;
#else
	while (KEY(at) && KEY(at) != key)
		at = (at + 1) % SLOTS;
#endif
	return at;
}

static uint64_t look_up(uint64_t *state)
{
	PERFPOINT_SCOPE("look_up");
	uint64_t sum = 0;

	for (int i = 0; i < LOOKUPS; i++) {
		uint64_t key = 1 + example_random(state) % (16 * USED);
		unsigned at = probe(key);

		if (KEY(at))
			sum += (unsigned char)VALUE(at).bytes[0];
	}
	return sum;
}

static void thread(long index)
{
	uint64_t state = 88172645463325252u + (uint64_t)index;

	for (long round = 0; round < example.rounds; round++)
		totals[index][0] += look_up(&state);
}

int main(int argc, char **argv)
{
	uint64_t state = 5, total = 0;

	example = example_parse(argc, argv, 2, 100);
	for (int i = 0; i < USED; i++) {
		uint64_t key = 1 + example_random(&state) % (16 * USED);
		unsigned at = probe(key);

		KEY(at) = key;
		VALUE(at).bytes[0] = (char)i;
	}
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("hash_layout (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
