/* SPDX-License-Identifier: MIT */
/* PCG32, and the distributions drawn from it: see random.h. Pure integer state. */
#include "base/random.h"

#include <math.h>

#define PCG_MULTIPLIER UINT64_C(6364136223846793005)

void random_seed(struct random *random, uint64_t seed, uint64_t stream)
{
	random->state = 0;
	random->increment = stream << 1 | 1;
	random_u32(random);
	random->state += seed;
	random_u32(random);
}

uint32_t random_u32(struct random *random)
{
	uint64_t old = random->state;
	uint32_t mixed = (uint32_t)((old >> 18 ^ old) >> 27);
	uint32_t turn = (uint32_t)(old >> 59);

	random->state = old * PCG_MULTIPLIER + random->increment;
	return mixed >> turn | mixed << (-turn & 31);
}

uint32_t random_below(struct random *random, uint32_t bound)
{
	/* 2^32 mod bound: below it, some remainders would come once more than others. */
	uint32_t threshold = -bound % bound;
	uint32_t drawn;

	do
		drawn = random_u32(random);
	while (drawn < threshold);
	return drawn % bound;
}

double random_uniform(struct random *random)
{
	/* Two statements: the order of evaluation must not depend on the compiler. */
	uint64_t high = random_u32(random) >> 5;
	uint64_t low = random_u32(random) >> 6;

	return (double)(high << 26 | low) * 0x1p-53;
}

double random_normal(struct random *random)
{
	/* The second value of the pair is dropped, so that there is no hidden state. */
	double radius = sqrt(-2 * log(1 - random_uniform(random)));
	double angle = 2 * M_PI * random_uniform(random);

	return radius * cos(angle);
}

void random_shuffle(struct random *random, uint32_t *items, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = random_below(random, (uint32_t)i);
		uint32_t swap = items[i - 1];

		items[i - 1] = items[other];
		items[other] = swap;
	}
}
