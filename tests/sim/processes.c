/* SPDX-License-Identifier: MIT */
/*
 * Programs that fork, execute others, take signals, and jump. The regions are the calls of work().
 *
 *	processes MODE
 *
 * Exit status 0: everything came out right.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

extern char **environ;
static char *self;
static volatile long sum;

__attribute__((noinline)) void work(void);
void work(void)
{
	for (int i = 0; i < 1000; i++)
		sum++;
}

static void require(int condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s failed: %s\n", what, strerror(errno));
	exit(1);
}

static int status_of(pid_t pid)
{
	int status = -1;

	require(waitpid(pid, &status, 0) == pid, "waitpid");
	return status;
}

static void *work_in_thread(void *argument)
{
	work();
	return argument;
}

static void work_in_two_threads(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		require(!pthread_create(&threads[i], NULL, work_in_thread, NULL),
			"pthread_create");
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

/* Parent 1 + 1, child 1 + 2 in threads of its own. */
static int forking(void)
{
	pid_t pid;

	work();
	pid = fork();
	require(pid >= 0, "fork");
	if (!pid) {
		work();
		work_in_two_threads();
		_exit(5);
	}
	work();
	return status_of(pid) != W_EXITCODE(5, 0);
}

/* The child is a copy of a thread that is not the first, while others spin and wait. */
static atomic_int forked;

static void *spin_until_forked(void *argument)
{
	while (!forked)
		;
	return argument;
}

static void *fork_in_thread(void *argument)
{
	pid_t pid = fork();

	require(pid >= 0, "fork");
	if (!pid) {
		work();
		_exit(6);
	}
	forked = 1;
	return (void *)(long)(status_of(pid) != W_EXITCODE(6, 0) || argument);
}

static int thread_forks(void)
{
	pthread_t forker, spinner;
	void *result = NULL;

	require(!pthread_create(&spinner, NULL, spin_until_forked, NULL),
		"pthread_create");
	require(!pthread_create(&forker, NULL, fork_in_thread, NULL), "pthread_create");
	pthread_join(spinner, NULL);
	pthread_join(forker, &result);
	work();
	return result != NULL;
}

/* Each makes a child that executes this program with mode "work". */
static int executing(void)
{
	pid_t pid = fork();

	if (!pid) {
		work();
		execl(self, self, "work", NULL);
		_exit(99);
	}
	return status_of(pid) != 0;
}

static int vforking(void)
{
	pid_t pid = vfork();

	if (!pid) {
		execl(self, self, "work", NULL);
		_exit(99);
	}
	return status_of(pid) != 0;
}

static int spawning(void)
{
	char mode[] = "work";
	char *const arguments[] = {self, mode, NULL};
	pid_t pid;

	require(!posix_spawn(&pid, self, NULL, NULL, arguments, environ),
		"posix_spawn");
	return status_of(pid) != 0;
}

static int by_shell(void)
{
	char command[4096];

	snprintf(command, sizeof(command), "%s work && true", self);
	work();
	return system(command) != 0;
}

/* The last is what dies: two executions are complete. */
static int child_is_killed(void)
{
	pid_t pid = fork();

	if (!pid) {
		work();
		work();
		raise(SIGKILL);
	}
	work();
	return status_of(pid) != SIGKILL;
}

static volatile sig_atomic_t alarms;

static void on_alarm(int number)
{
	(void)number;
	alarms++;
	work();
}

/* A timer's handler executes a region inside the region. */
static int timer(void)
{
	const struct itimerval often = {{0, 2000}, {0, 2000}};
	const struct itimerval never = {{0, 0}, {0, 0}};

	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &often, NULL);
	while (alarms < 20)
		work();
	setitimer(ITIMER_REAL, &never, NULL);
	return 0;
}

static sigjmp_buf before_fault;
static volatile int faults;

static void on_fault(int number)
{
	(void)number;
	faults++;
	siglongjmp(before_fault, 1);
}

static int fault(void)
{
	volatile char *page =
		mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sigaction action = {.sa_handler = on_fault};

	sigaction(SIGSEGV, &action, NULL);
	for (volatile int i = 0; i < 20; i++) {
		if (!sigsetjmp(before_fault, 1))
			page[i] = 1;
		work();
	}
	return faults != 20;
}

static jmp_buf environment;
static void descend(int depth);
static void (*volatile deeper)(int depth) = descend;

static void descend(int depth)
{
	free(malloc(10));
	if (depth)
		deeper(depth - 1);
	else
		longjmp(environment, 1);
}

static int jump(void)
{
	volatile int jumps = 0;

	while (jumps < 100) {
		if (setjmp(environment))
			jumps++;
		else
			deeper(jumps);
		work();
	}
	return 0;
}

/* Two coroutines and the main context take turns. */
static ucontext_t contexts[3];
static int turns;

static void coroutine(int number)
{
	for (;;) {
		void *block = malloc((size_t)(turns % 100 + 1));

		turns++;
		work();
		swapcontext(&contexts[number], &contexts[(number + 1) % 3]);
		free(block);
	}
}

static int coroutines(void)
{
	static char stacks[3][64 << 10];

	for (int i = 1; i < 3; i++) {
		getcontext(&contexts[i]);
		contexts[i].uc_stack.ss_sp = stacks[i];
		contexts[i].uc_stack.ss_size = sizeof(stacks[i]);
		makecontext(&contexts[i], (void (*)(void))coroutine, 1, i);
	}
	for (int i = 0; i < 100; i++)
		swapcontext(&contexts[0], &contexts[1]);
	return turns != 200;
}

static int work_once(void)
{
	work();
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} modes[] = {
	{"work", work_once},
	{"fork", forking},
	{"thread-forks", thread_forks},
	{"exec", executing},
	{"vfork", vforking},
	{"spawn", spawning},
	{"system", by_shell},
	{"child-killed", child_is_killed},
	{"timer", timer},
	{"fault", fault},
	{"jump", jump},
	{"coroutines", coroutines},
};

int main(int argc, char **argv)
{
	self = argv[0];
	for (size_t i = 0; argc == 2 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(argv[1], modes[i].name))
			return modes[i].run();
	return 2;
}
