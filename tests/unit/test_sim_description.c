/* SPDX-License-Identifier: MIT */
/* sim/machine/description.c: descriptions that are read, and those that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "machine/machine.h"
#include "support/sim/build.h"

static void expect_refused(const char *text, uint32_t line, const char *reason)
{
	struct machine_problem problem = {0};
	struct machine_config config;

	machine_config_default(&config);
	assert_int_equal(machine_config_parse(&config, text, strlen(text), &problem),
			 -1);
	assert_string_equal(problem.text, reason);
	assert_int_equal(problem.line, line);
}

/* The text of one of the descriptions that are installed; valid until the next call. */
static char *read_text(const char *name, size_t *length)
{
	static char text[1 << 16];
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.machine", getenv("MACHINES"), name);
	file = fopen(path, "r");
	assert_non_null(file);
	*length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[*length] = '\0';
	return text;
}

static struct machine_config read_file(const char *name)
{
	size_t length;

	return build_config(read_text(name, &length));
}

static void expect_same_cache(const struct machine_cache_config *left,
			      const struct machine_cache_config *right)
{
	assert_int_equal(left->bytes, right->bytes);
	assert_int_equal(left->ways, right->ways);
	assert_int_equal(left->slices, right->slices);
	assert_int_equal(left->policy, right->policy);
}

static void expect_same(const struct machine_config *left,
			const struct machine_config *right)
{
	assert_string_equal(left->name, right->name);
	assert_int_equal(left->clock_mhz, right->clock_mhz);
	assert_int_equal(left->sockets, right->sockets);
	assert_int_equal(left->cores, right->cores);
	assert_int_equal(left->llc_cores, right->llc_cores);
	assert_int_equal(left->page_bytes, right->page_bytes);
	assert_int_equal(left->placement, right->placement);
	expect_same_cache(&left->l1i, &right->l1i);
	expect_same_cache(&left->l1d, &right->l1d);
	expect_same_cache(&left->l2, &right->l2);
	expect_same_cache(&left->llc, &right->llc);
	assert_memory_equal(&left->dtlb, &right->dtlb, sizeof(left->dtlb));
	assert_memory_equal(&left->stlb, &right->stlb, sizeof(left->stlb));
	assert_int_equal(left->predictor_entries, right->predictor_entries);
	assert_int_equal(left->sharing_lines, right->sharing_lines);
	assert_memory_equal(&left->costs, &right->costs, sizeof(left->costs));
}

static void comments_blanks_and_line_ends_do_not_matter(void **state)
{
	struct machine_config config = build_config(
		"\n  # nothing\n\tsockets\t=  2# two\r\ncores_per_socket=4");

	(void)state;
	assert_int_equal(config.sockets, 2);
	assert_int_equal(config.cores, 4);
}

static void sizes_have_units_and_decimals(void **state)
{
	struct machine_config config =
		build_config("l1d_bytes = 49152\nl2_bytes=1.25MiB\n"
			     "llc_bytes = 38.5 MiB\n");

	(void)state;
	assert_int_equal(config.l1d.bytes, 48 << 10);
	assert_int_equal(config.l2.bytes, 1280 << 10);
	assert_int_equal(config.llc.bytes, 77 << 19);
}

static void costs_and_words_are_read(void **state)
{
	struct machine_config config = build_config(
		"name = My machine, 2 sockets\ncycles_instruction = 0.25\n"
		"cycles_hitm_local = 77\nl2_policy = inclusive\nllc_policy = victim\n"
		"placement = scatter\n");

	(void)state;
	assert_string_equal(config.name, "My machine, 2 sockets");
	assert_int_equal(config.costs.instruction, 65536 / 4);
	assert_int_equal(config.costs.hitm_local, 77);
	assert_int_equal(config.l2.policy, MACHINE_INCLUSIVE);
	assert_int_equal(config.llc.policy, MACHINE_VICTIM);
	assert_int_equal(config.placement, MACHINE_SCATTER);
}

static void keys_that_are_left_out_keep_their_values(void **state)
{
	struct machine_config before, after = build_config("l2_bytes = 0\n");

	(void)state;
	machine_config_default(&before);
	before.l2.bytes = 0;
	expect_same(&before, &after);
}

static void the_default_file_is_the_built_in_default(void **state)
{
	struct machine_config built_in, file = read_file("default");

	(void)state;
	machine_config_default(&built_in);
	expect_same(&built_in, &file);
}

static void the_default_file_has_all_keys(void **state)
{
	struct machine_config built_in, filled;
	struct machine_problem problem;
	size_t length;
	char *text = read_text("default", &length);

	(void)state;
	machine_config_default(&built_in);
	memset(&filled, 0, sizeof(filled));
	filled.l1i = built_in.l1i; /* slices and policies of L1 have no keys */
	filled.l1d = built_in.l1d;
	filled.l2.slices = built_in.l2.slices;
	assert_int_equal(machine_config_parse(&filled, text, length, &problem), 0);
	expect_same(&built_in, &filled);
}

static void all_files_describe_machines_that_can_be_made(void **state)
{
	static const char *const names[] = {"default", "skylake-2s", "zen3",
					    "neoverse-n1"};
	struct machine_problem problem;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct machine_config config = read_file(names[i]);

		assert_int_equal(machine_config_check(&config, &problem), 0);
	}
}

static void wrong_lines_are_named(void **state)
{
	(void)state;
	expect_refused("sockets = 1\n\nnonsense\n", 3,
		       "expected 'key = value', found 'nonsense'");
	expect_refused("= 3\n", 1, "unknown key ''");
	expect_refused("# all is well\nl3_bytes = 3\n", 2, "unknown key 'l3_bytes'");
	expect_refused("socket = 3\n", 1, "unknown key 'socket'");
	expect_refused("sockets =  # none\n", 1, "'sockets' has no value");
	expect_refused("sockets = 1\nl1d_ways = 8\nsockets = 2\n", 3,
		       "'sockets' is given twice, first in line 1");
}

static void wrong_values_are_refused(void **state)
{
	(void)state;
	expect_refused("sockets = -1\n", 1,
		       "sockets = '-1' is no number, or too large a one");
	expect_refused("sockets = 2x\n", 1,
		       "sockets = '2x' is no number, or too large a one");
	expect_refused("sockets = 1.5\n", 1,
		       "sockets = '1.5' is no number, or too large a one");
	expect_refused("sockets = 4294967296\n", 1,
		       "sockets = '4294967296' is too large; at most 4294967295");
	expect_refused(
		"l1d_ways = 99999999999999999999\n", 1,
		"l1d_ways = '99999999999999999999' is no number, or too large a one");
	expect_refused("cycles_walk = 1000001\n", 1,
		       "cycles_walk = '1000001' is too large; at most 1000000");
	expect_refused("cycles_instruction = 1000.1\n", 1,
		       "cycles_instruction = '1000.1' is too large; at most 1000");
	expect_refused("cycles_instruction = .5\n", 1,
		       "cycles_instruction = '.5' is no number, or too large a one");
	expect_refused(
		"l2_policy = exclusive\n", 1,
		"l2_policy = 'exclusive'; write inclusive, non-inclusive or victim");
#define PLACEMENTS \
	"; write compact, scatter, or up to 256 numbers of cores, such as 0 2 1 3"
	expect_refused("placement = random\n", 1, "placement = 'random'" PLACEMENTS);
	expect_refused("placement = 0 1x\n", 1, "placement = '0 1x'" PLACEMENTS);
	expect_refused("placement = 0, 1\n", 1, "placement = '0, 1'" PLACEMENTS);
	expect_refused("placement = 256\n", 1, "placement = '256'" PLACEMENTS);
#undef PLACEMENTS
	expect_refused("line_bytes = 128\n", 1,
		       "line_bytes = '128': only lines of 64 bytes can be simulated");
	expect_refused("name = t\x01\n", 1,
		       "name = 't?' has characters other than printable ASCII");
}

static void wrong_sizes_are_refused(void **state)
{
#define NO_SIZE " is no size; write bytes, or a number with KiB, MiB or GiB"
	(void)state;
	expect_refused("l1d_bytes = 32 kB\n", 1, "l1d_bytes = '32 kB'" NO_SIZE);
	expect_refused("l1d_bytes = KiB\n", 1, "l1d_bytes = 'KiB'" NO_SIZE);
	expect_refused("l1d_bytes = 1.KiB\n", 1, "l1d_bytes = '1.KiB'" NO_SIZE);
	expect_refused("l1d_bytes = 1.2.3 KiB\n", 1, "l1d_bytes = '1.2.3 KiB'" NO_SIZE);
	expect_refused("l1d_bytes = 32 KiB 8\n", 1, "l1d_bytes = '32 KiB 8'" NO_SIZE);
	expect_refused("llc_bytes = 18014398509481984 KiB\n", 1,
		       "llc_bytes = '18014398509481984 KiB'" NO_SIZE);
	expect_refused("page_bytes = 4 GiB\n", 1,
		       "page_bytes = '4 GiB' is too large; at most 4294967295");
}

static void names_that_do_not_fit_are_refused(void **state)
{
	char text[200] = "name = ";

	(void)state;
	memset(text + 7, 'n', 64);
	expect_refused(text, 1,
		       "name = 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn...'"
		       " is too long; at most 63 bytes");
	text[7 + 63] = '\0';
	assert_int_equal(strlen(build_config(text).name), 63);
}

static void files_of_another_kind_are_refused(void **state)
{
	struct machine_problem problem;
	struct machine_config config;
	char zeros[64] = {0};
	size_t large = (1 << 20) + 1;
	char *text = calloc(1, large);

	(void)state;
	assert_non_null(text);
	machine_config_default(&config);
	assert_int_equal(machine_config_parse(&config, text, large, &problem), -1);
	assert_string_equal(problem.text,
			    "this is no machine description: more than 1 MiB");
	assert_int_equal(machine_config_parse(&config, zeros, sizeof(zeros), &problem),
			 -1);
	assert_int_equal(problem.line, 1);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comments_blanks_and_line_ends_do_not_matter),
		cmocka_unit_test(sizes_have_units_and_decimals),
		cmocka_unit_test(costs_and_words_are_read),
		cmocka_unit_test(keys_that_are_left_out_keep_their_values),
		cmocka_unit_test(the_default_file_is_the_built_in_default),
		cmocka_unit_test(the_default_file_has_all_keys),
		cmocka_unit_test(all_files_describe_machines_that_can_be_made),
		cmocka_unit_test(wrong_lines_are_named),
		cmocka_unit_test(wrong_values_are_refused),
		cmocka_unit_test(wrong_sizes_are_refused),
		cmocka_unit_test(names_that_do_not_fit_are_refused),
		cmocka_unit_test(files_of_another_kind_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
