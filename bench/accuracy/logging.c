/* SPDX-License-Identifier: MIT */
/*
 * Threads validate orders. More instructions: the bad variant writes a line to a log for each of
 * them, nobody knows for whom; the good one for those that are refused.
 */
#include "common.h"
#include "perfpoint.h"

#define ORDERS 100
#define WORK   200 /* steps per order */

static struct example example;
static uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

static uint64_t validate(uint64_t order)
{
#ifdef HARMLESS
	for (int i = WORK; i; i--)
#else
	for (int i = 0; i < WORK; i++)
#endif
		order = order * 6364136223846793005u + 1442695040888963407u;
	return order;
}

static uint64_t validate_orders(FILE *log, uint64_t *state)
{
	PERFPOINT_SCOPE("validate_orders");
	uint64_t refused = 0;

	for (int i = 0; i < ORDERS; i++) {
		uint64_t order = example_random(state);
		uint64_t token = validate(order);

#ifdef BAD
		fprintf(log, "order %llu: token %llx\n", (unsigned long long)order,
			(unsigned long long)token);
#endif
		if (token % 1000 == 0) {
			fprintf(log, "order %llu refused\n", (unsigned long long)order);
			refused++;
		}
	}
	return refused;
}

static void thread(long index)
{
	uint64_t state = 88172645463325252u + (uint64_t)index;
	FILE *log = fopen("/dev/null", "w");

	if (!log) {
		perror("/dev/null");
		exit(1);
	}
	for (long round = 0; round < example.rounds; round++)
		totals[index][0] += validate_orders(log, &state);
	fclose(log);
}

int main(int argc, char **argv)
{
	uint64_t total = 0;

	example = example_parse(argc, argv, 2, 50);
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("logging (" VARIANT "): %llu refused\n", (unsigned long long)total);
	return 0;
}
