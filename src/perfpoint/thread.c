/* SPDX-License-Identifier: MIT */
/*
 * Threads: seen for the first time at their first marker, let go by a thread-specific
 * destructor. Structures are recycled with their half-used block, so that a program which
 * makes a million short threads, one after the other, needs the memory and the file space of
 * those alive at once.
 */
#include "perfpoint/budget.h"
#include "perfpoint/runtime.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BLOCK_FIRST RECORDING_BLOCK_UNIT
/* Frames for which memory is there from the beginning, so that no region has to fault it in. */
#define FRAMES_READY 32u

static struct budget_region nobodys_regions[BUDGET_TRIAL + 2];

/* A thread that has no regions and whose gate is closed, so that markers need not ask. */
static struct {
	unsigned char below[FRAME_BYTES(RECORDING_EVENTS_MAX)];
	struct thread thread;
} nobody = {
	.thread = {.top = (void *)nobody.thread.closed, .regions = nobodys_regions}};
struct thread *const thread_nobody = &nobody.thread;
__thread struct thread *thread_current __attribute__((tls_model("initial-exec"))) =
	&nobody.thread;

/* Set while this thread is being attached: a marker in a signal handler then must not attach
 * it again. DONE: its destructor has run; markers in later destructors are not measured. */
enum attachment { ATTACH_NO, ATTACH_NOW, ATTACH_DONE };
static __thread volatile enum attachment attachment
	__attribute__((tls_model("initial-exec")));
/* For jumps: the stack pointer of what attaches, and the thread's cancelability before. */
static __thread uintptr_t attachment_frame __attribute__((tls_model("initial-exec")));
static __thread int attachment_cancel __attribute__((tls_model("initial-exec")));

/* The thread's cancelability before thread_hold_cancel(). glibc stores it before it changes it. */
#define NOT_HELD (-1)
static __thread int held_cancel __attribute__((tls_model("initial-exec"))) = NOT_HELD;

void thread_hold_cancel(void)
{
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &held_cancel);
	atomic_signal_fence(memory_order_seq_cst);
}

void thread_release_cancel(void)
{
	if (held_cancel != NOT_HELD)
		pthread_setcancelstate(held_cancel, NULL);
	atomic_signal_fence(memory_order_seq_cst);
	held_cancel = NOT_HELD;
}

/* In the lock: others wait for it. Kernel ids are smaller. */
#define LOCK_WAITERS 0x80000000u

static uint32_t own_id(void)
{
	return (uint32_t)syscall(SYS_gettid);
}

static void lock_futex(int operation, uint32_t value)
{
	syscall(SYS_futex, &process.page->lock, operation, value, NULL, NULL, 0);
}

void thread_lock(void)
{
	_Atomic uint32_t *lock = &process.page->lock;
	uint32_t mine = own_id(), found = 0;

	while (!atomic_compare_exchange_strong(lock, &found, mine)) {
		/* Who has waited cannot know whether others still do. */
		mine |= LOCK_WAITERS;
		if (found & LOCK_WAITERS ||
		    atomic_compare_exchange_strong(lock, &found, found | LOCK_WAITERS))
			lock_futex(FUTEX_WAIT_PRIVATE, found | LOCK_WAITERS);
		found = 0;
	}
}

void thread_unlock(void)
{
	if (atomic_exchange(&process.page->lock, 0) & LOCK_WAITERS)
		lock_futex(FUTEX_WAKE_PRIVATE, 1);
}

static bool holds_lock(void)
{
	return (atomic_load(&process.page->lock) & ~LOCK_WAITERS) == own_id();
}

void thread_abandon(struct thread *thread, uint32_t depth)
{
	while (unlikely(thread->depth > depth)) {
		struct frame *frame = thread_innermost(thread);

		frame->armed = FRAME_NONE;
		frame->token = 0;
		/* Here they count although no sample comes of them. */
		self_cost_widen(thread_parent(frame));
		thread->depth--;
		process_lose(RECORDING_LOSS_NOT_ENDED);
	}
}

static size_t round_up(size_t bytes, size_t unit)
{
	return (bytes + unit - 1) / unit * unit;
}

/* Of the frame that is no region and of those that may be. */
static size_t frames_bytes(void)
{
	return (size_t)(DEPTH_MAX + 1) * process.frame_bytes;
}

/*
 * Reserves memory around an address as of FRAMES_AREA(), so much before and behind it, whole pages;
 * returns that address, or NULL.
 */
static unsigned char *reserve_around(size_t before, size_t behind)
{
	size_t area = process.frames_area;
	unsigned char *memory, *middle, *end;

	memory = mmap(NULL, 4 * area, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	end = memory + 4 * area;
	middle = memory + (2 * area - (uintptr_t)memory % (2 * area)) + area;
	munmap(memory, (size_t)(middle - before - memory));
	munmap(middle + behind, (size_t)(end - middle - behind));
	return middle;
}

/* What raw samples of each depth have in common. */
static void prepare_frames(struct thread *thread)
{
	for (uint32_t depth = 0; depth < DEPTH_MAX; depth++) {
		const struct recording_sample sample = {
			.flags = RECORDING_SAMPLE_CPU_TIME | RECORDING_SAMPLE_RAW,
			.running_share = UINT16_MAX,
			.depth = (uint16_t)depth,
			.one_in = 1,
		};

		memcpy(&thread_frame(thread, depth)->sample_tail, &sample,
		       sizeof(uint64_t));
	}
}

void thread_wipe(struct thread *thread)
{
	memset(thread->frames - process.frame_bytes, 0, frames_bytes());
	memset(thread->regions, 0, sizeof(nobodys_regions));
}

/* A piece of reserved memory. Zeros. */
static bool take(unsigned char *memory, size_t bytes, int flags)
{
	return mmap(memory, bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | flags, -1,
		    0) != MAP_FAILED;
}

static struct thread *thread_new(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t reading_bytes = READING_WORDS_MAX * sizeof(uint64_t);
	size_t scratch_bytes = 3 * reading_bytes;
	size_t below_bytes = round_up(process.frame_bytes, 64);
	size_t head_bytes = round_up(sizeof(struct thread), 64);
	size_t trial_bytes = sizeof(struct recording_block) +
			     (size_t)TRIAL_SAMPLES * process.sample_bytes;
	size_t before = round_up(frames_bytes(), page);
	size_t behind =
		round_up(below_bytes + head_bytes + scratch_bytes + trial_bytes, page);
	unsigned char *middle = reserve_around(before, behind), *memory;
	struct thread *thread;

	if (!middle)
		return NULL;
	/* Populated: first use must not be a page fault inside a region. */
	if (!take(middle - before, before, 0) || !take(middle, behind, MAP_POPULATE)) {
		munmap(middle - before, before + behind);
		return NULL;
	}
	madvise(middle - before, before, MADV_WIPEONFORK);
	memory = middle + below_bytes;
	thread = (struct thread *)(void *)memory;
	thread->frames = middle - (size_t)DEPTH_MAX * process.frame_bytes;
	memset(thread->frames - process.frame_bytes, 0,
	       (size_t)FRAMES_READY * process.frame_bytes);
	if (!budget_make(thread)) {
		munmap(middle - before, before + behind);
		return NULL;
	}
	thread->scratch = (uint64_t *)(void *)(memory + head_bytes);
	for (int i = 0; i < 2; i++)
		thread->pause[i] =
			(uint64_t *)(void *)(memory + head_bytes +
					     (size_t)(i + 1) * reading_bytes);
	memory += head_bytes + scratch_bytes;
	thread->trial = (struct recording_block *)(void *)memory;
	thread->block_bytes = BLOCK_FIRST;
	return thread;
}

static void list(struct thread *thread)
{
	thread->next = atomic_load(&process.threads);
	atomic_store(&process.threads, thread);
}

/* A recycled structure or a new one, on the list; the lock is held. */
static struct thread *thread_take(void)
{
	struct thread *thread = atomic_load(&process.threads);

	while (thread && atomic_load(&thread->in_use))
		thread = thread->next;
	if (!thread) {
		thread = thread_new();
		if (!thread)
			return NULL;
		list(thread);
	}
	atomic_store(&thread->reports, false);
	atomic_store(&thread->in_use, true);
	return thread;
}

/* Bounds of the calling thread's stack, for longjmp (unwind.c). */
static void find_stack(struct thread *thread)
{
	pthread_attr_t attributes;
	void *low;
	size_t bytes;

	thread->stack_low = thread->stack_high = 0;
	if (pthread_getattr_np(pthread_self(), &attributes))
		return;
	if (!pthread_attr_getstack(&attributes, &low, &bytes)) {
		thread->stack_low = (uintptr_t)low;
		thread->stack_high = (uintptr_t)low + bytes;
	}
	pthread_attr_destroy(&attributes);
}

/* Gives the thread its place in this process's recording and opens its counters. */
static void thread_join_recording(struct thread *thread)
{
	pid_t tid = (pid_t)syscall(SYS_gettid);
	char text[512] = "";
	int result;

	thread->joined_cpu_ns = budget_cpu_ns();
	thread->index =
		__atomic_fetch_add(&process.header->thread_count, 1, __ATOMIC_RELAXED);
	/* Kernel ids are a convenience: a million short threads must not take the regions' room. */
	if (__atomic_load_n(&process.header->names_used, __ATOMIC_RELAXED) <
	    process.header->names_bytes / 4)
		writer_name(RECORDING_NAME_THREAD, thread->index, (uint64_t)tid, "");
	result = counters_open(thread, text, sizeof(text));
	thread->counting = result == 0;
	if (result)
		complain(COMPLAINT_COUNTERS, -result,
			 "cannot open counters for thread %ld: %s; its regions are "
			 "counted as "
			 "lost",
			 (long)tid, text);
	find_stack(thread);
	prepare_frames(thread);
	budget_attach(thread);
}

/*
 * What a fork left in the structures of threads that the child does not have. The one that forked
 * may come later: which is its structure is not known before, so that none is recycled.
 */
static void drop_parents_threads(const struct thread *self)
{
	for (struct thread *thread = atomic_load(&process.threads); thread;
	     thread = thread->next) {
		counters_close(thread, true);
		thread->counting = false;
		/* Blocks were not copied into the child (MADV_DONTFORK): forget them. */
		thread->block = NULL;
		thread->write = thread->limit = thread->tallied = NULL;
		thread->block_bytes = BLOCK_FIRST;
		thread_update_depth(thread);
		if (self && thread != self) {
			thread->depth = thread->overflow = 0;
			atomic_store(&thread->in_use, false);
		}
	}
	if (!self)
		atomic_store(&process.threads, NULL);
}

/* The structure is on the list: false when others of the child were recorded before it. */
static bool is_listed(const struct thread *wanted)
{
	const struct thread *thread = atomic_load(&process.threads);

	while (thread && thread != wanted)
		thread = thread->next;
	return thread;
}

/*
 * The calling thread's structure, new or, after a fork, that of the same thread in the parent
 * (`self`), whose regions are no more. Its gate is closed; the lock is held.
 */
static struct thread *attach_locked(struct thread *self)
{
	uint32_t inherited = 0;

	if (self) {
		thread_close_gate(self);
		atomic_store(&self->reports, false);
	}
	if (atomic_load(&process.page->state) == PROCESS_NEW) {
		drop_parents_threads(self);
		process_start();
	}
	if (atomic_load(&process.page->state) != PROCESS_RECORDING)
		return NULL;
	if (self) {
		inherited = self->depth + self->overflow;
		if (!is_listed(self))
			list(self);
	} else {
		self = thread_take();
		if (!self)
			return NULL;
		/* Its last owner may have been cancelled in a marker. */
		self->top = thread_closed(self);
	}
	self->fast_frame = NULL;
	self->depth = self->overflow = 0;
	self->inherited = inherited;
	self->generation = process.generation;
	return self;
}

struct thread *thread_attach(void)
{
	struct thread *thread;
	int saved_errno = errno, cancel;

	if (attachment != ATTACH_NO ||
	    atomic_load(&process.page->state) == PROCESS_STOPPED) {
		process_lose(attachment == ATTACH_NOW ? RECORDING_LOSS_IN_SIGNAL
						      : RECORDING_LOSS_THREAD_ENDED);
		return NULL;
	}
	attachment_frame = (uintptr_t)__builtin_frame_address(0);
	attachment = ATTACH_NOW;
	atomic_signal_fence(memory_order_seq_cst);
	/* A handler's marker has attached it meanwhile. */
	if (unlikely(thread_recorded())) {
		attachment = ATTACH_NO;
		return NULL;
	}
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	attachment_cancel = cancel;
	thread_lock();
	thread = attach_locked(thread_self());
	thread_unlock();
	if (thread)
		thread_join_recording(thread);
	if (thread && pthread_setspecific(process.key, thread))
		complain(
			COMPLAINT_THREAD, ENOMEM,
			"cannot watch for the end of a thread; its counters stay open");
	pthread_setcancelstate(cancel, NULL);
	atomic_signal_fence(memory_order_seq_cst);
	thread_current = thread ? thread : &nobody.thread;
	if (!thread)
		attachment = ATTACH_NO;
	errno = saved_errno;
	return thread;
}

void thread_attached(struct thread *thread)
{
	atomic_signal_fence(memory_order_seq_cst);
	attachment = ATTACH_NO;
	thread_open_gate(thread);
}

/* Handlers may have a stack of their own, anywhere. */
static bool leaves(uintptr_t frame, uintptr_t target)
{
	stack_t other;

	if (!sigaltstack(NULL, &other) && other.ss_flags & SS_ONSTACK &&
	    target - (uintptr_t)other.ss_sp < other.ss_size)
		return false;
	return target > frame;
}

bool thread_leave_attachment(uintptr_t target)
{
	if (likely(attachment == ATTACH_NO))
		return true;
	if (!leaves(attachment_frame, target))
		return false;
	if (holds_lock())
		thread_unlock();
	if (attachment == ATTACH_DONE)
		return true;
	held_cancel = NOT_HELD;
	pthread_setcancelstate(attachment_cancel, NULL);
	/* Nothing is known of what it was doing; nobody will use the structure again. */
	thread_current = &nobody.thread;
	atomic_signal_fence(memory_order_seq_cst);
	attachment = ATTACH_NO;
	return true;
}

void thread_put_in_order(struct thread *thread)
{
	bool in_marker = thread_is_closed(thread);

	thread_close_gate(thread);
	if (likely(!in_marker))
		return;
	thread_release_cancel();
	thread->paused = false;
	if (!writer_room(thread))
		perf_give_up_raw(thread);
	budget_set_stop(thread);
}

/* Runs when a thread ends, on it. */
void thread_detach(void *argument)
{
	struct thread *thread = argument;

	attachment_frame = (uintptr_t)__builtin_frame_address(0);
	attachment = ATTACH_DONE;
	atomic_signal_fence(memory_order_seq_cst);
	thread_current = &nobody.thread;
	/* In a forked child that executed no marker all this is the parent's. */
	if (atomic_load(&process.page->state) != PROCESS_RECORDING ||
	    thread->generation != process.generation)
		return;
	thread_close_gate(thread);
	thread_abandon(thread, 0);
	thread_open_gate(thread);
	thread->overflow = thread->inherited = 0;
	if (process.header) {
		budget_report(thread, true);
		writer_publish(thread);
	}
	counters_close(thread, false);
	thread->counting = false;
	thread_lock();
	atomic_store(&thread->in_use, false);
	thread_unlock();
}
