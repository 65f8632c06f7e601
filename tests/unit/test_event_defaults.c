/* SPDX-License-Identifier: MIT */
/*
 * src/event/defaults*.c: every event of every default set against what the vendors publish
 * (published_events.h) and against libpfm4, and the sets as passes of imagined processors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "event/catalogue.h"
#include "event/defaults.h"
#include "event/native.h"
#include "event/plan.h"
#include "event/resolve.h"
#include "published_events.h"

#define NO_DEVICES      "/nonexistent"
#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

enum raw_type { RAW = 4 }; /* PERF_TYPE_RAW */

static const char *const expected_keys[] = {
	"skylake",     "skylake-sp",  "cascade-lake",
	"ice-lake",    "ice-lake-sp", "sapphire-rapids",
	"alder-lake",  "zen1",        "zen2",
	"zen3",        "zen4",        "zen5",
	"neoverse-n1", "neoverse-v1", "neoverse-n2",
};

static bool is_kernels(const struct default_event *event)
{
	return !event->config;
}

static const struct published_event *find_published(const char *set, const char *name)
{
	for (size_t i = 0; i < COUNT_OF(published_events); i++)
		if (!strcmp(published_events[i].set, set) &&
		    !strcmp(published_events[i].name, name))
			return &published_events[i];
	return NULL;
}

/* perf_event_attr.config of the x86 and Arm PMUs: no event here needs bits 32 and up. */
static uint64_t config_of(const struct published_event *published)
{
	return published->code | published->mask << 8 | published->counter_mask << 24;
}

static void every_processor_of_the_list_has_a_set(void **state)
{
	size_t count = 0;

	(void)state;
	while (default_set_at(count))
		count++;
	assert_int_equal(count, COUNT_OF(expected_keys));
	for (size_t i = 0; i < COUNT_OF(expected_keys); i++)
		assert_ptr_equal(default_set_of(expected_keys[i]), default_set_at(i));
	assert_null(default_set_of(""));
	assert_null(default_set_of("zen"));
}

static void every_event_has_the_published_code(void **state)
{
	const struct default_set *set;
	size_t checked = 0;

	(void)state;
	for (size_t s = 0; (set = default_set_at(s)); s++) {
		for (size_t i = 0; i < set->count; i++) {
			const struct default_event *event = &set->events[i];
			const struct published_event *published;

			if (is_kernels(event))
				continue;
			published = find_published(set->key, event->name);
			if (!published)
				fail_msg("%s: %s", set->key, event->name);
			assert_int_equal(event->config, config_of(published));
			assert_int_equal(event->config1, published->extra);
			checked++;
			if (!event->other_name)
				continue;
			published = find_published("alder-lake:efficient",
						   event->other_name);
			if (!published)
				fail_msg("%s: %s", set->key, event->other_name);
			assert_int_equal(event->other_config, config_of(published));
			assert_int_equal(event->other_config1, published->extra);
			checked++;
		}
	}
	assert_int_equal(checked, COUNT_OF(published_events));
}

/* In a child, for libpfm4 is told once per process which processor to be. */
static bool libpfm4_agrees(const struct published_event *published)
{
	struct event_encoding encoding;
	struct error error = {0};
	char *description;
	bool agrees;

	setenv("LIBPFM_FORCE_PMU", published->pmu, 1);
	if (native_encode(published->pfm, &encoding, &description, &error)) {
		fprintf(stderr, "%s: %s: %s\n", published->set, published->pfm,
			error.text);
		return false;
	}
	agrees = encoding.type == RAW && encoding.config == config_of(published) &&
		 encoding.config1 == published->extra;
	if (!agrees)
		fprintf(stderr, "%s: %s: %#llx %#llx\n", published->set, published->pfm,
			(unsigned long long)encoding.config,
			(unsigned long long)encoding.config1);
	free(description);
	return agrees;
}

static void libpfm4_encodes_them_alike_where_it_knows_the_processor(void **state)
{
	size_t asked = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(published_events); i++) {
		const struct published_event *published = &published_events[i];
		pid_t child;
		int status;

		if (!published->pfm)
			continue;
		asked++;
		child = fork();
		assert_true(child >= 0);
		if (!child)
			_exit(libpfm4_agrees(published) ? 0 : 1);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	}
	assert_true(asked > 100);
}

static void every_event_resolves_by_its_name_with_role_and_description(void **state)
{
	const struct default_set *set;

	(void)state;
	for (size_t s = 0; (set = default_set_at(s)); s++) {
		const struct event_place place = {NO_DEVICES, set->key};

		for (size_t i = 0; i < set->count; i++) {
			const struct default_event *known = &set->events[i];
			struct error error = {0};
			struct event event;

			if (event_resolve_at(&place, known->name, &event, &error))
				fail_msg("%s", error.text);
			assert_string_equal(event.name, known->name);
			assert_int_equal(event.role, known->role);
			assert_int_equal(event.unit, known->unit);
			assert_true(strlen(event.description) > 10);
			assert_false(event.encoding.has_other);
			if (!is_kernels(known)) {
				assert_int_equal(event.encoding.type, RAW);
				assert_int_equal(event.encoding.config, known->config);
				assert_int_equal(event.encoding.config1,
						 known->config1);
			}
			event_free(&event);
		}
	}
}

static void one_name_means_one_role_in_all_sets(void **state)
{
	const struct default_set *set;

	(void)state;
	for (size_t s = 0; (set = default_set_at(s)); s++)
		for (size_t i = 0; i < set->count; i++)
			assert_int_equal(catalogue_describe(set->events[i].name).role,
					 set->events[i].role);
}

static size_t count_role(const struct default_set *set, enum event_role role)
{
	size_t count = 0;

	for (size_t i = 0; i < set->count; i++)
		count += set->events[i].role == role;
	return count;
}

static void every_set_tells_the_causes_apart(void **state)
{
	static const enum event_role roles[] = {
		EVENT_ROLE_INSTRUCTIONS, EVENT_ROLE_CYCLES,    EVENT_ROLE_HITM,
		EVENT_ROLE_LLC_MISS,     EVENT_ROLE_L2_MISS,   EVENT_ROLE_L1D_MISS,
		EVENT_ROLE_DTLB_MISS,    EVENT_ROLE_ITLB_MISS, EVENT_ROLE_BRANCHES,
		EVENT_ROLE_BRANCH_MISS,  EVENT_ROLE_STALL,
	};
	const struct default_set *set;

	(void)state;
	for (size_t s = 0; (set = default_set_at(s)); s++) {
		bool one_socket = !strcmp(set->key, "skylake") ||
				  !strcmp(set->key, "ice-lake") ||
				  !strcmp(set->key, "alder-lake");

		for (size_t i = 0; i < COUNT_OF(roles); i++)
			if (!count_role(set, roles[i]))
				fail_msg("%s: %s", set->key, event_role_name(roles[i]));
		assert_int_equal(count_role(set, EVENT_ROLE_REMOTE_DRAM), !one_socket);
	}
}

static void hybrid_sets_have_every_event_on_both_kinds_of_core(void **state)
{
	const struct default_set *set = default_set_of("alder-lake");

	(void)state;
	for (size_t i = 0; i < set->count; i++)
		assert_true(is_kernels(&set->events[i]) ||
			    (set->events[i].other_name && set->events[i].other_config));
}

static void names_are_found_in_any_case_and_with_libpfm4s_colons(void **state)
{
	const struct default_set *set = default_set_of("skylake-sp");
	const struct default_set *owner;
	const struct default_event *event = default_event_find(
		set, "mem_load_retired:L3_MISS", strlen("mem_load_retired:L3_MISS"));

	(void)state;
	assert_non_null(event);
	assert_string_equal(event->name, "MEM_LOAD_RETIRED.L3_MISS");
	assert_null(default_event_find(set, "MEM_LOAD_RETIRED", 16));
	assert_null(default_event_find(set, "", 0));
	assert_int_equal(default_event_anywhere("stall_backend", 13, &owner)->config,
			 0x24);
	assert_string_equal(owner->key, "neoverse-n1");
	assert_null(default_event_anywhere("STALL_BACKENDS", 14, &owner));
}

/* An imagined processor: which events of a set it counts at once. */
struct imagined {
	const struct default_set *set;
	unsigned counters;
	bool fixed_instructions;
	bool fixed_cycles;
};

/* General counters that can count an event of the set. */
static unsigned counters_for(const struct imagined *here, size_t index)
{
	const struct default_event *event = &here->set->events[index];
	const struct published_event *published =
		find_published(here->set->key, event->name);
	unsigned all = (1u << here->counters) - 1;

	return published ? published->counters & all : all;
}

/* Whether the events from the i-th on find counters that `taken` leaves (all are tried). */
static bool find_counters(const struct imagined *here, const size_t *members,
			  size_t count, unsigned taken)
{
	const struct default_event *event;
	unsigned possible;

	if (!count)
		return true;
	event = &here->set->events[members[0]];
	if ((event->role == EVENT_ROLE_INSTRUCTIONS && here->fixed_instructions) ||
	    (event->role == EVENT_ROLE_CYCLES && here->fixed_cycles))
		return find_counters(here, members + 1, count - 1, taken);
	possible = counters_for(here, members[0]) & ~taken;
	for (unsigned i = 0; i < here->counters; i++)
		if ((possible & 1u << i) &&
		    find_counters(here, members + 1, count - 1, taken | 1u << i))
			return true;
	return false;
}

static int fits(const struct event_plan *plan, const size_t *members, size_t count,
		void *context, struct error *error)
{
	(void)plan;
	(void)error;
	return find_counters(context, members, count, 0);
}

static bool is_scarce(const struct event_plan *plan, size_t event, void *context)
{
	(void)plan;
	(void)event;
	(void)context;
	return true;
}

static size_t passes_of(struct imagined *here)
{
	const struct plan_packing packing = {
		.fits = fits, .is_scarce = is_scarce, .context = here, .companion = 0};
	struct event_plan plan = {0};
	size_t count;

	for (size_t i = 0; i < here->set->count; i++) {
		struct event event = {.name = strdup(here->set->events[i].name),
				      .role = here->set->events[i].role};

		assert_int_equal(event_list_add(&plan.events, &event), 0);
	}
	assert_int_equal(here->set->events[0].role, EVENT_ROLE_INSTRUCTIONS);
	assert_int_equal(plan_pack(&plan, &packing, NULL), 0);
	count = plan.pass_count;
	event_plan_free(&plan);
	return count;
}

static void no_set_needs_more_than_four_passes_on_four_counters(void **state)
{
	const struct default_set *set;

	(void)state;
	for (size_t s = 0; (set = default_set_at(s)); s++) {
		bool amd = !strncmp(set->key, "zen", 3);
		bool arm = !strncmp(set->key, "neoverse", 8);
		struct imagined here = {
			.set = set,
			.counters = 4,
			.fixed_instructions = !amd && !arm,
			.fixed_cycles = !amd,
		};

		assert_in_range(passes_of(&here), 3, 4);
		here.counters = amd || arm ? 6 : 8;
		assert_in_range(passes_of(&here), 2, 4);
		if (amd || arm)
			assert_int_equal(passes_of(&here), 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_processor_of_the_list_has_a_set),
		cmocka_unit_test(every_event_has_the_published_code),
		cmocka_unit_test(
			libpfm4_encodes_them_alike_where_it_knows_the_processor),
		cmocka_unit_test(
			every_event_resolves_by_its_name_with_role_and_description),
		cmocka_unit_test(one_name_means_one_role_in_all_sets),
		cmocka_unit_test(every_set_tells_the_causes_apart),
		cmocka_unit_test(hybrid_sets_have_every_event_on_both_kinds_of_core),
		cmocka_unit_test(names_are_found_in_any_case_and_with_libpfm4s_colons),
		cmocka_unit_test(no_set_needs_more_than_four_passes_on_four_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
