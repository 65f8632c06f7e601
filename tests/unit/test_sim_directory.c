/* SPDX-License-Identifier: MIT */
/* sim/machine/directory.c: a table that grows, shrinks and never loses a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "machine/internal.h"
#include "support/sim/build.h"

static struct machine *empty_machine(void)
{
	struct machine_config config = build_config("");

	return build_machine(&config);
}

static void lines_that_were_added_are_found(void **state)
{
	struct machine *machine = empty_machine();

	(void)state;
	assert_null(directory_find(machine, 0));
	for (uint64_t i = 0; i < 100000; i++)
		assert_int_equal(directory_add(machine, i * 5)->number, i * 5);
	for (uint64_t i = 0; i < 500000; i++) {
		const struct line *line = directory_find(machine, i);

		if (i % 5)
			assert_null(line);
		else
			assert_int_equal(line->number, i);
	}
	assert_int_equal(machine->directory.count, 100000);
	machine_free(machine);
}

static void the_largest_number_is_found(void **state)
{
	struct machine *machine = empty_machine();
	uint64_t last = UINT64_MAX >> LINE_SHIFT;
	const struct line *line = directory_add(machine, last);

	(void)state;
	assert_ptr_equal(directory_find(machine, last), line);
	machine_free(machine);
}

static void lines_keep_their_place_when_the_table_grows(void **state)
{
	struct machine *machine = empty_machine();
	struct line *first = directory_add(machine, 42);

	(void)state;
	for (uint64_t i = 100; i < 200000; i++)
		directory_add(machine, i);
	assert_ptr_equal(directory_find(machine, 42), first);
	machine_free(machine);
}

#define NUMBERS 20000u

static void random_additions_and_removals_agree_with_an_array(void **state)
{
	struct machine *machine = empty_machine();
	static struct line *present[NUMBERS];
	struct random random;
	uint32_t count = 0;

	(void)state;
	random_seed(&random, 11, 1);
	for (int i = 0; i < 1000000; i++) {
		/* Neighbours, far apart, and phases of growing and of shrinking. */
		uint32_t number = random_below(&random, NUMBERS);
		uint64_t line = number % 2 ? number : (uint64_t)number << 40;
		bool grow = random_below(&random, 10) < (i / 100000 % 2 ? 3u : 7u);

		assert_ptr_equal(directory_find(machine, line), present[number]);
		if (!present[number] && grow) {
			present[number] = directory_add(machine, line);
			count++;
		} else if (present[number] && !grow) {
			directory_remove(machine, present[number]);
			present[number] = NULL;
			count--;
		}
	}
	assert_int_equal(machine->directory.count, count);
	for (uint32_t number = 0; number < NUMBERS; number++) {
		uint64_t line = number % 2 ? number : (uint64_t)number << 40;

		assert_ptr_equal(directory_find(machine, line), present[number]);
	}
	machine_free(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_were_added_are_found),
		cmocka_unit_test(the_largest_number_is_found),
		cmocka_unit_test(lines_keep_their_place_when_the_table_grows),
		cmocka_unit_test(random_additions_and_removals_agree_with_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
