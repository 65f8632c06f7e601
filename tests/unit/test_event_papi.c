/* SPDX-License-Identifier: MIT */
/*
 * src/event/papi.c and plan_papi.c, with a libpapi of this test's own (fake_papi.c, given by
 * $FAKE_PAPI), because what the real one offers depends on the processor. The real one is
 * tried for what holds on every machine.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "event/event.h"
#include "event/papi.h"

static const char *library;
static struct papi *papi;
static struct event_plan plan;
static struct event_names names;
static struct error failure;

static int open_papi(void **state)
{
	(void)state;
	failure = (struct error){0};
	assert_int_equal(papi_open(&papi, library, &failure), 0);
	return 0;
}

static int close_papi(void **state)
{
	(void)state;
	papi_close(papi);
	papi = NULL;
	return 0;
}

static int start_plan(void **state)
{
	(void)state;
	failure = (struct error){0};
	return 0;
}

static int free_plan(void **state)
{
	(void)state;
	event_plan_free(&plan);
	event_names_free(&names);
	return 0;
}

/* Finds and tries the named events together. */
static int try_together(const char *const *wanted, size_t count)
{
	struct papi_event found[8];
	const struct papi_event *members[8];

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(papi_find(papi, wanted[i], &found[i], NULL), 0);
		members[i] = &found[i];
	}
	return papi_try(papi, members, count, &failure);
}

static void events_of_two_components_are_started_in_two_sets(void **state)
{
	static const char *const wanted[] = {"PAPI_TOT_INS", "net:::eth0:rx:packets",
					     "perf::CONTEXT-SWITCHES"};

	(void)state;
	/* Twice: the first trial must have cleaned up behind itself. */
	assert_int_equal(try_together(wanted, 3), 0);
	assert_int_equal(try_together(wanted, 3), 0);
}

static void more_events_than_counters_do_not_go_together(void **state)
{
	static const char *const wanted[] = {"PAPI_TOT_INS", "PAPI_TOT_CYC",
					     "PAPI_L1_LDM", "PAPI_L1_DCM",
					     "PAPI_L2_DCM"};

	(void)state;
	assert_int_equal(try_together(wanted, 4), 0);
	assert_true(try_together(wanted, 5) < 0);
	assert_non_null(strstr(failure.text, "more counters than"));
	/* A failed trial cleans up too. */
	assert_int_equal(try_together(wanted, 4), 0);
}

static void
an_event_that_fails_only_when_added_or_started_is_not_available(void **state)
{
	static const char *const added[] = {"PAPI_TLB_DM"};
	static const char *const started[] = {"PAPI_STL_ICY"};
	static const char *const denied[] = {"perf::FAULTS"};

	(void)state;
	assert_true(try_together(added, 1) < 0);
	assert_non_null(strstr(failure.text, "no counter for it"));
	assert_true(try_together(started, 1) < 0);
	assert_true(try_together(denied, 1) < 0);
	assert_non_null(strstr(failure.text, "kernel.perf_event_paranoid=1"));
	assert_int_equal(failure.exit_status, EXIT_CANNOT_MEASURE);
}

static void a_component_that_is_disabled_says_why(void **state)
{
	static const char *const wanted[] = {"broken:::EVENT"};
	struct papi_component component;

	(void)state;
	assert_true(try_together(wanted, 1) < 0);
	assert_non_null(strstr(failure.text, "fake_broken"));
	assert_non_null(strstr(failure.text, "its device is missing"));
	assert_true(papi_component_at(papi, 2, &component));
	assert_false(component.works);
	assert_string_equal(component.reason, "its device is missing");
	assert_true(papi_component_at(papi, 0, &component));
	assert_true(component.works);
	assert_string_equal(component.reason, "");
	assert_int_equal(component.events, 3);
	assert_false(papi_component_at(papi, 3, &component));
	assert_false(papi_component_at(papi, -1, &component));
	assert_string_equal(papi_disabled_reason(papi), "");
}

static int gather(const char *name, const char *description, void *context)
{
	assert_string_equal(description, "what PAPI says of it");
	strcat(strcat(context, name), " ");
	return 0;
}

static void native_events_of_working_components_are_listed(void **state)
{
	char seen[256] = "";

	(void)state;
	assert_int_equal(papi_visit_native(papi, gather, seen), 0);
	assert_string_equal(seen,
			    "perf::CONTEXT-SWITCHES perf::PAGE-FAULTS perf::FAULTS "
			    "net:::eth0:rx:packets ");
}

static void a_library_that_is_missing_or_none_is_told(void **state)
{
	struct papi *other;

	(void)state;
	assert_true(papi_open(&other, "libpapi-none.so", &failure) < 0);
	assert_int_equal(failure.exit_status, EXIT_CANNOT_MEASURE);
	assert_non_null(strstr(failure.text, "libpapi-none.so"));
	assert_null(other);
	/* The C library is loaded but is no libpapi. */
	assert_int_equal(papi_open(&other, "libc.so.6", &failure), -ENOSYS);
	assert_non_null(strstr(failure.text, "PAPI_library_init"));
	papi_close(NULL);
}

static void a_library_of_another_version_is_refused(void **state)
{
	struct papi *other;

	(void)state;
	setenv("FAKE_PAPI_VERSION", "6", 1);
	assert_int_equal(papi_open(&other, library, &failure), -ENOTSUP);
	unsetenv("FAKE_PAPI_VERSION");
	assert_non_null(strstr(failure.text, "version 6.0"));
}

static int make(const char *list, bool skip_unavailable)
{
	const struct event_plan_options options = {
		.source = EVENT_SOURCE_PAPI,
		.names = list ? &names : NULL,
		.skip_unavailable = skip_unavailable,
		.papi_library = library,
	};

	if (list)
		assert_int_equal(event_names_split(&names, list, &failure), 0);
	return event_plan_make(&plan, &options, &failure);
}

/* "A B C|A D" of the plan's passes. */
static const char *passes(void)
{
	static char text[1024];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < plan.pass_count; i++)
		for (size_t j = 0; j < plan.passes[i].count; j++)
			used += (size_t)snprintf(
				text + used, sizeof(text) - used, "%s%s",
				j   ? " "
				: i ? "|"
				    : "",
				plan.events.items[plan.passes[i].members[j]].name);
	return text;
}

static void instructions_join_every_pass(void **state)
{
	(void)state;
	assert_int_equal(
		make("PAPI_TOT_CYC,PAPI_L1_LDM,PAPI_L1_DCM,PAPI_L2_DCM,PAPI_L3_TCM,"
		     "net:::eth0:rx:packets",
		     false),
		0);
	assert_string_equal(
		passes(),
		"PAPI_TOT_INS PAPI_TOT_CYC PAPI_L1_LDM PAPI_L1_DCM"
		" net:::eth0:rx:packets|PAPI_TOT_INS PAPI_L2_DCM PAPI_L3_TCM");
	assert_int_equal(plan.source, EVENT_SOURCE_PAPI);
	assert_int_equal(plan.events.items[0].role, EVENT_ROLE_INSTRUCTIONS);
	assert_string_equal(plan.events.items[6].description, "what PAPI says of it");
}

static void the_kernels_names_are_translated(void **state)
{
	(void)state;
	assert_int_equal(
		make("cs,instructions,cache-misses,L1-dcache-load-misses", true), 0);
	assert_string_equal(passes(),
			    "PAPI_TOT_INS perf::CONTEXT-SWITCHES PAPI_L1_LDM");
	assert_int_equal(plan.rejected.count, 1);
	assert_string_equal(plan.rejected.items[0], "cache-misses");
}

static void two_names_of_one_papi_event_are_merged(void **state)
{
	(void)state;
	assert_int_equal(make("PAPI_TOT_INS,instructions", false), 0);
	assert_int_equal(plan.events.count, 1);
	assert_string_equal(plan.merged.items[0], "instructions = PAPI_TOT_INS");
}

static void unknown_names_are_told_from_missing_counters(void **state)
{
	(void)state;
	assert_true(make("PAPI_TOT_ISN,PAPI_TOT_CYC", true) < 0);
	assert_int_equal(failure.exit_status, EXIT_USAGE);
	assert_non_null(strstr(failure.text, "'PAPI_TOT_INS'"));
	event_names_free(&names);
	assert_true(make("PAPI_L2_TCH,PAPI_TLB_DM,perf::NONE,PAPI_TOT_CYC", false) < 0);
	assert_int_equal(failure.exit_status, EXIT_CANNOT_MEASURE);
	assert_non_null(strstr(failure.text, "3 of 4 events"));
}

static void the_default_set_takes_what_there_is(void **state)
{
	(void)state;
	assert_int_equal(make(NULL, false), 0);
	assert_string_equal(passes(),
			    "PAPI_TOT_INS PAPI_TOT_CYC PAPI_BR_MSP PAPI_L1_DCM"
			    " perf::CONTEXT-SWITCHES|PAPI_TOT_INS PAPI_L3_TCM");
	assert_true(plan.rejected.count > 0);
}

static void a_plug_in_that_is_missing_is_named(void **state)
{
	const struct event_plan_options options = {
		.source = EVENT_SOURCE_PAPI,
		.papi_plugin = "/nowhere/plugin.so",
		.papi_library = library,
	};

	(void)state;
	assert_true(event_plan_make(&plan, &options, &failure) < 0);
	assert_int_equal(failure.exit_status, EXIT_CANNOT_MEASURE);
	assert_non_null(strstr(failure.text, "/nowhere/plugin.so"));
}

static int listed(const struct event_listing *listing, void *context)
{
	*(int *)context += listing->available;
	assert_string_equal(listing->kind, "papi");
	return 0;
}

static void the_listing_tries_each_event(void **state)
{
	int available = 0;

	(void)state;
	assert_int_equal(event_list_all(EVENT_SOURCE_PAPI, library, false, listed,
					&available, &failure),
			 0);
	assert_int_equal(available, 7); /* nine presets, of which two are refused */
	available = 0;
	assert_int_equal(event_list_all(EVENT_SOURCE_PAPI, library, true, listed,
					&available, &failure),
			 0);
	assert_int_equal(available, 10);
}

static void the_real_library_opens_or_says_why_not(void **state)
{
	struct papi *real;
	struct papi_event event;

	(void)state;
	if (papi_open(&real, NULL, &failure)) {
		assert_int_equal(failure.exit_status, EXIT_CANNOT_MEASURE);
		skip();
	}
	assert_int_equal(papi_find(real, "NO_SUCH_EVENT", &event, NULL), -ENOENT);
	papi_close(real);
}

#define OPENED(test)  cmocka_unit_test_setup_teardown(test, open_papi, close_papi)
#define PLANNED(test) cmocka_unit_test_setup_teardown(test, start_plan, free_plan)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPENED(events_of_two_components_are_started_in_two_sets),
		OPENED(more_events_than_counters_do_not_go_together),
		OPENED(an_event_that_fails_only_when_added_or_started_is_not_available),
		OPENED(a_component_that_is_disabled_says_why),
		OPENED(native_events_of_working_components_are_listed),
		cmocka_unit_test(a_library_that_is_missing_or_none_is_told),
		cmocka_unit_test(a_library_of_another_version_is_refused),
		PLANNED(instructions_join_every_pass),
		PLANNED(the_kernels_names_are_translated),
		PLANNED(two_names_of_one_papi_event_are_merged),
		PLANNED(unknown_names_are_told_from_missing_counters),
		PLANNED(the_default_set_takes_what_there_is),
		PLANNED(a_plug_in_that_is_missing_is_named),
		PLANNED(the_listing_tries_each_event),
		cmocka_unit_test(the_real_library_opens_or_says_why_not),
	};

	library = getenv("FAKE_PAPI");
	if (!library)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
