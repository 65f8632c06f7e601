/* SPDX-License-Identifier: MIT */
/* src/event/pmu.c: a copy of an Intel and an ARM machine's sysfs files, and this machine's. */
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

#include "event/pmu.h"
#include "support/scratch.h"

static struct scratch scratch;
static struct event_encoding encoding;
static const char *modifiers;
static struct error failure;

static void write_file(const char *name, const char *text)
{
	scratch_write(&scratch, name, text, strlen(text));
}

static void make_directory(const char *name)
{
	assert_int_equal(mkdir(scratch_path(&scratch, name), 0755), 0);
}

static int make_devices(void **state)
{
	(void)state;
	scratch_open(&scratch);
	make_directory("cpu");
	make_directory("cpu/format");
	make_directory("cpu/events");
	write_file("cpu/type", "4\n");
	write_file("cpu/format/event", "config:0-7\n");
	write_file("cpu/format/umask", "config:8-15\n");
	write_file("cpu/format/edge", "config:18\n");
	write_file("cpu/format/offcore_rsp", "config1:0-63\n");
	write_file("cpu/format/split", "config:0-7,32-35\n");
	write_file("cpu/format/odd", "banana\n");
	write_file("cpu/events/cache-misses", "event=0x2e,umask=0x41\n");
	write_file("cpu/events/mem-loads", "event=0xcd,umask=0x1,offcore_rsp=3\n");
	write_file("cpu/events/mem-loads.unit", "B\n");
	failure = (struct error){0};
	return 0;
}

static int remove_devices(void **state)
{
	(void)state;
	scratch_close(&scratch);
	return 0;
}

static int resolve(const char *name)
{
	return pmu_resolve(scratch.directory, name, &encoding, &modifiers, &failure);
}

static void terms_go_where_the_format_says(void **state)
{
	(void)state;
	assert_int_equal(resolve("cpu/event=0x3c,umask=2,edge/"), 0);
	assert_int_equal(encoding.type, 4);
	assert_int_equal(encoding.config, 0x4023c);
	assert_int_equal(encoding.config1, 0);
	assert_string_equal(modifiers, "");
}

static void a_format_may_name_config1(void **state)
{
	(void)state;
	assert_int_equal(resolve("cpu/event=0xb7,umask=1,offcore_rsp=0x3fbc000001/u"),
			 0);
	assert_int_equal(encoding.config, 0x1b7);
	assert_int_equal(encoding.config1, 0x3fbc000001);
	assert_string_equal(modifiers, "u");
}

static void a_value_may_be_spread_over_ranges(void **state)
{
	(void)state;
	assert_int_equal(resolve("cpu/split=0xabc/"), 0);
	assert_int_equal(encoding.config, 0xa000000bc);
	assert_int_equal(resolve("cpu/split=0x1abc/"), -ERANGE);
}

static void config_fields_may_be_given_whole(void **state)
{
	(void)state;
	assert_int_equal(resolve("cpu/config=0x11,config1=7,config2=010/"), 0);
	assert_int_equal(encoding.config, 0x11);
	assert_int_equal(encoding.config1, 7);
	assert_int_equal(encoding.config2, 8);
}

static void named_events_stand_for_their_terms(void **state)
{
	(void)state;
	assert_int_equal(resolve("cpu/cache-misses/"), 0);
	assert_int_equal(encoding.config, 0x412e);
	assert_int_equal(resolve("cpu/mem-loads,offcore_rsp=5/"), 0);
	assert_int_equal(encoding.config1, 5);
}

static void a_value_that_is_too_big_is_refused(void **state)
{
	(void)state;
	assert_int_equal(resolve("cpu/event=0x100/"), -ERANGE);
	assert_int_equal(failure.exit_status, EXIT_USAGE);
	assert_non_null(strstr(failure.text, "0x100"));
	assert_non_null(strstr(failure.text, "'event'"));
}

static void an_unknown_term_is_refused_with_those_there_are(void **state)
{
	(void)state;
	assert_int_equal(resolve("cpu/evnt=1/"), -EINVAL);
	assert_non_null(strstr(failure.text, "'evnt'"));
	assert_non_null(
		strstr(failure.text, "edge, event, odd, offcore_rsp, split, umask"));
	assert_non_null(strstr(failure.text, "cache-misses, mem-loads"));
}

static void values_that_are_no_numbers_are_refused(void **state)
{
	static const char *const names[] = {
		"cpu/event=/",   "cpu/event=x/",  "cpu/event=-1/",
		"cpu/event= 1/", "cpu/event=1z/", "cpu/event=99999999999999999999/"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_int_equal(resolve(names[i]), -EINVAL);
		assert_int_equal(failure.exit_status, EXIT_USAGE);
	}
}

static void a_missing_pmu_is_told_with_those_there_are(void **state)
{
	(void)state;
	assert_int_equal(resolve("cpu_core/event=1/"), -ENODEV);
	assert_int_equal(failure.exit_status, EXIT_CANNOT_MEASURE);
	assert_non_null(strstr(failure.text, "'cpu_core'; it has: cpu"));
}

static void names_may_not_leave_their_directory(void **state)
{
	(void)state;
	assert_int_equal(resolve("../event=1/"), -ENODEV);
	assert_int_equal(resolve("./event=1/"), -ENODEV);
	assert_int_equal(resolve("/event=1/"), -ENODEV);
	assert_int_equal(resolve("cpu/..=1/"), -EINVAL);
	assert_int_equal(resolve("cpu/../"), -EINVAL);
}

static void malformed_events_are_usage_errors(void **state)
{
	static const char *const names[] = {"cpu/", "cpu//", "cpu/event=1", "//", "/"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_true(resolve(names[i]) < 0);
}

static void a_format_that_makes_no_sense_is_an_error(void **state)
{
	static const char *const formats[] = {"config:",     "config:7-0",
					      "config:0-64", "config9:0-3",
					      "config:0x",   "0-7"};

	(void)state;
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		write_file("cpu/format/odd", formats[i]);
		/* 'config:' has no range: any value but 0 is too big for it. */
		assert_true(resolve("cpu/odd=1/") < 0);
	}
}

static int gather(const char *name, void *context)
{
	strcat(strcat(context, name), " ");
	return 0;
}

static void named_events_are_listed_without_annotations(void **state)
{
	char seen[128] = "";

	(void)state;
	assert_int_equal(pmu_visit_events(scratch.directory, gather, seen), 0);
	assert_string_equal(seen, "cpu/cache-misses/ cpu/mem-loads/ ");
}

static void a_processor_pmu_is_recognised_by_name(void **state)
{
	(void)state;
	assert_true(pmu_has_core(scratch.directory));
	assert_false(pmu_has_core(scratch_path(&scratch, "cpu")));
	make_directory("other");
	make_directory("other/armv8_cortex_a72");
	assert_true(pmu_has_core(scratch_path(&scratch, "other")));
}

static void the_software_pmu_of_this_machine_is_found(void **state)
{
	(void)state;
	assert_int_equal(pmu_resolve(PMU_DEVICES, "software/config=2/", &encoding,
				     &modifiers, &failure),
			 0);
	assert_int_equal(encoding.type, 1);
	assert_int_equal(encoding.config, 2);
}

#define WITH_DEVICES(test) \
	cmocka_unit_test_setup_teardown(test, make_devices, remove_devices)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DEVICES(terms_go_where_the_format_says),
		WITH_DEVICES(a_format_may_name_config1),
		WITH_DEVICES(a_value_may_be_spread_over_ranges),
		WITH_DEVICES(config_fields_may_be_given_whole),
		WITH_DEVICES(named_events_stand_for_their_terms),
		WITH_DEVICES(a_value_that_is_too_big_is_refused),
		WITH_DEVICES(an_unknown_term_is_refused_with_those_there_are),
		WITH_DEVICES(values_that_are_no_numbers_are_refused),
		WITH_DEVICES(a_missing_pmu_is_told_with_those_there_are),
		WITH_DEVICES(names_may_not_leave_their_directory),
		WITH_DEVICES(malformed_events_are_usage_errors),
		WITH_DEVICES(a_format_that_makes_no_sense_is_an_error),
		WITH_DEVICES(named_events_are_listed_without_annotations),
		WITH_DEVICES(a_processor_pmu_is_recognised_by_name),
		WITH_DEVICES(the_software_pmu_of_this_machine_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
