/* SPDX-License-Identifier: MIT */
/* recording/session.c: the text that the runtime will read, byte by byte. */
#include "recording/session.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "recording/format.h"
#include "support/scratch.h"

static int set_up(void **state)
{
	struct scratch *scratch = malloc(sizeof(*scratch));

	scratch_open(scratch);
	*state = scratch;
	return 0;
}

static int tear_down(void **state)
{
	scratch_close(*state);
	free(*state);
	return 0;
}

static void assert_session_is(const struct scratch *scratch, const char *expected)
{
	struct error error;
	char *bytes;
	size_t length;

	if (file_read(scratch_path(scratch, SESSION_FILE), 1 << 20, &bytes, &length,
		      &error))
		fail_msg("%s", error.text);
	assert_string_equal(bytes, expected);
	free(bytes);
}

static void a_session_of_perf_events_is_written(void **state)
{
	const struct scratch *scratch = *state;
	const struct session_event events[] = {
		{.name = "page-faults", .type = 1, .config = 2},
		{.name = "cpu/event=0x3c, umask=0/",
		 .type = UINT32_MAX,
		 .config = UINT64_MAX,
		 .config1 = 0xabcdef,
		 .config2 = 16,
		 .flags = SESSION_EVENT_EXCLUDE_KERNEL |
			  2 << SESSION_EVENT_PRECISE_SHIFT},
	};
	const struct session session = {.source = "perf",
					.user_read = true,
					.events = events,
					.event_count = 2};
	struct error error;

	assert_int_equal(session_write(&session, scratch->directory, &error), 0);
	assert_session_is(scratch, "perfpoint-session 1\n"
				   "source perf\n"
				   "user-read 1\n"
				   "event 1 2 0 0 0 page-faults\n"
				   "event ffffffff ffffffffffffffff abcdef 10 22 "
				   "cpu/event=0x3c, umask=0/\n");
	assert_int_equal(scratch_count(scratch), 1);
}

static void a_session_without_events_measures_time(void **state)
{
	const struct session session = {.source = "none"};
	struct error error;

	assert_int_equal(
		session_write(&session, ((struct scratch *)*state)->directory, &error),
		0);
	assert_session_is(*state, "perfpoint-session 1\nsource none\nuser-read 0\n");
}

static void a_session_of_papi_names_its_plug_in(void **state)
{
	const struct session_event event = {.name = "PAPI_TOT_INS"};
	struct session session = {.source = "papi",
				  .plugin = "/opt/with space/plugin.so",
				  .events = &event,
				  .event_count = 1};
	struct error error;

	assert_int_equal(
		session_write(&session, ((struct scratch *)*state)->directory, &error),
		0);
	assert_session_is(*state, "perfpoint-session 1\n"
				  "source papi\n"
				  "plugin /opt/with space/plugin.so\n"
				  "user-read 0\n"
				  "event 0 0 0 0 0 PAPI_TOT_INS\n");
	session.plugin = NULL;
	assert_int_equal(
		session_write(&session, ((struct scratch *)*state)->directory, &error),
		-EINVAL);
}

static void the_next_pass_replaces_the_session(void **state)
{
	const struct scratch *scratch = *state;
	struct session session = {.source = "perf"};
	struct error error;

	assert_int_equal(session_write(&session, scratch->directory, &error), 0);
	session.source = "none";
	assert_int_equal(session_write(&session, scratch->directory, &error), 0);
	assert_session_is(scratch, "perfpoint-session 1\nsource none\nuser-read 0\n");
	assert_int_equal(scratch_count(scratch), 1);
}

static void assert_refused(const struct scratch *scratch, const struct session *session,
			   int code, const char *part)
{
	struct error error;

	assert_int_equal(session_write(session, scratch->directory, &error), code);
	if (!strstr(error.text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, error.text);
	assert_int_equal(scratch_count(scratch), 0);
	/* Nobody has to ask for the text. */
	assert_int_equal(session_write(session, scratch->directory, NULL), code);
}

static void what_the_runtime_could_not_read_back_is_refused(void **state)
{
	struct session_event events[RECORDING_EVENTS_MAX + 1];
	struct session session = {.source = "perf", .events = events};
	char long_text[2 * RECORDING_NAME_MAX];

	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	for (size_t i = 0; i < RECORDING_EVENTS_MAX + 1; i++)
		events[i] = (struct session_event){.name = "cycles"};
	session.event_count = RECORDING_EVENTS_MAX + 1;
	assert_refused(*state, &session, -E2BIG, "at most 64");
	session.event_count = 2;
	events[1].name = "two\nlines";
	assert_refused(*state, &session, -EINVAL, "event 2");
	events[1].name = "carriage\r";
	assert_refused(*state, &session, -EINVAL, "event 2");
	events[1].name = "";
	assert_refused(*state, &session, -EINVAL, "event 2");
	events[1].name = long_text;
	assert_refused(*state, &session, -EINVAL, "event 2");
	session.event_count = 1;
	session.plugin = "plug\nin";
	assert_refused(*state, &session, -EINVAL, "plug-in");
	session.plugin = long_text;
	assert_refused(*state, &session, -ENAMETOOLONG, "plug-in");
	session.plugin = NULL;
	session.source = "import";
	assert_refused(*state, &session, -EINVAL, "import");
}

static void a_directory_that_cannot_take_it_is_named(void **state)
{
	const struct session session = {.source = "none"};
	const char *absent = scratch_path(*state, "absent");
	struct error error;

	assert_int_equal(session_write(&session, absent, &error), -ENOENT);
	assert_non_null(strstr(error.text, absent));
	assert_int_equal(session_write(&session, "line\nbreak", &error), -EINVAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_session_of_perf_events_is_written),
		TEST(a_session_without_events_measures_time),
		TEST(a_session_of_papi_names_its_plug_in),
		TEST(the_next_pass_replaces_the_session),
		TEST(what_the_runtime_could_not_read_back_is_refused),
		TEST(a_directory_that_cannot_take_it_is_named),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
