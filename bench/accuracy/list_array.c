/* SPDX-License-Identifier: MIT */
/*
 * Each thread goes through its items. Cache misses: in the bad variant they are a linked list
 * that has been sorted long ago, so that the next one is anywhere; in the good one an array.
 */
#include "common.h"
#include "perfpoint.h"

#define ITEMS 6000

struct item {
#ifdef BAD
	struct item *next;
	char name[40]; /* which an array keeps elsewhere */
#endif
	uint32_t price, amount;
};

static struct example example;
static struct item *items[THREADS_MAX]; /* the array, or the list's first */
static uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

static uint64_t sum_prices(const struct item *item)
{
	PERFPOINT_SCOPE("sum_prices");
	uint64_t sum = 0;

#ifdef BAD
	for (; item; item = item->next)
		sum += (uint64_t)item->price * item->amount;
#elif defined(HARMLESS)
	for (const struct item *end = item + ITEMS; item < end; item++)
		sum += (uint64_t)item->amount * item->price;
#else
	for (int i = 0; i < ITEMS; i++)
		sum += (uint64_t)item[i].price * item[i].amount;
#endif
	return sum;
}

static void fill(struct item *made, uint64_t *state)
{
	for (int i = 0; i < ITEMS; i++) {
		made[i].price = (uint32_t)i;
		made[i].amount = (uint32_t)(example_random(state) % 10);
	}
}

/* Returns what to begin with. */
static struct item *link_up(struct item *made, uint64_t *state)
{
#ifdef BAD
	static unsigned order[ITEMS];

	for (unsigned i = 0; i < ITEMS; i++) {
		unsigned k = (unsigned)(example_random(state) % (i + 1));

		order[i] = order[k];
		order[k] = i;
	}
	for (unsigned i = 0; i + 1 < ITEMS; i++)
		made[order[i]].next = &made[order[i + 1]];
	made[order[ITEMS - 1]].next = NULL;
	return &made[order[0]];
#else
	(void)state;
	return made;
#endif
}

static void thread(long index)
{
	for (long round = 0; round < example.rounds; round++)
		totals[index][0] += sum_prices(items[index]);
}

int main(int argc, char **argv)
{
	uint64_t state = 5, total = 0;

	example = example_parse(argc, argv, 2, 50);
	for (long i = 0; i < example.threads; i++) {
		struct item *made = malloc(ITEMS * sizeof(*made));

		if (!made)
			return 1;
		fill(made, &state);
		items[i] = link_up(made, &state);
	}
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("list_array (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
