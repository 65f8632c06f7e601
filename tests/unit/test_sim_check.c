/* SPDX-License-Identifier: MIT */
/* sim/machine/check.c: machines that cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "machine/machine.h"
#include "support/sim/build.h"

static void expect_impossible(const char *text, const char *reason)
{
	struct machine_config config = build_config(text);
	const struct machine_host host = build_host(NULL);
	struct machine_problem problem = {.line = 9};

	assert_int_equal(machine_config_check(&config, &problem), -1);
	assert_string_equal(problem.text, reason);
	assert_int_equal(problem.line, 0);
	assert_null(machine_create(&config, &host, &problem));
	assert_string_equal(problem.text, reason);
}

static void expect_possible(const char *text)
{
	struct machine_config config = build_config(text);

	machine_free(build_machine(&config));
}

static void sets_must_be_a_power_of_two(void **state)
{
	(void)state;
	expect_impossible("l1d_bytes = 48 KiB\n",
			  "l1d_bytes = 49152 does not make a power of two of sets with "
			  "8 ways");
	expect_possible("l1d_bytes = 48 KiB\nl1d_ways = 12\n");
	expect_impossible("l1d_bytes = 4160\nl1d_ways = 8\n",
			  "l1d_bytes = 4160 does not make a power of two of sets with "
			  "8 ways");
	expect_impossible("llc_bytes = 38.5 MiB\nllc_ways = 11\n",
			  "llc_bytes = 40370176 does not make a power of two of sets "
			  "with 11 ways in 1 slice; see llc_slices");
	expect_possible("llc_bytes = 38.5 MiB\nllc_ways = 11\nllc_slices = 28\n");
	expect_impossible("llc_bytes = 38.5 MiB\nllc_ways = 11\nllc_slices = 27\n",
			  "llc_bytes = 40370176 does not make a power of two of sets "
			  "with 11 ways in 27 slices");
	expect_impossible("dtlb_entries = 48\n",
			  "dtlb_entries = 48 does not make a power of two of sets with "
			  "4 ways");
	expect_impossible(
		"stlb_entries = 0\nl2_bytes = 1 MiB\nl2_ways = 3\n",
		"l2_bytes = 1048576 does not make a power of two of sets with "
		"3 ways");
}

static void listed_cores_must_exist_once(void **state)
{
	(void)state;
	expect_possible("cores_per_socket = 2\nplacement = 1 0\n");
	expect_impossible("cores_per_socket = 2\nplacement = 1 2\n",
			  "placement = 2 is no core: they are numbered from 0 to 1");
	expect_impossible("cores_per_socket = 2\nplacement = 1 1\n",
			  "placement = 1 is listed twice");
}

static void all_last_level_caches_must_fit_into_memory(void **state)
{
	(void)state;
	expect_possible("sockets = 2\nllc_bytes = 2 GiB\n");
	expect_impossible("sockets = 2\ncores_per_llc = 32\nllc_bytes = 2 GiB\n",
			  "llc_bytes = 2147483648 in 4 last-level caches are more "
			  "than the limit of 4294967296 bytes");
}

static void ways_must_fit(void **state)
{
	(void)state;
	expect_impossible("l1d_ways = 0\n", "l1d_ways = 0 is outside 1 to 16");
	expect_impossible("llc_ways = 17\n", "llc_ways = 17 is outside 1 to 16");
	expect_impossible("l1i_bytes = 256\n",
			  "l1i_ways = 8 are more than the 4 lines of l1i_bytes hold");
	expect_impossible("dtlb_ways = 0\n", "dtlb_ways = 0 is outside 1 to 64");
	expect_impossible("stlb_entries = 4096\nstlb_ways = 128\n",
			  "stlb_ways = 128 is outside 1 to 64");
	expect_possible("l1i_bytes = 512\nl1i_ways = 8\n");
}

static void sizes_must_be_within_limits(void **state)
{
	(void)state;
	expect_impossible("l1d_bytes = 0\n", "l1d_bytes = 0 is outside 64 to 1048576");
	expect_impossible("l1d_bytes = 2 MiB\n",
			  "l1d_bytes = 2097152 is outside 64 to 1048576");
	expect_impossible("l1d_bytes = 1000\nl1d_ways = 1\n",
			  "l1d_bytes = 1000 is no multiple of the line size, 64");
	expect_impossible("llc_bytes = 8 GiB\n",
			  "llc_bytes = 8589934592 is outside 64 to 4294967296");
	expect_impossible("llc_slices = 0\n", "llc_slices = 0 is outside 1 to 1024");
	expect_impossible("page_bytes = 5000\n",
			  "page_bytes = 5000 is no power of two");
	expect_impossible("page_bytes = 2 KiB\n",
			  "page_bytes = 2048 is outside 4096 to 1073741824");
	expect_impossible("predictor_entries = 1000\n",
			  "predictor_entries = 1000 is no power of two");
	expect_impossible("sharing_lines = 0\n",
			  "sharing_lines = 0 is outside 1 to 65000");
	expect_impossible("clock_mhz = 0\n", "clock_mhz = 0 is outside 1 to 100000");
}

static void cores_and_caches_must_be_within_limits(void **state)
{
	(void)state;
	expect_impossible("sockets = 0\n", "sockets = 0 is outside 1 to 32");
	expect_impossible("cores_per_socket = 257\n",
			  "cores_per_socket = 257 is outside 1 to 256");
	expect_impossible("sockets = 5\n",
			  "cores_per_socket = 64 in 5 sockets are more than the limit "
			  "of 256 cores");
	expect_impossible("cores_per_llc = 7\n",
			  "cores_per_llc = 7 does not divide the 64 cores of a socket");
	expect_impossible(
		"cores_per_llc = 1\n",
		"cores_per_llc = 1 makes more than the limit of 32 last-level "
		"caches");
	expect_possible("sockets = 4\n");
}

static void inclusive_caches_must_hold_what_is_above(void **state)
{
	(void)state;
	expect_impossible(
		"l2_policy = inclusive\nl2_bytes = 16 KiB\nl2_ways = 4\n",
		"l2_bytes = 16384 is less than an L1 that an inclusive L2 must "
		"hold");
	expect_impossible(
		"llc_policy = inclusive\nllc_bytes = 512 KiB\n",
		"llc_bytes = 524288 is less than the L2 that an inclusive LLC "
		"must hold");
	expect_impossible("llc_policy = inclusive\nl2_bytes = 0\nllc_bytes = 16 KiB\n",
			  "llc_bytes = 16384 is less than an L1 that an inclusive LLC "
			  "must hold");
	expect_impossible("l2_policy = victim\n",
			  "l2_policy = victim cannot be simulated; write inclusive or "
			  "non-inclusive");
	expect_possible("llc_bytes = 512 KiB\n");
}

static void levels_can_be_left_out(void **state)
{
	(void)state;
	expect_possible("l2_bytes = 0\nl2_ways = 0\n");
	expect_possible("llc_bytes = 0\nllc_ways = 0\nllc_policy = inclusive\n");
	expect_possible(
		"l2_bytes = 0\nllc_bytes = 0\nstlb_entries = 0\nstlb_ways = 0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_must_be_a_power_of_two),
		cmocka_unit_test(listed_cores_must_exist_once),
		cmocka_unit_test(all_last_level_caches_must_fit_into_memory),
		cmocka_unit_test(ways_must_fit),
		cmocka_unit_test(sizes_must_be_within_limits),
		cmocka_unit_test(cores_and_caches_must_be_within_limits),
		cmocka_unit_test(inclusive_caches_must_hold_what_is_above),
		cmocka_unit_test(levels_can_be_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
