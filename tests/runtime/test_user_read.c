/* SPDX-License-Identifier: MIT */
/*
 * What the runtime makes of the pages of counters, with pages of our own: values of narrow
 * counters, times, and when a copy of a page is good no more. Reading real counters needs a
 * PMU: tests/pmu.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "perfpoint/clock.h"
#include "perfpoint/user_read.h"

/* Of clock.c's needs, the only one that is not the processor's. */
uint64_t process_now(void)
{
	return 1000000;
}

static struct perf_event_mmap_page page_of(uint16_t width)
{
	return (struct perf_event_mmap_page){
		.lock = 8,
		.index = 2,
		.offset = 1ll << 40,
		.time_enabled = 5000,
		.time_running = 4000,
		.cap_user_rdpmc = 1,
		.cap_user_time = 1,
		.pmc_width = width,
		.time_mult = 1u << 31,
		.time_shift = 30, /* 2 ns */
		.time_offset = 100,
	};
}

static void a_raw_value_is_sign_extended_from_the_width(void **state)
{
	static const uint16_t widths[] = {32, 40, 48, 64};

	(void)state;
	for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++) {
		struct perf_event_mmap_page page = page_of(widths[i]);
		struct user_counter counter = {.page = &page};
		uint64_t below_0 = UINT64_MAX >> (64 - widths[i]);

		assert_true(user_read_arm(&counter));
		assert_int_equal(user_read_value_of(&counter, 7), (1ull << 40) + 7);
		assert_int_equal(user_read_value_of(&counter, below_0),
				 (1ull << 40) - 1);
	}
}

static void a_difference_over_the_end_of_a_narrow_counter_is_right(void **state)
{
	struct perf_event_mmap_page page = page_of(32);
	struct user_counter counter = {.page = &page};

	(void)state;
	assert_true(user_read_arm(&counter));
	assert_int_equal(user_read_extend(&counter, 0x10ull - 0xfffffff0ull), 0x20);
	assert_int_equal(user_read_extend(&counter, 0x90000000ull - 0x70000001ull),
			 0x1fffffff);
}

static void times_go_on_from_the_page(void **state)
{
	struct perf_event_mmap_page page = page_of(48);
	struct user_counter counter = {.page = &page};
	uint64_t enabled, running;

	(void)state;
	assert_true(user_read_arm(&counter));
	user_read_times_of(&counter, 1000, &enabled, &running);
	assert_int_equal(enabled, 5000 + 100 + 2000);
	assert_int_equal(running, 4000 + 100 + 2000);
}

static void a_clock_that_wraps_is_widened(void **state)
{
	struct perf_event_mmap_page page = page_of(48);
	struct user_counter counter = {.page = &page};
	uint64_t enabled, running;

	(void)state;
	page.cap_user_time_short = 1;
	page.time_mask = 0xffff;
	page.time_cycles = 0x1fff0;
	assert_true(user_read_arm(&counter));
	/* The clock itself has but 16 bits: 0x20 after 0xfff0. */
	user_read_times_of(&counter, 0x0010, &enabled, &running);
	assert_int_equal(enabled, 5000 + 100 + 2 * 0x20010);
}

static void a_copy_is_good_until_the_lock_moves(void **state)
{
	struct perf_event_mmap_page page = page_of(48);
	struct user_counter counter = {.page = &page, .lock = USER_READ_DISARMED};

	(void)state;
	assert_false(user_read_unchanged(&counter));
	assert_true(user_read_arm(&counter));
	assert_true(user_read_unchanged(&counter));
	page.lock += 2;
	assert_false(user_read_unchanged(&counter));
}

static void a_counter_off_the_processor_is_not_armed(void **state)
{
	struct perf_event_mmap_page page = page_of(48);
	struct user_counter counter = {.page = &page};

	(void)state;
	page.index = 0;
	assert_false(user_read_arm(&counter));
	assert_false(user_read_unchanged(&counter));
	/* As the kernel leaves the page where reading is forbidden. */
	page = page_of(0);
	assert_false(user_read_arm(&counter));
}

static void pages_without_a_clock_cannot_be_read(void **state)
{
	struct perf_event_mmap_page page = page_of(48);

	(void)state;
	page.cap_user_time = 0;
	assert_false(user_read_possible(&page));
	page = page_of(48);
	page.cap_user_rdpmc = 0;
	assert_false(user_read_possible(&page));
}

static void the_kernels_clock_is_nanoseconds(void **state)
{
	struct clock clock;

	(void)state;
	clock_set(&clock, 400);
	assert_false(clock.raw);
	assert_int_equal(clock_ns(&clock, 1000400), 1000000);
	assert_int_equal(clock_span_ns(&clock, 1ull << 60), 1ull << 60);
}

static void a_raw_clock_has_the_pages_rate_and_the_kernels_origin(void **state)
{
	struct perf_event_mmap_page page = page_of(48);
	struct clock clock;

	(void)state;
	clock_set(&clock, 400);
	clock_set_raw(&clock, &page, 400);
	assert_true(clock.raw);
	assert_int_equal(clock_ns(&clock, clock.origin), 1000000 - 400);
	assert_int_equal(clock_ns(&clock, clock.origin + 5), 1000000 - 400 + 10);
	/* Longer than 64 bits of ticks times rate hold: a day. */
	assert_int_equal(clock_span_ns(&clock, 43200ull * 1000000000),
			 86400ull * 1000000000);
}

static void a_page_without_rate_leaves_the_kernels_clock(void **state)
{
	struct perf_event_mmap_page page = page_of(48);
	struct clock clock;

	(void)state;
	page.cap_user_time = 0;
	clock_set(&clock, 0);
	clock_set_raw(&clock, &page, 0);
	assert_false(clock.raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_raw_value_is_sign_extended_from_the_width),
		cmocka_unit_test(
			a_difference_over_the_end_of_a_narrow_counter_is_right),
		cmocka_unit_test(times_go_on_from_the_page),
		cmocka_unit_test(a_clock_that_wraps_is_widened),
		cmocka_unit_test(a_copy_is_good_until_the_lock_moves),
		cmocka_unit_test(a_counter_off_the_processor_is_not_armed),
		cmocka_unit_test(pages_without_a_clock_cannot_be_read),
		cmocka_unit_test(the_kernels_clock_is_nanoseconds),
		cmocka_unit_test(a_raw_clock_has_the_pages_rate_and_the_kernels_origin),
		cmocka_unit_test(a_page_without_rate_leaves_the_kernels_clock),
	};

	return cmocka_run_group_tests_name("user_read", tests, NULL, NULL);
}
