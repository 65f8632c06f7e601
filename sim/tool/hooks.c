/* SPDX-License-Identifier: MIT */
/*
 * The table of functions, and the stack of calls of each thread.
 *
 * A call that is left by longjmp or cancellation stays on the stack until a later call shows, by a
 * stack pointer that is not below the older one's, that it is over.
 */
#include "tool/hooks.h"

#include <pub_tool_aspacemgr.h>
#include <pub_tool_debuginfo.h>
#include <pub_tool_transtab.h>

#include "tool/region.h"
#include "tool/schedule.h"

enum hook_kind {
	HOOK_MALLOC,
	HOOK_CALLOC,
	HOOK_REALLOC,
	HOOK_MEMALIGN,
	HOOK_POSIX_MEMALIGN,
	HOOK_FREE,
	HOOK_LOCK, /* waits until it has it */
	HOOK_LOCK_SHARED,
	HOOK_TRY, /* may come back without */
	HOOK_TRY_SHARED,
	HOOK_UNLOCK,
	HOOK_WAIT, /* condition variable */
	HOOK_BARRIER_INIT,
	HOOK_BARRIER,
	HOOK_SEMAPHORE_INIT,
	HOOK_SEMAPHORE_WAIT,
	HOOK_SEMAPHORE_POST,
	HOOK_REGION,
	HOOK_MARKER,
};

struct hook {
	const HChar *name;
	enum hook_kind kind;
	uint32_t region;
};

/* Names without leading underscores, "GI_", "libc_" and version. */
static const struct hook known[] = {
	{"malloc", HOOK_MALLOC, 0},
	{"valloc", HOOK_MALLOC, 0},
	{"pvalloc", HOOK_MALLOC, 0},
	{"calloc", HOOK_CALLOC, 0},
	{"realloc", HOOK_REALLOC, 0},
	{"memalign", HOOK_MEMALIGN, 0},
	{"aligned_alloc", HOOK_MEMALIGN, 0},
	{"posix_memalign", HOOK_POSIX_MEMALIGN, 0},
	{"free", HOOK_FREE, 0},
	{"cfree", HOOK_FREE, 0},
	{"pthread_mutex_lock", HOOK_LOCK, 0},
	{"pthread_mutex_trylock", HOOK_TRY, 0},
	{"pthread_mutex_timedlock", HOOK_TRY, 0},
	{"pthread_mutex_clocklock", HOOK_TRY, 0},
	{"pthread_mutex_unlock", HOOK_UNLOCK, 0},
	{"pthread_spin_lock", HOOK_LOCK, 0},
	{"pthread_spin_trylock", HOOK_TRY, 0},
	{"pthread_spin_unlock", HOOK_UNLOCK, 0},
	{"pthread_spin_init", HOOK_UNLOCK, 0}, /* the same function in glibc */
	{"pthread_rwlock_rdlock", HOOK_LOCK_SHARED, 0},
	{"pthread_rwlock_tryrdlock", HOOK_TRY_SHARED, 0},
	{"pthread_rwlock_timedrdlock", HOOK_TRY_SHARED, 0},
	{"pthread_rwlock_clockrdlock", HOOK_TRY_SHARED, 0},
	{"pthread_rwlock_wrlock", HOOK_LOCK, 0},
	{"pthread_rwlock_trywrlock", HOOK_TRY, 0},
	{"pthread_rwlock_timedwrlock", HOOK_TRY, 0},
	{"pthread_rwlock_clockwrlock", HOOK_TRY, 0},
	{"pthread_rwlock_unlock", HOOK_UNLOCK, 0},
	{"pthread_cond_wait", HOOK_WAIT, 0},
	{"pthread_cond_timedwait", HOOK_WAIT, 0},
	{"pthread_cond_clockwait", HOOK_WAIT, 0},
	{"pthread_barrier_init", HOOK_BARRIER_INIT, 0},
	{"pthread_barrier_wait", HOOK_BARRIER, 0},
	{"sem_init", HOOK_SEMAPHORE_INIT, 0},
	{"sem_wait", HOOK_SEMAPHORE_WAIT, 0},
	{"sem_trywait", HOOK_SEMAPHORE_WAIT, 0},
	{"sem_timedwait", HOOK_SEMAPHORE_WAIT, 0},
	{"sem_clockwait", HOOK_SEMAPHORE_WAIT, 0},
	{"sem_post", HOOK_SEMAPHORE_POST, 0},
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

/* pthread_mutex_lock() and others report that the owner died, and still lock. */
#define OWNER_DIED 130

#define MARKERS_MAX 64u
#define CALLS_MAX   4096u

static const struct hook marker_hook = {"marker", HOOK_MARKER, 0};

static struct {
	struct hook *regions;
	uint32_t region_count;
	Addr markers[MARKERS_MAX];
	uint32_t marker_count;
} added;

/* ---- finding ---- */

static const HChar *skip(const HChar *name, const HChar *prefix)
{
	SizeT length = VG_(strlen)(prefix);

	return VG_(strncmp)(name, prefix, length) ? name : name + length;
}

static bool same_name(const HChar *symbol, const HChar *name)
{
	SizeT length = VG_(strlen)(name);

	return !VG_(strncmp)(symbol, name, length) &&
	       (!symbol[length] || symbol[length] == '@');
}

bool hooks_same_function(const HChar *symbol, const HChar *name)
{
	/* Of C++: with its parameters, unless the name has them too. */
	return same_name(symbol, name) ||
	       (!VG_(strncmp)(symbol, name, VG_(strlen)(name)) &&
		symbol[VG_(strlen)(name)] == '(');
}

/*
 * operator new and delete in all their forms, as the symbol is demangled. They count as what
 * allocates even if they do not end in malloc(), as in jemalloc and the like. Not the forms that only
 * place an object in memory that is there.
 */
static const struct hook *find_operator(const HChar *symbol)
{
	static const struct hook new_hook = {"operator new", HOOK_MALLOC, 0};
	static const struct hook delete_hook = {"operator delete", HOOK_FREE, 0};
	const HChar *name = skip(symbol, "operator ");
	const HChar *parameters;

	if (name == symbol)
		return NULL;
	parameters = skip(skip(name, "new"), "[]");
	if (skip(parameters, "(unsigned long") != parameters)
		return VG_(strcmp)(parameters, "(unsigned long, void*)") ? &new_hook
									 : NULL;
	parameters = skip(skip(name, "delete"), "[]");
	if (skip(parameters, "(void*") != parameters)
		return VG_(strcmp)(parameters, "(void*, void*)") ? &delete_hook : NULL;
	return NULL;
}

static const struct hook *find_by_name(const HChar *symbol)
{
	for (uint32_t i = 0; i < added.region_count; i++)
		if (hooks_same_function(symbol, added.regions[i].name))
			return &added.regions[i];
	while (*symbol == '_')
		symbol++;
	symbol = skip(symbol, "GI_");
	while (*symbol == '_')
		symbol++;
	symbol = skip(symbol, "libc_");
	for (size_t i = 0; i < KNOWN; i++)
		if (same_name(symbol, known[i].name))
			return &known[i];
	return find_operator(symbol);
}

const struct hook *hooks_find(Addr address)
{
	const HChar *name;

	for (uint32_t i = 0; i < added.marker_count; i++)
		if (added.markers[i] == address)
			return &marker_hook;
	if (!VG_(get_fnname_if_entry)(VG_(current_DiEpoch)(), address, &name))
		return NULL;
	return find_by_name(name);
}

bool hooks_is_region(const struct hook *hook)
{
	return hook->kind == HOOK_REGION;
}

bool hooks_locks(const struct hook *hook)
{
	return hook->kind == HOOK_LOCK;
}

UWord hooks_stay(UWord address)
{
	return schedule_stays(threads.current, address);
}

void hooks_add_region(const HChar *name, uint32_t region)
{
	added.regions = VG_(realloc)("autoperf.hooks", added.regions,
				     (added.region_count + 1) * sizeof(*added.regions));
	added.regions[added.region_count++] = (struct hook){name, HOOK_REGION, region};
}

void hooks_add_marker(Addr address)
{
	for (uint32_t i = 0; i < added.marker_count; i++)
		if (added.markers[i] == address)
			return;
	if (added.marker_count == MARKERS_MAX)
		return;
	added.markers[added.marker_count++] = address;
	/* It may have been translated without the hook. */
	VG_(discard_translations_safely)(address, 1, "autoperf marker");
}

/* ---- calls ---- */

static bool allocates(enum hook_kind kind)
{
	return kind <= HOOK_FREE;
}

static struct call *innermost(const struct thread *thread)
{
	return thread->call_count ? &thread->calls[thread->call_count - 1] : NULL;
}

bool hooks_synchronising(const struct thread *thread)
{
	const struct call *call = innermost(thread);

	if (!call)
		return false;
	switch (call->hook->kind) {
	case HOOK_LOCK:
	case HOOK_LOCK_SHARED:
	case HOOK_TRY:
	case HOOK_TRY_SHARED:
	case HOOK_UNLOCK:
	case HOOK_BARRIER:
	case HOOK_SEMAPHORE_WAIT:
	case HOOK_SEMAPHORE_POST:
		return true;
	default:
		return false;
	}
}

static void lock(struct thread *thread, uint64_t address, uint64_t flags)
{
	THREAD_APPEND(thread, LOG_LOCK, address, thread_order(), flags);
}

static void unlock(struct thread *thread, uint64_t address)
{
	THREAD_APPEND(thread, LOG_UNLOCK, address);
	schedule_unlocked(thread, address);
}

/* What is left to undo of a call that did not return. */
static void abandon(struct thread *thread, const struct call *call)
{
	if (call->hook->kind == HOOK_LOCK || call->hook->kind == HOOK_LOCK_SHARED ||
	    call->hook->kind == HOOK_UNLOCK)
		unlock(thread, call->arguments[0]);
	if (call->hook->kind == HOOK_MARKER)
		thread_unmute(thread);
	if (call->hook->kind == HOOK_REGION && thread->region_depth)
		THREAD_APPEND(thread, LOG_FRAMES_DROP, FRAMES_FUNCTIONS,
			      --thread->region_depth);
}

static struct call *push(struct thread *thread, const struct hook *hook,
			 UWord stack_pointer)
{
	struct call *call;

	while ((call = innermost(thread)) && call->stack_pointer <= stack_pointer) {
		abandon(thread, call);
		thread->call_count--;
	}
	if (thread->call_count == CALLS_MAX)
		return NULL;
	if (thread->call_count == thread->call_capacity) {
		thread->call_capacity =
			thread->call_capacity ? 2 * thread->call_capacity : 16;
		thread->calls =
			VG_(realloc)("autoperf.calls", thread->calls,
				     thread->call_capacity * sizeof(*thread->calls));
	}
	call = &thread->calls[thread->call_count++];
	call->hook = hook;
	call->stack_pointer = stack_pointer;
	/* A stack that a function has just been called on can be read. */
	call->return_to = *(const uint64_t *)stack_pointer;
	call->arguments[0] = call->arguments[1] = 0;
	call->where = NULL;
	cursor.return_to = call->return_to;
	return call;
}

static ExeContext *stack_of(const struct thread *thread)
{
	return VG_(record_ExeContext)(thread->tid, 0);
}

static bool is_readable(UWord address, SizeT bytes)
{
	return VG_(am_is_valid_for_client)(address, bytes, VKI_PROT_READ);
}

/* The value in a semaphore of glibc; where there is none the program is about to find out. */
static uint64_t semaphore_value(UWord address)
{
	return is_readable(address, sizeof(uint32_t))
		       ? *(const volatile uint32_t *)address
		       : 0;
}

static void enter(struct thread *thread, struct call *call, const UWord *arguments)
{
	call->arguments[0] = arguments[0];
	call->arguments[1] = arguments[1];
	switch (call->hook->kind) {
	case HOOK_REALLOC:
		/* Said before it is free: then another thread cannot have got it yet. */
		call->where = stack_of(thread);
		if (arguments[0])
			THREAD_APPEND(thread, LOG_FREE, arguments[0]);
		break;
	case HOOK_FREE:
		if (arguments[0])
			THREAD_APPEND(thread, LOG_FREE, arguments[0]);
		break;
	case HOOK_CALLOC:
		call->arguments[0] = arguments[0] * arguments[1];
		call->where = stack_of(thread);
		break;
	case HOOK_POSIX_MEMALIGN:
		call->arguments[1] = arguments[2];
		call->where = stack_of(thread);
		break;
	case HOOK_MALLOC:
	case HOOK_MEMALIGN:
		call->where = stack_of(thread);
		break;
	case HOOK_LOCK:
		lock(thread, arguments[0], 0);
		break;
	case HOOK_LOCK_SHARED:
		lock(thread, arguments[0], LOCK_SHARED);
		break;
	case HOOK_WAIT:
		unlock(thread, arguments[1]);
		break;
	case HOOK_BARRIER_INIT:
		THREAD_APPEND(thread, LOG_BARRIER_SET, arguments[0],
			      (uint32_t)arguments[2]);
		break;
	case HOOK_BARRIER:
		THREAD_APPEND(thread, LOG_BARRIER_ARRIVE, arguments[0]);
		break;
	case HOOK_SEMAPHORE_INIT:
		THREAD_APPEND(thread, LOG_SEMAPHORE_SET, arguments[0],
			      (uint32_t)arguments[2]);
		break;
	case HOOK_SEMAPHORE_WAIT:
		call->arguments[1] = semaphore_value(arguments[0]);
		break;
	case HOOK_SEMAPHORE_POST:
		THREAD_APPEND(thread, LOG_SEMAPHORE_POST, arguments[0],
			      semaphore_value(arguments[0]));
		break;
	case HOOK_REGION:
		region_enter(thread, call->hook->region);
		break;
	case HOOK_MARKER:
		thread_mute(thread);
		break;
	case HOOK_TRY:
	case HOOK_TRY_SHARED:
	case HOOK_UNLOCK:
		break;
	}
}

void hooks_entered(const struct hook *hook, UWord first, UWord second, UWord third,
		   UWord stack_pointer)
{
	struct thread *thread = threads.current;
	const UWord arguments[] = {first, second, third};
	const struct call *outer = innermost(thread);
	struct call *call;

	/* An allocator that calls itself, or a tail call: the outer one counts. */
	if (outer && allocates(outer->hook->kind) && allocates(hook->kind) &&
	    outer->stack_pointer >= stack_pointer)
		return;
	call = push(thread, hook, stack_pointer);
	if (call)
		enter(thread, call, arguments);
}

static void allocated(struct thread *thread, UWord address, UWord bytes,
		      ExeContext *where)
{
	if (address)
		THREAD_APPEND(thread, LOG_ALLOCATE, address, bytes, (uintptr_t)where);
}

static void leave(struct thread *thread, const struct call *call, UWord result)
{
	const uint64_t *arguments = call->arguments;
	int code = (int)result;

	switch (call->hook->kind) {
	case HOOK_MALLOC:
	case HOOK_CALLOC:
		allocated(thread, result, arguments[0], call->where);
		break;
	case HOOK_REALLOC:
	case HOOK_MEMALIGN:
		allocated(thread, result, arguments[1], call->where);
		break;
	case HOOK_POSIX_MEMALIGN:
		if (!code && is_readable(arguments[0], sizeof(UWord)))
			allocated(thread, *(const UWord *)arguments[0], arguments[1],
				  call->where);
		break;
	case HOOK_LOCK:
	case HOOK_LOCK_SHARED:
		schedule_locked(thread, arguments[0],
				call->hook->kind == HOOK_LOCK_SHARED);
		if (code && code != OWNER_DIED)
			unlock(thread, arguments[0]);
		break;
	case HOOK_TRY:
	case HOOK_TRY_SHARED:
		if (code && code != OWNER_DIED)
			break;
		schedule_locked(thread, arguments[0],
				call->hook->kind == HOOK_TRY_SHARED);
		lock(thread, arguments[0],
		     call->hook->kind == HOOK_TRY_SHARED ? LOCK_SHARED | LOCK_TRIED
							 : LOCK_TRIED);
		break;
	case HOOK_WAIT: /* has locked again, whatever it returns */
		schedule_locked(thread, arguments[1], false);
		lock(thread, arguments[1], LOCK_TRIED);
		break;
	case HOOK_BARRIER:
		THREAD_APPEND(thread, LOG_BARRIER_LEAVE, arguments[0], thread_order());
		break;
	case HOOK_SEMAPHORE_WAIT:
		if (!code)
			THREAD_APPEND(thread, LOG_SEMAPHORE_WAIT, arguments[0],
				      thread_order(), arguments[1]);
		break;
	case HOOK_REGION:
		region_leave(thread);
		break;
	case HOOK_MARKER:
		thread_unmute(thread);
		break;
	case HOOK_UNLOCK:
		unlock(thread, arguments[0]);
		break;
	case HOOK_FREE:
	case HOOK_BARRIER_INIT:
	case HOOK_SEMAPHORE_INIT:
	case HOOK_SEMAPHORE_POST:
		break;
	}
}

void hooks_returned(UWord result, UWord stack_pointer)
{
	struct thread *thread = threads.current;
	struct call *call = innermost(thread);
	struct call done;

	/* A function that was called by a hooked one may return to the same place. */
	if (!call || call->stack_pointer + sizeof(UWord) != stack_pointer)
		return;
	done = *call;
	thread->call_count--;
	call = innermost(thread);
	cursor.return_to = call ? call->return_to : 0;
	leave(thread, &done, result);
}
