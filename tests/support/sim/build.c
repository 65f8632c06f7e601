/* SPDX-License-Identifier: MIT */
/* See build.h. */
#include "support/sim/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/internal.h"

static void *allocate(void *context, size_t bytes)
{
	struct build_memory *memory = context;

	if (memory && memory->limit && memory->taken == memory->limit)
		return NULL;
	if (memory)
		memory->taken++;
	return calloc(1, bytes);
}

static void release(void *context, void *block)
{
	struct build_memory *memory = context;

	if (memory)
		memory->given++;
	free(block);
}

struct machine_host build_host(struct build_memory *memory)
{
	return (struct machine_host){
		.context = memory, .allocate = allocate, .release = release};
}

static void fail(const struct machine_problem *problem)
{
	fprintf(stderr, "line %u: %s\n", problem->line, problem->text);
	abort();
}

struct machine_config build_config(const char *text)
{
	struct machine_problem problem;
	struct machine_config config;

	machine_config_default(&config);
	if (machine_config_parse(&config, text, strlen(text), &problem))
		fail(&problem);
	return config;
}

struct machine *build_machine(const struct machine_config *config)
{
	const struct machine_host host = build_host(NULL);
	struct machine_problem problem;
	struct machine *machine = machine_create(config, &host, &problem);

	if (!machine)
		fail(&problem);
	return machine;
}

struct machine_thread *build_thread(struct machine *machine, uint32_t id, uint32_t core)
{
	struct machine_problem problem;
	struct machine_thread *thread = machine_thread_add(machine, id, core, &problem);

	if (!thread)
		fail(&problem);
	return thread;
}

uint64_t build_sum(const struct machine *machine, enum machine_counter counter)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < MACHINE_THREADS_MAX; i++)
		if (machine->threads[i])
			sum += machine->threads[i]->counters[counter];
	return sum;
}
