/* SPDX-License-Identifier: MIT */
/* base/threads.c: each part is done once, whatever their number. */
#include "base/threads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PARTS 1000 /* more than threads there may be */

static atomic_int done[PARTS];

static void count(void *context, size_t index)
{
	assert_ptr_equal(context, done);
	atomic_fetch_add(&done[index], 1);
}

static void each_part_is_done_once(void **state)
{
	static const size_t counts[] = {0, 1, 2, 7, PARTS};

	(void)state;
	for (size_t c = 0; c < sizeof(counts) / sizeof(*counts); c++) {
		for (size_t i = 0; i < PARTS; i++)
			atomic_store(&done[i], 0);
		threads_run(counts[c], count, done);
		for (size_t i = 0; i < PARTS; i++)
			assert_int_equal(atomic_load(&done[i]), i < counts[c]);
	}
}

static void there_is_a_cpu(void **state)
{
	(void)state;
	assert_in_range(threads_allowed(), 1, THREADS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_part_is_done_once),
		cmocka_unit_test(there_is_a_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
