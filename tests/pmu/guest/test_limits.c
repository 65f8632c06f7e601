/* SPDX-License-Identifier: MIT */
/* More threads than the kernel's limits have room for, all alive at once. */
#include "guest.h"

#include <sys/resource.h>

#include "work.h"

#define CROWD       "400"
#define CROWD_COUNT 400
#define MANY_FILES  4096
#define FEW_FILES   450

static void set_limits(rlim_t files, rlim_t locked_bytes)
{
	const struct rlimit file_limit = {files, files};
	const struct rlimit memory_limit = {locked_bytes, locked_bytes};

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &file_limit), 0);
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &memory_limit), 0);
}

/* Two samples of each thread, none lost. */
static void assert_complete(const struct recorded *recorded)
{
	assert_int_equal(count_samples(recorded, "mark-1000"), CROWD_COUNT);
	assert_int_equal(count_samples(recorded, "mark-100000"), CROWD_COUNT);
	assert_int_equal(lost_at_all(recorded->outcome), 0);
}

/*
 * Each mapped counter is a page of locked memory (kernel.perf_event_mlock_kb): beyond it the
 * counters are read by system calls.
 */
static void threads_beyond_the_locked_memory_are_measured_too(void **state)
{
	struct recorded *recorded;

	(void)state;
	set_paranoid(2);
	set_user_reads(true);
	set_limits(MANY_FILES, 64 << 10);
	recorded = record_work_as(GUEST_NOBODY, "-e instructions:u,cycles:u",
				  "crowd " CROWD);
	assert_complete(recorded);
	/* Some have room, some have not. */
	assert_in_range(told(recorded->reply, "mappings"), 2, CROWD_COUNT);
	assert_int_equal(told(recorded->reply, "descriptors"), 2 * CROWD_COUNT);
	recorded_free(recorded);
}

/* Descriptors for half of the threads: the others are counted as lost, and that is said. */
static void threads_beyond_the_limit_of_files_are_told(void **state)
{
	struct recorded *recorded;
	uint64_t measured;

	(void)state;
	set_paranoid(2);
	set_user_reads(true);
	set_limits(FEW_FILES, RLIM_INFINITY);
	recorded = record_work_as(GUEST_NOBODY, "-e instructions:u,cycles:u",
				  "crowd " CROWD);
	measured = count_samples(recorded, "mark-1000");
	assert_in_range(measured, 100, FEW_FILES / 2);
	assert_int_equal(lost(recorded->outcome, RECORDING_LOSS_NO_COUNTERS),
			 2 * (CROWD_COUNT - measured));
	assert_errors(recorded->reply, "Too many open files");
	assert_warns(recorded->reply, "the thread's counters did not open");
	recorded_free(recorded);
}

static void the_program_can_open_files_when_counters_no_longer_can(void **state)
{
	struct recorded *recorded;

	(void)state;
	set_paranoid(2);
	set_limits(FEW_FILES, RLIM_INFINITY);
	recorded = record_work_as(GUEST_NOBODY, "-e instructions:u,cycles:u",
				  "crowd " CROWD);
	assert_int_equal(told(recorded->reply, "can-open"), 1);
	recorded_free(recorded);
}

static void root_has_no_such_limits(void **state)
{
	struct recorded *recorded;

	(void)state;
	set_user_reads(true);
	set_limits(MANY_FILES, 64 << 10);
	recorded = record_work("-e instructions:u,cycles:u", "crowd " CROWD);
	assert_complete(recorded);
	assert_int_equal(told(recorded->reply, "mappings"), 2 * CROWD_COUNT);
	recorded_free(recorded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_beyond_the_locked_memory_are_measured_too),
		cmocka_unit_test(threads_beyond_the_limit_of_files_are_told),
		cmocka_unit_test(
			the_program_can_open_files_when_counters_no_longer_can),
		cmocka_unit_test(root_has_no_such_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
