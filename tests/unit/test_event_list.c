/* SPDX-License-Identifier: MIT */
/* src/event/list.c: what is listed, and that the listing agrees with the plans. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "event/defaults.h"
#include "event/event.h"
#include "machine/machine.h"

struct tally {
	size_t hardware, software, cache, natives, others;
	bool stopped;
	const char *stop_at;
};

static int tally_visit(const struct event_listing *listing, void *context)
{
	struct tally *tally = context;

	tally->hardware += !strcmp(listing->kind, "hardware");
	tally->software += !strcmp(listing->kind, "software");
	tally->cache += !strcmp(listing->kind, "cache");
	tally->natives += !strcmp(listing->kind, "native");
	tally->others +=
		!strcmp(listing->kind, "pfm") || !strcmp(listing->kind, "tracepoint");
	assert_non_null(listing->name);
	assert_non_null(listing->description);
	assert_int_equal(listing->available, !listing->reason[0]);
	if (tally->stop_at && !strcmp(tally->stop_at, listing->name)) {
		tally->stopped = true;
		return 7;
	}
	assert_false(tally->stopped);
	return 0;
}

static void generic_events_are_listed_whether_they_are_here_or_not(void **state)
{
	struct tally tally = {0};

	(void)state;
	assert_int_equal(event_list_all(EVENT_SOURCE_PERF, NULL, false, tally_visit,
					&tally, NULL),
			 0);
	assert_int_equal(tally.hardware, 10);
	assert_int_equal(tally.software, 12);
	assert_int_equal(tally.cache, 30);
	assert_int_equal(tally.others, 0);
}

static void the_default_set_of_the_processor_is_listed(void **state)
{
	struct event_machine machine;
	const struct default_set *set;
	struct tally tally = {0};

	(void)state;
	event_machine_probe(&machine);
	set = default_set_of(machine.processor);
	assert_int_equal(event_list_all(EVENT_SOURCE_PERF, NULL, false, tally_visit,
					&tally, NULL),
			 0);
	/* All but cycles and instructions, which are generic. */
	assert_int_equal(tally.natives, set ? set->count - 2 : 0);
}

static int plan_visit(const struct event_listing *listing, void *context)
{
	struct event_names names = {0};
	struct event_plan plan;
	const struct event_plan_options options = {.source = EVENT_SOURCE_PERF,
						   .names = &names};
	struct error error = {0};
	int code;

	assert_int_equal(event_names_add(&names, listing->name, &error), 0);
	code = event_plan_make(&plan, &options, &error);
	assert_int_equal(!code, listing->available);
	if (!code)
		++*(size_t *)context;
	else
		assert_int_equal(error.exit_status, EXIT_CANNOT_MEASURE);
	event_plan_free(&plan);
	event_names_free(&names);
	return 0;
}

static void exactly_what_is_listed_as_available_can_be_planned(void **state)
{
	struct event_machine machine;
	size_t planned = 0;

	(void)state;
	event_machine_probe(&machine);
	assert_int_equal(event_list_all(EVENT_SOURCE_AUTO, NULL, false, plan_visit,
					&planned, NULL),
			 0);
	assert_int_equal(planned > 0, machine.perf_allowed);
}

static void a_visitor_ends_the_listing_with_its_own_answer(void **state)
{
	struct tally tally = {.stop_at = "task-clock"};

	(void)state;
	assert_int_equal(event_list_all(EVENT_SOURCE_PERF, NULL, true, tally_visit,
					&tally, NULL),
			 7);
	assert_true(tally.stopped);
}

struct simulated_tally {
	size_t counters;
	size_t aliases;
};

static int simulated_visit(const struct event_listing *listing, void *context)
{
	struct simulated_tally *tally = context;

	assert_true(listing->available);
	assert_true(strlen(listing->description) > 0);
	tally->counters += !strcmp(listing->kind, "sim");
	tally->aliases += !strcmp(listing->kind, "alias");
	if (!strcmp(listing->name, "PAPI_L1_DCM")) {
		assert_int_equal(listing->role, EVENT_ROLE_L1D_MISS);
		assert_string_equal(listing->description, "counted as l1d_misses");
	}
	return 0;
}

static void
the_simulated_counters_are_listed_and_with_all_their_other_names(void **state)
{
	struct simulated_tally some = {0}, all = {0};

	(void)state;
	assert_int_equal(event_list_all(EVENT_SOURCE_SIM, NULL, false, simulated_visit,
					&some, NULL),
			 0);
	assert_int_equal(event_list_all(EVENT_SOURCE_SIM, NULL, true, simulated_visit,
					&all, NULL),
			 0);
	assert_int_equal(some.counters, MACHINE_COUNTERS);
	assert_int_equal(some.aliases, 0);
	assert_int_equal(all.counters, MACHINE_COUNTERS);
	assert_true(all.aliases > MACHINE_COUNTERS);
}

static void sources_without_events_say_so(void **state)
{
	struct tally tally = {0};
	struct error error = {0};

	(void)state;
	assert_int_equal(event_list_all(EVENT_SOURCE_NONE, NULL, true, tally_visit,
					&tally, &error),
			 0);
	assert_true(event_list_all(EVENT_SOURCE_IMPORT, NULL, true, tally_visit, &tally,
				   &error) < 0);
	assert_int_equal(error.exit_status, EXIT_USAGE);
	assert_int_equal(tally.software, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			generic_events_are_listed_whether_they_are_here_or_not),
		cmocka_unit_test(the_default_set_of_the_processor_is_listed),
		cmocka_unit_test(exactly_what_is_listed_as_available_can_be_planned),
		cmocka_unit_test(a_visitor_ends_the_listing_with_its_own_answer),
		cmocka_unit_test(
			the_simulated_counters_are_listed_and_with_all_their_other_names),
		cmocka_unit_test(sources_without_events_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
