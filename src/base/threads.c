/* SPDX-License-Identifier: MIT */
/* See threads.h. No pool: starting a thread takes some ten microseconds. */
#include "base/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

struct part {
	pthread_t thread;
	bool started;
	void (*work)(void *context, size_t index);
	void *context;
	size_t index;
};

int threads_allowed(void)
{
	cpu_set_t allowed;
	int count = sched_getaffinity(0, sizeof(allowed), &allowed)
			    ? 1
			    : CPU_COUNT(&allowed);

	return count < THREADS_MAX ? count : THREADS_MAX;
}

static void *do_part(void *argument)
{
	struct part *part = argument;

	part->work(part->context, part->index);
	return NULL;
}

void threads_run(size_t count, void (*work)(void *context, size_t index), void *context)
{
	struct part parts[THREADS_MAX];
	size_t threads = count < THREADS_MAX ? count : THREADS_MAX;

	for (size_t i = 1; i < threads; i++) {
		parts[i] = (struct part){.work = work, .context = context, .index = i};
		parts[i].started =
			!pthread_create(&parts[i].thread, NULL, do_part, &parts[i]);
	}
	for (size_t i = 0; i < count; i++)
		if (!i || i >= threads || !parts[i].started)
			work(context, i);
	for (size_t i = 1; i < threads; i++)
		if (parts[i].started)
			pthread_join(parts[i].thread, NULL);
}
