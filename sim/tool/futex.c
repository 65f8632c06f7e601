/* SPDX-License-Identifier: MIT */
/*
 * The kernel wakes in the order of arrival, nearly always. So threads that a call is going to wake
 * are known before it is made, by counting; that matters because neither those of them that come
 * back first nor others must run ahead of the rest. When it turned out differently the counting is
 * put right: when the call is back, and when an unexpected thread returns.
 */
#include "tool/futex.h"

#include <pub_tool_aspacemgr.h>
#include <pub_tool_hashtable.h>

#include "tool/hooks.h"
#include "tool/order.h"
#include "tool/schedule.h"
#include "tool/system_calls.h"

#define OPERATION_MASK 0x7fu
#define TIMED_OUT      110 /* ETIMEDOUT */

struct futex {
	struct futex *next; /* of VgHashNode */
	UWord address;
	struct thread *first;  /* waiting, then told; by arrival */
	struct signal *latest; /* owned */
	uint32_t wakers;       /* calls that wake, not back yet */
	uint64_t early;        /* threads that came back before their waker did */
};

static VgHashTable *futexes;

static struct futex *find(UWord address)
{
	struct futex *futex;

	if (!futexes)
		futexes = VG_(HT_construct)("autoperf.futexes");
	futex = VG_(HT_lookup)(futexes, address);
	if (!futex) {
		futex = VG_(calloc)("autoperf.futex", 1, sizeof(*futex));
		futex->address = address;
		VG_(HT_add_node)(futexes, futex);
	}
	return futex;
}

static struct futex_wait *wait_of(struct thread *thread)
{
	return &system_call_state(thread)->futex;
}

static void leave_list(struct thread *thread)
{
	struct futex_wait *wait = wait_of(thread);
	struct thread **link;

	if (!wait->futex)
		return;
	link = &wait->futex->first;
	while (*link != thread)
		link = &wait_of(*link)->next;
	*link = wait->next;
	wait->futex = NULL;
	wait->next = NULL;
	wait->told = false;
}

static void join_list(struct thread *thread, struct futex *futex)
{
	struct thread **link = &futex->first;

	leave_list(thread);
	while (*link)
		link = &wait_of(*link)->next;
	*link = thread;
	wait_of(thread)->futex = futex;
}

static void set_latest(struct futex *futex, struct signal *signal)
{
	signal_drop(futex->latest);
	futex->latest = signal_hold(signal);
}

/* Tells the first `count` that wait at `futex`, moves up to `moved` of the others; how many told. */
static uint64_t tell(struct futex *futex, struct thread *waker, struct signal *signal,
		     uint64_t count, struct futex *target, uint64_t moved)
{
	uint64_t wanted = count;
	struct thread *thread, *next;

	for (thread = futex->first; thread; thread = next) {
		struct futex_wait *wait = wait_of(thread);

		next = wait->next;
		if (wait->told)
			continue;
		if (count) {
			count--;
			wait->told = true;
			signal_drop(wait->woken_by);
			wait->woken_by = signal_hold(signal);
			schedule_woken(thread, waker);
		} else if (target && moved) {
			moved--;
			join_list(thread, target);
		}
	}
	return wanted - count;
}

static void untell(struct thread *thread)
{
	wait_of(thread)->told = false;
	thread->state = THREAD_WAITING;
}

/* Nobody changes the word between this look and the kernel's: one thread executes at a time. */
static bool has_value(UWord address, UWord expected)
{
	return VG_(am_is_valid_for_client)(address, sizeof(uint32_t), VKI_PROT_READ) &&
	       *(const volatile uint32_t *)address == (uint32_t)expected;
}

/*
 * Takes it back from the last `count` that were told by this signal. `all`: nobody sleeps there any
 * more, so who saw the word change before it slept is about to be back all the same.
 */
static void untell_last(struct futex *futex, const struct signal *signal,
			uint64_t count, bool all)
{
	while (count--) {
		struct thread *last = NULL;

		for (struct thread *thread = futex->first; thread;
		     thread = wait_of(thread)->next)
			if (wait_of(thread)->told &&
			    wait_of(thread)->woken_by == signal)
				last = thread;
		if (!last)
			return;
		untell(last);
		if (all && !has_value(futex->address, wait_of(last)->value))
			last->state = THREAD_RUNNABLE;
	}
}

/* How many a call wakes at most. */
static uint64_t wanted_by(const UWord *arguments)
{
	uint32_t count = (uint32_t)arguments[2];

	if ((arguments[1] & OPERATION_MASK) == VKI_FUTEX_UNLOCK_PI || !count)
		return 1;
	return count;
}

bool futex_before(struct thread *thread, const UWord *arguments)
{
	struct futex_wait *wait = wait_of(thread);
	struct signal *signal;

	switch (arguments[1] & OPERATION_MASK) {
	case VKI_FUTEX_WAIT:
	case VKI_FUTEX_WAIT_BITSET:
	case VKI_FUTEX_LOCK_PI:
	case VKI_FUTEX_WAIT_REQUEUE_PI:
		signal_drop(wait->woken_by);
		wait->woken_by = NULL;
		wait->value = arguments[2];
		join_list(thread, find(arguments[0]));
		return (arguments[1] & OPERATION_MASK) == VKI_FUTEX_LOCK_PI ||
		       has_value(arguments[0], arguments[2]);
	case VKI_FUTEX_WAKE:
	case VKI_FUTEX_WAKE_BITSET:
	case VKI_FUTEX_REQUEUE:
	case VKI_FUTEX_CMP_REQUEUE:
	case VKI_FUTEX_CMP_REQUEUE_PI:
	case VKI_FUTEX_WAKE_OP:
	case VKI_FUTEX_UNLOCK_PI:
		/* Before: a woken thread may be back before the waker is. */
		signal = signal_new();
		THREAD_APPEND(thread, LOG_SIGNAL, (uintptr_t)signal_hold(signal));
		set_latest(find(arguments[0]), signal);
		find(arguments[0])->wakers++;
		if ((arguments[1] & OPERATION_MASK) == VKI_FUTEX_WAKE_OP)
			set_latest(find(arguments[4]), signal);
		wait->in_flight = signal;
		wait->expected = tell(find(arguments[0]), thread, signal,
				      wanted_by(arguments), NULL, 0);
		return false;
	default:
		return false;
	}
}

/* A thread is back that was not told: the kernel has chosen it instead of one that was. */
static void back_untold(struct futex *futex)
{
	for (struct thread *thread = futex->first; thread;
	     thread = wait_of(thread)->next)
		if (wait_of(thread)->told) {
			untell(thread);
			return;
		}
	if (futex->wakers)
		futex->early++; /* its waker will count it */
}

static void waited(struct thread *thread, SysRes result, uint64_t elapsed_ns)
{
	struct futex_wait *wait = wait_of(thread);
	struct futex *futex = wait->futex;
	struct signal *signal = wait->woken_by;
	bool told = wait->told;

	if (!futex)
		return;
	leave_list(thread);
	/* The word has changed since futex_before(): its waker came while this one went to sleep. */
	if (sr_isError(result) && !(sr_Err(result) == VKI_EAGAIN && signal)) {
		if (sr_Err(result) == TIMED_OUT)
			thread_sleep(thread, elapsed_ns);
		return;
	}
	if (!told && !sr_isError(result))
		back_untold(futex);
	if (!signal)
		signal = futex->latest;
	if (signal && !hooks_synchronising(thread))
		THREAD_APPEND(thread, LOG_AWAIT, (uintptr_t)signal_hold(signal),
			      thread_order());
}

/* Of `done` threads that a call on `futex` has woken, so many are not known of yet; or fewer are. */
static void put_right(struct futex *futex, struct thread *thread, struct signal *signal,
		      uint64_t done, bool all)
{
	uint64_t known = wait_of(thread)->expected + futex->early;

	if (done > known)
		tell(futex, thread, signal, done - known, NULL, 0);
	else
		untell_last(futex, signal, known - done, all);
	futex->wakers--;
	futex->early = futex->wakers && known > done ? futex->early : 0;
}

static void woke(struct thread *thread, const UWord *arguments, SysRes result)
{
	struct futex_wait *wait = wait_of(thread);
	struct signal *signal = wait->in_flight;
	struct futex *futex = find(arguments[0]);
	uint64_t done = sr_isError(result) ? 0 : sr_Res(result);
	uint64_t wanted = wanted_by(arguments);
	uint64_t woken = done < wanted ? done : wanted;

	wait->in_flight = NULL;
	if (!signal)
		return;
	switch (arguments[1] & OPERATION_MASK) {
	case VKI_FUTEX_REQUEUE:
		put_right(futex, thread, signal, woken, woken < wanted);
		tell(futex, thread, signal, 0, find(arguments[4]), arguments[3]);
		break;
	case VKI_FUTEX_CMP_REQUEUE:
	case VKI_FUTEX_CMP_REQUEUE_PI:
		/* The result counts both. */
		put_right(futex, thread, signal, woken, woken < wanted);
		tell(futex, thread, signal, 0, find(arguments[4]), done - woken);
		break;
	case VKI_FUTEX_WAKE_OP:
		put_right(futex, thread, signal, woken, woken < wanted);
		tell(find(arguments[4]), thread, signal, done - woken, NULL, 0);
		break;
	case VKI_FUTEX_UNLOCK_PI:
		put_right(futex, thread, signal, wait->expected, false);
		break;
	case VKI_FUTEX_WAKE_BITSET:
		put_right(futex, thread, signal, done, false);
		break;
	default:
		put_right(futex, thread, signal, done, done < wanted);
		break;
	}
	signal_drop(signal);
}

void futex_after(struct thread *thread, const UWord *arguments, SysRes result,
		 uint64_t elapsed_ns)
{
	waited(thread, result, elapsed_ns);
	woke(thread, arguments, result);
}

void futex_exited(struct thread *thread, UWord address)
{
	struct signal *signal;

	leave_list(thread);
	signal_drop(wait_of(thread)->woken_by);
	signal_drop(wait_of(thread)->in_flight);
	wait_of(thread)->woken_by = wait_of(thread)->in_flight = NULL;
	if (!address)
		return;
	signal = signal_new();
	THREAD_APPEND(thread, LOG_SIGNAL, (uintptr_t)signal_hold(signal));
	set_latest(find(address), signal);
	tell(find(address), thread, signal, UINT64_MAX, NULL, 0);
	signal_drop(signal);
}

void futex_doubt(struct thread *thread)
{
	wait_of(thread)->told = false;
}

void futexes_forked(void)
{
	if (futexes)
		VG_(HT_destruct)(futexes, VG_(free));
	futexes = NULL;
}
