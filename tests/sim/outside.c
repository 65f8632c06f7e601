/* SPDX-License-Identifier: MIT */
/*
 * Calls of work(), the region, with so much in between that nobody wants to simulate.
 *
 *	outside CALLS ITERATIONS
 */
#include <stdlib.h>
#include <unistd.h>

static volatile long done;

__attribute__((noinline)) void work(void);
void work(void)
{
	for (int i = 0; i < 1000; i++)
		done++;
	getppid(); /* a system call */
}

static __attribute__((noinline)) void idle(long iterations)
{
	for (long i = 0; i < iterations; i++)
		done--;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	for (int calls = atoi(argv[1]); calls > 0; calls--) {
		idle(atol(argv[2]));
		work();
	}
	return 0;
}
