/* SPDX-License-Identifier: MIT */
/* Processors that go and come while a program is measured, and one that is not there. */
#include "guest.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "work.h"

#define SAMPLES       "400"
#define SAMPLES_COUNT 400
#define PAUSE_NS      2000000
#define SWITCH        "/sys/devices/system/cpu/cpu1/online"

static unsigned *unplugged; /* how often; shared with the child */

static bool write_switch(const char *text)
{
	int fd = open(SWITCH, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, 1) == 1;

	close(fd);
	return written;
}

/* Takes the second processor away and gives it back until it is killed. */
static pid_t start_unplugging(void)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	pid_t child = fork();

	assert_true(child >= 0);
	if (child)
		return child;
	while (write_switch("0")) {
		nanosleep(&pause, NULL);
		if (!write_switch("1"))
			break;
		++*unplugged;
		nanosleep(&pause, NULL);
	}
	_exit(1);
}

static void stop_unplugging(pid_t child)
{
	int status;

	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	/* Until then it had no failure. */
	assert_true(WIFSIGNALED(status));
	set_file(SWITCH, "1");
}

static void check_threads(void)
{
	struct recorded *recorded =
		record_work("-e instructions:u,cycles:u", "threads " SAMPLES);

	for (int thread = 0; thread < THREADS; thread++) {
		char region[32];
		struct series series;

		snprintf(region, sizeof(region), "mark-%d", MARK_THREAD_LONG(thread));
		series = series_of(recorded, region, "instructions:u");
		assert_int_equal(series.count, SAMPLES_COUNT);
		/* Here counters also count what the other processor executes. */
		for (size_t i = 0; i < series.count; i++)
			assert_true(series.values[i] >= LOOP_INSTRUCTIONS(LOOP_LONG));
		series_free(&series);
	}
	assert_int_equal(lost_at_all(recorded->outcome), 0);
	assert_no_warning(recorded->reply);
	recorded_free(recorded);
}

static void no_sample_is_lost_while_a_processor_goes_and_comes(void **state)
{
	(void)state;
	unplugged = mmap(NULL, sizeof(*unplugged), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(unplugged != MAP_FAILED);
	for (int user_reads = 0; user_reads <= 1; user_reads++) {
		pid_t child;

		set_user_reads(user_reads);
		child = start_unplugging();
		check_threads();
		stop_unplugging(child);
	}
	remark("unplugged %u times", *unplugged);
	assert_in_range(*unplugged, 4, UINT32_MAX);
	munmap(unplugged, sizeof(*unplugged));
}

static void without_the_second_processor_all_is_counted(void **state)
{
	(void)state;
	set_user_reads(true);
	set_file(SWITCH, "0");
	check_threads();
	set_file(SWITCH, "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_sample_is_lost_while_a_processor_goes_and_comes),
		cmocka_unit_test(without_the_second_processor_all_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
