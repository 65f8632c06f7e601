/* SPDX-License-Identifier: MIT */
/* base/array.c: growable arrays. */
#include "base/array.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void growing_keeps_old_items_and_zeroes_new_ones(void **state)
{
	uint32_t *items = NULL;
	size_t capacity = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(
			array_reserve(&items, &capacity, i + 1, sizeof(*items)), 0);
		assert_true(capacity > i);
		for (size_t k = i; k < capacity; k++)
			assert_int_equal(items[k], 0);
		items[i] = i + 1;
	}
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(items[i], i + 1);
	free(items);
}

static void room_that_is_there_is_not_asked_for_again(void **state)
{
	char *items = NULL;
	size_t capacity = 0;
	const char *before;

	(void)state;
	assert_int_equal(array_reserve(&items, &capacity, 100, 1), 0);
	before = items;
	assert_int_equal(capacity, 100);
	assert_int_equal(array_reserve(&items, &capacity, 100, 1), 0);
	assert_ptr_equal(items, before);
	assert_int_equal(capacity, 100);
	free(items);
}

static void more_than_memory_fails_and_leaves_the_array(void **state)
{
	uint64_t *items = NULL;
	size_t capacity = 0;

	(void)state;
	assert_int_equal(array_reserve(&items, &capacity, 4, sizeof(*items)), 0);
	items[3] = 42;
	assert_int_equal(array_reserve(&items, &capacity, SIZE_MAX, sizeof(*items)),
			 -ENOMEM);
	assert_int_equal(array_reserve(&items, &capacity, SIZE_MAX / sizeof(*items),
				       sizeof(*items)),
			 -ENOMEM);
	assert_int_equal(items[3], 42);
	assert_int_equal(capacity, 8);
	free(items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(growing_keeps_old_items_and_zeroes_new_ones),
		cmocka_unit_test(room_that_is_there_is_not_asked_for_again),
		cmocka_unit_test(more_than_memory_fails_and_leaves_the_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
