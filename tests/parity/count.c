/* SPDX-License-Identifier: MIT */
/* Runs a program under Valgrind's tools and reads what they counted: see count.h. */
#include "count.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_BYTES   64
#define OPTIONS_MAX  12
#define OPTION_BYTES 640
#define WAYS_MAX     16

struct options {
	char words[OPTIONS_MAX][OPTION_BYTES];
	size_t count;
	const char *tools; /* directory */
};

__attribute__((format(printf, 2, 3))) static void add_option(struct options *options,
							     const char *format, ...)
{
	va_list arguments;

	assert_true(options->count < OPTIONS_MAX);
	va_start(arguments, format);
	vsnprintf(options->words[options->count++], OPTION_BYTES, format, arguments);
	va_end(arguments);
}

static void run_child(const struct options *options, const char *const *command)
{
	const char *words[OPTIONS_MAX + COMMAND_WORDS_MAX + 2] = {"valgrind"};
	int nowhere = open("/dev/null", O_RDWR);
	size_t n = 1;

	dup2(nowhere, STDIN_FILENO);
	dup2(nowhere, STDOUT_FILENO);
	setenv("LC_ALL", "C", 1);
	/* The same for all: the environment lies on the stack and moves it. */
	setenv("VALGRIND_LIB", options->tools, 1);
	for (size_t i = 0; i < options->count; i++)
		words[n++] = options->words[i];
	for (size_t i = 0; command[i]; i++)
		words[n++] = command[i];
	execvp(words[0], (char *const *)words);
	_exit(127);
}

/* Starts valgrind. The caller waits. */
static pid_t start(const struct options *options, const char *const *command)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child)
		run_child(options, command);
	return child;
}

static void expect_success(pid_t child, const char *tool)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("%s ended with status %x", tool, (unsigned)status);
}

static FILE *open_file(const char *path)
{
	FILE *file = fopen(path, "r");

	if (!file)
		fail_msg("cannot read %s", path);
	return file;
}

void count_prepare(const struct scratch *scratch)
{
	const char *const folders[] = {getenv("SIMULATOR"), getenv("VALGRIND_TOOLS")};
	static const char *const files[][5] = {
		{"autoperf-sim-amd64-linux", NULL},
		{"cachegrind-amd64-linux", "lackey-amd64-linux",
		 "vgpreload_core-amd64-linux.so", "default.supp", NULL}};
	char target[OPTION_BYTES];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		for (size_t j = 0; files[i][j]; j++) {
			snprintf(target, sizeof(target), "%s/%s", folders[i],
				 files[i][j]);
			assert_int_equal(
				symlink(target, scratch_path(scratch, files[i][j])), 0);
		}
}

/* --- the simulator --- */

static void write_machine(const struct scratch *scratch,
			  const struct geometry *geometry)
{
	char text[512];
	int length =
		snprintf(text, sizeof(text),
			 "sockets = 1\ncores_per_socket = 1\nl1i_bytes = %" PRIu64
			 "\nl1i_ways = %u\nl1d_bytes = %" PRIu64 "\nl1d_ways = %u\n"
			 "l2_bytes = 0\nllc_bytes = %" PRIu64 "\nllc_ways = %u\n"
			 "llc_policy = non-inclusive\n",
			 geometry->l1i.bytes, geometry->l1i.ways, geometry->l1d.bytes,
			 geometry->l1d.ways, geometry->llc.bytes, geometry->llc.ways);

	scratch_write(scratch, "shape.machine", text, (size_t)length);
}

/* "==123==   NAME  VALUE", once for each thread. */
static void read_summary(const char *path, struct counts *counts)
{
	const struct {
		const char *name;
		uint64_t *value;
	} counters[] = {
		{"instructions", &counts->instructions},
		{"branches", &counts->branches},
		{"branch_misses", &counts->mispredicted},
		{"l1i_misses", &counts->l1i_misses},
		{"l1d_misses", &counts->l1d_misses},
		{"llc_misses", &counts->llc_misses},
	};
	FILE *file = open_file(path);
	char line[512], name[64];
	uint64_t value;

	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "==%*d== %63s %" SCNu64, name, &value) != 2)
			continue;
		for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
			if (!strcmp(name, counters[i].name))
				*counters[i].value += value;
	}
	fclose(file);
}

struct counts count_simulated(const struct scratch *scratch,
			      const struct geometry *geometry,
			      const char *const *command)
{
	struct options options = {.tools = scratch->directory};
	struct counts counts = {0};
	const char *result = scratch_path(scratch, "summary");

	write_machine(scratch, geometry);
	add_option(&options, "--command-line-only=yes");
	add_option(&options, "--tool=autoperf-sim");
	add_option(&options, "--summary=yes");
	add_option(&options, "--machine=%s", scratch_path(scratch, "shape.machine"));
	add_option(&options, "--log-file=%s", result);
	expect_success(start(&options, command), "autoperf-sim");
	read_summary(result, &counts);
	return counts;
}

/* --- cachegrind --- */

static void add_cache(struct options *options, const char *name,
		      struct cache_shape shape)
{
	add_option(options, "--%s=%" PRIu64 ",%u,%d", name, shape.bytes, shape.ways,
		   LINE_BYTES);
}

/* The totals, at the end: "summary: Ir I1mr ...", named by "events: Ir I1mr ...". */
static void read_totals(const char *path, struct counts *counts)
{
	const struct {
		const char *name;
		uint64_t *value;
	} counters[] = {
		{"Ir", &counts->instructions},  {"Bc", &counts->branches},
		{"Bi", &counts->branches},      {"Bcm", &counts->mispredicted},
		{"Bim", &counts->mispredicted}, {"I1mr", &counts->l1i_misses},
		{"D1mr", &counts->l1d_misses},  {"D1mw", &counts->l1d_misses},
		{"ILmr", &counts->llc_misses},  {"DLmr", &counts->llc_misses},
		{"DLmw", &counts->llc_misses},
	};
	FILE *file = open_file(path);
	char line[4096], events[4096] = "", *name_end, *value_end = NULL;

	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "events: ", 8))
			snprintf(events, sizeof(events), "%s", line + 8);
		if (strncmp(line, "summary: ", 9) != 0)
			continue;
		value_end = line + 9;
		for (char *name = strtok_r(events, " \n", &name_end); name;
		     name = strtok_r(NULL, " \n", &name_end)) {
			uint64_t value = strtoull(value_end, &value_end, 10);

			for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]);
			     i++)
				if (!strcmp(name, counters[i].name))
					*counters[i].value += value;
		}
	}
	fclose(file);
	assert_non_null(value_end);
}

struct counts count_cachegrind(const struct scratch *scratch,
			       const struct geometry *geometry,
			       const char *const *command)
{
	struct options options = {.tools = scratch->directory};
	struct counts counts = {0};
	const char *result = scratch_path(scratch, "cachegrind.out");

	add_option(&options, "--command-line-only=yes");
	add_option(&options, "--tool=cachegrind");
	add_option(&options, "--log-file=%s", scratch_path(scratch, "log"));
	/*
	 * By default Valgrind translates `if (a && b)` to code that computes both and branches
	 * once; cachegrind then counts instructions that are not executed (sort: 3 % more) and
	 * too few branches (gzip: 18 % less). The simulator, like callgrind, has this off.
	 */
	add_option(&options, "--vex-guest-chase=no");
	add_option(&options, "--cache-sim=yes");
	add_option(&options, "--branch-sim=yes");
	add_cache(&options, "I1", geometry->l1i);
	add_cache(&options, "D1", geometry->l1d);
	add_cache(&options, "LL", geometry->llc);
	add_option(&options, "--cachegrind-out-file=%s", result);
	expect_success(start(&options, command), "cachegrind");
	read_totals(result, &counts);
	return counts;
}

/* --- lackey --- */

/*
 * The plainest of caches. What falls out is the first line of a set that has not been used since
 * all of them had been.
 */
struct plain_line {
	uint64_t number; /* + 1; 0: empty */
	bool used;
};

struct plain_cache {
	struct plain_line *lines;
	uint64_t sets;
	uint32_t ways;
};

static struct plain_line *find_unused(struct plain_line *set, uint32_t ways)
{
	for (uint32_t i = 0; i < ways; i++)
		if (!set[i].used)
			return &set[i];
	for (uint32_t i = 0; i < ways; i++)
		set[i].used = false;
	return set;
}

static bool misses(const struct plain_cache *cache, uint64_t number)
{
	struct plain_line *set = &cache->lines[number % cache->sets * cache->ways];

	for (uint32_t i = 0; i < cache->ways; i++)
		if (set[i].number == number + 1) {
			set[i].used = true;
			return false;
		}
	*find_unused(set, cache->ways) =
		(struct plain_line){.number = number + 1, .used = true};
	return true;
}

/* " L 1ffeffe7e0,8", also S and M: loads, stores and both of the same bytes. */
static void read_access(const struct plain_cache *cache, const char *line,
			uint64_t *accesses)
{
	uint64_t address, bytes;
	char *end;

	if (line[0] != ' ' || !strchr("LSM", line[1]) || line[2] != ' ')
		return;
	address = strtoull(line + 3, &end, 16);
	bytes = strtoull(end + 1, NULL, 10);
	/* What is larger than a line, such as saved states, comes in pieces. */
	for (uint64_t done = 0; done < bytes; done += LINE_BYTES) {
		uint64_t first = (address + done) / LINE_BYTES;
		uint64_t rest = bytes - done < LINE_BYTES ? bytes - done : LINE_BYTES;
		uint64_t last = (address + done + rest - 1) / LINE_BYTES;
		bool missed = misses(cache, first);

		if (last > first)
			missed |= misses(cache, last);
		*accesses += missed;
	}
}

uint64_t count_listed(const struct scratch *scratch, struct cache_shape l1d,
		      const char *const *command)
{
	struct plain_cache cache = {.sets = l1d.bytes / LINE_BYTES / l1d.ways,
				    .ways = l1d.ways};
	const char *path = scratch_path(scratch, "list");
	struct options options = {.tools = scratch->directory};
	uint64_t accesses = 0;
	char line[512];
	pid_t child;
	FILE *file;

	assert_true(l1d.ways <= WAYS_MAX);
	cache.lines = calloc(cache.sets * cache.ways, sizeof(*cache.lines));
	assert_non_null(cache.lines);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	add_option(&options, "--command-line-only=yes");
	add_option(&options, "--tool=lackey");
	add_option(&options, "--basic-counts=no");
	add_option(&options, "--trace-mem=yes");
	add_option(&options, "--vex-guest-chase=no");
	add_option(&options, "--log-file=%s", path);
	child = start(&options, command);
	file = open_file(path);
	while (fgets(line, sizeof(line), file))
		read_access(&cache, line, &accesses);
	fclose(file);
	expect_success(child, "lackey");
	free(cache.lines);
	return accesses;
}
