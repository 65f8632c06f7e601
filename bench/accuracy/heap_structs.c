/* SPDX-License-Identifier: MIT */
/*
 * Each thread keeps its statistics in a structure that main() has allocated for it. False
 * sharing: in the bad variant by malloc(), one after the other, so that two share a line; in the
 * good one each is aligned to lines of its own.
 */
#include "common.h"
#include "perfpoint.h"

#define REQUESTS 2000

struct statistics {
	volatile uint64_t requests, bytes;
	volatile uint32_t largest;
};

static struct example example;
static struct statistics *workers[THREADS_MAX];

static struct statistics *make_statistics(void)
{
#ifdef BAD
	struct statistics *made = malloc(sizeof(*made));
#else
	struct statistics *made = aligned_alloc(2 * CACHE_LINE, 2 * CACHE_LINE);
#endif

	if (!made) {
		perror("malloc");
		exit(1);
	}
	*made = (struct statistics){0};
	return made;
}

#ifdef HARMLESS
static inline void note(struct statistics *mine, uint32_t bytes)
{
	uint32_t largest = mine->largest;

	mine->bytes += bytes;
	mine->requests++;
	if (largest < bytes)
		mine->largest = bytes;
}
#endif

static void serve(struct statistics *mine, uint64_t *state)
{
	PERFPOINT_SCOPE("serve");

	for (int i = 0; i < REQUESTS; i++) {
		uint32_t bytes = (uint32_t)(example_random(state) >> 48);

#ifdef HARMLESS
		note(mine, bytes);
#else
		mine->requests++;
		mine->bytes += bytes;
		if (bytes > mine->largest)
			mine->largest = bytes;
#endif
	}
}

static void thread(long index)
{
	uint64_t state = 88172645463325252u + (uint64_t)index;

	for (long round = 0; round < example.rounds; round++)
		serve(workers[index], &state);
}

int main(int argc, char **argv)
{
	uint64_t bytes = 0;

	example = example_parse(argc, argv, 2, 100);
	for (long i = 0; i < example.threads; i++)
		workers[i] = make_statistics();
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++) {
		bytes += workers[i]->bytes;
		free(workers[i]);
	}
	printf("heap_structs (" VARIANT "): %llu bytes\n", (unsigned long long)bytes);
	return 0;
}
