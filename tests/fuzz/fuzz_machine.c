/* SPDX-License-Identifier: MIT */
/*
 * sim/machine/description.c and check.c: descriptions of any bytes. What they accept must be a
 * machine that can be made and used, whatever its geometry, and workload/machine_description.c
 * must say the same of it as a file.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "machine/machine.h"
#include "workload/machine_description.h"

#define MEMORY_MAX ((size_t)64 << 20) /* a machine that needs more is not made */
#define ACCESSES   2000

static size_t lent;

static void *lend(void *context, size_t bytes)
{
	(void)context;
	if (bytes > MEMORY_MAX - lent)
		return NULL;
	lent += bytes;
	return calloc(1, bytes);
}

static void take_back(void *context, void *memory)
{
	(void)context;
	free(memory);
}

static void check_text(const struct machine_problem *problem, size_t lines)
{
	fuzz_require(*problem->text && problem->line <= lines);
	fuzz_require(memchr(problem->text, '\0', sizeof(problem->text)));
	for (const char *c = problem->text; *c; c++)
		fuzz_require(*c >= ' ' && *c <= '~');
}

/* A pseudo-random walk over a few lines that all share and many that nobody does. */
static void use(struct machine *machine, struct machine_thread *const *threads,
		size_t count)
{
	uint64_t state = 1;

	for (uint32_t i = 0; i < ACCESSES; i++) {
		struct machine_thread *thread = threads[i % count];
		uint64_t address;

		state = state * 6364136223846793005u + 1442695040888963407u;
		address = i % 3 ? state >> 50 : state >> 30;
		machine_instructions(thread, 1);
		machine_access(machine, thread, address, state >> 33 & 127,
			       (enum machine_access_kind)(state >> 40 & 1), i + 1);
		machine_fetch(machine, thread, address >> 20, 5);
		machine_branch(machine, thread, address, state >> 63);
	}
}

static void check_counters(struct machine *machine, struct machine_thread *thread)
{
	const uint64_t *counters = thread->counters;

	machine_settle(machine, thread);
	fuzz_require(counters[MACHINE_BRANCH_MISSES] <= counters[MACHINE_BRANCHES]);
	fuzz_require(counters[MACHINE_DTLB_WALKS] <= counters[MACHINE_DTLB_MISSES]);
	fuzz_require(counters[MACHINE_LLC_MISSES] ==
		     counters[MACHINE_FORWARDS] + counters[MACHINE_DRAM_LOCAL] +
			     counters[MACHINE_DRAM_REMOTE]);
	fuzz_require(counters[MACHINE_HITM_FALSE] + counters[MACHINE_HITM_TRUE] ==
		     counters[MACHINE_HITM_LOCAL] + counters[MACHINE_HITM_REMOTE]);
}

static void try_machine(const struct machine_config *config)
{
	const struct machine_host host = {.allocate = lend, .release = take_back};
	struct machine_problem problem = {0};
	struct machine_thread *threads[3];
	struct machine *machine;
	const size_t count = sizeof(threads) / sizeof(*threads);

	lent = 0;
	machine = machine_create(config, &host, &problem);
	if (!machine) {
		check_text(&problem, 0);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		threads[i] = machine_thread_add(machine, i, MACHINE_ANY_CORE, &problem);
		if (!threads[i])
			goto out;
	}
	use(machine, threads, count);
	if (!machine_out_of_memory(machine))
		for (size_t i = 0; i < count; i++)
			check_counters(machine, threads[i]);
out:
	machine_free(machine);
}

/* The file says the same; `text` has no NUL. */
static void try_file(const uint8_t *bytes, size_t length, bool good)
{
	const struct machine_description_places places = {.root = ""};
	struct error error = {0};
	char *text = NULL, *origin = NULL;
	int code = machine_description_resolve_in(&places, fuzz_file(bytes, length),
						  &text, &origin, &error);

	fuzz_require(good ? !code : code < 0);
	if (code) {
		fuzz_require(error.code == code && *error.text && !text && !origin);
		return;
	}
	fuzz_require(strlen(text) == length && !memcmp(text, bytes, length));
	fuzz_require(*origin);
	free(text);
	free(origin);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct machine_problem problem = {0};
	struct machine_config config;
	bool good = false;
	size_t lines = 1;

	for (size_t i = 0; i < length; i++)
		lines += bytes[i] == '\n';
	machine_config_default(&config);
	if (machine_config_parse(&config, (const char *)bytes, length, &problem)) {
		check_text(&problem, lines);
	} else {
		fuzz_require(memchr(config.name, '\0', sizeof(config.name)));
		good = !machine_config_check(&config, &problem);
		if (good)
			try_machine(&config);
		else
			check_text(&problem, 0);
	}
	try_file(bytes, length, good && !memchr(bytes, '\0', length));
	return 0;
}

bool fuzz_seed(size_t index, uint8_t **bytes, size_t *length)
{
	static const char *const seeds[] = {
		"name = x # y\nsockets = 2\ncores_per_socket = 4\ncores_per_llc = 2\n"
		"placement = scatter\nline_bytes = 64\npage_bytes = 2 MiB\n",
		"l1i_bytes = 4 KiB\nl1i_ways = 4\nl1d_bytes = 48 KiB\nl1d_ways = 12\n"
		"l2_bytes = 0\nllc_bytes = 1.5MiB\nllc_ways = 12\nllc_slices = 2\n"
		"llc_policy = victim\n",
		"l1d_bytes = 64\nl1d_ways = 1\nl2_bytes = 64 KiB\nl2_ways = 16\n"
		"l2_policy = inclusive\nllc_bytes = 131072\nllc_policy = inclusive\n",
		"dtlb_entries = 4\ndtlb_ways = 4\nstlb_entries = 0\n"
		"predictor_entries = 64\nsharing_lines = 1\nllc_bytes = 0\n",
		"cycles_instruction = 0.25\ncycles_dram_local = 4294967295\n"
		"cycles_hitm_remote = 1\r\n\n# nothing\n\tclock_mhz=1\n",
	};

	if (index >= sizeof(seeds) / sizeof(*seeds))
		return false;
	*length = strlen(seeds[index]);
	*bytes = malloc(*length);
	if (!*bytes)
		abort();
	memcpy(*bytes, seeds[index], *length);
	return true;
}
