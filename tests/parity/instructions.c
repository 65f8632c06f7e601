/* SPDX-License-Identifier: MIT */
/*
 * Instructions that touch memory in ways of their own: repeated strings, locked ones, gathers,
 * masks, stores around the caches, prefetches, saved states of the FPU. At addresses without a
 * pattern, over ends of lines and pages, so that an access left out or one too many shows.
 */
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>

#define AREA_BYTES  (1u << 20)
#define ROUNDS      1500
#define STRING_MAX  300
#define LARGEST     4096 /* bytes of the largest access, or string */
#define STATE_BYTES 512  /* of fxsave */

static unsigned char area[AREA_BYTES] __attribute__((aligned(4096)));
static uint64_t state = 1;

static uint64_t number(uint64_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (state >> 33) % below;
}

static void *place(size_t alignment)
{
	return area + number((AREA_BYTES - LARGEST) / alignment) * alignment;
}

static void strings(void)
{
	void *to = place(1), *from = place(1);
	uint64_t count = number(STRING_MAX);

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count)::"memory");
	to = place(1), count = number(STRING_MAX);
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(1) : "memory");
	to = place(1), from = place(1), count = number(STRING_MAX);
	__asm__ volatile("repe cmpsb"
			 : "+D"(to), "+S"(from), "+c"(count)::"memory", "cc");
	to = place(1), count = number(STRING_MAX);
	__asm__ volatile("repne scasb"
			 : "+D"(to), "+c"(count)
			 : "a"(1)
			 : "memory", "cc");
	to = place(1), from = place(1), count = number(STRING_MAX / 8);
	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count)::"memory");
}

static void locked(void)
{
	uint64_t *word = place(64), expected = 5, high = 0;

	__atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST);
	__atomic_exchange_n(word + 1, 2, __ATOMIC_SEQ_CST);
	__atomic_compare_exchange_n(word + 2, &expected, 1, 0, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	__asm__ volatile("lock cmpxchg16b %0"
			 : "+m"(*(unsigned __int128 *)(void *)place(16)),
			   "+a"(expected), "+d"(high)
			 : "b"(1ul), "c"(2ul)
			 : "cc");
	__asm__ volatile("lock orl $4, (%0)" ::"r"(place(1)) : "memory", "cc");
	__asm__ volatile("lock btsq $5, (%0)" ::"r"(place(1)) : "memory", "cc");
}

__attribute__((target("avx2"))) static void vectors(void)
{
	const __m256i mask = _mm256_set_epi32(-1, 0, -1, 0, 0, -1, -1, 0);
	__m256i sum = _mm256_loadu_si256(place(1));
	__m256i indices = _mm256_and_si256(_mm256_loadu_si256(place(1)),
					   _mm256_set1_epi32(LARGEST - 64));

	sum = _mm256_mask_i32gather_epi32(sum, place(4), indices, mask, 1);
	sum = _mm256_add_epi32(sum, _mm256_maskload_epi32(place(1), mask));
	_mm256_storeu_si256(place(1), sum);
	_mm256_maskstore_epi32(place(1), mask, sum);
	_mm256_stream_si256(place(32), sum);
	_mm_maskmoveu_si128(_mm256_castsi256_si128(sum), _mm256_castsi256_si128(mask),
			    place(1));
	_mm_prefetch(place(1), _MM_HINT_T0);
}

static void floating_point(void)
{
	static unsigned char saved[LARGEST] __attribute__((aligned(64)));
	unsigned char *at = saved + number((LARGEST - STATE_BYTES) / 64) * 64;

	__asm__ volatile("fxsave (%0)\n\tfxrstor (%0)" ::"r"(at) : "memory");
	__asm__ volatile("fnstenv (%0)\n\tfldenv (%0)" ::"r"(place(1)) : "memory");
	__asm__ volatile("fldt (%0)\n\tfstpt (%1)" ::"r"(place(1)), "r"(place(1))
			 : "memory");
}

int main(void)
{
	int has_vectors = __builtin_cpu_supports("avx2");

	for (int i = 0; i < ROUNDS; i++) {
		strings();
		locked();
		if (has_vectors)
			vectors();
		floating_point();
	}
	printf("%u\n", area[number(AREA_BYTES)]);
	return 0;
}
