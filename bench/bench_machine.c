/* SPDX-License-Identifier: MIT */
/*
 * Cost of simulating one access, by what the access meets. The peer is this machine itself: one
 * thread that makes the same accesses to real memory, instead of having them simulated. Of many
 * short stretches the fastest counts, because other programs disturb the rest.
 *
 * usage: bench_machine [DESCRIPTION]
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "machine/machine.h"

#define STRETCHES    24u
#define STRETCH      1000000u /* accesses */
#define BLOCK        4000u /* accesses whose addresses are made outside of the clock */
#define MEMORY_BYTES (256u << 20)
#define THREADS_MAX  8u

struct access {
	uint64_t address; /* below MEMORY_BYTES */
	enum machine_access_kind kind;
};

struct pattern {
	const char *name;
	uint32_t threads; /* which take turns */
	struct access (*next)(uint64_t *seed);
};

/* A stack frame and a small table, as most of a program's accesses are. */
static struct access next_l1_hit(uint64_t *seed)
{
	uint64_t number = (*seed)++;

	return (struct access){
		.address = number % 4 ? 0x7ff000 + number * 8 % 512
				      : 0x600000 + number * 24 % 8192,
		.kind = number % 3 ? MACHINE_LOAD : MACHINE_STORE,
	};
}

static struct access next_l2_hit(uint64_t *seed)
{
	return (struct access){.address = 0x600000 + (*seed)++ * 64 % (256 << 10),
			       .kind = MACHINE_LOAD};
}

static struct access next_llc_hit(uint64_t *seed)
{
	return (struct access){.address = 0x600000 + (*seed)++ * 64 % (8 << 20),
			       .kind = MACHINE_LOAD};
}

static struct access next_stream(uint64_t *seed)
{
	uint64_t number = (*seed)++;

	return (struct access){.address = number * 8 % MEMORY_BYTES,
			       .kind = number % 2 ? MACHINE_LOAD : MACHINE_STORE};
}

static struct access next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (struct access){.address = (*seed >> 24) % (64 << 20) / 8 * 8,
			       .kind = MACHINE_LOAD};
}

/* Counters of several threads side by side on a line. */
static struct access next_ping_pong(uint64_t *seed)
{
	return (struct access){.address = 0x600000 + (*seed)++ % 8 * 8,
			       .kind = MACHINE_STORE};
}

/* A buffer that one thread writes and the other reads. */
static struct access next_handed_over(uint64_t *seed)
{
	uint64_t number = (*seed)++;

	return (struct access){.address = 0x600000 + number / 2 * 64 % (4 << 20),
			       .kind = number % 2 ? MACHINE_LOAD : MACHINE_STORE};
}

static const struct pattern patterns[] = {
	{"L1 hits", 1, next_l1_hit},
	{"L2 hits", 1, next_l2_hit},
	{"LLC hits", 1, next_llc_hit},
	{"streaming, 8 bytes each", 1, next_stream},
	{"random in 64 MiB", 1, next_random},
	{"ping-pong, 2 cores", 2, next_ping_pong},
	{"ping-pong, 8 cores", 8, next_ping_pong},
	{"4 MiB handed over, 2 cores", 2, next_handed_over},
};

struct bench {
	struct machine *machine;
	struct machine_thread *threads[THREADS_MAX];
	struct access accesses[BLOCK];
	char *memory;
};

static void *allocate(void *context, size_t bytes)
{
	(void)context;
	return calloc(1, bytes);
}

static void release(void *context, void *memory)
{
	(void)context;
	free(memory);
}

static double now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int die(const struct machine_problem *problem)
{
	fprintf(stderr, "bench_machine: line %" PRIu32 ": %s\n", problem->line,
		problem->text);
	return 1;
}

static int read_description(const char *path, struct machine_config *config)
{
	static char text[1 << 16];
	struct machine_problem problem;
	size_t length;
	FILE *file = fopen(path, "r");

	if (!file) {
		perror(path);
		return 1;
	}
	length = fread(text, 1, sizeof(text), file);
	fclose(file);
	return machine_config_parse(config, text, length, &problem) ? die(&problem) : 0;
}

static void simulate_block(struct bench *bench, const struct pattern *pattern)
{
	uint32_t turn = 0;

	for (uint32_t i = 0; i < BLOCK; i++) {
		machine_access(bench->machine, bench->threads[turn],
			       bench->accesses[i].address, 8, bench->accesses[i].kind,
			       1);
		if (++turn == pattern->threads)
			turn = 0;
	}
}

/* Each address depends on what was read before, as misses of a simulated thread do. */
static void perform_block(struct bench *bench)
{
	uint64_t zero = 0;

	for (uint32_t i = 0; i < BLOCK; i++) {
		volatile uint64_t *word =
			(void *)(bench->memory + bench->accesses[i].address + zero);

		if (bench->accesses[i].kind == MACHINE_LOAD)
			zero = *word;
		else
			*word = 0;
	}
}

/* Nanoseconds per access of the fastest stretch. */
static double measure(struct bench *bench, const struct pattern *pattern,
		      bool simulated)
{
	double fastest = 1e30;
	uint64_t seed = 1;

	for (uint32_t i = 0; i < STRETCHES; i++) {
		double ns = 0;

		for (uint32_t done = 0; done < STRETCH; done += BLOCK) {
			double start;

			for (uint32_t k = 0; k < BLOCK; k++)
				bench->accesses[k] = pattern->next(&seed);
			start = now_ns();
			if (simulated)
				simulate_block(bench, pattern);
			else
				perform_block(bench);
			ns += now_ns() - start;
		}
		fastest = ns < fastest ? ns : fastest;
	}
	return fastest / STRETCH;
}

static int run(const struct machine_config *config, const struct pattern *pattern,
	       struct bench *bench)
{
	const struct machine_host host = {.allocate = allocate, .release = release};
	struct machine_problem problem;
	double simulated, performed;

	bench->machine = machine_create(config, &host, &problem);
	if (!bench->machine)
		return die(&problem);
	for (uint32_t i = 0; i < pattern->threads; i++) {
		bench->threads[i] = machine_thread_add(bench->machine, i,
						       MACHINE_ANY_CORE, &problem);
		if (!bench->threads[i])
			return die(&problem);
	}
	simulated = measure(bench, pattern, true);
	performed = measure(bench, pattern, false);
	printf("%-28s %6.1f ns simulated, %6.1f ns performed, ratio %5.1f\n",
	       pattern->name, simulated, performed, simulated / performed);
	machine_free(bench->machine);
	return 0;
}

int main(int count, char **arguments)
{
	static struct bench bench;
	struct machine_config config;

	machine_config_default(&config);
	if (count > 1 && read_description(arguments[1], &config))
		return 1;
	bench.memory = calloc(1, MEMORY_BYTES + 8);
	if (!bench.memory) {
		fprintf(stderr, "bench_machine: no memory for the peer\n");
		return 1;
	}
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (run(&config, &patterns[i], &bench))
			return 1;
	free(bench.memory);
	return 0;
}
