/* SPDX-License-Identifier: MIT */
/*
 * sim/machine/coherence.c: every transition of the protocol, with what it counts and what it
 * costs, on two sockets of two LLCs of two cores each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "machine/internal.h"
#include "support/sim/build.h"
#include "support/sim/invariants.h"

/* Costs that cannot be mistaken for one another; nothing for what is tested elsewhere. */
#define COSTS                                                                        \
	"cycles_l2_hit = 10\ncycles_llc_hit = 40\n"                                  \
	"cycles_forward_local = 61\ncycles_forward_socket = 62\n"                    \
	"cycles_forward_remote = 63\n"                                               \
	"cycles_hitm_local = 81\ncycles_hitm_socket = 82\ncycles_hitm_remote = 83\n" \
	"cycles_upgrade_local = 71\ncycles_upgrade_socket = 72\n"                    \
	"cycles_upgrade_remote = 73\n"                                               \
	"cycles_dram_local = 200\ncycles_dram_remote = 300\n"                        \
	"cycles_stlb_hit = 0\ncycles_walk = 0\ncycles_first_touch = 0\n"             \
	"cycles_atomic = 5\n"
#define CORES "sockets = 2\ncores_per_socket = 4\ncores_per_llc = 2\n"

/* Cores by where they are, seen from HERE. */
enum place { HERE = 0, NEXT = 1, SOCKET = 2, REMOTE = 4 };

#define ADDRESS 0x10000u

struct scene {
	struct machine *machine;
	struct machine_thread *threads[8];
};

static struct scene scene_with(const char *text)
{
	char description[2048] = CORES COSTS;
	struct machine_config config;
	struct scene scene;

	strncat(description, text, sizeof(description) - strlen(description) - 1);
	config = build_config(description);
	scene.machine = build_machine(&config);
	for (uint32_t i = 0; i < 8; i++)
		scene.threads[i] = build_thread(scene.machine, i, i);
	return scene;
}

static void end(struct scene *scene)
{
	assert_null(broken_invariant(scene->machine));
	machine_free(scene->machine);
}

static uint64_t load(struct scene *scene, enum place place)
{
	return machine_access(scene->machine, scene->threads[place], ADDRESS, 8,
			      MACHINE_LOAD, 1);
}

static uint64_t store(struct scene *scene, enum place place)
{
	return machine_access(scene->machine, scene->threads[place], ADDRESS, 8,
			      MACHINE_STORE, 2);
}

/* The states of the cores HERE, NEXT, SOCKET and REMOTE, as letters. */
static void expect_states(const struct scene *scene, const char *states)
{
	static const enum place places[] = {HERE, NEXT, SOCKET, REMOTE};
	const struct line *line = directory_find(scene->machine, ADDRESS >> LINE_SHIFT);
	char found[5] = "IIII";

	for (int i = 0; line && i < 4; i++)
		if (line->owner == places[i])
			found[i] = line->modified ? 'M' : 'E';
		else if (holds(line, places[i]))
			found[i] = 'S';
	assert_string_equal(found, states);
	assert_null(broken_invariant(scene->machine));
}

/* All events that a thread has counted, but for cycles, accesses and TLBs. */
static void expect_counts(const struct scene *scene, enum place place,
			  const char *expected)
{
	static const enum machine_counter counters[] = {
		MACHINE_L1D_MISSES,    MACHINE_L2_MISSES,   MACHINE_LLC_MISSES,
		MACHINE_HITM_LOCAL,    MACHINE_HITM_REMOTE, MACHINE_FORWARDS,
		MACHINE_INVALIDATIONS, MACHINE_UPGRADES,    MACHINE_DRAM_LOCAL,
		MACHINE_DRAM_REMOTE};
	static const char *const names[] = {"l1d", "l2",  "llc", "hitm", "far",
					    "fwd", "inv", "upg", "dram", "dram-far"};
	char found[256] = "";

	for (int i = 0; i < 10; i++) {
		uint64_t count = scene->threads[place]->counters[counters[i]];
		char part[32];

		if (!count)
			continue;
		snprintf(part, sizeof(part), "%s%s=%u", *found ? " " : "", names[i],
			 (unsigned)count);
		strncat(found, part, sizeof(found) - strlen(found) - 1);
	}
	assert_string_equal(found, expected);
}

static void load_of_an_uncached_line_makes_it_exclusive(void **state)
{
	struct scene scene = scene_with("");

	(void)state;
	assert_int_equal(load(&scene, HERE), 200);
	expect_states(&scene, "EIII");
	expect_counts(&scene, HERE, "l1d=1 l2=1 llc=1 dram=1");
	assert_int_equal(load(&scene, HERE), 0);
	expect_counts(&scene, HERE, "l1d=1 l2=1 llc=1 dram=1");
	end(&scene);
}

static void store_to_an_uncached_line_makes_it_modified(void **state)
{
	struct scene scene = scene_with("");

	(void)state;
	assert_int_equal(store(&scene, HERE), 200);
	expect_states(&scene, "MIII");
	expect_counts(&scene, HERE, "l1d=1 l2=1 llc=1 dram=1");
	assert_int_equal(store(&scene, HERE), 0);
	assert_int_equal(load(&scene, HERE), 0);
	expect_states(&scene, "MIII");
	end(&scene);
}

static void store_to_an_exclusive_line_is_silent(void **state)
{
	struct scene scene = scene_with("");

	(void)state;
	load(&scene, HERE);
	assert_int_equal(store(&scene, HERE), 0);
	expect_states(&scene, "MIII");
	expect_counts(&scene, HERE, "l1d=1 l2=1 llc=1 dram=1");
	end(&scene);
}

static void load_of_an_exclusive_line_shares_it(void **state)
{
	struct scene scene = scene_with("");

	(void)state;
	load(&scene, HERE);
	assert_int_equal(load(&scene, NEXT), 61);
	expect_states(&scene, "SSII");
	expect_counts(&scene, NEXT, "l1d=1 l2=1");
	assert_int_equal(load(&scene, SOCKET), 62);
	expect_states(&scene, "SSSI");
	expect_counts(&scene, SOCKET, "l1d=1 l2=1 llc=1 fwd=1");
	assert_int_equal(load(&scene, REMOTE), 63);
	expect_states(&scene, "SSSS");
	expect_counts(&scene, REMOTE, "l1d=1 l2=1 llc=1 fwd=1");
	end(&scene);
}

static void load_of_a_modified_line_is_a_hitm_and_shares_it(void **state)
{
	static const struct {
		enum place place;
		uint64_t cost;
		const char *states, *counts;
	} cases[] = {
		{NEXT, 81, "SSII", "l1d=1 l2=1 hitm=1"},
		{SOCKET, 82, "SISI", "l1d=1 l2=1 llc=1 hitm=1 fwd=1"},
		{REMOTE, 83, "SIIS", "l1d=1 l2=1 llc=1 far=1 fwd=1"},
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct scene scene = scene_with("");

		store(&scene, HERE);
		assert_int_equal(load(&scene, cases[i].place), cases[i].cost);
		expect_states(&scene, cases[i].states);
		expect_counts(&scene, cases[i].place, cases[i].counts);
		/* The former owner reads on for nothing, and may not write for nothing. */
		assert_int_equal(load(&scene, HERE), 0);
		assert_true(store(&scene, HERE) > 0);
		expect_states(&scene, "MIII");
		end(&scene);
	}
}

static void store_to_a_modified_line_is_a_hitm_and_takes_it(void **state)
{
	static const struct {
		enum place place;
		uint64_t cost;
		const char *states, *counts;
	} cases[] = {
		{NEXT, 81, "IMII", "l1d=1 l2=1 hitm=1 inv=1"},
		{SOCKET, 82, "IIMI", "l1d=1 l2=1 llc=1 hitm=1 fwd=1 inv=1"},
		{REMOTE, 83, "IIIM", "l1d=1 l2=1 llc=1 far=1 fwd=1 inv=1"},
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct scene scene = scene_with("");

		store(&scene, HERE);
		assert_int_equal(store(&scene, cases[i].place), cases[i].cost);
		expect_states(&scene, cases[i].states);
		expect_counts(&scene, cases[i].place, cases[i].counts);
		end(&scene);
	}
}

static void store_to_an_exclusive_line_of_another_takes_it(void **state)
{
	struct scene scene = scene_with("");

	(void)state;
	load(&scene, HERE);
	/* Fetching costs 61, telling the other 71: they overlap. */
	assert_int_equal(store(&scene, NEXT), 71);
	expect_states(&scene, "IMII");
	expect_counts(&scene, NEXT, "l1d=1 l2=1 inv=1");
	end(&scene);
}

static void store_to_a_shared_line_upgrades_it(void **state)
{
	struct scene scene = scene_with("");

	(void)state;
	load(&scene, HERE);
	load(&scene, NEXT);
	assert_int_equal(store(&scene, HERE), 71);
	expect_states(&scene, "MIII");
	expect_counts(&scene, HERE, "l1d=1 l2=1 llc=1 inv=1 upg=1 dram=1");
	/* The other comes back, then a third: the farthest copy decides about the cost. */
	load(&scene, NEXT);
	load(&scene, SOCKET);
	assert_int_equal(store(&scene, HERE), 72);
	load(&scene, REMOTE);
	load(&scene, NEXT);
	assert_int_equal(store(&scene, HERE), 73);
	expect_states(&scene, "MIII");
	expect_counts(&scene, HERE, "l1d=1 l2=1 llc=1 inv=5 upg=3 dram=1");
	end(&scene);
}

static void store_to_a_line_that_others_share_takes_all_copies(void **state)
{
	struct scene scene = scene_with("");

	(void)state;
	load(&scene, HERE);
	load(&scene, NEXT);
	load(&scene, SOCKET);
	assert_int_equal(store(&scene, REMOTE), 73);
	expect_states(&scene, "IIIM");
	expect_counts(&scene, REMOTE, "l1d=1 l2=1 llc=1 fwd=1 inv=3");
	end(&scene);
}

static void a_line_shared_by_nobody_else_still_needs_an_upgrade(void **state)
{
	struct scene scene =
		scene_with("l1d_bytes = 128\nl1d_ways = 1\nl2_bytes = 0\n");

	(void)state;
	load(&scene, HERE);
	load(&scene, NEXT);
	/* NEXT loses its copy to another line of the same set. */
	machine_access(scene.machine, scene.threads[NEXT], ADDRESS + 128, 8,
		       MACHINE_LOAD, 1);
	expect_states(&scene, "SIII");
	assert_int_equal(store(&scene, HERE), 71);
	expect_states(&scene, "MIII");
	expect_counts(&scene, HERE, "l1d=1 llc=1 upg=1 dram=1");
	end(&scene);
}

static void a_line_only_another_llc_has_is_forwarded_and_shared(void **state)
{
	struct scene scene =
		scene_with("l1d_bytes = 128\nl1d_ways = 1\nl2_bytes = 0\n");

	(void)state;
	load(&scene, SOCKET);
	machine_access(scene.machine, scene.threads[SOCKET], ADDRESS + 128, 8,
		       MACHINE_LOAD, 1);
	expect_states(&scene, "IIII");
	assert_int_equal(load(&scene, HERE), 62);
	expect_states(&scene, "SIII");
	expect_counts(&scene, HERE, "l1d=1 llc=1 fwd=1");
	/* The copy of that LLC goes, too, and costs the way there. */
	assert_int_equal(store(&scene, HERE), 72);
	expect_counts(&scene, HERE, "l1d=1 llc=1 fwd=1 upg=1");
	load(&scene, REMOTE);
	expect_counts(&scene, REMOTE, "l1d=1 llc=1 far=1 fwd=1");
	end(&scene);
}

static void a_modified_line_that_was_evicted_is_no_hitm(void **state)
{
	struct scene scene =
		scene_with("l1d_bytes = 128\nl1d_ways = 1\nl2_bytes = 0\n");

	(void)state;
	store(&scene, HERE);
	machine_access(scene.machine, scene.threads[HERE], ADDRESS + 128, 8,
		       MACHINE_LOAD, 1);
	assert_int_equal(load(&scene, NEXT), 40);
	expect_states(&scene, "IEII");
	expect_counts(&scene, NEXT, "l1d=1");
	end(&scene);
}

static void a_modified_line_of_l2_is_still_owned(void **state)
{
	struct scene scene = scene_with("l1d_bytes = 128\nl1d_ways = 1\n");

	(void)state;
	store(&scene, HERE);
	machine_access(scene.machine, scene.threads[HERE], ADDRESS + 128, 8,
		       MACHINE_LOAD, 1);
	expect_states(&scene, "MIII");
	assert_int_equal(load(&scene, NEXT), 81);
	expect_states(&scene, "SSII");
	end(&scene);
}

static void a_line_of_l2_comes_back_in_its_state(void **state)
{
	struct scene scene = scene_with("l1d_bytes = 128\nl1d_ways = 1\n");

	(void)state;
	store(&scene, HERE);
	machine_access(scene.machine, scene.threads[HERE], ADDRESS + 128, 8,
		       MACHINE_LOAD, 1);
	assert_int_equal(load(&scene, HERE), 10);
	assert_int_equal(store(&scene, HERE), 0);
	expect_states(&scene, "MIII");
	expect_counts(&scene, HERE, "l1d=3 l2=2 llc=2 dram=2");
	end(&scene);
}

static void a_store_that_hits_shared_in_l2_pays_for_both(void **state)
{
	struct scene scene = scene_with("l1d_bytes = 128\nl1d_ways = 1\n");

	(void)state;
	load(&scene, HERE);
	load(&scene, NEXT);
	machine_access(scene.machine, scene.threads[HERE], ADDRESS + 128, 8,
		       MACHINE_LOAD, 1);
	assert_int_equal(store(&scene, HERE), 10 + 71);
	expect_states(&scene, "MIII");
	end(&scene);
}

static void an_inclusive_llc_takes_lines_from_cores(void **state)
{
	struct scene scene =
		scene_with("l2_bytes = 0\nl1d_bytes = 256\nl1d_ways = 4\n"
			   "l1i_bytes = 256\nl1i_ways = 4\n"
			   "llc_bytes = 256\nllc_ways = 1\nllc_policy = inclusive\n");

	(void)state;
	store(&scene, HERE);
	load(&scene, REMOTE);
	expect_states(&scene, "SIIS");
	/* The neighbour's line falls on the same LLC set. */
	machine_access(scene.machine, scene.threads[NEXT], ADDRESS + 256, 8,
		       MACHINE_LOAD, 1);
	expect_states(&scene, "IIIS");
	end(&scene);
}

static void a_victim_llc_gives_away_what_it_has(void **state)
{
	struct scene scene = scene_with("l1d_bytes = 128\nl1d_ways = 1\nl2_bytes = 0\n"
					"llc_policy = victim\n");

	(void)state;
	load(&scene, HERE);
	/* Not in the LLC yet: the neighbour gets it from the core. */
	assert_int_equal(load(&scene, NEXT), 61);
	for (int i = 0; i < 2; i++)
		machine_access(scene.machine, scene.threads[i], ADDRESS + 128, 8,
			       MACHINE_LOAD, 1);
	expect_states(&scene, "IIII");
	assert_int_equal(load(&scene, HERE), 40);
	expect_states(&scene, "EIII");
	assert_int_equal(load(&scene, NEXT), 61);
	end(&scene);
}

static void an_atomic_is_a_load_and_a_store_that_costs_more(void **state)
{
	struct scene scene = scene_with("");
	const uint64_t *counters = scene.threads[HERE]->counters;

	(void)state;
	assert_int_equal(machine_access(scene.machine, scene.threads[HERE], ADDRESS, 8,
					MACHINE_ATOMIC, 1),
			 205);
	assert_int_equal(machine_access(scene.machine, scene.threads[HERE], ADDRESS, 8,
					MACHINE_ATOMIC, 1),
			 5);
	expect_states(&scene, "MIII");
	assert_int_equal(counters[MACHINE_ATOMICS], 2);
	assert_int_equal(counters[MACHINE_LOADS], 2);
	assert_int_equal(counters[MACHINE_STORES], 2);
	assert_int_equal(counters[MACHINE_CYCLES], 210);
	end(&scene);
}

static void threads_of_one_core_share_its_copies(void **state)
{
	struct scene scene = scene_with("");
	struct machine_thread *second = build_thread(scene.machine, 9, HERE);

	(void)state;
	store(&scene, HERE);
	assert_int_equal(
		machine_access(scene.machine, second, ADDRESS + 8, 8, MACHINE_STORE, 1),
		0);
	assert_int_equal(second->counters[MACHINE_STORES], 1);
	assert_int_equal(second->counters[MACHINE_HITM_LOCAL], 0);
	end(&scene);
}

static void a_fetch_of_modified_code_is_a_hitm(void **state)
{
	struct scene scene = scene_with("");

	(void)state;
	store(&scene, HERE);
	assert_int_equal(machine_fetch(scene.machine, scene.threads[NEXT], ADDRESS, 16),
			 81);
	expect_states(&scene, "SSII");
	expect_counts(&scene, NEXT, "l2=1 hitm=1");
	assert_int_equal(scene.threads[NEXT]->counters[MACHINE_L1I_MISSES], 1);
	end(&scene);
}

static void two_hundred_cores_share_and_lose_a_line(void **state)
{
	struct machine_config config =
		build_config(COSTS "sockets = 4\ncores_per_socket = 50\n");
	struct machine *machine = build_machine(&config);
	struct machine_thread *threads[200];

	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		threads[i] = build_thread(machine, i, i);
		machine_access(machine, threads[i], ADDRESS, 4, MACHINE_LOAD, 1);
	}
	assert_null(broken_invariant(machine));
	assert_int_equal(
		machine_access(machine, threads[199], ADDRESS, 4, MACHINE_STORE, 1),
		73);
	assert_int_equal(threads[199]->counters[MACHINE_INVALIDATIONS], 199);
	assert_int_equal(
		machine_access(machine, threads[3], ADDRESS, 4, MACHINE_LOAD, 1), 83);
	assert_null(broken_invariant(machine));
	machine_free(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(load_of_an_uncached_line_makes_it_exclusive),
		cmocka_unit_test(store_to_an_uncached_line_makes_it_modified),
		cmocka_unit_test(store_to_an_exclusive_line_is_silent),
		cmocka_unit_test(load_of_an_exclusive_line_shares_it),
		cmocka_unit_test(load_of_a_modified_line_is_a_hitm_and_shares_it),
		cmocka_unit_test(store_to_a_modified_line_is_a_hitm_and_takes_it),
		cmocka_unit_test(store_to_an_exclusive_line_of_another_takes_it),
		cmocka_unit_test(store_to_a_shared_line_upgrades_it),
		cmocka_unit_test(store_to_a_line_that_others_share_takes_all_copies),
		cmocka_unit_test(a_line_shared_by_nobody_else_still_needs_an_upgrade),
		cmocka_unit_test(a_line_only_another_llc_has_is_forwarded_and_shared),
		cmocka_unit_test(a_modified_line_that_was_evicted_is_no_hitm),
		cmocka_unit_test(a_modified_line_of_l2_is_still_owned),
		cmocka_unit_test(a_line_of_l2_comes_back_in_its_state),
		cmocka_unit_test(a_store_that_hits_shared_in_l2_pays_for_both),
		cmocka_unit_test(an_inclusive_llc_takes_lines_from_cores),
		cmocka_unit_test(a_victim_llc_gives_away_what_it_has),
		cmocka_unit_test(an_atomic_is_a_load_and_a_store_that_costs_more),
		cmocka_unit_test(threads_of_one_core_share_its_copies),
		cmocka_unit_test(a_fetch_of_modified_code_is_a_hitm),
		cmocka_unit_test(two_hundred_cores_share_and_lose_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
