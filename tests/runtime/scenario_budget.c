/* SPDX-License-Identifier: MIT */
/* Scenarios of scenario.c for the overhead budget: regions that are short and many. */
#include "scenario.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "perfpoint.h"

#define SHORT_THREADS    2
#define SHORT_EXECUTIONS 300000

static __attribute__((noinline)) void short_region(void)
{
	PERFPOINT_SCOPE("short");
	__asm__ volatile("" ::: "memory");
}

static void *short_regions(void *unused)
{
	for (int i = 0; i < SHORT_EXECUTIONS; i++)
		short_region();
	return unused;
}

/* Every execution is counted, on ended threads and on the one that exits. */
void many_short(void)
{
	run_threads(SHORT_THREADS, short_regions);
	short_regions(NULL);
}

/* Outer and inner ones are measured or not independently; ENDs must find their own. */
void many_nested(void)
{
	for (int i = 0; i < SHORT_EXECUTIONS; i++) {
		perfpoint_START(1);
		perfpoint_START(2);
		{
			PERFPOINT_SCOPE("scope");
			region(3);
		}
		perfpoint_END();
		perfpoint_END();
	}
}

/* One page fault in each execution of a region that is short. */
void many_faults(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = 40000;
	char *memory = mmap(NULL, pages * page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED);
	CHECK(!madvise(memory, pages * page, MADV_NOHUGEPAGE));
	for (size_t i = 0; i < pages; i++) {
		PERFPOINT_SCOPE("fault");
		memory[i * page] = 1;
	}
}

void dies_among_short(void)
{
	short_regions(NULL);
	raise(SIGKILL);
}

void short_in_child(void)
{
	pid_t child;

	short_regions(NULL);
	child = fork();
	if (!child) {
		short_regions(NULL);
		exit(0);
	}
	wait_for(child);
}
