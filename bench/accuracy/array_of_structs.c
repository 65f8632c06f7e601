/* SPDX-License-Identifier: MIT */
/*
 * Threads move particles and look for the fastest. Cache misses: in the bad variant all that is
 * known of a particle is one structure, so that a line has one speed; in the good one each
 * quantity is an array.
 */
#include "common.h"
#include "perfpoint.h"

#define PARTICLES 2500

#ifdef BAD
struct cloud {
	struct {
		float x, y, z, speed;
		char description[112];
	} at[PARTICLES];
};
#define SPEED(cloud, i) ((cloud)->at[i].speed)
#else
struct cloud {
	float x[PARTICLES], y[PARTICLES], z[PARTICLES], speed[PARTICLES];
	char description[PARTICLES][112];
};
#define SPEED(cloud, i) ((cloud)->speed[i])
#endif

static struct example example;
static struct cloud *clouds;
static double totals[THREADS_MAX][2 * CACHE_LINE / sizeof(double)];

static float fastest(const struct cloud *cloud)
{
	PERFPOINT_SCOPE("fastest");
	float speed = 0;

#ifdef HARMLESS
	int i = 0;

	while (i < PARTICLES) {
		if (speed < SPEED(cloud, i))
			speed = SPEED(cloud, i);
		i++;
	}
#else
	for (int i = 0; i < PARTICLES; i++)
		if (SPEED(cloud, i) > speed)
			speed = SPEED(cloud, i);
#endif
	return speed;
}

static void thread(long index)
{
	for (long round = 0; round < example.rounds; round++)
		totals[index][0] += (double)fastest(&clouds[index]);
}

int main(int argc, char **argv)
{
	uint64_t state = 5;
	double total = 0;

	example = example_parse(argc, argv, 2, 50);
	clouds = calloc((size_t)example.threads, sizeof(*clouds));
	if (!clouds)
		return 1;
	for (long i = 0; i < example.threads; i++)
		for (int k = 0; k < PARTICLES; k++)
			SPEED(&clouds[i], k) = (float)(example_random(&state) % 1000);
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	free(clouds);
	printf("array_of_structs (" VARIANT "): %g\n", total);
	return 0;
}
