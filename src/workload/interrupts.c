/* SPDX-License-Identifier: MIT */
/* Signals, taken when it suits: see interrupts.h. */
#include "workload/interrupts.h"

#include <stddef.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

void interrupts_block(struct interrupts *interrupts)
{
	static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction standard = {.sa_handler = SIG_DFL};
	struct sigaction old;
	sigset_t blocked;

	sigemptyset(&interrupts->asking);
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		/* Blocked, an ignored signal would be queued and look like a request. */
		sigaction(stops[i], NULL, &old);
		if (old.sa_handler != SIG_IGN)
			sigaddset(&interrupts->asking, stops[i]);
	}
	interrupts->waited = interrupts->asking;
	sigaddset(&interrupts->waited, SIGCHLD);
	blocked = interrupts->waited;
	sigaddset(&blocked, SIGPIPE);
	sigaddset(&blocked, SIGXFSZ);
	sigprocmask(SIG_BLOCK, &blocked, &interrupts->original);
	sigaction(SIGCHLD, &standard, &interrupts->child);
}

void interrupts_restore(const struct interrupts *interrupts)
{
	sigset_t reported;
	siginfo_t info;

	/* What it was about has been an error code of the write, with a text. */
	sigemptyset(&reported);
	sigaddset(&reported, SIGXFSZ);
	while (interrupts_wait(&reported, 0, &info))
		;
	sigaction(SIGCHLD, &interrupts->child, NULL);
	sigprocmask(SIG_SETMASK, &interrupts->original, NULL);
}

void interrupts_restore_in_child(const struct interrupts *interrupts)
{
	sigaction(SIGCHLD, &interrupts->child, NULL);
	sigprocmask(SIG_SETMASK, &interrupts->original, NULL);
}

int interrupts_take(const struct interrupts *interrupts)
{
	siginfo_t info;

	return interrupts_wait(&interrupts->asking, 0, &info);
}

int interrupts_wait(const sigset_t *signals, uint64_t timeout_ns, siginfo_t *info)
{
	struct timespec timeout = {
		.tv_sec = (time_t)(timeout_ns / NS_PER_S),
		.tv_nsec = (long)(timeout_ns % NS_PER_S),
	};
	int number =
		sigtimedwait(signals, info, timeout_ns == UINT64_MAX ? NULL : &timeout);

	/* EAGAIN: nothing came in time; EINTR: a signal that is none of ours. */
	return number > 0 ? number : 0;
}
