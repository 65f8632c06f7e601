/* SPDX-License-Identifier: MIT */
/* Layouts of runs: see randomize.h. */
#include "workload/randomize.h"

#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/random.h>
#include <time.h>

#include "base/random.h"

/* A page: beyond, the stack's offset in caches and in what stores alias repeats. */
#define PADDING_BYTES 4096u
#define PADDING_CHAR  '.'

#define LAYOUT_STREAM   1          /* of the seed, see random_seed() */
#define PERSONALITY_GET 0xffffffff /* personality(2): only tells */

uint64_t layout_random_seed(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed)) {
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		seed = (uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec;
	}
	return 1 + seed % UINT32_MAX; /* short enough to be typed again */
}

uint64_t layout_run_seed(uint64_t first, uint64_t n)
{
	return 1 + (first - 1 + n % LAYOUT_SEED_MAX) % LAYOUT_SEED_MAX;
}

/* "PERFPOINT_LAYOUT=....", malloc'd. */
static char *make_padding(uint64_t seed)
{
	const size_t name = strlen(LAYOUT_ENVIRONMENT "=");
	struct random random;
	char *padding;
	size_t length;

	random_seed(&random, seed, LAYOUT_STREAM);
	length = random_below(&random, PADDING_BYTES);
	padding = malloc(name + length + 1);
	if (!padding)
		return NULL;
	memcpy(padding, LAYOUT_ENVIRONMENT "=", name);
	memset(padding + name, PADDING_CHAR, length);
	padding[name + length] = '\0';
	return padding;
}

int layout_make(struct layout *layout, uint64_t seed, char *const *added,
		struct error *error)
{
	size_t count = 0;

	while (added && added[count])
		count++;
	*layout = (struct layout){
		.seed = seed,
		.items = calloc(count + 2, sizeof(*layout->items)),
		.padding = make_padding(seed),
	};
	if (!layout->items || !layout->padding) {
		layout_free(layout);
		return error_no_memory(error, "preparing the command's environment");
	}
	for (size_t i = 0; i < count; i++)
		layout->items[i] = added[i];
	layout->items[count] = layout->padding;
	return 0;
}

void layout_free(struct layout *layout)
{
	free(layout->items);
	free(layout->padding);
	*layout = (struct layout){0};
}

bool layout_fix_addresses(void)
{
	int now = personality(PERSONALITY_GET);

	return now >= 0 && personality((unsigned)now | ADDR_NO_RANDOMIZE) >= 0;
}

bool layout_can_fix_addresses(void)
{
	int now = personality(PERSONALITY_GET);
	bool can = layout_fix_addresses();

	if (can)
		personality((unsigned)now);
	return can;
}
