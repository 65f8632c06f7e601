/* SPDX-License-Identifier: MIT */
/*
 * Sorts system calls by what they mean for the order of threads, and hands them on.
 */
#include "tool/system_calls.h"

#include <pub_tool_aspacemgr.h>

#include "tool/channel.h"
#include "tool/schedule.h"

#define CLONE_CHILD_CLEARTID 0x00200000u
#define MADVISE_DONTNEED     4
#define MADVISE_FREE         8
#define MADVISE_REMOVE       9
#define TIMER_ABSTIME        1
#define NANOSECONDS          1000000000u /* of a second */

struct system_call_state *system_call_state(struct thread *thread)
{
	if (!thread->system_call)
		thread->system_call = VG_(calloc)("autoperf.system_call", 1,
						  sizeof(*thread->system_call));
	return thread->system_call;
}

static uint64_t nanoseconds(const struct vki_timespec *time)
{
	return (uint64_t)time->tv_sec * NANOSECONDS + (uint64_t)time->tv_nsec;
}

static uint64_t real_nanoseconds(void)
{
	struct vki_timespec now;

	VG_(clock_gettime)(&now, VKI_CLOCK_MONOTONIC);
	return nanoseconds(&now);
}

enum call_kind {
	CALL_OTHER,
	CALL_FUTEX,
	CALL_READ,
	CALL_WRITE,
	CALL_WAIT,  /* for some event, or for time to pass */
	CALL_SLEEP, /* for time to pass, nothing else */
	CALL_EVENT, /* that others wait for */
	CALL_QUICK, /* comes back at once */
};

static enum call_kind kind_of(UInt number)
{
	switch (number) {
	case __NR_futex:
		return CALL_FUTEX;
	case __NR_read:
	case __NR_readv:
	case __NR_recvfrom:
	case __NR_recvmsg:
	case __NR_recvmmsg:
		return CALL_READ;
	case __NR_write:
	case __NR_writev:
	case __NR_sendto:
	case __NR_sendmsg:
	case __NR_sendmmsg:
		return CALL_WRITE;
	case __NR_poll:
	case __NR_ppoll:
	case __NR_select:
	case __NR_pselect6:
	case __NR_epoll_wait:
	case __NR_epoll_pwait:
	case __NR_accept:
	case __NR_accept4:
	case __NR_connect:
	case __NR_pause:
	case __NR_rt_sigsuspend:
	case __NR_rt_sigtimedwait:
		return CALL_WAIT;
	case __NR_nanosleep:
	case __NR_clock_nanosleep:
		return CALL_SLEEP;
	case __NR_kill:
	case __NR_tkill:
	case __NR_tgkill:
	case __NR_rt_sigqueueinfo:
	case __NR_rt_tgsigqueueinfo:
		return CALL_EVENT;
	case __NR_mmap:
	case __NR_munmap:
	case __NR_mprotect:
	case __NR_mremap:
	case __NR_madvise:
	case __NR_brk:
	case __NR_open:
	case __NR_openat:
	case __NR_close:
	case __NR_stat:
	case __NR_fstat:
	case __NR_newfstatat:
	case __NR_lseek:
	case __NR_pread64:
	case __NR_pwrite64:
	case __NR_clone:
	case __NR_set_robust_list:
	case __NR_set_tid_address:
	case __NR_rt_sigaction:
	case __NR_rt_sigprocmask:
	case __NR_sched_yield:
	case __NR_sched_getaffinity:
	case __NR_sched_setaffinity:
	case __NR_clock_gettime:
	case __NR_gettimeofday:
	case __NR_getpid:
	case __NR_gettid:
	case __NR_getrusage:
	case __NR_prctl:
		return CALL_QUICK;
	default:
		return CALL_OTHER;
	}
}

static void note_arguments(struct thread *thread, UInt number, const UWord *arguments)
{
	struct system_call_state *state = system_call_state(thread);

	switch (number) {
	case __NR_execve:
	case __NR_execveat:
		schedule_drain();
		break;
	case __NR_set_tid_address:
		state->cleared_at_exit = arguments[0];
		break;
	case __NR_clone:
		state->clone_flags = arguments[0];
		state->clone_child = arguments[3];
		break;
	default:
		break;
	}
}

/* The time that the call asks for. */
static uint64_t requested_sleep(UInt number, const UWord *arguments)
{
	UWord address = number == __NR_nanosleep ? arguments[0] : arguments[2];
	const struct vki_timespec *requested = (const struct vki_timespec *)address;
	struct vki_timespec now;
	uint64_t begin, end;

	if (!VG_(am_is_valid_for_client)(address, sizeof(*requested), VKI_PROT_READ) ||
	    requested->tv_sec < 0 || (uint64_t)requested->tv_nsec >= NANOSECONDS)
		return 0; /* the call will fail */
	end = nanoseconds(requested);
	if (number == __NR_nanosleep || !(arguments[1] & TIMER_ABSTIME))
		return end;
	VG_(clock_gettime)(&now, (vki_clockid_t)arguments[0]);
	begin = nanoseconds(&now);
	return end > begin ? end - begin : 0;
}

/*
 * It will wake in virtual time what is asked for, however long that takes: the others see it as
 * one that is so far ahead. They come there later than the real sleep ends, nearly always.
 */
static void fall_asleep(struct thread *thread, UInt number, const UWord *arguments)
{
	struct system_call_state *state = system_call_state(thread);

	state->sleep_ns = requested_sleep(number, arguments);
	thread->asleep = thread_cycles(state->sleep_ns);
	thread->floor = schedule_front(thread) + thread->asleep;
}

/* Whether the thread is going to wait, for all that is known. */
static bool before(struct thread *thread, UInt number, const UWord *arguments)
{
	switch (kind_of(number)) {
	case CALL_FUTEX:
		system_call_state(thread)->started_ns = real_nanoseconds();
		return futex_before(thread, arguments);
	case CALL_READ:
		return channel_before_read(thread, (Int)arguments[0]);
	case CALL_WRITE:
		return channel_before_write(thread, (Int)arguments[0]);
	case CALL_WAIT:
		system_call_state(thread)->started_ns = real_nanoseconds();
		return true;
	case CALL_SLEEP:
		system_call_state(thread)->started_ns = real_nanoseconds();
		fall_asleep(thread, number, arguments);
		return false;
	case CALL_EVENT:
		channel_event(thread);
		return false;
	case CALL_QUICK:
		note_arguments(thread, number, arguments);
		return false;
	case CALL_OTHER:
		note_arguments(thread, number, arguments);
		return true;
	}
	return true;
}

void system_call_before(ThreadId tid, UInt number, UWord *arguments, UInt count)
{
	struct thread *thread = thread_find(tid);

	(void)count;
	if (!thread)
		return;
	THREAD_APPEND(thread, LOG_SYSTEM_CALL, number);
	thread->in_call = true;
	if (before(thread, number, arguments) && thread->state == THREAD_RUNNABLE)
		thread->state = THREAD_WAITING;
}

static void other_after(struct thread *thread, UInt number, const UWord *arguments,
			SysRes result)
{
	if (number == __NR_madvise && !sr_isError(result) &&
	    (arguments[2] == MADVISE_DONTNEED || arguments[2] == MADVISE_FREE ||
	     arguments[2] == MADVISE_REMOVE))
		THREAD_APPEND(thread, LOG_UNMAP, arguments[0], arguments[1]);
}

/* What a call that was made to wait says by its result: an event came, or time has passed. */
static void after_wait(struct thread *thread, UInt number, SysRes result,
		       uint64_t elapsed_ns)
{
	bool timed_out =
		sr_isError(result) ? sr_Err(result) == VKI_EAGAIN : sr_Res(result) == 0;

	if (number == __NR_connect || number == __NR_accept || number == __NR_accept4)
		timed_out = false;
	if (timed_out)
		thread_sleep(thread, elapsed_ns);
	else
		channel_waited(thread);
}

void system_call_after(ThreadId tid, UInt number, UWord *arguments, UInt count,
		       SysRes result)
{
	struct thread *thread = thread_find(tid);
	uint64_t elapsed = 0;

	(void)count;
	if (!thread)
		return;
	thread->in_call = false;
	if (thread->state == THREAD_WAITING)
		thread->state = THREAD_RUNNABLE;
	if (thread->system_call && thread->system_call->started_ns) {
		elapsed = real_nanoseconds() - thread->system_call->started_ns;
		thread->system_call->started_ns = 0;
	}
	switch (kind_of(number)) {
	case CALL_FUTEX:
		futex_after(thread, arguments, result, elapsed);
		break;
	case CALL_READ:
		channel_after_read(thread, result);
		break;
	case CALL_WRITE:
		channel_after_write(thread, result);
		break;
	case CALL_WAIT:
		after_wait(thread, number, result, elapsed);
		break;
	case CALL_SLEEP:
		/* What was asked for is the same in each run. */
		thread->floor = thread->asleep = 0;
		thread_sleep(thread, sr_isError(result)
					     ? elapsed
					     : thread->system_call->sleep_ns);
		break;
	case CALL_EVENT:
		break;
	case CALL_QUICK:
	case CALL_OTHER:
		other_after(thread, number, arguments, result);
		break;
	}
}

void system_call_cloned(struct thread *parent, struct thread *child)
{
	const struct system_call_state *state = system_call_state(parent);

	if (state->clone_flags & CLONE_CHILD_CLEARTID)
		system_call_state(child)->cleared_at_exit = state->clone_child;
}

void system_call_exited(struct thread *thread)
{
	const struct system_call_state *state = system_call_state(thread);

	futex_exited(thread, state->cleared_at_exit);
}

void system_calls_forked(void)
{
	for (struct thread *thread = threads.first; thread; thread = thread->next) {
		VG_(free)(thread->system_call);
		thread->system_call = NULL;
	}
	futexes_forked();
	channels_forked();
}
