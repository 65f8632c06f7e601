/* SPDX-License-Identifier: MIT */
/* `autoperf doctor` on a machine whose counters and switches are known. */
#include "guest.h"

#include <stdio.h>
#include <string.h>

#define TAKEN 3

/* The line that begins a check, to be freed with the reply. */
static const char *line_of(const struct reply *reply, const char *check)
{
	char *line = strstr(reply->output, check);

	assert_reply(reply, 0);
	assert_output(reply, check);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static void assert_line(const char *check, const char *part)
{
	struct reply *reply = call(GUEST_ROOT, "autoperf", "doctor");
	const char *line = line_of(reply, check);

	if (!strstr(line, part))
		fail_msg("expected '%s' in: %s", part, line);
	reply_free(reply);
}

static void free_counters_are_counted(void **state)
{
	int fds[TAKEN];

	(void)state;
	assert_line("hardware counters ", " 6 run at once");
	take_counters(fds, TAKEN);
	assert_line("hardware counters ", " 3 run at once");
	give_counters_back(fds, TAKEN);
}

static void the_switch_of_user_space_reads_is_found(void **state)
{
	(void)state;
	set_user_reads(false);
	assert_line("user-space reads ", "off (/proc/sys/kernel/perf_user_access)");
	assert_line("echo 1 | sudo tee ", "/proc/sys/kernel/perf_user_access");
	set_user_reads(true);
	assert_line("user-space reads ", "on (/proc/sys/kernel/perf_user_access)");
}

static void the_cost_of_a_read_is_measured(void **state)
{
	(void)state;
	set_user_reads(true);
	assert_line("user-space reads ", " ns");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(free_counters_are_counted),
		cmocka_unit_test(the_switch_of_user_space_reads_is_found),
		cmocka_unit_test(the_cost_of_a_read_is_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
