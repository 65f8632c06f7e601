/* SPDX-License-Identifier: MIT */
/*
 * One thread on a machine without L2 counts what cachegrind counts with the same caches. What
 * differs by design, measured with Valgrind 3.19:
 *
 * - Cachegrind takes the write of a read-modify-write instruction for no access: stores are not
 *   compared. Misses are, because that write always hits.
 * - A locked instruction that is tried again is a branch to cachegrind.
 * - The predictors are different ones: mispredictions are only printed. Cachegrind's is that of
 *   a Pentium 4.
 * - In L1, cachegrind replaces what was used least recently, the simulator what was not used
 *   recently: up to some percent more misses, sometimes fewer.
 *
 * Everything else is alike: the loader and the C library are simulated from the first
 * instruction, memory that the kernel touches is not, prefetch instructions do nothing, and a
 * last level that is filled on every miss and evicts by itself.
 */
#include "count.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)

#define TEXT_BYTES_GZIP 100000
#define TEXT_BYTES_SORT 80000

/* In percent. */
#define TOLERANCE_INSTRUCTIONS 0.01
#define TOLERANCE              5.0
#define TOLERANCE_LISTED       0.1

static const struct geometry usual = {
	"32K/8 + 8M/16", {32 * KIB, 8}, {32 * KIB, 8}, {8 * MIB, 16}};
static const struct geometry small = {
	"8K/4 + 256K/8", {8 * KIB, 4}, {8 * KIB, 4}, {256 * KIB, 8}};
static const struct geometry tiny = {
	"1K/2 + 16K/4", {1 * KIB, 2}, {1 * KIB, 2}, {16 * KIB, 4}};

static struct scratch scratch;
static char gzip_text[SCRATCH_PATH_MAX], sort_text[SCRATCH_PATH_MAX];

/* Lines that sort differently from how they come, and that can be compressed. */
static void write_text(char *path, const char *name, size_t bytes)
{
	char *text = malloc(bytes + 64);
	uint64_t state = 1;
	size_t length = 0;

	assert_non_null(text);
	while (length < bytes) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		length += (size_t)snprintf(text + length, 64,
					   "%" PRIu64 " line of text %zu\n",
					   state >> 44, length % 977);
	}
	snprintf(path, SCRATCH_PATH_MAX, "%s",
		 scratch_write(&scratch, name, text, length));
	free(text);
}

static int open_scratch(void **state)
{
	(void)state;
	scratch_open(&scratch);
	count_prepare(&scratch);
	write_text(gzip_text, "gzip.txt", TEXT_BYTES_GZIP);
	write_text(sort_text, "sort.txt", TEXT_BYTES_SORT);
	return 0;
}

static int close_scratch(void **state)
{
	(void)state;
	scratch_close(&scratch);
	return 0;
}

static double difference(uint64_t simulated, uint64_t reference)
{
	return ((double)simulated / (double)reference - 1) * 100;
}

/* Prints the pair; 1: further apart than by `percent`. */
static unsigned compare(const char *what, uint64_t simulated, uint64_t reference,
			double percent)
{
	uint64_t apart =
		simulated > reference ? simulated - reference : reference - simulated;
	bool far = (double)apart > (double)reference * percent / 100;

	print_message("  %-14s %12" PRIu64 " cachegrind %12" PRIu64 " %+8.3f %%%s\n",
		      what, simulated, reference, difference(simulated, reference),
		      far ? " TOO FAR" : "");
	return far;
}

static void expect_alike(const struct geometry *geometry, const char *const *command)
{
	struct counts mine = count_simulated(&scratch, geometry, command);
	struct counts other = count_cachegrind(&scratch, geometry, command);
	unsigned far = 0;

	print_message("%s, %s\n", command[0], geometry->name);
	far += compare("instructions", mine.instructions, other.instructions,
		       TOLERANCE_INSTRUCTIONS);
	far += compare("branches", mine.branches, other.branches, TOLERANCE);
	far += compare("L1I misses", mine.l1i_misses, other.l1i_misses, TOLERANCE);
	far += compare("L1D misses", mine.l1d_misses, other.l1d_misses, TOLERANCE);
	far += compare("LLC misses", mine.llc_misses, other.llc_misses, TOLERANCE);
	compare("mispredicted", mine.mispredicted, other.mispredicted, 100);
	if (far)
		fail_msg("%u counters are too far from cachegrind's", far);
}

/* Of one thread: no other is made. Valid until the next call. */
static const char *const *example(const char *name, const char *rounds)
{
	static char path[1024];
	static const char *command[] = {path, "1", NULL, NULL};

	snprintf(path, sizeof(path), "%s/%s", getenv("EXAMPLES"), name);
	command[2] = rounds;
	return command;
}

static void gzip_misses_what_it_misses_under_cachegrind(void **state)
{
	const char *const command[] = {"gzip", "-c", gzip_text, NULL};

	(void)state;
	expect_alike(&usual, command);
	expect_alike(&small, command);
	expect_alike(&tiny, command);
}

static void sort_misses_what_it_misses_under_cachegrind(void **state)
{
	const char *const command[] = {"sort", "--parallel=1", sort_text, NULL};

	(void)state;
	expect_alike(&usual, command);
	expect_alike(&small, command);
}

static void an_example_with_locks_misses_the_same(void **state)
{
	(void)state;
	expect_alike(&usual, example("hash_table-good", "60"));
	expect_alike(&tiny, example("hash_table-good", "60"));
}

static void an_example_with_arithmetic_misses_the_same(void **state)
{
	(void)state;
	expect_alike(&usual, example("linear_regression-good", "200"));
	expect_alike(&small, example("linear_regression-good", "200"));
	expect_alike(&tiny, example("linear_regression-good", "200"));
}

static void expect_close(uint64_t counted, uint64_t listed)
{
	double percent = difference(counted, listed);

	if (!(percent >= -TOLERANCE_LISTED && percent <= TOLERANCE_LISTED))
		fail_msg("%" PRIu64 " are not the listed %" PRIu64, counted, listed);
}

/* Cachegrind cuts what is larger than a line, such as saved states, to one. */
static void strings_locks_vectors_and_saved_states_are_simulated_whole(void **state)
{
	const char *const command[] = {getenv("INSTRUCTIONS"), NULL};
	struct counts mine = count_simulated(&scratch, &small, command);
	uint64_t listed = count_listed(&scratch, small.l1d, command);

	(void)state;
	print_message("L1D misses %" PRIu64 ", listed %" PRIu64 "\n", mine.l1d_misses,
		      listed);
	expect_close(mine.l1d_misses, listed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gzip_misses_what_it_misses_under_cachegrind),
		cmocka_unit_test(sort_misses_what_it_misses_under_cachegrind),
		cmocka_unit_test(an_example_with_locks_misses_the_same),
		cmocka_unit_test(an_example_with_arithmetic_misses_the_same),
		cmocka_unit_test(
			strings_locks_vectors_and_saved_states_are_simulated_whole),
	};

	return cmocka_run_group_tests(tests, open_scratch, close_scratch);
}
