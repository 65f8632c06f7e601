/* SPDX-License-Identifier: MIT */
/* src/event/tracepoint.c: tracefs in its states, in a copy. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "event/tracepoint.h"
#include "support/scratch.h"

static struct scratch scratch;

static void make_directory(const char *name)
{
	assert_int_equal(mkdir(scratch_path(&scratch, name), 0755), 0);
}

static int make_sys(void **state)
{
	(void)state;
	scratch_open(&scratch);
	make_directory("kernel");
	return 0;
}

static int remove_sys(void **state)
{
	(void)state;
	scratch_close(&scratch);
	return 0;
}

static void make_tracefs(void)
{
	make_directory("kernel/tracing");
	make_directory("kernel/tracing/events");
	make_directory("kernel/tracing/events/sched");
	make_directory("kernel/tracing/events/sched/sched_switch");
	make_directory("kernel/tracing/events/sched/sched_wakeup");
	make_directory("kernel/tracing/events/ftrace");
	make_directory("kernel/tracing/events/ftrace/print");
	scratch_write(&scratch, "kernel/tracing/events/sched/enable", "0\n", 2);
	scratch_write(&scratch, "kernel/tracing/events/sched/sched_switch/id", "372\n",
		      4);
}

static void a_kernel_without_tracing_has_no_tracefs(void **state)
{
	(void)state;
	assert_int_equal(tracefs_find(scratch.directory, NULL), TRACEFS_ABSENT);
}

static void an_empty_mount_point_is_not_mounted(void **state)
{
	(void)state;
	make_directory("kernel/tracing");
	assert_int_equal(tracefs_find(scratch.directory, NULL), TRACEFS_NOT_MOUNTED);
	assert_non_null(
		strstr(tracefs_advice(TRACEFS_NOT_MOUNTED), "mount -t tracefs"));
}

static void a_mounted_tracefs_is_found_with_its_root(void **state)
{
	char root[4096];

	(void)state;
	make_tracefs();
	assert_int_equal(tracefs_find(scratch.directory, root), TRACEFS_READABLE);
	assert_string_equal(root, scratch_path(&scratch, "kernel/tracing"));
	assert_string_equal(tracefs_advice(TRACEFS_READABLE), "");
}

static void the_place_below_debugfs_serves_too(void **state)
{
	char root[4096];

	(void)state;
	make_directory("kernel/tracing");
	make_directory("kernel/debug");
	make_directory("kernel/debug/tracing");
	make_directory("kernel/debug/tracing/events");
	assert_int_equal(tracefs_find(scratch.directory, root), TRACEFS_READABLE);
	assert_string_equal(root, scratch_path(&scratch, "kernel/debug/tracing"));
}

static void ids_are_read_and_missing_events_told(void **state)
{
	const char *root;
	uint64_t id;

	(void)state;
	make_tracefs();
	root = scratch_path(&scratch, "kernel/tracing");
	assert_int_equal(tracepoint_id(root, "sched:sched_switch", 18, &id), 0);
	assert_int_equal(id, 372);
	/* Only the first 18 bytes are the name. */
	assert_int_equal(tracepoint_id(root, "sched:sched_switch:u", 18, &id), 0);
	assert_int_equal(tracepoint_id(root, "sched:sched_wakeup", 18, &id), -ENOENT);
	assert_int_equal(tracepoint_id(root, "sched:enable", 12, &id), -ENOENT);
	assert_int_equal(tracepoint_id(root, "none:none", 9, &id), -ENOENT);
}

static void names_may_not_leave_their_directory(void **state)
{
	uint64_t id;

	(void)state;
	assert_false(tracepoint_is_name("..:..", 5));
	assert_false(tracepoint_is_name("a/b:c", 5));
	assert_false(tracepoint_is_name("a:b/c", 5));
	assert_false(tracepoint_is_name("a:", 2));
	assert_false(tracepoint_is_name(":a", 2));
	assert_false(tracepoint_is_name("a:b:c", 5));
	assert_false(tracepoint_is_name("cycles", 6));
	assert_true(tracepoint_is_name("sched:sched_switch", 18));
	assert_int_equal(tracepoint_id("/", "../x:y", 6, &id), -ENOENT);
}

static int gather(const char *name, void *context)
{
	strcat(strcat(context, name), " ");
	return 0;
}

static void countable_events_are_listed_in_order(void **state)
{
	char seen[128] = "";

	(void)state;
	make_tracefs();
	assert_int_equal(tracepoint_visit_all(scratch_path(&scratch, "kernel/tracing"),
					      gather, seen),
			 0);
	assert_string_equal(seen, "sched:sched_switch sched:sched_wakeup ");
}

#define WITH_SYS(test) cmocka_unit_test_setup_teardown(test, make_sys, remove_sys)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SYS(a_kernel_without_tracing_has_no_tracefs),
		WITH_SYS(an_empty_mount_point_is_not_mounted),
		WITH_SYS(a_mounted_tracefs_is_found_with_its_root),
		WITH_SYS(the_place_below_debugfs_serves_too),
		WITH_SYS(ids_are_read_and_missing_events_told),
		WITH_SYS(names_may_not_leave_their_directory),
		WITH_SYS(countable_events_are_listed_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
