/* SPDX-License-Identifier: MIT */
/*
 * The one random generator: PCG32 (O'Neill 2014, "PCG: A Family of Simple Fast
 * Space-Efficient Statistically Good Algorithms", variant XSH-RR 64/32). Same seed, same
 * sequence, on every machine. Not for secrets.
 */
#ifndef AUTOPERF_BASE_RANDOM_H
#define AUTOPERF_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state;
	uint64_t increment; /* odd; selects the stream */
};

/* Streams of one seed are independent: use one per purpose. */
void random_seed(struct random *random, uint64_t seed, uint64_t stream);
uint32_t random_u32(struct random *random);
/* Uniform in [0, bound), bound > 0, without modulo bias. */
uint32_t random_below(struct random *random, uint32_t bound);
/* Uniform in [0, 1). */
double random_uniform(struct random *random);
/* Standard normal (Box-Muller). */
double random_normal(struct random *random);
/* Fisher-Yates over `count` <= UINT32_MAX indices. */
void random_shuffle(struct random *random, uint32_t *items, size_t count);

#endif
