/* SPDX-License-Identifier: MIT */
/*
 * Events and passes in the profile. Roles and units are stored by name: their numbers are
 * nobody's business outside this program, and a role that this version does not know is
 * still a counter (role OTHER), while an unknown unit would be misread and is an error.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "profile/store.h"

#define FACT_SOURCE "source"
/* Nobody's passes come near it; it bounds what a damaged file can make us allocate. */
#define PASSES_MAX 65536

static int check_plan(const struct event_plan *plan, struct error *error)
{
	if (!plan->pass_count || plan->pass_count > PASSES_MAX)
		return error_set(error, -EINVAL,
				 "a plan of %zu passes cannot be stored",
				 plan->pass_count);
	for (size_t pass = 0; pass < plan->pass_count; pass++)
		if (plan->passes[pass].count > STORE_PASS_EVENTS_MAX)
			return error_set(
				error, -E2BIG,
				"a pass of %zu events cannot be stored: at most "
				"%u fit one",
				plan->passes[pass].count, STORE_PASS_EVENTS_MAX);
	return 0;
}

static int write_event(struct profile *profile, sqlite3_stmt *statement, size_t id,
		       const struct event *event, struct error *error)
{
	const char *text = event->description ? event->description : "";
	char *name = store_keep_text(event->name);
	char *description = store_keep_text(text);

	if (!name || !description) {
		free(name);
		free(description);
		return error_no_memory(error, "storing the events");
	}
	sqlite3_bind_int64(statement, 1, (sqlite3_int64)id);
	sqlite3_bind_text(statement, 2, name, -1, free);
	sqlite3_bind_text(statement, 3, event_role_name(event->role), -1,
			  SQLITE_STATIC);
	sqlite3_bind_text(statement, 4, event_unit_name(event->unit), -1,
			  SQLITE_STATIC);
	sqlite3_bind_text(statement, 5, description, -1, free);
	if (!event->description)
		sqlite3_bind_null(statement, 5);
	return store_run(profile, statement, "storing the events", error);
}

static int write_events(struct profile *profile, const struct event_list *events,
			struct error *error)
{
	static const char sql[] = "INSERT INTO event(id, name, role, unit, description)"
				  " VALUES(?1, ?2, ?3, ?4, ?5)";
	sqlite3_stmt *statement = NULL;
	int status = store_prepare(profile, &statement, sql, error);

	for (size_t i = 0; i < events->count && !status; i++)
		status = write_event(profile, statement, i, &events->items[i], error);
	sqlite3_finalize(statement);
	return status;
}

static int write_passes(struct profile *profile, const struct event_plan *plan,
			struct error *error)
{
	sqlite3_stmt *add_pass = NULL, *add_event = NULL;
	int status = store_prepare(profile, &add_pass,
				   "INSERT INTO pass(id) VALUES(?1)", error);

	if (!status)
		status = store_prepare(profile, &add_event,
				       "INSERT INTO pass_event(pass, position, event)"
				       " VALUES(?1, ?2, ?3)",
				       error);
	for (size_t pass = 0; pass < plan->pass_count && !status; pass++) {
		sqlite3_bind_int64(add_pass, 1, (sqlite3_int64)pass);
		status = store_run(profile, add_pass, "storing the passes", error);
		for (size_t i = 0; i < plan->passes[pass].count && !status; i++) {
			sqlite3_bind_int64(add_event, 1, (sqlite3_int64)pass);
			sqlite3_bind_int64(add_event, 2, (sqlite3_int64)i);
			sqlite3_bind_int64(
				add_event, 3,
				(sqlite3_int64)plan->passes[pass].members[i]);
			status = store_run(profile, add_event, "storing the passes",
					   error);
		}
	}
	sqlite3_finalize(add_pass);
	sqlite3_finalize(add_event);
	return status;
}

static int check_no_runs(struct profile *profile, struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int status =
		store_prepare(profile, &statement, "SELECT 1 FROM run LIMIT 1", error);

	if (!status)
		status = store_step(profile, statement, "reading the runs", error);
	sqlite3_finalize(statement);
	if (status > 0)
		status = error_set(error, -EEXIST,
				   "profile %s has runs already: its events cannot be "
				   "changed any more",
				   profile->path);
	return status;
}

int profile_set_plan(struct profile *profile, const struct event_plan *plan,
		     struct error *error)
{
	int status = store_check_writable(profile, error);

	if (!status)
		status = check_plan(plan, error);
	if (!status)
		status = store_begin(profile, error);
	if (status)
		return status;
	status = check_no_runs(profile, error);
	if (!status)
		status = store_execute(profile,
				       "DELETE FROM pass_event; DELETE FROM pass;"
				       "DELETE FROM event;",
				       "replacing the events", error);
	if (!status)
		status = write_events(profile, &plan->events, error);
	if (!status)
		status = write_passes(profile, plan, error);
	if (!status)
		status = profile_set_fact(profile, FACT_SOURCE,
					  event_source_name(plan->source), error);
	return store_end(profile, status, error);
}

/* ---- reading ---- */

static int read_event(struct profile *profile, sqlite3_stmt *statement,
		      struct event_list *events, struct error *error)
{
	const char *role = (const char *)sqlite3_column_text(statement, 2);
	const char *unit = (const char *)sqlite3_column_text(statement, 3);
	struct event event = {0};
	int status;

	if (store_column_u64(statement, 0) != events->count)
		return store_damaged(profile, error, "event numbers have gaps");
	if (!role || event_role_parse(role, &event.role))
		event.role = EVENT_ROLE_OTHER;
	if (!unit || event_unit_parse(unit, &event.unit))
		return store_damaged(profile, error, "an event's unit is unknown");
	status = store_column_name(profile, statement, 1, &event.name, error);
	if (!status && sqlite3_column_type(statement, 4) != SQLITE_NULL)
		status = store_column_name(profile, statement, 4, &event.description,
					   error);
	if (!status && event_list_add(events, &event))
		status = error_no_memory(error, "reading the events");
	if (status)
		event_free(&event);
	return status;
}

static int read_events(struct profile *profile, struct event_list *events,
		       struct error *error)
{
	static const char sql[] =
		"SELECT id, name, role, unit, description FROM event ORDER BY id";
	sqlite3_stmt *statement = NULL;
	int status = store_prepare(profile, &statement, sql, error);

	while (!status && (status = store_step(profile, statement, "reading the events",
					       error)) > 0)
		status = read_event(profile, statement, events, error);
	sqlite3_finalize(statement);
	return status;
}

static int read_pass_event(struct profile *profile, sqlite3_stmt *statement,
			   struct event_plan *plan, struct error *error)
{
	uint64_t pass = store_column_u64(statement, 0);
	uint64_t event = store_column_u64(statement, 2);
	struct event_pass *at;
	size_t *members;

	if (pass >= plan->pass_count || event >= plan->events.count)
		return store_damaged(profile, error,
				     "a pass has an event that is not there");
	at = &plan->passes[pass];
	if (at->count >= STORE_PASS_EVENTS_MAX ||
	    store_column_u64(statement, 1) != at->count)
		return store_damaged(profile, error, "positions in a pass have gaps");
	members = realloc(at->members, (at->count + 1) * sizeof(*members));
	if (!members)
		return error_no_memory(error, "reading the passes");
	at->members = members;
	members[at->count++] = (size_t)event;
	return 0;
}

static int count_passes(struct profile *profile, size_t *count, struct error *error)
{
	sqlite3_stmt *statement = NULL;
	uint64_t highest;
	int status =
		store_prepare(profile, &statement,
			      "SELECT count(*), coalesce(max(id), 0) FROM pass", error);

	*count = 0;
	if (!status)
		status = store_step(profile, statement, "reading the passes", error);
	if (status > 0) {
		*count = (size_t)store_column_u64(statement, 0);
		highest = store_column_u64(statement, 1);
		status = 0;
		if (*count > PASSES_MAX || (*count && highest != *count - 1))
			status =
				store_damaged(profile, error, "pass numbers have gaps");
	}
	sqlite3_finalize(statement);
	return status;
}

static int read_passes(struct profile *profile, struct event_plan *plan,
		       struct error *error)
{
	static const char sql[] = "SELECT pass, position, event FROM pass_event"
				  " ORDER BY pass, position";
	sqlite3_stmt *statement = NULL;
	size_t count;
	int status = count_passes(profile, &count, error);

	if (!status && count) {
		plan->passes = calloc(count, sizeof(*plan->passes));
		if (!plan->passes)
			status = error_no_memory(error, "reading the passes");
		else
			plan->pass_count = count;
	}
	if (!status)
		status = store_prepare(profile, &statement, sql, error);
	while (!status && (status = store_step(profile, statement, "reading the passes",
					       error)) > 0)
		status = read_pass_event(profile, statement, plan, error);
	sqlite3_finalize(statement);
	return status;
}

int profile_get_plan(struct profile *profile, struct event_plan *plan,
		     struct error *error)
{
	char *source = profile_get_fact(profile, FACT_SOURCE);
	int status;

	*plan = (struct event_plan){.source = EVENT_SOURCE_NONE};
	if (source && event_source_parse(source, &plan->source))
		plan->source = EVENT_SOURCE_NONE;
	free(source);
	status = read_events(profile, &plan->events, error);
	if (!status)
		status = read_passes(profile, plan, error);
	if (status)
		event_plan_free(plan);
	return status;
}

int store_pass_events(struct profile *profile, uint32_t pass, size_t *count,
		      struct error *error)
{
	static const char sql[] = "SELECT EXISTS(SELECT 1 FROM pass WHERE id = ?1),"
				  " (SELECT count(*) FROM pass_event WHERE pass = ?1)";
	sqlite3_stmt *statement = NULL;
	int status = store_prepare(profile, &statement, sql, error);

	*count = 0;
	if (status)
		return status;
	sqlite3_bind_int64(statement, 1, pass);
	status = store_step(profile, statement, "reading the passes", error);
	if (status > 0) {
		*count = (size_t)store_column_u64(statement, 1);
		status = 0;
		if (!sqlite3_column_int(statement, 0))
			status = error_set(error, -EINVAL, "profile %s has no pass %u",
					   profile->path, pass + 1);
		else if (*count > STORE_PASS_EVENTS_MAX)
			status = store_damaged(profile, error, "a pass has %zu events",
					       *count);
	}
	sqlite3_finalize(statement);
	return status;
}
