/* SPDX-License-Identifier: MIT */
/* Profiles for tests: see profile_builder.h. */
#include "support/profile_builder.h"

#include <stdio.h>
#include <stdlib.h>

static void require(int status, const struct error *error)
{
	if (status) {
		fprintf(stderr, "profile_builder: %s\n", error->text);
		abort();
	}
}

#define NAME(text) (char *)(uintptr_t)(text)

const struct event_plan *example_plan(void)
{
	static struct event events[] = {
		{.name = NAME("instructions"), .role = EVENT_ROLE_INSTRUCTIONS},
		{.name = NAME("page-faults"),
		 .role = EVENT_ROLE_PAGE_FAULT,
		 .description = NAME("page faults")},
		{.name = NAME("context-switches"), .role = EVENT_ROLE_CONTEXT_SWITCH},
		{.name = NAME("cache-misses"), .role = EVENT_ROLE_LLC_MISS},
	};
	static size_t first[] = {0, 1, 2}, second[] = {0, 3};
	static struct event_pass passes[] = {{.members = first, .count = 3},
					     {.members = second, .count = 2}};
	static struct event_plan plan = {
		.source = EVENT_SOURCE_PERF,
		.events = {.items = events, .count = 4},
		.passes = passes,
		.pass_count = 2,
	};

	return &plan;
}

const struct event_plan *recording_plan(void)
{
	static struct event events[] = {
		{.name = NAME("page-faults"), .role = EVENT_ROLE_PAGE_FAULT},
		{.name = NAME("context-switches"), .role = EVENT_ROLE_CONTEXT_SWITCH},
	};
	static size_t members[] = {0, 1};
	static struct event_pass pass = {.members = members, .count = 2};
	static struct event_plan plan = {
		.source = EVENT_SOURCE_PERF,
		.events = {.items = events, .count = 2},
		.passes = &pass,
		.pass_count = 1,
	};

	return &plan;
}

struct profile *example_profile(const char *path, const struct event_plan *plan)
{
	struct profile *profile;
	struct error error;

	require(profile_create(&profile, path, false, &error), &error);
	require(profile_set_plan(profile, plan, &error), &error);
	return profile;
}

static void *array(size_t rows, size_t bytes)
{
	void *items = calloc(rows + 1, bytes);

	if (!items)
		abort();
	return items;
}

void example_table(struct sample_table *table, size_t rows, size_t event_count,
		   uint64_t seed)
{
	*table = (struct sample_table){.rows = rows, .event_count = event_count};
	table->thread = array(rows, sizeof(*table->thread));
	table->begin_ns = array(rows, sizeof(*table->begin_ns));
	table->wall_ns = array(rows, sizeof(*table->wall_ns));
	table->cpu_ns = array(rows, sizeof(*table->cpu_ns));
	table->weight = array(rows, sizeof(*table->weight));
	table->running = array(rows, sizeof(*table->running));
	table->values = array(event_count, sizeof(*table->values));
	for (size_t event = 0; event < event_count; event++)
		table->values[event] = array(rows, sizeof(**table->values));
	for (size_t i = 0; i < rows; i++) {
		table->thread[i] = (uint32_t)(i % 3);
		table->begin_ns[i] = 1000 * (i + 1);
		table->wall_ns[i] = (double)(100 + i + seed);
		table->cpu_ns[i] = (double)(90 + i);
		table->weight[i] = (double)(1 + i % 2);
		table->running[i] = 1;
		for (size_t event = 0; event < event_count; event++)
			table->values[event][i] =
				(double)((event + 1) * (1000 + i) + seed);
	}
}

void example_run(struct profile *profile, uint32_t pass, enum profile_run_status status,
		 const char *const *regions, size_t region_count, size_t rows,
		 uint64_t seed)
{
	struct profile_run run = {.pass = pass, .status = status, .wall_ns = 1000000};
	size_t events = example_plan()->passes[pass].count;
	struct error error;

	require(profile_begin_run(profile, &run, &error), &error);
	for (size_t i = 0; i < region_count; i++) {
		struct sample_table table;

		example_table(&table, rows, events, seed + i);
		require(profile_add_samples(profile, &run, regions[i], &table, &error),
			&error);
		sample_table_free(&table);
	}
	require(profile_end_run(profile, &run, &error), &error);
}
