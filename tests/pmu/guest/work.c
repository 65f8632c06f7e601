/* SPDX-License-Identifier: MIT */
/*
 * The program that is measured in the guest: regions whose number of instructions is known,
 * because what is in them is written in assembler.
 *
 * usage: work SCENARIO [NUMBER]
 *
 * What it finds out itself goes to stdout, a line "KEY NUMBER" each.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "interrupt.h"
#include "perfpoint.h"
#include "work.h"

static unsigned long number;

static void tell(const char *key, uint64_t value)
{
	printf("%s %llu\n", key, (unsigned long long)value);
}

static void give_up(const char *what)
{
	perror(what);
	exit(3);
}

/* ---- regions: always by these functions, whose own code is then the same for all ---- */

/* Region "mark-<mark>" of so many rounds. */
static __attribute__((noinline)) void region(int mark, uint64_t rounds)
{
	perfpoint_START(mark);
	loop(rounds);
	perfpoint_END();
}

/* A region around two others, with a loop of its own between them. */
static __attribute__((noinline)) void outer_region(int mark, uint64_t rounds)
{
	perfpoint_START(mark);
	region(MARK_INNER, rounds);
	loop(rounds);
	region(MARK_INNER, rounds);
	perfpoint_END();
}

/* ---- counters of this program alone, of the calling thread ---- */

static int open_counter(uint32_t type, uint64_t config, bool user_only)
{
	struct perf_event_attr attributes = {
		.size = sizeof(attributes),
		.type = type,
		.config = config,
		.exclude_kernel = user_only,
		.exclude_hv = user_only,
	};
	long fd = syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0ul);

	if (fd < 0)
		give_up("work: perf_event_open");
	return (int)fd;
}

static int open_instructions(void)
{
	return open_counter(PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, true);
}

static int open_system_calls(void)
{
	FILE *file = fopen("/sys/kernel/tracing/events/raw_syscalls/sys_enter/id", "r");
	unsigned long id;

	if (!file || fscanf(file, "%lu", &id) != 1)
		give_up("work: the tracepoint raw_syscalls:sys_enter");
	fclose(file);
	return open_counter(PERF_TYPE_TRACEPOINT, id, false);
}

static uint64_t read_counter(int fd)
{
	uint64_t value;

	if (read(fd, &value, sizeof(value)) != sizeof(value))
		give_up("work: reading a counter");
	return value;
}

/* ---- scenarios ---- */

/* Regions of known lengths, their mark being the rounds, `number` times each. */
static void regions(void)
{
	for (unsigned long i = 0; i < number; i++) {
		region(LOOP_SHORTEST, LOOP_SHORTEST);
		region(LOOP_SHORT, LOOP_SHORT);
		region(LOOP_LONG, LOOP_LONG);
	}
}

static __attribute__((noinline)) uint64_t count_loop(int fd, uint64_t rounds)
{
	uint64_t before = read_counter(fd);

	loop(rounds);
	return read_counter(fd) - before;
}

/* The same loops between two reads of a counter: the truth. */
static void truth(void)
{
	static const uint64_t rounds[] = {LOOP_SHORTEST, LOOP_SHORT, LOOP_LONG};
	int fd = open_instructions();

	for (size_t i = 0; i < sizeof(rounds) / sizeof(*rounds); i++) {
		char key[32];

		snprintf(key, sizeof(key), "mark-%llu", (unsigned long long)rounds[i]);
		tell(key, count_loop(fd, rounds[i]));
	}
	close(fd);
}

static void nested(void)
{
	for (unsigned long i = 0; i < number; i++) {
		outer_region(MARK_OUTER_SHORT, LOOP_SHORT);
		outer_region(MARK_OUTER_LONG, LOOP_LONG);
	}
}

/* Each thread's regions have marks and lengths of their own. */
static void *one_thread(void *argument)
{
	int thread = (int)(intptr_t)argument;

	for (unsigned long i = 0; i < number; i++) {
		region(MARK_THREAD(thread), THREAD_ROUNDS(thread));
		region(MARK_THREAD_LONG(thread), LOOP_LONG);
	}
	return NULL;
}

static void start_thread(pthread_t *thread, void *(*run)(void *), intptr_t argument)
{
	int code = pthread_create(thread, NULL, run, (void *)argument);

	if (code) {
		fprintf(stderr, "work: pthread_create: %s\n", strerror(code));
		exit(3);
	}
}

/* Several threads at once; with one processor they take turns in the midst of regions. */
static void threads(void)
{
	pthread_t ids[THREADS];

	for (int i = 0; i < THREADS; i++)
		start_thread(&ids[i], one_thread, i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
}

/* Opened at the start: later there may be no descriptor left. */
static DIR *descriptors;
static FILE *mappings;

static void open_proc(void)
{
	descriptors = opendir("/proc/self/fd");
	mappings = fopen("/proc/self/maps", "r");
	if (!descriptors || !mappings)
		give_up("work: /proc/self");
}

/* Open descriptors of this process that are perf events. */
static unsigned count_descriptors(void)
{
	struct dirent *entry;
	unsigned count = 0;

	rewinddir(descriptors);
	while ((entry = readdir(descriptors))) {
		char link[64] = "";

		if (readlinkat(dirfd(descriptors), entry->d_name, link,
			       sizeof(link) - 1) > 0)
			count += !strcmp(link, "anon_inode:[perf_event]");
	}
	return count;
}

/* Mapped pages of perf events. */
static unsigned count_mappings(void)
{
	char line[512];
	unsigned count = 0;

	rewind(mappings);
	while (fgets(line, sizeof(line), mappings))
		count += strstr(line, "anon_inode:[perf_event]") != NULL;
	return count;
}

static void *one_region(void *unused)
{
	region(LOOP_SHORT, LOOP_SHORT);
	return unused;
}

/* `number` threads, some at a time, and what they leave behind. */
static void churn(void)
{
	pthread_t ids[THREADS];

	open_proc();
	one_region(NULL);
	tell("descriptors-before", count_descriptors());
	tell("mappings-before", count_mappings());
	for (unsigned long i = 0; i < number; i += THREADS) {
		for (int k = 0; k < THREADS; k++)
			start_thread(&ids[k], one_region, 0);
		for (int k = 0; k < THREADS; k++)
			pthread_join(ids[k], NULL);
	}
	tell("descriptors-after", count_descriptors());
	tell("mappings-after", count_mappings());
}

static pthread_barrier_t all_alive, counted;

static void *one_of_many(void *unused)
{
	region(LOOP_SHORT, LOOP_SHORT);
	pthread_barrier_wait(&all_alive);
	pthread_barrier_wait(&counted);
	region(LOOP_LONG, LOOP_LONG);
	return unused;
}

/* `number` threads that are all alive at once, and what they hold then. */
static void crowd(void)
{
	pthread_t *ids = calloc(number, sizeof(*ids));
	int fd;

	if (!ids || pthread_barrier_init(&all_alive, NULL, (unsigned)number + 1) ||
	    pthread_barrier_init(&counted, NULL, (unsigned)number + 1))
		give_up("work: preparing threads");
	open_proc();
	for (unsigned long i = 0; i < number; i++)
		start_thread(&ids[i], one_of_many, 0);
	pthread_barrier_wait(&all_alive);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	tell("can-open", fd >= 0);
	if (fd >= 0)
		close(fd);
	tell("descriptors", count_descriptors());
	tell("mappings", count_mappings());
	pthread_barrier_wait(&counted);
	for (unsigned long i = 0; i < number; i++)
		pthread_join(ids[i], NULL);
	free(ids);
}

/* Regions long enough for counters to take turns in them. */
static void huge(void)
{
	for (unsigned long i = 0; i < number; i++)
		region(MARK_HUGE, LOOP_HUGE);
}

/* More than 32 bits hold: a counter of 32 bits overflows in it. */
static void wrap(void)
{
	region(MARK_WRAP, LOOP_WRAP);
}

/* Regions that take 200 ns on a real machine, and the time that `number` of them take. */
static void tiny(void)
{
	struct timespec begin, end;

	region(MARK_TINY, LOOP_TINY); /* the thread is known now */
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (unsigned long i = 0; i < number; i++)
		region(MARK_TINY, LOOP_TINY);
	clock_gettime(CLOCK_MONOTONIC, &end);
	tell("nanoseconds", (uint64_t)((end.tv_sec - begin.tv_sec) * 1000000000ll +
				       end.tv_nsec - begin.tv_nsec));
}

/*
 * What `number` pairs of markers cost: instructions in user mode, without those of the loop
 * around them, and system calls.
 */
static void costs(void)
{
	const unsigned long count = number;
	int instructions = open_instructions();
	int calls = open_system_calls();
	uint64_t before, calls_before, loop_alone;

	/* The thread and the region are known then. */
	perfpoint_START(MARK_EMPTY);
	perfpoint_END();
	before = read_counter(instructions);
	for (unsigned long i = 0; i < count; i++)
		__asm__ volatile("");
	loop_alone = read_counter(instructions) - before;
	calls_before = read_counter(calls);
	before = read_counter(instructions);
	for (unsigned long i = 0; i < count; i++) {
		perfpoint_START(MARK_EMPTY);
		perfpoint_END();
	}
	tell("instructions", read_counter(instructions) - before - loop_alone);
	/* The reads of `before`, of instructions and the last one of calls are ours. */
	tell("system-calls", read_counter(calls) - calls_before - 3);
	close(instructions);
	close(calls);
}

/* ---- what interrupts or leaves the usual way of markers ---- */

/* Each child is forked in the middle of a region, which ends in both. */
static void forks(void)
{
	for (unsigned long i = 0; i < number; i++) {
		pid_t child;

		perfpoint_START(MARK_OUTER_SHORT);
		child = fork();
		if (!child) {
			perfpoint_END();
			region(MARK_INNER, LOOP_SHORT);
			region(MARK_INNER, LOOP_SHORT);
			exit(0);
		}
		if (child < 0 || waitpid(child, NULL, 0) != child)
			give_up("work: fork");
		perfpoint_END();
	}
}

static __attribute__((noinline)) void nest(unsigned long levels)
{
	if (!levels)
		return;
	perfpoint_START(MARK_INNER);
	nest(levels - 1);
	perfpoint_END();
}

/* As many levels as the number, twice. */
static void deep(void)
{
	nest(number);
	nest(number);
}

static jmp_buf jump;

static __attribute__((noinline)) void leave_by_jump(void)
{
	perfpoint_START(MARK_INNER);
	longjmp(jump, 1);
}

static void jumps(void)
{
	for (volatile unsigned long i = 0; i < number; i++) {
		perfpoint_START(MARK_OUTER_SHORT);
		if (!setjmp(jump))
			leave_by_jump();
		perfpoint_END();
	}
}

static volatile sig_atomic_t handled;

static void handle(int signal)
{
	(void)signal;
	handled++;
	perfpoint_START(MARK_HANDLER);
	perfpoint_END();
}

/* A timer's handler has regions, too, and interrupts markers wherever it likes. */
static void handlers(void)
{
	const struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = handle};

	perfpoint_START(MARK_HANDLER);
	perfpoint_END();
	if (sigaction(SIGALRM, &action, NULL) || setitimer(ITIMER_REAL, &often, NULL))
		give_up("work: setitimer");
	for (unsigned long i = 0; i < number; i++) {
		perfpoint_START(MARK_INNER);
		perfpoint_END();
	}
	setitimer(ITIMER_REAL, &never, NULL);
	tell("handled", (uint64_t)handled);
}

static void interrupted(void)
{
	interrupt_everywhere(number);
}

static void jumps_inside(void)
{
	interrupt_and_jump_inside(number);
}

static void jumps_out(void)
{
	interrupt_and_jump_everywhere(number);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} scenarios[] = {
		{"churn", churn},         {"costs", costs},
		{"crowd", crowd},         {"deep", deep},
		{"forks", forks},         {"handlers", handlers},
		{"huge", huge},           {"interrupted", interrupted},
		{"jumps", jumps},         {"jumps-inside", jumps_inside},
		{"jumps-out", jumps_out}, {"nested", nested},
		{"regions", regions},     {"threads", threads},
		{"tiny", tiny},           {"truth", truth},
		{"wrap", wrap},
	};

	number = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++) {
		if (argc < 2 || strcmp(argv[1], scenarios[i].name))
			continue;
		scenarios[i].run();
		return 0;
	}
	fprintf(stderr, "work: no scenario '%s'\n", argc > 1 ? argv[1] : "");
	return 2;
}
