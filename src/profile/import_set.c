/* SPDX-License-Identifier: MIT */
/* The tables of an import while they grow: see import_set.h. */
#include "profile/import_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "event/catalogue.h"
#include "profile/store.h"

static int no_memory(struct error *error)
{
	return error_no_memory(error, "importing");
}

void import_set_free(struct import_set *set)
{
	for (size_t i = 0; i < set->run_count; i++) {
		struct import_run *run = &set->runs[i];

		for (size_t k = 0; k < run->table_count; k++) {
			free(run->tables[k].region);
			sample_table_free(&run->tables[k].table);
		}
		free(run->tables);
		free(run->label);
	}
	free(set->runs);
	free(set->command);
	event_plan_free(&set->plan);
	*set = (struct import_set){0};
}

/* ---- events and passes ---- */

static int describe(struct event *event, const char *name, bool raw)
{
	struct event_knowledge known = catalogue_describe(name);

	*event = (struct event){.role = known.role, .unit = known.unit};
	/* A ready-made number is not what the counter of that name counts. */
	if (raw && known.role != EVENT_ROLE_INSTRUCTIONS)
		*event = (struct event){.role = EVENT_ROLE_OTHER,
					.unit = EVENT_UNIT_RAW};
	event->name = strdup(name);
	if (known.description)
		event->description = strdup(known.description);
	if (event->name && (event->description || !known.description))
		return 0;
	event_free(event);
	return -ENOMEM;
}

int import_event(struct import_set *set, const char *name, bool raw, size_t *index,
		 struct error *error)
{
	struct event_list *events = &set->plan.events;
	struct event event;

	for (*index = 0; *index < events->count; (*index)++)
		if (!strcmp(events->items[*index].name, name))
			return 0;
	if (describe(&event, name, raw))
		return no_memory(error);
	if (event_list_add(events, &event)) {
		event_free(&event);
		return no_memory(error);
	}
	return 0;
}

/* Insertion sort: instructions first, then the order of the file. */
static void sort_members(const struct event_list *events, size_t *members, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		size_t member = members[i], at = i;
		bool first = events->items[member].role == EVENT_ROLE_INSTRUCTIONS;

		for (; at > 0; at--) {
			size_t before = members[at - 1];
			bool before_first =
				events->items[before].role == EVENT_ROLE_INSTRUCTIONS;

			if (before_first > first ||
			    (before_first == first && before < member))
				break;
			members[at] = before;
		}
		members[at] = member;
	}
}

int import_pass(struct import_set *set, size_t *members, size_t count, uint32_t *pass,
		struct error *error)
{
	struct event_plan *plan = &set->plan;
	struct event_pass *grown;
	size_t *copy;

	sort_members(&plan->events, members, count);
	for (size_t i = 0; i < plan->pass_count; i++)
		if (plan->passes[i].count == count &&
		    (!count || !memcmp(plan->passes[i].members, members,
				       count * sizeof(*members)))) {
			*pass = (uint32_t)i;
			return 0;
		}
	copy = malloc((count ? count : 1) * sizeof(*copy));
	grown = realloc(plan->passes, (plan->pass_count + 1) * sizeof(*grown));
	if (grown)
		plan->passes = grown;
	if (!copy || !grown) {
		free(copy);
		return no_memory(error);
	}
	if (count)
		memcpy(copy, members, count * sizeof(*copy));
	*pass = (uint32_t)plan->pass_count;
	grown[plan->pass_count++] =
		(struct event_pass){.members = copy, .count = count};
	return 0;
}

/* ---- runs and rows ---- */

int import_add_run(struct import_set *set, const char *label, uint32_t pass,
		   unsigned columns, struct import_run **run, struct error *error)
{
	char *copy = strdup(label);

	if (!copy || array_reserve(&set->runs, &set->run_capacity, set->run_count + 1,
				   sizeof(*set->runs))) {
		free(copy);
		return no_memory(error);
	}
	*run = &set->runs[set->run_count++];
	**run = (struct import_run){.label = copy, .pass = pass, .columns = columns};
	return 0;
}

static int find_table(struct import_run *run, const char *region, size_t event_count,
		      struct import_table **table, struct error *error)
{
	struct import_table *added;

	if (run->last < run->table_count &&
	    !strcmp(run->tables[run->last].region, region)) {
		*table = &run->tables[run->last];
		return 0;
	}
	for (run->last = 0; run->last < run->table_count; run->last++)
		if (!strcmp(run->tables[run->last].region, region)) {
			*table = &run->tables[run->last];
			return 0;
		}
	if (array_reserve(&run->tables, &run->table_capacity, run->table_count + 1,
			  sizeof(*run->tables)))
		return no_memory(error);
	added = &run->tables[run->table_count];
	*added = (struct import_table){.region = strdup(region)};
	added->table.values =
		calloc(event_count ? event_count : 1, sizeof(*added->table.values));
	if (!added->region || !added->table.values) {
		free(added->region);
		free(added->table.values);
		return no_memory(error);
	}
	added->table.event_count = event_count;
	run->table_count++;
	*table = added;
	return 0;
}

/* Makes one array as long as the others will be; `capacity` is what all have now. */
static bool grow(void *array, size_t capacity, size_t rows, size_t item_bytes,
		 size_t *grown)
{
	*grown = capacity;
	return !array_reserve(array, grown, rows, item_bytes);
}

static bool grow_table(struct import_table *growing, unsigned columns)
{
	struct sample_table *table = &growing->table;
	size_t rows = table->rows + 1, old = growing->capacity, grown = old;
	bool fine = true;

	if (rows <= old)
		return true;
	if (columns & IMPORT_THREAD)
		fine &= grow(&table->thread, old, rows, sizeof(*table->thread), &grown);
	if (columns & IMPORT_BEGIN)
		fine &= grow(&table->begin_ns, old, rows, sizeof(*table->begin_ns),
			     &grown);
	if (columns & IMPORT_WALL)
		fine &= grow(&table->wall_ns, old, rows, sizeof(*table->wall_ns),
			     &grown);
	if (columns & IMPORT_CPU)
		fine &= grow(&table->cpu_ns, old, rows, sizeof(*table->cpu_ns), &grown);
	if (columns & IMPORT_EXECUTIONS)
		fine &= grow(&table->weight, old, rows, sizeof(*table->weight), &grown);
	if (columns & IMPORT_RUNNING)
		fine &= grow(&table->running, old, rows, sizeof(*table->running),
			     &grown);
	for (size_t i = 0; i < table->event_count; i++)
		fine &= grow(&table->values[i], old, rows, sizeof(**table->values),
			     &grown);
	/* No array at all: only the number of rows matters. */
	growing->capacity = fine ? (grown > old ? grown : rows) : old;
	return fine;
}

int import_add_row(const struct import_set *set, struct import_run *run,
		   const char *region, struct sample_table **table, struct error *error)
{
	struct import_table *growing = NULL;
	int status = find_table(run, region, set->plan.passes[run->pass].count,
				&growing, error);

	if (status)
		return status;
	if (!grow_table(growing, run->columns))
		return no_memory(error);
	growing->table.rows++;
	*table = &growing->table;
	return 0;
}
