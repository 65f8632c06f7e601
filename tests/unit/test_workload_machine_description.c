/* SPDX-License-Identifier: MIT */
/*
 * src/workload/machine_description.c and machine_host.c: names, files that are refused, and
 * machines as kernels describe them, the impossible ones too.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "machine/machine.h"
#include "support/scratch.h"
#include "workload/machine_description.h"

static struct scratch scratch;
static struct machine_description_places places;
static struct error failure;
static char *text, *origin;

static int open_scratch(void **state)
{
	(void)state;
	scratch_open(&scratch);
	failure = (struct error){0};
	places = (struct machine_description_places){.directory = scratch.directory,
						     .root = scratch.directory};
	text = origin = NULL;
	return 0;
}

static int close_scratch(void **state)
{
	(void)state;
	free(text);
	free(origin);
	scratch_close(&scratch);
	return 0;
}

static int resolve(const char *name)
{
	free(text);
	free(origin);
	text = origin = NULL;
	return machine_description_resolve_in(&places, name, &text, &origin, &failure);
}

static void write_file(const char *name, const char *chars)
{
	scratch_write(&scratch, name, chars, strlen(chars));
}

static void expect_refused(const char *name, int code, const char *reason)
{
	assert_int_equal(resolve(name), code);
	assert_null(text);
	assert_null(origin);
	if (!strstr(failure.text, reason))
		fail_msg("'%s' does not tell '%s'", failure.text, reason);
}

static struct machine_config read_text(void)
{
	struct machine_problem problem = {0};
	struct machine_config config;

	machine_config_default(&config);
	if (machine_config_parse(&config, text, strlen(text), &problem) ||
	    machine_config_check(&config, &problem))
		fail_msg("line %u: %s in:\n%s", problem.line, problem.text, text);
	return config;
}

/* --- names and files --- */

static void every_installed_description_is_found_by_its_name(void **state)
{
	static const char *const names[] = {"default", "neoverse-n1", "skylake-2s",
					    "zen3"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char file[64];

		free(text);
		free(origin);
		text = origin = NULL;
		assert_int_equal(
			machine_description_resolve(names[i], &text, &origin, &failure),
			0);
		read_text();
		snprintf(file, sizeof(file), "/%s.machine", names[i]);
		assert_non_null(strstr(origin, file));
		assert_int_equal(*origin, '/');
	}
}

static void no_name_is_the_default_one(void **state)
{
	(void)state;
	write_file("default.machine", "name = plain\n");
	assert_int_equal(resolve(NULL), 0);
	assert_string_equal(text, "name = plain\n");
	assert_int_equal(resolve("default"), 0);
	assert_string_equal(read_text().name, "plain");
}

static void names_are_listed_with_those_that_need_no_file_first(void **state)
{
	struct text names = {0};

	(void)state;
	machine_description_names(" ", &names);
	assert_string_equal(names.chars, "default host neoverse-n1 skylake-2s zen3");
	text_free(&names);
}

static void an_unknown_name_is_answered_with_the_known_ones(void **state)
{
	(void)state;
	write_file("zen9.machine", "");
	write_file("zen9.txt", "");
	expect_refused("zen", -ENOENT,
		       "unknown machine 'zen'; known are: default, host, zen9; ");
}

static void a_name_does_not_leave_the_directory(void **state)
{
	char longest[MACHINE_DESCRIPTION_NAME_MAX + 2];

	(void)state;
	expect_refused("", -ENOENT, "unknown machine ''");
	expect_refused("..", -ENOENT, "unknown machine '..'");
	expect_refused("a b", -ENOENT, "unknown machine 'a b'");
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	expect_refused(longest, -ENOENT, "aaa...'");
}

static void without_installed_descriptions_the_directory_is_told(void **state)
{
	(void)state;
	places.directory = NULL;
	expect_refused("default", -ENOENT, "reinstall it, or give a file");
	expect_refused("a b", -ENOENT, "known are: default, host;");
}

static void a_path_is_a_file_wherever_it_is(void **state)
{
	const char *path;

	(void)state;
	write_file("my.machine", "sockets = 2\n");
	path = scratch_path(&scratch, "my.machine");
	assert_int_equal(resolve(path), 0);
	assert_string_equal(origin, path);
	assert_int_equal(read_text().sockets, 2);
	assert_int_equal(symlink("my.machine", scratch_path(&scratch, "link")), 0);
	assert_int_equal(resolve(scratch_path(&scratch, "link")), 0);
	assert_string_equal(origin, scratch_path(&scratch, "my.machine"));
}

static void a_missing_file_is_named(void **state)
{
	(void)state;
	expect_refused("nowhere.machine", -ENOENT,
		       "'nowhere.machine': No such file or directory");
	expect_refused("./nowhere", -ENOENT, "'./nowhere'");
}

static void only_regular_files_are_read(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(scratch_path(&scratch, "fifo.machine"), 0600), 0);
	expect_refused(scratch_path(&scratch, "fifo.machine"), -EINVAL,
		       "no regular file");
	expect_refused("/dev/zero", -EINVAL, "no regular file");
	expect_refused("/", -EINVAL, "no regular file");
}

static void a_file_of_more_than_a_mebibyte_is_not_read(void **state)
{
	const char *path;

	(void)state;
	write_file("big.machine", "#");
	path = scratch_path(&scratch, "big.machine");
	assert_int_equal(truncate(path, (1 << 20) + 1), 0);
	expect_refused(path, -EFBIG, "big.machine");
}

static void binary_files_are_refused(void **state)
{
	(void)state;
	scratch_write(&scratch, "binary.machine", "sockets = 2\n\0x", 14);
	expect_refused(scratch_path(&scratch, "binary.machine"), -EINVAL,
		       "it is binary");
}

static void a_mistake_is_told_with_file_and_line(void **state)
{
	(void)state;
	write_file("typo.machine", "# mine\nsockets = 2\nl2_sise = 1 MiB\n");
	expect_refused(scratch_path(&scratch, "typo.machine"), -EINVAL,
		       "typo.machine': line 3: unknown key 'l2_sise'");
}

static void an_impossible_geometry_is_told_with_its_values(void **state)
{
	(void)state;
	write_file("odd.machine", "l1d_bytes = 48 KiB\nl1d_ways = 8\n");
	expect_refused(
		scratch_path(&scratch, "odd.machine"), -EINVAL,
		"l1d_bytes = 49152 does not make a power of two of sets with 8 ways");
}

/* --- this machine --- */

static void make_directories(const char *path)
{
	char below[SCRATCH_PATH_MAX];

	for (size_t i = 1; path[i]; i++)
		if (path[i] == '/') {
			snprintf(below, sizeof(below), "%.*s", (int)i, path);
			mkdir(scratch_path(&scratch, below), 0755);
		}
}

static void tell(const char *name, const char *line)
{
	make_directories(name);
	write_file(name, line);
}

static void tell_cpu(unsigned cpu, const char *file, const char *line)
{
	char name[128];

	snprintf(name, sizeof(name), "sys/devices/system/cpu/cpu%u/%s", cpu, file);
	tell(name, line);
}

static void tell_topology(unsigned cpu, const char *siblings, const char *package)
{
	tell_cpu(cpu, "topology/core_cpus_list", siblings);
	tell_cpu(cpu, "topology/physical_package_id", package);
}

static void tell_cache(unsigned index, const char *level, const char *type,
		       const char *size, const char *ways, const char *shared)
{
	const char *const lines[][2] = {{"level", level},
					{"type", type},
					{"size", size},
					{"ways_of_associativity", ways},
					{"coherency_line_size", "64\n"},
					{"shared_cpu_list", shared}};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char file[64];

		snprintf(file, sizeof(file), "cache/index%u/%s", index, lines[i][0]);
		tell_cpu(0, file, lines[i][1]);
	}
}

/* Two sockets of four cores with two hardware threads each; LLC for two cores. */
static void tell_server(void)
{
	for (unsigned cpu = 0; cpu < 16; cpu++) {
		char siblings[16];

		snprintf(siblings, sizeof(siblings), "%u,%u\n", cpu % 8, cpu % 8 + 8);
		tell_topology(cpu, siblings, cpu % 8 < 4 ? "0\n" : "1\n");
	}
	tell("sys/devices/system/node/has_memory", "0-1\n");
	tell("proc/cpuinfo", "processor\t: 0\nmodel name\t: Some CPU #7\n"
			     "cpu MHz\t\t: 2596.120\n");
	tell_cache(0, "1\n", "Data\n", "48K\n", "12\n", "0,8\n");
	tell_cache(1, "1\n", "Instruction\n", "32K\n", "8\n", "0,8\n");
	tell_cache(2, "2\n", "Unified\n", "1280K\n", "20\n", "0,8\n");
	tell_cache(3, "3\n", "Unified\n", "24576K\n", "12\n", "0-1,8-9\n");
}

static void a_server_is_described_as_it_is(void **state)
{
	struct machine_config config;

	(void)state;
	tell_server();
	assert_int_equal(resolve("host"), 0);
	assert_string_equal(origin, "host");
	config = read_text();
	assert_string_equal(config.name, "Some CPU ?7");
	assert_int_equal(config.clock_mhz, 2600);
	assert_int_equal(config.sockets, 2);
	assert_int_equal(config.cores, 4);
	assert_int_equal(config.llc_cores, 2);
	assert_int_equal(config.l1d.bytes, 48 << 10);
	assert_int_equal(config.l1d.ways, 12);
	assert_int_equal(config.l1i.bytes, 32 << 10);
	assert_int_equal(config.l1i.ways, 8);
	assert_int_equal(config.llc.bytes, 24 << 20);
	assert_int_equal(config.llc.ways, 12);
	assert_int_equal(config.llc.slices, 1);
	assert_non_null(strstr(text, "16 hardware threads on 8 cores"));
}

static void too_many_ways_become_fewer_of_the_same_size(void **state)
{
	struct machine_config config;

	(void)state;
	tell_server();
	assert_int_equal(resolve("host"), 0);
	config = read_text();
	assert_int_equal(config.l2.bytes, 1280 << 10);
	assert_int_equal(config.l2.ways, 10);
	assert_non_null(strstr(text, "# l2: told are 1310720 bytes, 20 ways;"));
}

static void a_frequency_that_does_not_move_is_preferred(void **state)
{
	(void)state;
	tell_server();
	tell_cpu(0, "cpufreq/cpuinfo_max_freq", "3400000\n");
	assert_int_equal(resolve("host"), 0);
	assert_int_equal(read_text().clock_mhz, 3400);
	tell_cpu(0, "cpufreq/base_frequency", "2100000\n");
	assert_int_equal(resolve("host"), 0);
	assert_int_equal(read_text().clock_mhz, 2100);
}

static void a_machine_that_tells_nothing_is_the_default_one(void **state)
{
	(void)state;
	assert_int_equal(resolve("host"), 0);
	assert_string_equal(read_text().name, "host");
	/* Of other keys only policies are given, those of the default machine. */
	for (const char *line = text; *line; line = strchr(line, '\n') + 1)
		assert_true(*line == '#' || !strncmp(line, "name = ", 7) ||
			    !strncmp(line, "l2_policy = non-inclusive", 25) ||
			    !strncmp(line, "llc_policy = non-inclusive", 26));
	assert_non_null(strstr(text, "# sockets, cores: not told;"));
	assert_non_null(strstr(text, "# l1d: not told;"));
	assert_non_null(strstr(text, "# l2: not told;"));
	assert_non_null(strstr(text, "# llc: not told;"));
	assert_non_null(strstr(text, "# clock_mhz: not told;"));
}

static void an_absurd_last_level_of_a_virtual_machine_is_bent(void **state)
{
	struct machine_config config;

	(void)state;
	tell_topology(0, "0\n", "0\n");
	tell_topology(1, "1\n", "0\n");
	tell_cache(3, "3\n", "Unified\n", "393216K\n", "1\n", "0-1\n");
	assert_int_equal(resolve("host"), 0);
	config = read_text();
	assert_int_equal(config.llc.bytes, 402653184);
	assert_int_equal(config.llc.ways, 16);
	assert_int_equal(config.llc.slices, 3);
	assert_int_equal(config.cores, 2);
	assert_non_null(strstr(text, "# llc: 1 ways are told, which is no real"));
}

static void packages_with_one_memory_are_one_socket(void **state)
{
	struct machine_config config;

	(void)state;
	for (unsigned cpu = 0; cpu < 4; cpu++) {
		char number[8];

		snprintf(number, sizeof(number), "%u\n", cpu);
		tell_topology(cpu, number, number);
	}
	tell("sys/devices/system/node/has_memory", "0\n");
	tell_cache(3, "3\n", "Unified\n", "16384K\n", "16\n", "0\n");
	assert_int_equal(resolve("host"), 0);
	config = read_text();
	assert_int_equal(config.sockets, 1);
	assert_int_equal(config.cores, 4);
	assert_int_equal(config.llc_cores, 0);
	assert_non_null(strstr(text, "# 4 packages, but memory of 1 node,"));
}

static void a_shared_second_level_without_a_third_is_the_last(void **state)
{
	struct machine_config config;

	(void)state;
	for (unsigned cpu = 0; cpu < 4; cpu++) {
		char number[8];

		snprintf(number, sizeof(number), "%u\n", cpu);
		tell_cpu(cpu, "topology/thread_siblings_list", number);
		tell_cpu(cpu, "topology/physical_package_id", "-1\n");
	}
	tell_cache(0, "1\n", "Data\n", "32K\n", "2\n", "0\n");
	tell_cache(2, "2\n", "Unified\n", "1M\n", "16\n", "0-3\n");
	assert_int_equal(resolve("host"), 0);
	config = read_text();
	assert_int_equal(config.sockets, 1);
	assert_int_equal(config.cores, 4);
	assert_int_equal(config.l2.bytes, 0);
	assert_int_equal(config.llc.bytes, 1 << 20);
	assert_int_equal(config.l1d.ways, 2);
}

static void a_last_level_that_is_kept_from_us_is_the_default_one(void **state)
{
	struct machine_config config;

	(void)state;
	tell_topology(0, "0\n", "0\n");
	tell_cache(2, "2\n", "Unified\n", "512K\n", "8\n", "0\n");
	assert_int_equal(resolve("host"), 0);
	config = read_text();
	assert_int_equal(config.l2.bytes, 512 << 10);
	assert_int_equal(config.llc.bytes, 32 << 20);
	assert_non_null(strstr(text, "# llc: not told; that of the default machine"));
}

static void cores_beyond_the_limit_are_left_out(void **state)
{
	struct machine_config config;

	(void)state;
	for (unsigned cpu = 0; cpu < MACHINE_CORES_MAX + 2; cpu++) {
		char number[8];

		snprintf(number, sizeof(number), "%u\n", cpu);
		tell_topology(cpu, number, cpu % 2 ? "1\n" : "0\n");
	}
	assert_int_equal(resolve("host"), 0);
	config = read_text();
	assert_int_equal(config.sockets, 2);
	assert_int_equal(config.cores, MACHINE_CORES_MAX / 2);
	assert_non_null(
		strstr(text, "# 129 cores a socket: simulated are 256 in all."));
}

static void lines_of_another_size_are_told(void **state)
{
	(void)state;
	tell_cache(0, "1\n", "Data\n", "64K\n", "4\n", "0\n");
	tell_cpu(0, "cache/index0/coherency_line_size", "128\n");
	assert_int_equal(resolve("host"), 0);
	assert_int_equal(read_text().l1d.bytes, 64 << 10);
	assert_non_null(strstr(text, "# l1d: lines of 128 bytes; simulated are 64."));
}

/* Whatever the kernel tells, the simulator takes what is made of it. */
static void nonsense_makes_a_machine_all_the_same(void **state)
{
	static const char *const sizes[] = {"0K",
					    "1",
					    "63",
					    "100",
					    "7K",
					    "48K",
					    "96K",
					    "1000K",
					    "33M",
					    "77777K",
					    "5000M",
					    "99G",
					    "-1K",
					    "K",
					    "",
					    "9999999999999999999999",
					    "18446744073709551615G"};
	static const char *const ways[] = {"0",  "1",  "2",  "3",          "5",  "7",
					   "13", "17", "20", "4294967295", "-1", "x"};
	static const char *const lists[] = {"",  "0",      "0-1",  "0-99999999",
					    "3", "1-0,5-", "0,,2", "x"};
	size_t number = 0;

	(void)state;
	for (unsigned cpu = 0; cpu < 6; cpu++)
		tell_topology(cpu, cpu % 2 ? "0-5\n" : "\n",
			      cpu < 3 ? "zero\n" : "1\n");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t j = 0; j < sizeof(ways) / sizeof(ways[0]); j++) {
			const char *list =
				lists[number++ % (sizeof(lists) / sizeof(lists[0]))];

			tell_cache(0, "1", "Data", sizes[i], ways[j], list);
			tell_cache(1, "1", "Instruction", sizes[i], ways[j], list);
			tell_cache(2, "2", "Unified", sizes[i], ways[j], list);
			tell_cache(3, number % 5 ? "3" : "4", "Unified", sizes[i],
				   ways[j], list);
			tell_topology(0, list, "0");
			assert_int_equal(resolve("host"), 0);
			read_text();
		}
}

static void the_machine_of_this_test_can_be_described(void **state)
{
	(void)state;
	places.root = "";
	assert_int_equal(resolve("host"), 0);
	read_text();
}

#define IN_SCRATCH(function) \
	cmocka_unit_test_setup_teardown(function, open_scratch, close_scratch)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(every_installed_description_is_found_by_its_name),
		IN_SCRATCH(no_name_is_the_default_one),
		IN_SCRATCH(names_are_listed_with_those_that_need_no_file_first),
		IN_SCRATCH(an_unknown_name_is_answered_with_the_known_ones),
		IN_SCRATCH(a_name_does_not_leave_the_directory),
		IN_SCRATCH(without_installed_descriptions_the_directory_is_told),
		IN_SCRATCH(a_path_is_a_file_wherever_it_is),
		IN_SCRATCH(a_missing_file_is_named),
		IN_SCRATCH(only_regular_files_are_read),
		IN_SCRATCH(a_file_of_more_than_a_mebibyte_is_not_read),
		IN_SCRATCH(binary_files_are_refused),
		IN_SCRATCH(a_mistake_is_told_with_file_and_line),
		IN_SCRATCH(an_impossible_geometry_is_told_with_its_values),
		IN_SCRATCH(a_server_is_described_as_it_is),
		IN_SCRATCH(too_many_ways_become_fewer_of_the_same_size),
		IN_SCRATCH(a_frequency_that_does_not_move_is_preferred),
		IN_SCRATCH(a_machine_that_tells_nothing_is_the_default_one),
		IN_SCRATCH(an_absurd_last_level_of_a_virtual_machine_is_bent),
		IN_SCRATCH(packages_with_one_memory_are_one_socket),
		IN_SCRATCH(a_shared_second_level_without_a_third_is_the_last),
		IN_SCRATCH(a_last_level_that_is_kept_from_us_is_the_default_one),
		IN_SCRATCH(cores_beyond_the_limit_are_left_out),
		IN_SCRATCH(lines_of_another_size_are_told),
		IN_SCRATCH(nonsense_makes_a_machine_all_the_same),
		IN_SCRATCH(the_machine_of_this_test_can_be_described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
