/* SPDX-License-Identifier: MIT */
/*
 * The life of threads: made before their first instruction, kept after their last one until the
 * replay has come to it.
 */
#include "tool/thread.h"

#include <pub_tool_threadstate.h>

#include "tool/direct.h"
#include "tool/gate.h"
#include "tool/main.h"
#include "tool/order.h"
#include "tool/report.h"
#include "tool/schedule.h"
#include "tool/spin.h"

struct threads threads;

static struct thread **by_id; /* [VG_N_THREADS] */
static uint32_t serials;

struct thread *thread_find(ThreadId tid)
{
	return by_id && tid < VG_N_THREADS ? by_id[tid] : NULL;
}

static void link_last(struct thread *thread)
{
	struct thread **last = &threads.first;

	while (*last)
		last = &(*last)->next;
	*last = thread;
	threads.count++;
}

static void unlink(struct thread *thread)
{
	struct thread **link = &threads.first;

	while (*link != thread)
		link = &(*link)->next;
	*link = thread->next;
	threads.count--;
}

void thread_create(struct thread *parent, ThreadId tid)
{
	struct thread *thread = VG_(calloc)("autoperf.thread", 1, sizeof(*thread));
	struct machine_problem problem;

	direct_stop();
	if (!by_id)
		by_id = VG_(calloc)("autoperf.threads", VG_N_THREADS, sizeof(*by_id));
	thread->tid = tid;
	thread->serial = ++serials;
	thread->live = true;
	thread->watched = UINT64_MAX;
	thread->machine = machine_thread_add(tool.machine, thread->serial,
					     MACHINE_ANY_CORE, &problem);
	if (!thread->machine)
		tool_give_up(problem.text);
	thread->view = machine_view(tool.machine, thread->machine);
	log_init(&thread->log);
	by_id[tid] = thread;
	link_last(thread);
	threads.live++;
	if (parent) {
		struct signal *created = signal_new();

		/* At first it is taken to go as fast. */
		thread->replayed_cycles = parent->replayed_cycles;
		thread->replayed_words = parent->replayed_words;
		thread->replayed_blocks = parent->replayed_blocks;
		THREAD_APPEND(parent, LOG_SIGNAL, (uintptr_t)signal_hold(created));
		THREAD_APPEND(thread, LOG_BIRTH, (uintptr_t)created, thread_order());
	} else {
		thread->born = true;
	}
}

void thread_exit(ThreadId tid)
{
	struct thread *thread = thread_find(tid);

	if (!thread)
		return;
	direct_stop();
	thread_append(thread, LOG_EXIT, NULL, 0);
	if (threads.current == thread) {
		log_leave(&thread->log);
		threads.current = NULL;
	}
	thread->live = false;
	by_id[tid] = NULL;
	threads.live--;
}

static void free_thread(struct thread *thread)
{
	for (int i = 0; i < FRAME_STACKS; i++)
		if (thread->stacks[i].frames)
			VG_(free)(thread->stacks[i].frames);
	if (thread->calls)
		VG_(free)(thread->calls);
	if (thread->system_call)
		VG_(free)(thread->system_call);
	spin_free_state(thread);
	schedule_ended(thread);
	gate_thread_ended(thread);
	log_free(&thread->log);
	machine_thread_remove(tool.machine, thread->machine);
	unlink(thread);
	VG_(free)(thread);
}

void thread_end(struct thread *thread)
{
	order_thread_ended(thread);
	report_thread(thread);
	free_thread(thread);
}

void threads_forked(ThreadId tid)
{
	struct thread *thread, *next;

	for (thread = threads.first; thread; thread = next) {
		next = thread->next;
		if (thread->tid == tid && thread->live)
			continue;
		if (thread->live)
			by_id[thread->tid] = NULL;
		free_thread(thread);
	}
	thread = thread_find(tid);
	threads.live = thread ? 1 : 0;
	if (thread && threads.current == thread)
		log_leave(&thread->log);
	threads.current = NULL;
	if (!thread)
		return;
	log_clear(&thread->log);
	thread->item = NULL;
	thread->held = thread->granted = false;
	thread->waits_for = NULL;
	thread->born = true;
	thread->watched = UINT64_MAX;
	for (int i = 0; i < FRAME_STACKS; i++)
		thread->stacks[i].depth = 0;
}

static uint64_t top_return(const struct thread *thread)
{
	return thread->call_count ? thread->calls[thread->call_count - 1].return_to : 0;
}

void thread_enter(struct thread *thread)
{
	if (threads.current == thread)
		return;
	if (threads.current)
		log_leave(&threads.current->log);
	threads.current = thread;
	log_enter(&thread->log);
	cursor.return_to = top_return(thread);
}

void thread_mute(struct thread *thread)
{
	if (!thread->mutes++)
		thread->muted_from = thread_logged(thread);
	thread_append(thread, LOG_MUTE, NULL, 0);
}

void thread_unmute(struct thread *thread)
{
	if (thread->mutes && !--thread->mutes)
		thread->muted_words += thread_logged(thread) - thread->muted_from;
	thread_append(thread, LOG_UNMUTE, NULL, 0);
}

uint64_t thread_cycles(uint64_t nanoseconds)
{
	return (uint64_t)((unsigned __int128)nanoseconds * tool.config->clock_mhz /
			  1000);
}

void thread_sleep(struct thread *thread, uint64_t nanoseconds)
{
	uint64_t front = schedule_front(thread);

	/* Until it is replayed, only this tells how late it is for the thread. */
	thread->floor = front + thread_cycles(nanoseconds);
	THREAD_APPEND(thread, LOG_SLEEP, nanoseconds);
}

void thread_append(struct thread *thread, enum log_operation operation,
		   const uint64_t *words, uint32_t count)
{
	bool current = thread == threads.current;
	struct log *log = &thread->log;
	uint64_t *at;

	if (current)
		log_leave(log);
	if (log->written > log->words + log->capacity)
		log_make_room(log);
	at = log->written;
	*at++ = log_control_head(operation, count);
	for (uint32_t i = 0; i < count; i++)
		*at++ = words[i];
	log->written = at;
	if (direct.on)
		direct_replay();
	if (current)
		log_enter(log);
}
