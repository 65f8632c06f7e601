/* SPDX-License-Identifier: MIT */
/*
 * What a START/END pair costs, against what it cannot do without and against PAPI.
 *
 * For one and eight software events, in one process and in turns: two bare group reads; a
 * START/END pair that records; PAPI_start + PAPI_stop of the same events. Then the pair in a
 * process that is not recorded. Prints medians over the turns and the ratios.
 *
 * usage: bench_markers LIBRARY [PAPI_ANY_CPU]
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/statistics.h"
#include "perfpoint.h"
#include "recording/session.h"

#ifdef HAVE_PAPI
#include <papi.h>
#endif

#define TURNS  61
#define PAIRS  5000
#define EVENTS 8

static const struct {
	const char *name;
	const char *papi;
	uint64_t config;
} events[EVENTS] = {
	{"task-clock", "perf::TASK-CLOCK", PERF_COUNT_SW_TASK_CLOCK},
	{"cpu-clock", "perf::CPU-CLOCK", PERF_COUNT_SW_CPU_CLOCK},
	{"page-faults", "perf::PAGE-FAULTS", PERF_COUNT_SW_PAGE_FAULTS},
	{"context-switches", "perf::CONTEXT-SWITCHES", PERF_COUNT_SW_CONTEXT_SWITCHES},
	{"cpu-migrations", "perf::CPU-MIGRATIONS", PERF_COUNT_SW_CPU_MIGRATIONS},
	{"minor-faults", "perf::MINOR-FAULTS", PERF_COUNT_SW_PAGE_FAULTS_MIN},
	{"major-faults", "perf::MAJOR-FAULTS", PERF_COUNT_SW_PAGE_FAULTS_MAJ},
	{"cgroup-switches", "perf::CGROUP-SWITCHES", PERF_COUNT_SW_CGROUP_SWITCHES},
};

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int open_group(size_t count)
{
	int leader = -1;

	for (size_t i = 0; i < count; i++) {
		struct perf_event_attr attr = {
			.size = sizeof(attr),
			.type = PERF_TYPE_SOFTWARE,
			.config = events[i].config,
			.disabled = leader < 0,
			.read_format = PERF_FORMAT_GROUP |
				       PERF_FORMAT_TOTAL_TIME_ENABLED |
				       PERF_FORMAT_TOTAL_TIME_RUNNING,
		};
		long fd = syscall(SYS_perf_event_open, &attr, 0, -1, leader,
				  (unsigned long)PERF_FLAG_FD_CLOEXEC);
		if (fd < 0)
			return -errno;
		if (leader < 0)
			leader = (int)fd;
	}
	ioctl(leader, PERF_EVENT_IOC_ENABLE, 0);
	return leader;
}

/* ns per two reads */
static double time_reads(int leader)
{
	uint64_t buffer[3 + EVENTS];
	double start = now_ns();

	for (int i = 0; i < 2 * PAIRS; i++)
		if (read(leader, buffer, sizeof(buffer)) <= 0)
			return -1;
	return (now_ns() - start) / PAIRS;
}

static double time_pairs(int pairs)
{
	double start = now_ns();

	for (int i = 0; i < pairs; i++) {
		perfpoint_START(1);
		perfpoint_END();
	}
	return (now_ns() - start) / pairs;
}

#ifdef HAVE_PAPI
static int open_papi(size_t count)
{
	PAPI_option_t option;
	int set = PAPI_NULL;

	if (PAPI_library_init(PAPI_VER_CURRENT) != PAPI_VER_CURRENT ||
	    PAPI_create_eventset(&set) != PAPI_OK ||
	    PAPI_assign_eventset_component(set, 0) != PAPI_OK)
		return PAPI_NULL;
	memset(&option, 0, sizeof(option));
	option.domain.eventset = set;
	option.domain.domain = PAPI_DOM_ALL;
	PAPI_set_opt(PAPI_DOMAIN, &option);
	for (size_t i = 0; i < count; i++)
		if (PAPI_add_named_event(set, events[i].papi) != PAPI_OK)
			return PAPI_NULL;
	return set;
}

static double time_papi(int set)
{
	long long values[EVENTS];
	double start = now_ns();

	for (int i = 0; i < PAIRS; i++)
		if (PAPI_start(set) != PAPI_OK || PAPI_stop(set, values) != PAPI_OK)
			return -1;
	return (now_ns() - start) / PAIRS;
}
#define NO_SET PAPI_NULL
#else
#define NO_SET (-1)
static int open_papi(size_t count)
{
	(void)count;
	return NO_SET;
}
static double time_papi(int set)
{
	(void)set;
	return -1;
}
#endif

/* In the process under the runtime. */
static int measure(size_t count)
{
	double reads[TURNS], pairs[TURNS], papi[TURNS];
	int leader = open_group(count), set = open_papi(count);
	double read_ns, pair_ns, papi_ns;

	if (leader < 0) {
		printf("%zu events: perf_event_open: %s\n", count, strerror(-leader));
		return 4;
	}
	time_reads(leader);
	time_pairs(PAIRS);
	for (int turn = 0; turn < TURNS; turn++) {
		reads[turn] = time_reads(leader);
		pairs[turn] = time_pairs(PAIRS);
		papi[turn] = set == NO_SET || turn % 4 ? 0 : time_papi(set);
	}
	for (int turn = 0; turn < TURNS / 4; turn++)
		papi[turn] = papi[turn * 4];
	read_ns = statistics_median(reads, TURNS);
	pair_ns = statistics_median(pairs, TURNS);
	papi_ns = statistics_median(papi, TURNS / 4);
	printf("%zu event%s  two bare group reads %6.0f ns   START/END pair %6.0f ns   "
	       "ratio %.3f (at most 1.15)\n",
	       count, count == 1 ? " " : "s", read_ns, pair_ns, pair_ns / read_ns);
	if (set == NO_SET)
		printf("          PAPI cannot count these events here\n");
	else
		printf("          PAPI_start + PAPI_stop %6.0f ns   %.1f x the "
		       "pair%s\n",
		       papi_ns, papi_ns / pair_ns,
		       count == EVENTS ? " (at least 3)" : "");
	return 0;
}

static int measure_inactive(void)
{
	double pairs[TURNS];

	for (int turn = 0; turn < TURNS; turn++)
		pairs[turn] = time_pairs(1000000);
	printf("not recorded  START/END pair %.2f ns (at most 5)\n",
	       statistics_median(pairs, TURNS));
	return 0;
}

static int run_recorded(const char *self, const char *library, const char *shim,
			size_t count)
{
	struct session_event list[EVENTS];
	struct session session = {
		.source = "perf", .events = list, .event_count = count};
	char directory[] = "/tmp/perfpoint-bench-XXXXXX", preload[1024], number[16];
	struct error error;
	int status = 1;
	pid_t child;

	for (size_t i = 0; i < count; i++)
		list[i] = (struct session_event){.name = events[i].name,
						 .type = PERF_TYPE_SOFTWARE,
						 .config = events[i].config};
	if (!mkdtemp(directory) || session_write(&session, directory, &error)) {
		fprintf(stderr, "bench_markers: cannot make a session in /tmp\n");
		return 1;
	}
	snprintf(preload, sizeof(preload), "%s%s%s", library, shim ? ":" : "",
		 shim ? shim : "");
	snprintf(number, sizeof(number), "%zu", count);
	child = fork();
	if (!child) {
		setenv("LD_PRELOAD", preload, 1);
		setenv(SESSION_ENVIRONMENT, directory, 1);
		execl(self, self, "--measure", number, (char *)NULL);
		_exit(127);
	}
	waitpid(child, &status, 0);
	file_remove_tree(directory, &error);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	int worst = 0, result;

	if (argc == 3 && !strcmp(argv[1], "--measure"))
		return measure((size_t)strtoul(argv[2], NULL, 10));
	if (argc < 2) {
		fprintf(stderr, "usage: %s LIBRARY [PAPI_ANY_CPU]\n", argv[0]);
		return 2;
	}
	for (size_t count = 1; count <= EVENTS; count += EVENTS - 1) {
		result = run_recorded("/proc/self/exe", argv[1],
				      argc > 2 ? argv[2] : NULL, count);
		worst = result ? result : worst;
	}
	measure_inactive();
	return worst;
}
