/* SPDX-License-Identifier: MIT */
/*
 * Threads look words up in a dictionary that they share. True sharing: in the bad variant each
 * look-up is handed a shared_ptr by value, and counts the reference up and down again; in the
 * good one it is handed a reference.
 */
#include "common.h"
#include "perfpoint.h"

#include <memory>
#include <vector>

namespace
{

constexpr int LOOKUPS = 500;
constexpr unsigned WORDS = 1024;

struct dictionary {
	std::vector<uint64_t> words;
};

#ifdef BAD
using handle = std::shared_ptr<const dictionary>;
#else
using handle = const std::shared_ptr<const dictionary> &;
#endif

struct example settings;
std::shared_ptr<const dictionary> shared;
uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

__attribute__((noinline)) uint64_t look_up(handle dictionary, uint64_t key)
{
	uint64_t found = 0;

	/* A binary search. */
	for (unsigned half = WORDS / 2, at = 0; half; half /= 2) {
		if (dictionary->words[at + half] <= key)
			at += half;
		found = at;
	}
	return found;
}

uint64_t translate(uint64_t *state)
{
	PERFPOINT_SCOPE("translate");
	uint64_t sum = 0;

#ifdef HARMLESS
	int left = LOOKUPS;

	while (left-- > 0)
#else
	for (int i = 0; i < LOOKUPS; i++)
#endif
		sum += look_up(shared, example_random(state) % (8 * WORDS));
	return sum;
}

void thread(long index)
{
	uint64_t state = 88172645463325252u + (uint64_t)index;

	for (long round = 0; round < settings.rounds; round++)
		totals[index][0] += translate(&state);
}

std::shared_ptr<const dictionary> make_dictionary()
{
	auto made = std::make_shared<dictionary>();

	made->words.resize(WORDS);
	for (unsigned i = 0; i < WORDS; i++)
		made->words[i] = 8 * i;
	return made;
}

} // namespace

int main(int argc, char **argv)
{
	uint64_t total = 0;

	settings = example_parse(argc, argv, 2, 100);
	shared = make_dictionary();
	example_run(&settings, thread);
	for (long i = 0; i < settings.threads; i++)
		total += totals[i][0];
	printf("reference_count (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
