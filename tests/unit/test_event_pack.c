/* SPDX-License-Identifier: MIT */
/* src/event/pack.c: passes of imagined processors. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "event/plan.h"
#include "recording/format.h"

/* What the imagined processor can do. Event i is scarce unless its name begins
 * with 's'; of those that begin with 'p', two run at once. */
struct processor {
	size_t counters; /* scarce events at once */
	size_t loner;    /* event that goes with no other, or PLAN_NO_EVENT */
	size_t fails_at; /* trial number that cannot be done, 0: none */
	size_t trials;
	bool apart;
	bool multiplex;
};

static struct event_plan plan;
static struct processor processor;

static bool is_scarce(const struct event_plan *of, size_t event, void *context)
{
	(void)context;
	return *of->events.items[event].name != 's';
}

static int fits(const struct event_plan *of, const size_t *members, size_t count,
		void *context, struct error *error)
{
	struct processor *here = context;
	size_t scarce = 0, paired = 0;

	if (++here->trials == here->fails_at)
		return error_set(error, -EMFILE, "no more files");
	for (size_t i = 0; i < count; i++) {
		scarce += is_scarce(of, members[i], NULL);
		paired += *of->events.items[members[i]].name == 'p';
		if (members[i] == here->loner && count > 1)
			return 0;
	}
	return scarce <= here->counters && paired <= 2;
}

static int pack(size_t companion, struct error *error)
{
	const struct plan_packing packing = {
		.fits = fits,
		.context = &processor,
		.is_scarce = is_scarce,
		.companion = companion,
		.apart = processor.apart,
		.multiplex = processor.multiplex,
	};

	return plan_pack(&plan, &packing, error);
}

static int start(void **state)
{
	(void)state;
	plan = (struct event_plan){0};
	processor = (struct processor){.counters = 4, .loner = PLAN_NO_EVENT};
	return 0;
}

static int finish(void **state)
{
	(void)state;
	event_plan_free(&plan);
	return 0;
}

static void add_events(size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		struct event event = {.name = strdup(name)};

		assert_int_equal(event_list_add(&plan.events, &event), 0);
	}
}

/* Every event is in exactly one pass; the companion is first in all of them. */
static void assert_complete(size_t companion)
{
	for (size_t event = 0; event < plan.events.count; event++) {
		size_t found = 0;

		for (size_t i = 0; i < plan.pass_count; i++)
			for (size_t j = 0; j < plan.passes[i].count; j++)
				found += plan.passes[i].members[j] == event;
		assert_int_equal(found, event == companion ? plan.pass_count : 1);
	}
	for (size_t i = 0; i < plan.pass_count && companion != PLAN_NO_EVENT; i++)
		assert_int_equal(plan.passes[i].members[0], companion);
}

static void alike_events_need_the_fewest_passes(void **state)
{
	(void)state;
	add_events(1, "instructions");
	add_events(33, "hardware");
	assert_int_equal(pack(0, NULL), 0);
	assert_int_equal(plan.pass_count, 11); /* three and instructions in each */
	assert_complete(0);
}

static void software_events_need_no_pass_of_their_own(void **state)
{
	(void)state;
	add_events(1, "hardware");
	add_events(20, "software");
	add_events(7, "hardware");
	assert_int_equal(pack(PLAN_NO_EVENT, NULL), 0);
	assert_int_equal(plan.pass_count, 2);
	assert_complete(PLAN_NO_EVENT);
	/* In the user's order within a pass. */
	for (size_t i = 1; i < plan.passes[0].count; i++)
		assert_true(plan.passes[0].members[i - 1] < plan.passes[0].members[i]);
}

static void a_pass_leaves_room_for_one_more_than_a_sample_holds(void **state)
{
	(void)state;
	add_events(130, "software");
	assert_int_equal(pack(PLAN_NO_EVENT, NULL), 0);
	assert_int_equal(plan.pass_count, 3);
	assert_int_equal(plan.passes[0].count, RECORDING_EVENTS_MAX - 1);
	assert_complete(PLAN_NO_EVENT);
}

static void instructions_accompany_software_events_too(void **state)
{
	(void)state;
	add_events(130, "software");
	add_events(1, "instructions");
	assert_int_equal(pack(130, NULL), 0);
	assert_int_equal(plan.pass_count, 3);
	assert_complete(130);
}

static void the_companion_alone_is_a_pass(void **state)
{
	(void)state;
	add_events(1, "instructions");
	assert_int_equal(pack(0, NULL), 0);
	assert_int_equal(plan.pass_count, 1);
	assert_int_equal(plan.passes[0].count, 1);
}

static void an_event_that_goes_with_no_other_gets_a_pass_of_its_own(void **state)
{
	(void)state;
	add_events(1, "instructions");
	add_events(3, "hardware");
	processor.loner = 2;
	assert_int_equal(pack(0, NULL), 0);
	assert_int_equal(plan.pass_count, 2);
	assert_int_equal(plan.passes[0].count, 3);
	assert_int_equal(plan.passes[1].count, 1);
	assert_int_equal(plan.passes[1].members[0], 2);
}

static void a_processor_with_one_counter_leaves_instructions_out(void **state)
{
	(void)state;
	processor.counters = 1;
	add_events(1, "instructions");
	add_events(2, "hardware");
	assert_int_equal(pack(0, NULL), 0);
	assert_int_equal(plan.pass_count, 2);
	assert_int_equal(plan.passes[0].count, 1);
	assert_int_equal(plan.passes[0].members[0], 1);
}

static void trials_stay_few_with_five_hundred_events(void **state)
{
	(void)state;
	add_events(500, "hardware");
	assert_int_equal(pack(PLAN_NO_EVENT, NULL), 0);
	assert_int_equal(plan.pass_count, 125);
	assert_complete(PLAN_NO_EVENT);
	assert_true(processor.trials < 2000);
}

static void constrained_events_are_placed_first_where_that_saves_a_pass(void **state)
{
	(void)state;
	/* In this order the first pass is filled by events that could go anywhere. */
	add_events(4, "hardware");
	add_events(4, "pair");
	assert_int_equal(pack(PLAN_NO_EVENT, NULL), 0);
	assert_int_equal(plan.pass_count, 2);
	assert_complete(PLAN_NO_EVENT);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(plan.passes[i].count, 4);
		assert_true(plan.passes[i].members[1] < 4);
		assert_true(plan.passes[i].members[2] >= 4);
	}
}

static void a_second_try_that_saves_nothing_leaves_the_users_order(void **state)
{
	(void)state;
	add_events(2, "hardware");
	add_events(6, "pair");
	assert_int_equal(pack(PLAN_NO_EVENT, NULL), 0);
	assert_int_equal(plan.pass_count, 3);
	assert_int_equal(plan.passes[0].members[0], 0);
	assert_int_equal(plan.passes[0].members[1], 1);
	assert_complete(PLAN_NO_EVENT);
}

static void a_pass_that_turned_many_away_is_filled_by_the_second_try(void **state)
{
	(void)state;
	/* Nine are turned away by the first pass before one comes that fits. */
	add_events(2, "pair");
	add_events(10, "pair");
	add_events(12, "hardware");
	assert_int_equal(pack(PLAN_NO_EVENT, NULL), 0);
	assert_int_equal(plan.pass_count, 6);
	assert_complete(PLAN_NO_EVENT);
}

static void software_events_are_kept_apart_with_instructions(void **state)
{
	(void)state;
	processor.apart = true;
	add_events(1, "instructions");
	add_events(2, "software");
	add_events(3, "hardware");
	add_events(1, "software");
	assert_int_equal(pack(0, NULL), 0);
	assert_int_equal(plan.pass_count, 2);
	assert_complete(0);
	assert_int_equal(plan.passes[0].count, 4);
	assert_int_equal(plan.passes[0].reason, EVENT_PASS_FIRST);
	assert_int_equal(plan.passes[1].count, 4);
	assert_int_equal(plan.passes[1].reason, EVENT_PASS_APART);
	assert_int_equal(plan.passes[1].members[3], 6);
}

static void software_events_alone_are_not_told_to_be_apart(void **state)
{
	(void)state;
	processor.apart = true;
	add_events(1, "instructions");
	add_events(2, "software");
	assert_int_equal(pack(0, NULL), 0);
	assert_int_equal(plan.pass_count, 1);
	assert_int_equal(plan.passes[0].reason, EVENT_PASS_FIRST);
	assert_complete(0);
}

static void the_second_try_counts_passes_without_the_software_events(void **state)
{
	(void)state;
	processor.apart = true;
	add_events(4, "hardware");
	add_events(4, "pair");
	add_events(1, "software");
	assert_int_equal(pack(PLAN_NO_EVENT, NULL), 0);
	assert_int_equal(plan.pass_count, 3);
	assert_int_equal(plan.passes[2].count, 1);
	assert_int_equal(plan.passes[2].reason, EVENT_PASS_APART);
	assert_complete(PLAN_NO_EVENT);
}

static void a_trial_that_cannot_be_done_ends_the_planning(void **state)
{
	struct error error = {0};

	(void)state;
	add_events(9, "hardware");
	processor.fails_at = 5;
	assert_int_equal(pack(PLAN_NO_EVENT, &error), -EMFILE);
	assert_string_equal(error.text, "no more files");
}

static void whole_passes_are_tried_at_the_end(void **state)
{
	struct error error = {0};

	(void)state;
	add_events(5, "software");
	processor.fails_at = 1;
	assert_int_equal(pack(PLAN_NO_EVENT, &error), -EMFILE);
}

#define PACKED(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PACKED(alike_events_need_the_fewest_passes),
		PACKED(software_events_need_no_pass_of_their_own),
		PACKED(a_pass_leaves_room_for_one_more_than_a_sample_holds),
		PACKED(instructions_accompany_software_events_too),
		PACKED(the_companion_alone_is_a_pass),
		PACKED(an_event_that_goes_with_no_other_gets_a_pass_of_its_own),
		PACKED(a_processor_with_one_counter_leaves_instructions_out),
		PACKED(trials_stay_few_with_five_hundred_events),
		PACKED(constrained_events_are_placed_first_where_that_saves_a_pass),
		PACKED(a_second_try_that_saves_nothing_leaves_the_users_order),
		PACKED(a_pass_that_turned_many_away_is_filled_by_the_second_try),
		PACKED(software_events_are_kept_apart_with_instructions),
		PACKED(software_events_alone_are_not_told_to_be_apart),
		PACKED(the_second_try_counts_passes_without_the_software_events),
		PACKED(a_trial_that_cannot_be_done_ends_the_planning),
		PACKED(whole_passes_are_tried_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
