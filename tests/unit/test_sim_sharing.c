/* SPDX-License-Identifier: MIT */
/* sim/machine/sharing.c: true and false sharing, and the table of contended lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "machine/internal.h"
#include "support/sim/build.h"
#include "support/sim/invariants.h"

#define THREADS 20
#define BASE    0x100000u

struct scene {
	struct machine *machine;
	struct machine_thread *threads[THREADS];
};

static struct scene scene_with(const char *text)
{
	struct machine_config config = build_config(text);
	struct scene scene;

	scene.machine = build_machine(&config);
	for (uint32_t i = 0; i < THREADS; i++)
		scene.threads[i] = build_thread(scene.machine, 100 + i, i);
	return scene;
}

static void end(struct scene *scene)
{
	assert_null(broken_invariant(scene->machine));
	machine_free(scene->machine);
}

static void touch(struct scene *scene, uint32_t thread, uint64_t address,
		  uint64_t bytes, enum machine_access_kind kind)
{
	machine_access(scene->machine, scene->threads[thread], address, bytes, kind,
		       1000 + thread);
}

static void settle_all(struct scene *scene)
{
	for (uint32_t i = 0; i < THREADS; i++)
		machine_settle(scene->machine, scene->threads[i]);
}

static uint64_t hitm_of(const struct scene *scene)
{
	return build_sum(scene->machine, MACHINE_HITM_LOCAL) +
	       build_sum(scene->machine, MACHINE_HITM_REMOTE);
}

/* `count` threads add to counters that lie `stride` bytes apart, in turns. */
static void count_up(struct scene *scene, uint32_t count, uint64_t stride, int times)
{
	for (int i = 0; i < times; i++)
		for (uint32_t thread = 0; thread < count; thread++) {
			touch(scene, thread, BASE + thread * stride, 4, MACHINE_LOAD);
			touch(scene, thread, BASE + thread * stride, 4, MACHINE_STORE);
		}
}

static void adjacent_counters_are_shared_falsely(void **state)
{
	struct scene scene = scene_with("");

	(void)state;
	count_up(&scene, 4, 4, 1000);
	settle_all(&scene);
	/* Thread 0 finds the line unmodified once; what it wrote is nobody else's byte. */
	assert_int_equal(hitm_of(&scene), 3999);
	assert_int_equal(build_sum(scene.machine, MACHINE_HITM_FALSE), 3999);
	assert_int_equal(build_sum(scene.machine, MACHINE_HITM_TRUE), 0);
	end(&scene);
}

static void one_atomic_counter_is_shared_truly(void **state)
{
	struct scene scene = scene_with("");

	(void)state;
	for (int i = 0; i < 4000; i++)
		touch(&scene, i % 4, BASE, 4, MACHINE_ATOMIC);
	assert_int_equal(hitm_of(&scene), 3999);
	assert_int_equal(build_sum(scene.machine, MACHINE_HITM_TRUE), 3999);
	assert_int_equal(build_sum(scene.machine, MACHINE_HITM_FALSE), 0);
	end(&scene);
}

static void padded_counters_are_not_shared(void **state)
{
	struct scene scene = scene_with("");
	const struct machine_line *lines[4];

	(void)state;
	count_up(&scene, 4, 64, 1000);
	assert_int_equal(hitm_of(&scene), 0);
	assert_int_equal(machine_lines(scene.machine, lines, 4), 0);
	end(&scene);
}

static void twenty_sharers_are_told_apart(void **state)
{
	struct scene scene = scene_with("");

	(void)state;
	count_up(&scene, 20, 2, 500);
	settle_all(&scene);
	/* Counters of 4 bytes, 2 apart: neighbours overlap, in the order of turns. */
	assert_int_equal(build_sum(scene.machine, MACHINE_HITM_TRUE) +
				 build_sum(scene.machine, MACHINE_HITM_FALSE),
			 hitm_of(&scene));
	assert_true(build_sum(scene.machine, MACHINE_HITM_TRUE) >
		    hitm_of(&scene) * 90 / 100);
	end(&scene);

	scene = scene_with("");
	count_up(&scene, 16, 4, 500);
	settle_all(&scene);
	assert_int_equal(build_sum(scene.machine, MACHINE_HITM_FALSE), hitm_of(&scene));
	end(&scene);
}

static void more_sharers_than_are_kept_are_told_apart(void **state)
{
	struct scene scene = scene_with("");

	(void)state;
	/* Twenty threads on bytes of their own, and then all on one. */
	for (int i = 0; i < 100; i++)
		for (uint32_t thread = 0; thread < 20; thread++)
			touch(&scene, thread, BASE + thread, 1, MACHINE_STORE);
	settle_all(&scene);
	assert_int_equal(build_sum(scene.machine, MACHINE_HITM_FALSE), hitm_of(&scene));
	end(&scene);

	scene = scene_with("");
	for (int i = 0; i < 100; i++)
		for (uint32_t thread = 0; thread < 20; thread++)
			touch(&scene, thread, BASE, 1, MACHINE_STORE);
	assert_int_equal(build_sum(scene.machine, MACHINE_HITM_TRUE), hitm_of(&scene));
	end(&scene);
}

static void a_mutex_is_shared_truly_although_its_kind_is_read_first(void **state)
{
	struct scene scene = scene_with("");

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint32_t thread = i % 3;

		touch(&scene, thread, BASE + 16, 4, MACHINE_LOAD); /* kind */
		touch(&scene, thread, BASE, 4, MACHINE_ATOMIC);    /* lock */
		touch(&scene, thread, BASE + 8, 4, MACHINE_STORE); /* owner */
		touch(&scene, thread, BASE + 40, 8, MACHINE_LOAD); /* what it guards */
		touch(&scene, thread, BASE + 40, 8, MACHINE_STORE);
		touch(&scene, thread, BASE + 8, 4, MACHINE_STORE);
		touch(&scene, thread, BASE, 4, MACHINE_ATOMIC);
	}
	settle_all(&scene);
	assert_int_equal(hitm_of(&scene), 999);
	assert_int_equal(build_sum(scene.machine, MACHINE_HITM_TRUE), 999);
	end(&scene);
}

static void news_of_a_third_thread_is_true_sharing(void **state)
{
	struct scene scene = scene_with("");

	(void)state;
	/* 0 reads what 2 wrote, but finds the line in the hands of 1. */
	touch(&scene, 0, BASE, 4, MACHINE_STORE);
	touch(&scene, 1, BASE + 32, 4, MACHINE_STORE);
	touch(&scene, 2, BASE, 4, MACHINE_STORE);
	touch(&scene, 1, BASE + 32, 4, MACHINE_STORE);
	machine_settle(scene.machine, scene.threads[1]);
	assert_int_equal(build_sum(scene.machine, MACHINE_HITM_TRUE),
			 1); /* that of 2 */
	touch(&scene, 0, BASE, 4, MACHINE_LOAD);
	assert_int_equal(scene.threads[0]->counters[MACHINE_HITM_TRUE], 1);
	end(&scene);
}

static void what_was_seen_before_is_no_news(void **state)
{
	struct scene scene = scene_with("");

	(void)state;
	touch(&scene, 0, BASE, 4, MACHINE_STORE);
	touch(&scene, 1, BASE, 4, MACHINE_LOAD); /* true: reads what 0 wrote */
	touch(&scene, 0, BASE + 32, 4, MACHINE_STORE);
	touch(&scene, 1, BASE, 4, MACHINE_LOAD); /* only the line has changed */
	machine_settle(scene.machine, scene.threads[1]);
	assert_int_equal(scene.threads[1]->counters[MACHINE_HITM_TRUE], 1);
	assert_int_equal(scene.threads[1]->counters[MACHINE_HITM_FALSE], 1);
	end(&scene);
}

static void a_miss_stays_open_until_it_is_settled(void **state)
{
	struct scene scene = scene_with("");
	uint64_t *counters = scene.threads[1]->counters;

	(void)state;
	touch(&scene, 0, BASE, 4, MACHINE_STORE);
	touch(&scene, 1, BASE + 32, 4, MACHINE_LOAD);
	assert_int_equal(counters[MACHINE_HITM_LOCAL], 1);
	assert_int_equal(counters[MACHINE_HITM_TRUE] + counters[MACHINE_HITM_FALSE], 0);
	machine_settle(scene.machine, scene.threads[1]);
	assert_int_equal(counters[MACHINE_HITM_FALSE], 1);
	/* Decided is decided. */
	touch(&scene, 1, BASE, 4, MACHINE_LOAD);
	machine_settle(scene.machine, scene.threads[1]);
	assert_int_equal(counters[MACHINE_HITM_TRUE], 0);
	assert_int_equal(counters[MACHINE_HITM_FALSE], 1);
	end(&scene);
}

static void many_open_misses_are_all_settled(void **state)
{
	struct scene scene = scene_with("sharing_lines = 10000\n");

	(void)state;
	for (uint64_t i = 0; i < 5000; i++) {
		touch(&scene, 0, BASE + i * 64, 4, MACHINE_STORE);
		touch(&scene, 1, BASE + i * 64 + 32, 4, MACHINE_LOAD);
	}
	machine_settle(scene.machine, scene.threads[1]);
	assert_int_equal(scene.threads[1]->counters[MACHINE_HITM_LOCAL], 5000);
	assert_int_equal(scene.threads[1]->counters[MACHINE_HITM_FALSE], 5000);
	assert_int_equal(scene.threads[1]->core->pending_count, 0);
	end(&scene);
}

static void a_thread_that_ends_is_settled(void **state)
{
	struct scene scene = scene_with("");
	const struct machine_line *line;

	(void)state;
	touch(&scene, 0, BASE, 4, MACHINE_STORE);
	touch(&scene, 1, BASE + 32, 4, MACHINE_LOAD);
	machine_thread_remove(scene.machine, scene.threads[1]);
	assert_int_equal(machine_lines(scene.machine, &line, 1), 1);
	assert_int_equal(line->hitm_false, 1);
	/* The line is lost later, when the thread's slot has somebody else. */
	build_thread(scene.machine, 300, 1);
	touch(&scene, 0, BASE, 4, MACHINE_STORE);
	assert_int_equal(line->hitm_false + line->hitm_true, 1);
	assert_int_equal(line->threads[1].id, 101);
	end(&scene);
}

static void a_line_s_record_tells_who_touched_which_bytes(void **state)
{
	struct scene scene =
		scene_with("cycles_hitm_local = 80\ncycles_upgrade_local = 50\n");
	const struct machine_line *line;

	(void)state;
	count_up(&scene, 3, 4, 10);
	touch(&scene, 0, BASE + 60, 2, MACHINE_LOAD);
	settle_all(&scene);
	assert_int_equal(machine_lines(scene.machine, &line, 1), 1);
	assert_int_equal(line->address, BASE);
	assert_int_equal(line->hitm_local, 30);
	assert_int_equal(line->hitm_remote, 0);
	assert_int_equal(line->hitm_false, 30);
	assert_int_equal(line->upgrades, 29); /* each load is followed by a store */
	assert_int_equal(line->cycles, 30 * 80 + 29 * 50);
	assert_int_equal(line->thread_count, 3);
	assert_false(line->more_threads);
	assert_false(line->closed);
	for (uint32_t i = 0; i < 3; i++) {
		uint64_t own = UINT64_C(0xf) << 4 * i;

		assert_int_equal(line->threads[i].id, 100 + i);
		assert_int_equal(line->threads[i].written, own);
		assert_int_equal(line->threads[i].hitm, 10);
	}
	assert_int_equal(line->threads[0].read, UINT64_C(3) << 60 | 0xf);
	assert_int_equal(line->threads[2].read, 0xf00);
	end(&scene);
}

static void a_line_s_record_has_the_most_frequent_sites(void **state)
{
	struct scene scene = scene_with("");
	const struct machine_line *line;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		/* Sites 1 and 2 in turns, now and then one of many others. */
		uint32_t site = i % 50 == 0 ? 100 + i : 1 + i % 2;

		machine_access(scene.machine, scene.threads[i % 2], BASE, 4,
			       MACHINE_STORE, site);
	}
	assert_int_equal(machine_lines(scene.machine, &line, 1), 1);
	assert_int_equal(line->fetched_at[0].site + line->fetched_at[1].site, 3);
	assert_int_equal(line->written_at[0].site + line->written_at[1].site, 3);
	assert_in_range(line->fetched_at[0].count, 480, 520);
	assert_in_range(line->fetched_at[1].count, 450, 520);
	end(&scene);
}

static void the_first_hitm_knows_the_writer_s_site(void **state)
{
	struct scene scene = scene_with("");
	const struct machine_line *line;

	(void)state;
	machine_access(scene.machine, scene.threads[0], BASE, 4, MACHINE_STORE, 7);
	machine_access(scene.machine, scene.threads[0], BASE + 8, 4, MACHINE_STORE, 8);
	machine_access(scene.machine, scene.threads[1], BASE, 4, MACHINE_LOAD, 9);
	assert_int_equal(machine_lines(scene.machine, &line, 1), 1);
	assert_int_equal(line->written_at[0].site, 8);
	assert_int_equal(line->written_at[0].count, 1);
	assert_int_equal(line->fetched_at[0].site, 9);
	assert_int_equal(line->threads[0].id, 100);
	assert_int_equal(line->threads[0].written, 0xf0f);
	end(&scene);
}

static void cost_is_attributed_to_regions(void **state)
{
	struct scene scene =
		scene_with("cycles_hitm_local = 80\ncycles_upgrade_local = 50\n");
	const struct machine_line *line;

	(void)state;
	scene.threads[1]->region = 5;
	scene.threads[2]->region = 6;
	count_up(&scene, 3, 4, 10);
	assert_int_equal(machine_lines(scene.machine, &line, 1), 1);
	assert_int_equal(line->regions[0].region, 5);
	assert_int_equal(line->regions[0].hitm, 10);
	assert_int_equal(line->regions[0].cycles, 10 * 80 + 10 * 50);
	assert_int_equal(line->regions[1].region, 6);
	assert_int_equal(line->regions[1].cycles, 10 * 80 + 10 * 50);
	assert_int_equal(line->regions[2].region, 0);
	end(&scene);
}

static void lines_come_by_cost(void **state)
{
	struct scene scene = scene_with("");
	const struct machine_line *lines[8];

	(void)state;
	for (uint64_t line = 0; line < 6; line++)
		for (uint64_t i = 0; i < 10 + line * 3 % 7; i++)
			touch(&scene, i % 2, BASE + line * 64, 4, MACHINE_STORE);
	assert_int_equal(machine_lines(scene.machine, lines, 8), 6);
	for (int i = 1; i < 6; i++)
		assert_true(lines[i - 1]->cycles >= lines[i]->cycles);
	assert_int_equal(lines[0]->address, BASE + 2 * 64);
	assert_int_equal(machine_lines(scene.machine, lines, 2), 2);
	assert_int_equal(lines[0]->address, BASE + 2 * 64);
	assert_int_equal(lines[1]->address, BASE + 4 * 64);
	assert_int_equal(machine_lines(scene.machine, lines, 0), 0);
	end(&scene);
}

static void costly_lines_stay_when_many_come_by(void **state)
{
	struct scene scene = scene_with("sharing_lines = 64\n");
	const struct machine_line *lines[4];

	(void)state;
	for (uint64_t i = 0; i < 100000; i++) {
		/* A buffer that is handed over once, and a line that is fought for. */
		touch(&scene, 0, BASE + 4096 + i * 64, 8, MACHINE_STORE);
		touch(&scene, 1, BASE + 4096 + i * 64, 8, MACHINE_LOAD);
		if (i % 10 == 0)
			count_up(&scene, 2, 4, 1);
	}
	settle_all(&scene);
	assert_int_equal(machine_lines(scene.machine, lines, 4), 4);
	assert_int_equal(lines[0]->address, BASE);
	assert_in_range(lines[0]->hitm_local, 19900, 20000);
	assert_int_equal(lines[0]->hitm_false, lines[0]->hitm_local);
	assert_int_equal(build_sum(scene.machine, MACHINE_HITM_TRUE), 100000);
	assert_int_equal(build_sum(scene.machine, MACHINE_HITM_TRUE) +
				 build_sum(scene.machine, MACHINE_HITM_FALSE),
			 hitm_of(&scene));
	end(&scene);
}

static void a_closed_line_makes_room_for_a_new_one(void **state)
{
	struct scene scene = scene_with("");
	const struct machine_line *lines[4];

	(void)state;
	count_up(&scene, 2, 4, 100);
	machine_lines_close(scene.machine, BASE + 32, 8);
	count_up(&scene, 3, 4, 10);
	settle_all(&scene);
	assert_int_equal(machine_lines(scene.machine, lines, 4), 2);
	assert_true(lines[0]->closed);
	assert_false(lines[1]->closed);
	assert_int_equal(lines[0]->address, BASE);
	assert_int_equal(lines[1]->address, BASE);
	assert_int_equal(lines[0]->thread_count, 2);
	assert_int_equal(lines[1]->thread_count, 3);
	assert_int_equal(lines[0]->hitm_local + lines[1]->hitm_local, hitm_of(&scene));
	assert_int_equal(build_sum(scene.machine, MACHINE_HITM_FALSE), hitm_of(&scene));
	end(&scene);
}

static void closing_large_ranges_closes_what_is_in_them(void **state)
{
	struct scene scene = scene_with("sharing_lines = 100\n");
	const struct machine_line *lines[4];

	(void)state;
	count_up(&scene, 2, 4, 10);
	touch(&scene, 0, BASE + (1 << 20), 4, MACHINE_STORE);
	touch(&scene, 1, BASE + (1 << 20), 4, MACHINE_STORE);
	machine_lines_close(scene.machine, BASE, 0);
	machine_lines_close(scene.machine, BASE, 1 << 20);
	assert_int_equal(machine_lines(scene.machine, lines, 4), 2);
	assert_true(lines[0]->closed);
	assert_false(lines[1]->closed);
	machine_lines_close(scene.machine, 0, UINT64_MAX);
	assert_true(lines[1]->closed);
	assert_int_equal(scene.machine->sharing.open, 0);
	end(&scene);
}

static uint32_t note(void *context, uint64_t address)
{
	struct build_memory *memory = context;

	memory->notes++;
	return (uint32_t)(address >> 6) + 1;
}

static void the_caller_names_a_line_once(void **state)
{
	struct build_memory memory = {0};
	struct machine_host host = build_host(&memory);
	struct machine_config config = build_config("");
	struct machine_problem problem;
	const struct machine_line *line;
	struct scene scene;

	(void)state;
	host.note_line = note;
	scene.machine = machine_create(&config, &host, &problem);
	for (uint32_t i = 0; i < THREADS; i++)
		scene.threads[i] = build_thread(scene.machine, i, i);
	count_up(&scene, 3, 4, 10);
	assert_int_equal(memory.notes, 1);
	assert_int_equal(machine_lines(scene.machine, &line, 1), 1);
	assert_int_equal(line->note, (BASE >> 6) + 1);
	end(&scene);
	assert_int_equal(memory.taken, memory.given);
}

static void a_line_that_leaves_the_caches_keeps_its_record(void **state)
{
	struct scene scene = scene_with("l1d_bytes = 128\nl1d_ways = 1\nl2_bytes = 0\n"
					"llc_bytes = 128\nllc_ways = 1\n");
	const struct machine_line *lines[2];

	(void)state;
	for (int i = 0; i < 10; i++) {
		count_up(&scene, 2, 4, 10);
		for (uint32_t thread = 0; thread < 2; thread++)
			touch(&scene, thread, BASE + 128 * (thread + 1), 4,
			      MACHINE_STORE);
	}
	assert_null(directory_find(scene.machine, BASE >> LINE_SHIFT));
	settle_all(&scene);
	assert_int_equal(machine_lines(scene.machine, lines, 2), 1);
	assert_int_equal(lines[0]->hitm_false, hitm_of(&scene));
	assert_int_equal(hitm_of(&scene), 10 * 19);
	end(&scene);
}

static void remote_lines_are_counted_apart(void **state)
{
	struct scene scene = scene_with("sockets = 2\ncores_per_socket = 10\n");
	const struct machine_line *line;

	(void)state;
	touch(&scene, 0, BASE, 4, MACHINE_STORE);
	touch(&scene, 1, BASE, 4, MACHINE_STORE);
	touch(&scene, 10, BASE, 4, MACHINE_STORE);
	assert_int_equal(machine_lines(scene.machine, &line, 1), 1);
	assert_int_equal(line->hitm_local, 1);
	assert_int_equal(line->hitm_remote, 1);
	assert_int_equal(line->cycles, 90 + 350);
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adjacent_counters_are_shared_falsely),
		cmocka_unit_test(one_atomic_counter_is_shared_truly),
		cmocka_unit_test(padded_counters_are_not_shared),
		cmocka_unit_test(twenty_sharers_are_told_apart),
		cmocka_unit_test(more_sharers_than_are_kept_are_told_apart),
		cmocka_unit_test(
			a_mutex_is_shared_truly_although_its_kind_is_read_first),
		cmocka_unit_test(news_of_a_third_thread_is_true_sharing),
		cmocka_unit_test(what_was_seen_before_is_no_news),
		cmocka_unit_test(a_miss_stays_open_until_it_is_settled),
		cmocka_unit_test(many_open_misses_are_all_settled),
		cmocka_unit_test(a_thread_that_ends_is_settled),
		cmocka_unit_test(a_line_s_record_tells_who_touched_which_bytes),
		cmocka_unit_test(a_line_s_record_has_the_most_frequent_sites),
		cmocka_unit_test(the_first_hitm_knows_the_writer_s_site),
		cmocka_unit_test(cost_is_attributed_to_regions),
		cmocka_unit_test(lines_come_by_cost),
		cmocka_unit_test(costly_lines_stay_when_many_come_by),
		cmocka_unit_test(a_closed_line_makes_room_for_a_new_one),
		cmocka_unit_test(closing_large_ranges_closes_what_is_in_them),
		cmocka_unit_test(the_caller_names_a_line_once),
		cmocka_unit_test(a_line_that_leaves_the_caches_keeps_its_record),
		cmocka_unit_test(remote_lines_are_counted_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
