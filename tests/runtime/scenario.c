/* SPDX-License-Identifier: MIT */
/*
 * A program that does with markers what programs do: one scenario per name, run by
 * the tests here under the preloaded runtime. Exits 0 when its own checks hold.
 */
#include "scenario.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "perfpoint.h"

extern char **environ;

void region(int mark)
{
	perfpoint_START(mark);
	perfpoint_END();
}

/* ---- nesting ---- */

static void spin_us(long us)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - begin.tv_sec) * 1000000 +
		       (now.tv_nsec - begin.tv_nsec) / 1000 <
	       us);
}

static void nested(void)
{
	for (int depth = 0; depth < 64; depth++)
		perfpoint_START(depth);
	for (int depth = 0; depth < 64; depth++)
		perfpoint_END();
}

/* Each takes longer than the one in it, also when what markers took is subtracted. */
static void nested_for_long(void)
{
	for (int depth = 0; depth < 64; depth++) {
		perfpoint_START(depth);
		spin_us(50);
	}
	for (int depth = 0; depth < 64; depth++)
		perfpoint_END();
}

static __attribute__((noinline)) int recurse(int depth)
{
	PERFPOINT_SCOPE("recurse");
	return depth ? 1 + recurse(depth - 1) : 0;
}

static void recursion(void)
{
	CHECK(recurse(99) == 99);
}

static void too_deep(void)
{
	CHECK(recurse(999) == 999);
	region(1);
}

static void scopes(void)
{
	for (int i = 0; i < 10; i++) {
		PERFPOINT_SCOPE("loop body");
		if (i % 2)
			continue;
		PERFPOINT_SCOPE("even");
		PERFPOINT_BEGIN("begin-end");
		PERFPOINT_END_REGION();
	}
}

/* ---- mistakes ---- */

static void end_alone(void)
{
	perfpoint_END();
	region(1);
	perfpoint_END();
}

static void never_ended(void)
{
	perfpoint_START(1);
	region(2);
}

static void many_names(void)
{
	for (int mark = 0; mark < 20000; mark++)
		region(mark);
}

static void never_ended_in_loop(void)
{
	for (int i = 0; i < 10000; i++) {
		perfpoint_START(1);
		region(2);
	}
}

/* ---- threads ---- */

#define THREADS_MAX 1000

static void *two_hundred_regions(void *unused)
{
	for (int mark = 0; mark < 200; mark++)
		region(mark);
	return unused;
}

void run_threads(int count, void *(*function)(void *))
{
	pthread_t threads[THREADS_MAX];
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 128 << 10);
	for (int i = 0; i < count; i++)
		CHECK(!pthread_create(&threads[i], &attributes, function, NULL));
	for (int i = 0; i < count; i++)
		CHECK(!pthread_join(threads[i], NULL));
}

static pthread_barrier_t barrier;

static void *nested_and_together(void *unused)
{
	pthread_barrier_wait(&barrier); /* all alive at once */
	two_hundred_regions(unused);
	nested();
	pthread_barrier_wait(&barrier);
	return unused;
}

static void *one_region_and_together(void *unused)
{
	region(1);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return unused;
}

static void thousand_threads(void)
{
	pthread_barrier_init(&barrier, NULL, THREADS_MAX);
	run_threads(THREADS_MAX, nested_and_together);
}

/* Files that the program opens while so many threads are alive that counters lack descriptors. */
#define FILES_BESIDE 40

static void files_beside_threads(void)
{
	pthread_t threads[THREADS_MAX];

	pthread_barrier_init(&barrier, NULL, THREADS_MAX + 1);
	for (int i = 0; i < THREADS_MAX; i++)
		CHECK(!pthread_create(&threads[i], NULL, one_region_and_together,
				      NULL));
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < FILES_BESIDE; i++)
		CHECK(open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < THREADS_MAX; i++)
		CHECK(!pthread_join(threads[i], NULL));
}

/* The kernel refuses counters, from here on, with the errno in the environment. */
static void refused(void)
{
	unsigned code = (unsigned)atoi(getenv("SCENARIO_ERRNO"));
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(*filter), filter};

	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
	errno = 0;
	region(1);
	CHECK(!errno);
}

static void *one_region(void *unused)
{
	region(1);
	return unused;
}

static void thread_storm(void)
{
	for (int i = 0; i < 5000; i++)
		run_threads(1, one_region);
}

static void *ends_inside(void *unused)
{
	perfpoint_START(1);
	region(2);
	pthread_exit(unused);
}

static void threads_end_inside(void)
{
	run_threads(50, ends_inside);
	region(3);
}

static void *waits_inside(void *unused)
{
	PERFPOINT_SCOPE("cancelled");
	pthread_barrier_wait(&barrier);
	for (;;)
		pause();
	return unused;
}

static void cancelled(void)
{
	pthread_t thread;

	for (int i = 0; i < 20; i++) {
		pthread_barrier_init(&barrier, NULL, 2);
		CHECK(!pthread_create(&thread, NULL, waits_inside, NULL));
		pthread_barrier_wait(&barrier);
		CHECK(!pthread_cancel(thread));
		CHECK(!pthread_join(thread, NULL));
	}
	region(1);
}

static void *marks_until_cancelled(void *unused)
{
	for (;;) {
		region(1);
		pthread_testcancel();
	}
	return unused;
}

/* A marker must not be where a cancellation strikes: that would leave its lock taken. */
static void cancel_storm(void)
{
	pthread_t thread;

	for (int i = 0; i < 200; i++) {
		CHECK(!pthread_create(&thread, NULL, marks_until_cancelled, NULL));
		sched_yield();
		CHECK(!pthread_cancel(thread));
		CHECK(!pthread_join(thread, NULL));
	}
	region(2);
}

static pthread_key_t late_key;

static void late_destructor(void *unused)
{
	(void)unused;
	region(7);
}

static void *sets_late_key(void *unused)
{
	pthread_setspecific(late_key, &late_key);
	region(1);
	return unused;
}

static void marker_in_destructor(void)
{
	pthread_key_create(&late_key, late_destructor);
	run_threads(10, sets_late_key);
}

/* ---- jumps and signals ---- */

static jmp_buf env;

static void (*volatile deeper)(int depth); /* hides the recursion that never returns */

static __attribute__((noinline)) void jumps_out(int depth)
{
	perfpoint_START(2);
	if (depth > 0)
		deeper(depth - 1);
	else
		longjmp(env, 1);
	perfpoint_END();
}

static void longjmps(void)
{
	deeper = jumps_out;
	for (int i = 0; i < 1000; i++) {
		perfpoint_START(1);
		if (!setjmp(env))
			jumps_out(3);
		perfpoint_END();
	}
}

static sigjmp_buf signal_env;

static void jumping_handler(int signal)
{
	(void)signal;
	siglongjmp(signal_env, 1);
}

static __attribute__((noinline)) void crash_inside(void)
{
	perfpoint_START(2);
	raise(SIGUSR1);
	perfpoint_END();
}

static void jump_out_of_handler(void)
{
	signal(SIGUSR1, jumping_handler);
	for (int i = 0; i < 100; i++) {
		perfpoint_START(1);
		if (!sigsetjmp(signal_env, 1))
			crash_inside();
		perfpoint_END();
	}
}

static volatile sig_atomic_t handled;

static void marking_handler(int signal)
{
	(void)signal;
	int saved = errno;
	errno = 12345;
	region(2);
	CHECK(errno == 12345);
	errno = saved;
	handled++;
}

static void markers_in_handlers(void)
{
	struct itimerval often = {{0, 200}, {0, 200}}, off = {{0, 0}, {0, 0}};
	time_t end = time(NULL) + 2;

	signal(SIGALRM, marking_handler);
	setitimer(ITIMER_REAL, &often, NULL);
	while (time(NULL) < end)
		region(1);
	setitimer(ITIMER_REAL, &off, NULL);
	CHECK(handled > 100);
	region(3);
}

/* Mark 1 is executed while the handler interrupts it; mark 3 afterwards. */
static void interrupt_often(void (*handler)(int), int rounds)
{
	struct itimerval often = {{0, 500}, {0, 500}}, off = {{0, 0}, {0, 0}};

	/* Known already: a first marker calls functions of libc that nobody may jump out of. */
	region(1);
	signal(SIGALRM, handler);
	setitimer(ITIMER_REAL, &often, NULL);
	for (volatile int i = 1; i < rounds; i++) {
		int state;

		if (sigsetjmp(signal_env, 1)) {
			CHECK(!pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state));
			CHECK(state == PTHREAD_CANCEL_ENABLE);
		}
		region(1);
	}
	setitimer(ITIMER_REAL, &off, NULL);
	for (int i = 0; i < 100; i++)
		region(3);
}

/* As an exception does that the handler catches. */
static void jumps_inside(int signal)
{
	jmp_buf here;

	(void)signal;
	if (!setjmp(here))
		longjmp(here, 1);
}

static void jump_inside_handler(void)
{
	interrupt_often(jumps_inside, 1000000);
}

static void jump_out_of_marker(void)
{
	interrupt_often(jumping_handler, 1000000);
}

/* ---- processes ---- */

void wait_for(pid_t child)
{
	int status;

	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	      WEXITSTATUS(status) == 0);
}

void *keeps_marking(void *stop)
{
	while (!__atomic_load_n((bool *)stop, __ATOMIC_RELAXED))
		region(1);
	return NULL;
}

static void execs(void)
{
	char *const argv[] = {(char *)"scenario", (char *)"scopes", NULL};

	perfpoint_START(1);
	execve("/proc/self/exe", argv, environ);
	CHECK(false);
}

static void spawns(void)
{
	char *const argv[] = {(char *)"scenario", (char *)"scopes", NULL};
	pid_t child;

	perfpoint_START(1);
	CHECK(!posix_spawn(&child, "/proc/self/exe", NULL, NULL, argv, environ));
	wait_for(child);
	child = vfork();
	if (!child) {
		execve("/proc/self/exe", argv, environ);
		_exit(1);
	}
	wait_for(child);
	perfpoint_END();
}

/* ---- deaths ---- */

static void some_regions(void)
{
	for (int i = 0; i < 1000; i++)
		region(1);
	perfpoint_START(2);
}

static void dies_by_exit(void)
{
	some_regions();
	_exit(3);
}

static void dies_by_abort(void)
{
	some_regions();
	abort();
}

static void dies_by_segv(void)
{
	some_regions();
	raise(SIGSEGV);
}

static void dies_by_kill(void)
{
	some_regions();
	kill(getpid(), SIGKILL);
}

/* Killed at a random moment by a child, while several threads record. */
static void killed_any_time(void)
{
	static bool never;
	pthread_t thread;

	region(1); /* from here on there is something to keep */
	if (!fork()) {
		usleep((useconds_t)(getpid() % 30) * 1000);
		kill(getppid(), SIGKILL);
		_exit(0);
	}
	for (int i = 0; i < 3; i++)
		pthread_create(&thread, NULL, keeps_marking, &never);
	for (int mark = 10;; mark++)
		region(10 + mark % 5000);
}

/* ---- the program's own business ---- */

static void errno_is_kept(void)
{
	for (int i = 0; i < 5000; i++) {
		errno = 4711;
		perfpoint_START(i);
		CHECK(errno == 4711);
		perfpoint_END();
		CHECK(errno == 4711);
	}
}

static void closes_everything(void)
{
	char name[] = "/tmp/perfpoint-scenario-XXXXXX";
	char text[6] = "";
	int file, first;

	region(1);
	for (int fd = 3; fd < 40000; fd++)
		close(fd);
	file = mkstemp(name);
	CHECK(file >= 0 && write(file, "hello", 5) == 5);
	first = file;
	for (int i = 0; i < 3000; i++)
		region(2);
	CHECK(lseek(first, 0, SEEK_END) == 5);
	CHECK(pread(first, text, 5, 0) == 5 && !strcmp(text, "hello"));
	unlink(name);
}

/* One thread after the other: what one took is there for the next. */
static void limit_stays(void)
{
	struct rlimit limit;

	for (int i = 0; i < 500; i++)
		run_threads(1, one_region);
	CHECK(!getrlimit(RLIMIT_NOFILE, &limit));
	CHECK(limit.rlim_cur < 256 + 16);
}

static void loads_plugin(void)
{
	const char *path = getenv("SCENARIO_PLUGIN");

	for (int i = 0; i < 3; i++) {
		void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		void *symbol = library ? dlsym(library, "plugin_region") : NULL;
		void (*function)(void);
		CHECK(symbol);
		memcpy(&function, &symbol, sizeof(function));
		function();
		dlclose(library);
	}
	region(1);
}

static void small_file_limit(void)
{
	for (int i = 0; i < 200000; i++)
		region(1);
}

/* ---- counters ---- */

static void counts_faults(void)
{
	size_t bytes = 100 * 4096;

	for (int i = 0; i < 20; i++) {
		unsigned char *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		madvise(pages, bytes, MADV_NOHUGEPAGE);
		PERFPOINT_BEGIN("touch 100 pages");
		for (size_t at = 0; at < bytes; at += 4096)
			pages[at] = 1;
		PERFPOINT_END_REGION();
		PERFPOINT_BEGIN("touch nothing");
		PERFPOINT_END_REGION();
		munmap(pages, bytes);
	}
}

static void counts_switches(void)
{
	struct timespec ms = {0, 1000000};

	for (int i = 0; i < 20; i++) {
		PERFPOINT_SCOPE("sleep 1 ms");
		nanosleep(&ms, NULL);
	}
}

/* ---- the path ---- */

#ifndef SCENARIO_LINKED /* with a sanitizer, whose own functions these are */
static volatile bool on_path;
static volatile unsigned forbidden;

/* Seen by the runtime too: it resolves them through the executable. */
#define FORBIDDEN()                  \
	do {                         \
		if (on_path)         \
			forbidden++; \
	} while (0)

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *memory, size_t bytes);

__attribute__((visibility("default"))) void *malloc(size_t bytes)
{
	FORBIDDEN();
	return __libc_malloc(bytes);
}

__attribute__((visibility("default"))) void *calloc(size_t count, size_t bytes)
{
	FORBIDDEN();
	return __libc_calloc(count, bytes);
}

__attribute__((visibility("default"))) void *realloc(void *memory, size_t bytes)
{
	FORBIDDEN();
	return __libc_realloc(memory, bytes);
}

__attribute__((visibility("default"))) int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	static int (*next)(pthread_mutex_t *);

	FORBIDDEN();
	if (!next) {
		void *symbol = dlsym(RTLD_NEXT, "pthread_mutex_lock");
		memcpy(&next, &symbol, sizeof(next));
	}
	return next(mutex);
}

/* New regions, new blocks, deep nesting: on a thread that was seen, nothing may lock. */
static void path_is_free(void)
{
	region(0);
	on_path = true;
	for (int i = 0; i < 50000; i++) {
		PERFPOINT_SCOPE("outer");
		region(i % 3000);
	}
	on_path = false;
	CHECK(forbidden == 0);
	/* The counting itself works. */
	on_path = true;
	free(malloc(1));
	on_path = false;
	CHECK(forbidden == 1);
}
#else
static void path_is_free(void)
{
}
#endif

static void nothing(void)
{
}

static const struct {
	const char *name;
	void (*run)(void);
} scenarios[] = {
	{"cancel_storm", cancel_storm},
	{"cancelled", cancelled},
	{"closes_everything", closes_everything},
	{"counters_closed", counters_closed},
	{"counts_faults", counts_faults},
	{"counts_switches", counts_switches},
	{"dies_among_short", dies_among_short},
	{"dies_by_abort", dies_by_abort},
	{"dies_by_exit", dies_by_exit},
	{"dies_by_kill", dies_by_kill},
	{"dies_by_segv", dies_by_segv},
	{"end_alone", end_alone},
	{"errno_is_kept", errno_is_kept},
	{"execs", execs},
	{"destructor_in_child", destructor_in_child},
	{"fork_among_threads", fork_among_threads},
	{"fork_then_threads", fork_then_threads},
	{"fork_storm", fork_storm},
	{"forks", forks},
	{"jump_inside_handler", jump_inside_handler},
	{"jump_out_of_handler", jump_out_of_handler},
	{"jump_out_of_marker", jump_out_of_marker},
	{"killed_any_time", killed_any_time},
	{"limit_stays", limit_stays},
	{"loads_plugin", loads_plugin},
	{"longjmps", longjmps},
	{"many_faults", many_faults},
	{"many_names", many_names},
	{"many_nested", many_nested},
	{"many_short", many_short},
	{"marker_in_destructor", marker_in_destructor},
	{"markers_in_handlers", markers_in_handlers},
	{"nested", nested},
	{"nested_for_long", nested_for_long},
	{"never_ended", never_ended},
	{"never_ended_in_loop", never_ended_in_loop},
	{"nothing", nothing},
	{"path_is_free", path_is_free},
	{"raw_clone", raw_clone},
	{"recursion", recursion},
	{"scopes", scopes},
	{"short_in_child", short_in_child},
	{"small_file_limit", small_file_limit},
	{"spawns", spawns},
	{"files_beside_threads", files_beside_threads},
	{"refused", refused},
	{"thousand_threads", thousand_threads},
	{"thread_storm", thread_storm},
	{"threads_end_inside", threads_end_inside},
	{"too_deep", too_deep},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(scenarios) / sizeof(scenarios[0]);
	     i++) {
		if (strcmp(argv[1], scenarios[i].name))
			continue;
		scenarios[i].run();
		return 0;
	}
	fprintf(stderr, "scenario: no scenario %s\n", argc > 1 ? argv[1] : "given");
	return 98;
}
