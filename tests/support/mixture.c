/* SPDX-License-Identifier: MIT */
/* See mixture.h. Depends on src/base only, so that tests of any stage can use it. */
#include "mixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

#define MODES       3
#define FIXED       2 /* events before the counters */
#define MODES_SEED  77
#define FACTOR_SIZE 0.2

static void *checked(void *memory)
{
	if (!memory) {
		fprintf(stderr, "mixture: out of memory\n");
		abort();
	}
	return memory;
}

static char *name_of(size_t event)
{
	char name[32];

	if (event >= FIXED)
		snprintf(name, sizeof(name), "counter-%zu", event - FIXED);
	else
		snprintf(name, sizeof(name), "%s",
			 event ? "page-faults" : "instructions");
	return checked(strdup(name));
}

void mixture_plan(struct event_plan *plan, size_t counters)
{
	size_t events = counters + FIXED;

	*plan = (struct event_plan){.source = EVENT_SOURCE_PERF, .pass_count = 1};
	plan->events.items = checked(calloc(events, sizeof(*plan->events.items)));
	plan->events.count = events;
	plan->events.capacity = events;
	plan->passes = checked(calloc(1, sizeof(*plan->passes)));
	plan->passes->members = checked(calloc(events, sizeof(*plan->passes->members)));
	plan->passes->count = events;
	for (size_t i = 0; i < events; i++) {
		plan->events.items[i].name = name_of(i);
		plan->events.items[i].role = i == 0   ? EVENT_ROLE_INSTRUCTIONS
					     : i == 1 ? EVENT_ROLE_PAGE_FAULT
						      : EVENT_ROLE_OTHER;
		plan->passes->members[i] = i;
	}
}

void mixture_plan_free(struct event_plan *plan)
{
	for (size_t i = 0; i < plan->events.count; i++)
		free(plan->events.items[i].name);
	free(plan->events.items);
	free(plan->passes->members);
	free(plan->passes);
	*plan = (struct event_plan){0};
}

static void allocate(struct sample_table *table, size_t rows, size_t events,
		     size_t runs)
{
	*table = (struct sample_table){
		.rows = rows,
		.event_count = events,
		.run = checked(calloc(rows + 1, sizeof(*table->run))),
		.thread = checked(calloc(rows + 1, sizeof(*table->thread))),
		.begin_ns = checked(calloc(rows + 1, sizeof(*table->begin_ns))),
		.wall_ns = checked(calloc(rows + 1, sizeof(*table->wall_ns))),
		.cpu_ns = checked(calloc(rows + 1, sizeof(*table->cpu_ns))),
		.weight = checked(calloc(rows + 1, sizeof(*table->weight))),
		.running = checked(calloc(rows + 1, sizeof(*table->running))),
		.values = checked(calloc(events, sizeof(*table->values))),
		.run_ordinals = checked(calloc(runs + 1, sizeof(*table->run_ordinals))),
		.run_count = runs,
	};
	for (size_t i = 0; i < events; i++)
		table->values[i] = checked(calloc(rows + 1, sizeof(**table->values)));
}

/* What the modes are like: instructions, ns per instruction, rates and loadings of counters. */
struct mode {
	double instructions;
	double ns;
	double *rate;
	double *loading;
};

static double factor(double factor)
{
	return factor > 0 ? factor : 1;
}

static void fill_row(struct sample_table *table, size_t row,
		     const struct mixture *mixture, const struct mode *modes,
		     struct random *random)
{
	const struct mode *mode = &modes[random_below(random, MODES)];
	double hidden = random_normal(random);
	double instructions =
		mode->instructions * exp(MIXTURE_NOISE * random_normal(random));
	double wall =
		instructions * mode->ns * exp(MIXTURE_NOISE * random_normal(random));

	table->weight[row] = 1;
	table->running[row] = 1;
	table->wall_ns[row] = round(wall * factor(mixture->time_factor));
	table->cpu_ns[row] = NAN;
	table->begin_ns[row] = row * 1000;
	table->values[0][row] = round(instructions);
	table->values[1][row] = mixture->faults;
	for (size_t c = 0; c < mixture->counters; c++) {
		double count = instructions / 1000 * mode->rate[c] *
			       exp(mode->loading[c] * hidden +
				   MIXTURE_NOISE * random_normal(random));

		if (!c)
			count *= factor(mixture->counter_factor);
		table->values[FIXED + c][row] = round(count);
	}
}

void mixture_table(struct sample_table *table, const struct mixture *mixture)
{
	struct mode modes[MODES];
	struct random random;

	allocate(table, mixture->runs * mixture->rows, FIXED + mixture->counters,
		 mixture->runs);
	random_seed(&random, MODES_SEED, 0);
	for (size_t m = 0; m < MODES; m++) {
		modes[m].instructions = 1e6 * (double)(1 + m * m);
		modes[m].ns = 0.3 + 0.2 * (double)m;
		modes[m].rate = checked(calloc(mixture->counters + 1, sizeof(double)));
		modes[m].loading =
			checked(calloc(mixture->counters + 1, sizeof(double)));
		for (size_t c = 0; c < mixture->counters; c++) {
			modes[m].rate[c] = exp(2 + random_normal(&random));
			modes[m].loading[c] = FACTOR_SIZE * random_normal(&random);
		}
	}
	random_seed(&random, mixture->seed, 1);
	for (size_t run = 0; run < mixture->runs; run++) {
		table->run_ordinals[run] = (uint32_t)run;
		for (size_t i = 0; i < mixture->rows; i++) {
			size_t row = run * mixture->rows + i;

			table->run[row] = (uint32_t)run;
			fill_row(table, row, mixture, modes, &random);
		}
	}
	for (size_t m = 0; m < MODES; m++) {
		free(modes[m].rate);
		free(modes[m].loading);
	}
}

void mixture_table_free(struct sample_table *table)
{
	for (size_t i = 0; i < table->event_count; i++)
		free(table->values[i]);
	free(table->values);
	free(table->run);
	free(table->thread);
	free(table->begin_ns);
	free(table->wall_ns);
	free(table->cpu_ns);
	free(table->weight);
	free(table->running);
	free(table->run_ordinals);
	*table = (struct sample_table){0};
}
