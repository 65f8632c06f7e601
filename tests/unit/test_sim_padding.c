/* SPDX-License-Identifier: MIT */
/* sim/tool/padding.c: what would end the false sharing of a line, by what the machine saw of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "machine/internal.h"
#include "support/sim/build.h"
#include "tool/padding.h"

#define THREADS 5
#define BASE    0x100000u
#define ROUNDS  1000

/* Fields of a lock: how many have it, and what kind of lock it is. */
#define USERS BASE
#define KIND  (BASE + 48)

struct scene {
	struct machine *machine;
	struct machine_thread *threads[THREADS];
};

static struct scene make_scene(void)
{
	struct machine_config config = build_config("");
	struct scene scene;

	scene.machine = build_machine(&config);
	for (uint32_t i = 0; i < THREADS; i++)
		scene.threads[i] = build_thread(scene.machine, 1 + i, i);
	return scene;
}

static void touch(struct scene *scene, uint32_t thread, uint64_t address,
		  enum machine_access_kind kind)
{
	machine_access(scene->machine, scene->threads[thread], address, 4, kind,
		       1 + thread);
}

/* The first thread sets the whole line up. */
static void set_up_line(struct scene *scene)
{
	for (uint32_t at = 0; at < MACHINE_LINE_BYTES; at += 4)
		touch(scene, 0, BASE + at, MACHINE_STORE);
}

/* Padding for the scene's only line. */
static uint32_t padding_of(struct scene *scene, const struct machine_line **line)
{
	for (uint32_t i = 0; i < THREADS; i++)
		machine_settle(scene->machine, scene->threads[i]);
	assert_int_equal(machine_lines(scene->machine, line, 1), 1);
	return padding_smallest(*line);
}

/*
 * Each thread looks at the kind first, and in every other round it has lost the line before it takes
 * the lock. So half of the HITM are false, yet all want all of it.
 */
static void a_lock_that_another_thread_has_set_up_needs_no_padding(void **state)
{
	struct scene scene = make_scene();
	const struct machine_line *line;

	(void)state;
	set_up_line(&scene);
	for (uint32_t round = 0; round < ROUNDS; round++)
		for (uint32_t i = 1; i < THREADS; i++) {
			touch(&scene, i, KIND, MACHINE_LOAD);
			if (round % 2) /* another thread is faster */
				touch(&scene, i % (THREADS - 1) + 1, USERS,
				      MACHINE_ATOMIC);
			touch(&scene, i, USERS, MACHINE_ATOMIC);
		}
	assert_int_equal(padding_of(&scene, &line), 0);
	assert_true(line->hitm_true > ROUNDS);
	assert_true(line->hitm_false > ROUNDS);
	machine_free(scene.machine);
}

static void a_thread_that_goes_on_writing_beside_readers_is_put_apart(void **state)
{
	struct scene scene = make_scene();
	const struct machine_line *line;

	(void)state;
	set_up_line(&scene);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		touch(&scene, 0, USERS, MACHINE_STORE);
		for (uint32_t i = 1; i < THREADS; i++)
			touch(&scene, i, KIND, MACHINE_LOAD);
	}
	/* The line that it set up is all its own: anything is at odds with what others read. */
	assert_true(padding_of(&scene, &line) > 0);
	assert_true(line->hitm_true <= 1); /* the first one, of what was set up */
	assert_int_equal(line->threads[0].hitm, 0);
	assert_in_range(line->threads[0].upgrades, ROUNDS - 2, ROUNDS);
	machine_free(scene.machine);
}

static void counters_side_by_side_are_put_apart(void **state)
{
	struct scene scene = make_scene();
	const struct machine_line *line;

	(void)state;
	set_up_line(&scene);
	for (uint32_t round = 0; round < ROUNDS; round++)
		for (uint32_t i = 1; i < THREADS; i++)
			touch(&scene, i, BASE + 8 * i, MACHINE_ATOMIC);
	assert_int_equal(padding_of(&scene, &line), MACHINE_LINE_BYTES - 8);
	machine_free(scene.machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_lock_that_another_thread_has_set_up_needs_no_padding),
		cmocka_unit_test(
			a_thread_that_goes_on_writing_beside_readers_is_put_apart),
		cmocka_unit_test(counters_side_by_side_are_put_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
