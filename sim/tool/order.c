/* SPDX-License-Identifier: MIT */
/*
 * Objects by address, each with a queue of held threads; first come, first served. An object's
 * kind is what it was last used as, so that memory may be used again for something else.
 */
#include "tool/order.h"

#include <pub_tool_hashtable.h>

#include "tool/main.h"
#include "tool/replay.h"

#define LOCK_BYTES 4 /* of the word that is changed to take a lock */

enum object_kind { OBJECT_LOCK, OBJECT_SEMAPHORE, OBJECT_BARRIER };

struct object {
	struct object *next; /* of VgHashNode */
	UWord address;
	enum object_kind kind;
	struct thread *first_waiting, *last_waiting;
	uint64_t since; /* the lock is free, the semaphore positive since then */
	/* lock */
	struct thread *owner;
	uint32_t depth;   /* of the owner: recursive locks */
	uint32_t sharers; /* readers that hold it */
	/* semaphore */
	uint64_t value;
	/* barrier */
	uint64_t count, arrived, round;
	uint64_t latest; /* arrival of this round; `since`: of the one before */
};

static struct {
	VgHashTable *objects;
} order;

struct signal *signal_new(void)
{
	struct signal *signal = VG_(calloc)("autoperf.signal", 1, sizeof(*signal));

	signal->references = 1;
	return signal;
}

struct signal *signal_hold(struct signal *signal)
{
	signal->references++;
	return signal;
}

void signal_drop(struct signal *signal)
{
	if (signal && --signal->references == 0)
		VG_(free)(signal);
}

/* ---- holding ---- */

void order_hold(struct thread *thread)
{
	if (!thread->held)
		thread->wait_from = thread_clock(thread);
	thread->held = true;
	thread->granted = false;
}

void order_ready(struct thread *thread, uint64_t time)
{
	thread->held = false;
	thread->granted = true;
	thread->wait_until = time;
	thread->waits_for = NULL;
	replay_resume(thread);
}

bool order_granted(struct thread *thread)
{
	if (!thread->granted)
		return false;
	thread->granted = false;
	thread_wait_until(thread, thread->wait_until);
	return true;
}

static void lock_give_up(struct object *object)
{
	object->owner->locks_owned--;
	object->owner = NULL;
	object->depth = 0;
}

static struct object *find(uint64_t address, enum object_kind kind)
{
	struct object *object;

	if (!order.objects)
		order.objects = VG_(HT_construct)("autoperf.objects");
	object = VG_(HT_lookup)(order.objects, address);
	if (!object) {
		object = VG_(calloc)("autoperf.object", 1, sizeof(*object));
		object->address = address;
		object->kind = kind;
		VG_(HT_add_node)(order.objects, object);
	} else if (object->kind != kind && !object->first_waiting) {
		if (object->owner)
			lock_give_up(object);
		object->kind = kind;
		object->sharers = 0;
		object->value = object->count = object->arrived = object->round = 0;
		object->since = object->latest = 0;
	}
	return object;
}

static void wait_in_line(struct thread *thread, struct object *object)
{
	order_hold(thread);
	thread->waits_for = object;
	thread->next_waiting = NULL;
	if (object->last_waiting)
		object->last_waiting->next_waiting = thread;
	else
		object->first_waiting = thread;
	object->last_waiting = thread;
}

static struct thread *take_first(struct object *object)
{
	struct thread *thread = object->first_waiting;

	object->first_waiting = thread->next_waiting;
	if (!object->first_waiting)
		object->last_waiting = NULL;
	return thread;
}

static void leave_line(struct thread *thread)
{
	struct object *object = thread->waits_for;
	struct thread **link = &object->first_waiting, *last = NULL;

	while (*link) {
		if (*link == thread)
			*link = thread->next_waiting;
		else
			last = *link, link = &last->next_waiting;
	}
	object->last_waiting = last;
	thread->waits_for = NULL;
}

/* ---- locks ---- */

static bool wants_shared(const struct thread *thread)
{
	return thread->log.read[3] & LOCK_SHARED;
}

static bool lock_is_free(const struct object *object, bool shared)
{
	return !object->owner && (shared || !object->sharers);
}

static void lock_take(struct object *object, struct thread *thread, bool shared)
{
	if (shared) {
		object->sharers++;
	} else {
		object->owner = thread;
		object->depth = 1;
		thread->locks_owned++;
	}
}

/* Who finds the lock taken fetches its word all the same. */
static void lock_try(struct thread *thread, uint64_t address)
{
	machine_access(tool.machine, thread->machine, address, LOCK_BYTES,
		       MACHINE_ATOMIC, 0);
}

bool order_lock(struct thread *thread, uint64_t address, uint64_t flags)
{
	bool shared = flags & LOCK_SHARED;
	struct object *object;

	if (order_granted(thread)) {
		/* It tries again: by what follows, or now. */
		if (flags & LOCK_TRIED)
			lock_try(thread, address);
		thread->machine->counters[MACHINE_LOCKS]++;
		return true;
	}
	object = find(address, OBJECT_LOCK);
	if (object->owner == thread) {
		object->depth++;
	} else if (lock_is_free(object, shared) && !object->first_waiting) {
		thread_wait_until(thread, object->since);
		lock_take(object, thread, shared);
	} else {
		if (!(flags & LOCK_TRIED))
			lock_try(thread, address);
		wait_in_line(thread, object);
		return false;
	}
	thread->machine->counters[MACHINE_LOCKS]++;
	return true;
}

/* Hands the lock to those who wait: one writer, or the readers up to the next writer. */
static void lock_pass_on(struct object *object)
{
	while (object->first_waiting) {
		bool shared = wants_shared(object->first_waiting);
		struct thread *next;

		if (!lock_is_free(object, shared))
			return;
		next = take_first(object);
		lock_take(object, next, shared);
		order_ready(next, object->since);
	}
}

void order_unlock(struct thread *thread, uint64_t address)
{
	struct object *object = find(address, OBJECT_LOCK);

	if (object->owner == thread && --object->depth > 0)
		return;
	if (object->owner == thread)
		lock_give_up(object);
	else if (object->sharers)
		object->sharers--;
	else
		return; /* not held: the holder passed by order_break(), or an error */
	object->since = thread_clock(thread);
	lock_pass_on(object);
}

/* ---- semaphores ---- */

static struct object *find_semaphore(uint64_t address, uint64_t seen)
{
	struct object *object = find(address, OBJECT_SEMAPHORE);

	if (!object->count) {
		object->count = 1; /* it is known by now */
		object->value = seen;
	}
	return object;
}

void order_semaphore_set(uint64_t address, uint64_t value)
{
	struct object *object = find(address, OBJECT_SEMAPHORE);

	object->count = 1;
	object->value = value;
	object->since = 0;
}

bool order_semaphore_wait(struct thread *thread, uint64_t address, uint64_t seen)
{
	struct object *object;

	if (order_granted(thread))
		return true;
	object = find_semaphore(address, seen);
	if (!object->value || object->first_waiting) {
		wait_in_line(thread, object);
		return false;
	}
	object->value--;
	thread_wait_until(thread, object->since);
	return true;
}

void order_semaphore_post(struct thread *thread, uint64_t address, uint64_t seen)
{
	struct object *object = find_semaphore(address, seen);

	if (object->first_waiting) {
		order_ready(take_first(object), thread_clock(thread));
		return;
	}
	if (!object->value++)
		object->since = thread_clock(thread);
}

/* ---- barriers ---- */

void order_barrier_set(uint64_t address, uint64_t count)
{
	struct object *object = find(address, OBJECT_BARRIER);

	object->count = count;
	object->arrived = 0;
}

void order_barrier_arrive(struct thread *thread, uint64_t address)
{
	struct object *object = find(address, OBJECT_BARRIER);
	uint64_t now = thread_clock(thread);

	thread->barrier_round = object->round;
	if (now > object->latest)
		object->latest = now;
	if (++object->arrived < object->count)
		return;
	object->since = object->latest;
	object->arrived = object->latest = 0;
	object->round++;
	while (object->first_waiting)
		order_ready(take_first(object), object->since);
}

bool order_barrier_leave(struct thread *thread, uint64_t address)
{
	struct object *object;

	if (order_granted(thread))
		return true;
	object = find(address, OBJECT_BARRIER);
	if (object->count && thread->barrier_round == object->round) {
		wait_in_line(thread, object);
		return false;
	}
	if (object->count)
		thread_wait_until(thread, object->since);
	return true;
}

/* ---- signals ---- */

void order_signal(struct thread *thread, struct signal *signal)
{
	struct thread *waiter = signal->waiters;

	signal->happened = true;
	signal->time = thread_clock(thread);
	signal->waiters = NULL;
	while (waiter) {
		struct thread *next = waiter->next_waiting;

		order_ready(waiter, signal->time);
		waiter = next;
	}
	signal_drop(signal);
}

bool order_await(struct thread *thread, struct signal *signal)
{
	if (order_granted(thread)) {
		signal_drop(signal);
		return true;
	}
	if (!signal->happened) {
		order_hold(thread);
		thread->next_waiting = signal->waiters;
		signal->waiters = thread;
		return false;
	}
	thread_wait_until(thread, signal->time);
	signal_drop(signal);
	return true;
}

/* ---- ends ---- */

void order_thread_ended(struct thread *thread)
{
	struct object *object;

	if (!thread->locks_owned)
		return;
	VG_(HT_ResetIter)(order.objects);
	while ((object = VG_(HT_Next)(order.objects))) {
		if (object->owner != thread)
			continue;
		lock_give_up(object);
		object->since = thread_clock(thread);
		lock_pass_on(object);
	}
}

/* The number of the record that a held thread waits at: the word after the object. */
static uint64_t waiting_order(const struct thread *thread)
{
	return thread->log.read[2];
}

static void remove_waiter(struct signal *signal, struct thread *thread)
{
	struct thread **link = &signal->waiters;

	while (*link && *link != thread)
		link = &(*link)->next_waiting;
	if (*link)
		*link = thread->next_waiting;
}

bool order_break(bool spinning)
{
	struct thread *oldest = NULL;
	enum log_operation operation;

	for (struct thread *thread = threads.first; thread; thread = thread->next)
		if (thread->held &&
		    (spinning || log_operation(thread->log.read[0]) != LOG_SPIN) &&
		    (!oldest || waiting_order(thread) < waiting_order(oldest)))
			oldest = thread;
	if (!oldest)
		return false;
	operation = log_operation(oldest->log.read[0]);
	if (oldest->waits_for)
		leave_line(oldest);
	else if (operation == LOG_AWAIT || operation == LOG_BIRTH)
		remove_waiter((struct signal *)(uintptr_t)oldest->log.read[1], oldest);
	order_ready(oldest, 0);
	return true;
}

void order_forked(void)
{
	if (order.objects)
		VG_(HT_destruct)(order.objects, VG_(free));
	order.objects = NULL;
}
