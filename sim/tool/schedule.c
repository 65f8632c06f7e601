/* SPDX-License-Identifier: MIT */
/*
 * Valgrind lets one thread execute at a time, for as many blocks as its counter allows, and then
 * the one that has waited longest. Here the counter is cut down so that no thread comes further in
 * virtual time than a window ahead of the one that is last. The replay can then interleave what
 * they did, and what they see of each other is not older than the window.
 */
#include "tool/schedule.h"

#include <pub_tool_guest.h>
#include <pub_tool_machine.h>
#include <pub_tool_tooliface.h>

#include "tool/direct.h"
#include "tool/futex.h"
#include "tool/gate.h"
#include "tool/instrument.h"
#include "tool/main.h"
#include "tool/region.h"
#include "tool/replay.h"
#include "tool/spin.h"

/* Logs of all threads together; beyond it the order is no longer waited for. */
#define PENDING_WORDS_MAX (6u << 20)
/* Before it is known how fast a thread goes. */
#define CYCLES_PER_BLOCK 16
/*
 * Nobody takes the turns that threads ahead of their time give up: sleep, then try again; twice as
 * long each time up to a limit, because each try executes a block.
 */
#define IDLE_NANOSECONDS 20000
#define IDLE_DOUBLINGS   7u
/* So often in a row, half a second: the one that is waited for does not come. */
#define IDLE_MAX 200

/* coregrind/pub_core_transtab.h: while a client request is handled. */
extern Bool VG_(ok_to_discard_translations);

/*
 * The hand-over between threads costs as much as the simulation of so many blocks. Who waits for
 * cache lines all the time comes through few in a window; he gets more, unless locks make it matter
 * what the others see of him. The longer nobody has locked anything, nor spun, the less it seems to
 * matter: turns grow.
 */
#define TURN_BLOCKS_MIN 500
#define TURN_BLOCKS_MAX 4000
#define TURNS_TO_GROW   8u
/*
 * However far behind a thread is. How fast it is going to be is an estimate, and one that comes too
 * far ahead makes the others' next turns long as well. What is logged in a turn also should not have
 * left the host's nearer caches when it is replayed.
 */
#define TURN_BLOCKS_CATCH_UP 8000
/* Of a turn outside regions, where virtual time stands still; a thread may be spinning. */
#define OUTSIDE_BLOCKS 20000
/* Logged outside regions before the logging is taken out: about 0.2 s. */
#define OUTSIDE_WORDS_MIN (64u << 20)

static struct {
	bool entered;      /* a region has been begun in this turn */
	uint64_t patience; /* words; 0: never been in a region */
} outside;

static struct thread *last_started;
static uint32_t starved; /* turns in a row of threads ahead of their time */
static uint32_t idled;
static uint32_t calm; /* turns in a row that were longer than a window, without locks */

static UInt blocks_left(ThreadId tid)
{
	UInt count = 0;

	VG_(get_shadow_regs_area)
	(tid, (UChar *)&count, 0, offsetof(VexGuestArchState, host_EvC_COUNTER),
	 sizeof(count));
	return count;
}

static void set_blocks_left(ThreadId tid, UInt count)
{
	VG_(set_shadow_regs_area)
	(tid, 0, offsetof(VexGuestArchState, host_EvC_COUNTER), sizeof(count),
	 (const UChar *)&count);
}

uint64_t schedule_front(const struct thread *thread)
{
	uint64_t front = thread_clock(thread);
	uint64_t words = thread_pending(thread), muted = thread->muted_words;

	if (thread->mutes)
		muted += thread_logged(thread) - thread->muted_from;
	words -= muted < words ? muted : words;
	if (thread->replayed_words)
		words = words * thread->replayed_cycles / thread->replayed_words;
	front += words;
	return front > thread->floor ? front : thread->floor;
}

void schedule_woken(struct thread *thread, const struct thread *waker)
{
	uint64_t front = schedule_front(waker), clock = thread_clock(waker);

	if (thread->state == THREAD_WAITING)
		thread->state = THREAD_RUNNABLE;
	if (thread->floor < front)
		thread->floor = front;
	if (thread->woken_after < clock)
		thread->woken_after = clock;
}

/* The front of the last runnable thread but this one; `kept`: those kept before a lock count. */
static uint64_t others_front(const struct thread *self, bool kept)
{
	uint64_t last = UINT64_MAX;

	for (struct thread *thread = threads.first; thread; thread = thread->next) {
		uint64_t front;

		if (thread == self || !thread->live || !thread->born || thread->held ||
		    (thread->kept_before && !kept) || thread->state != THREAD_RUNNABLE)
			continue;
		front = schedule_front(thread);
		if (front < last)
			last = front;
	}
	return last;
}

/* Blocks in which about `cycles` pass. */
static UInt blocks_in(const struct thread *thread, uint64_t cycles)
{
	uint64_t blocks = cycles / CYCLES_PER_BLOCK;

	if (thread->replayed_cycles)
		blocks = cycles * thread->replayed_blocks / thread->replayed_cycles;
	if (blocks > TURN_BLOCKS_CATCH_UP)
		return TURN_BLOCKS_CATCH_UP;
	return blocks < 1 ? 1 : (UInt)blocks;
}

/*
 * Critical sections should not be cut in two. The turn of a thread that locks is therefore a little
 * longer and ends early with an unlocking, or before the next locking. If it ends within a critical
 * section all the same, the thread gets a few more, short ones; threads that are about to lock the
 * same stay where they are (gate.c).
 */
#define OVERTIME_TURNS 32u
#define OVERTIME_SHARE 4u /* of a window */
/* Turns in which a thread may be kept before a lock: it may have been freed without unlocking. */
#define KEPT_MAX 2000u

static bool holds_locks(const struct thread *thread)
{
	return thread->locks_held || thread->locks_shared;
}

static UInt overtime_blocks(const struct thread *thread)
{
	return blocks_in(thread, (uint64_t)tool.window / OVERTIME_SHARE);
}

/* All others wait in the kernel, or are kept before locks: an unlocking matters to them, not time. */
static bool goes_on_alone(const struct thread *self)
{
	for (const struct thread *thread = threads.first; thread; thread = thread->next)
		if (thread != self && thread->live && !thread->kept_before &&
		    thread->state != THREAD_WAITING)
			return false;
	return true;
}

/*
 * The more threads wait for each other, the longer it takes until what one of them has executed can be
 * replayed, and the more turns are in vain: so the window is longer by itself for so many of them.
 */
#define WAITING_PER_WINDOW 8u

static uint64_t window_length(void)
{
	uint64_t waiting = 0;

	for (const struct thread *thread = threads.first; thread; thread = thread->next)
		waiting += thread->held || thread->kept_before;
	return (uint64_t)tool.window * (1 + waiting / WAITING_PER_WINDOW);
}

/* A thread that is that far ahead goes on all the same, to unlock. */
static bool gets_overtime(const struct thread *thread, uint64_t front, uint64_t window)
{
	uint64_t others;

	if (!holds_locks(thread))
		return false;
	if (thread->overtime < OVERTIME_TURNS)
		return true;
	/* Those whom it keeps waiting are not waited for. */
	others = others_front(thread, false);
	return others == UINT64_MAX || front < others + window;
}

bool schedule_stays(struct thread *thread, uint64_t address)
{
	bool over = blocks_left(thread->tid) <= thread->grace && !holds_locks(thread);

	if (threads.live == 1 || thread->kept >= KEPT_MAX ||
	    (!over && gate_pass(thread, address))) {
		thread->kept_before = 0;
		thread->kept = 0;
		return false;
	}
	thread->locking = true;
	thread->kept_before = address;
	set_blocks_left(thread->tid, 0);
	return true;
}

void schedule_locked(struct thread *thread, uint64_t address, bool shared)
{
	thread->locking = true;
	if (shared)
		thread->locks_shared++;
	else
		gate_taken(thread, address);
}

/* Some thread is kept before that lock. */
static bool is_wanted(uint64_t address)
{
	for (const struct thread *thread = threads.first; thread; thread = thread->next)
		if (thread->kept_before == address)
			return true;
	return false;
}

void schedule_unlocked(struct thread *thread, uint64_t address)
{
	if (!gate_left(address) && thread->locks_shared)
		thread->locks_shared--;
	if (holds_locks(thread)) {
		if (thread->overtime && is_wanted(address))
			set_blocks_left(thread->tid, 1);
		return;
	}
	if (thread->overtime || blocks_left(thread->tid) <= thread->grace)
		set_blocks_left(thread->tid, 1);
	thread->overtime = 0;
	thread->grace = 0;
}

/* It stays where it is. `ahead`: of its time. */
static bool is_kept(struct thread *thread, bool ahead)
{
	if (!thread->kept_before || thread->kept >= KEPT_MAX)
		return false;
	thread->kept++;
	return ahead || !gate_pass(thread, thread->kept_before);
}

/* The least that a thread that does not lock is given. */
static UInt least_turn(void)
{
	UInt blocks = TURN_BLOCKS_MIN * (1 + calm / TURNS_TO_GROW);

	return blocks < TURN_BLOCKS_MAX ? blocks : TURN_BLOCKS_MAX;
}

/*
 * At least one block: Valgrind may be about to execute one that must not be put off (a function
 * without its redirection). None for a thread that is kept: it is somewhere else.
 */
static UInt allowance(struct thread *thread)
{
	uint64_t others = others_front(thread, true);
	uint64_t front = schedule_front(thread);
	uint64_t window = window_length();
	bool ahead = others != UINT64_MAX && front >= others + window;
	bool overtime = ahead && gets_overtime(thread, front, window);
	UInt blocks;

	thread->grace = 0;
	if (is_kept(thread, ahead && !overtime))
		return 0;
	if (overtime) {
		thread->overtime++;
		return goes_on_alone(thread) ? TURN_BLOCKS_MAX
					     : overtime_blocks(thread);
	}
	if (ahead)
		return 1;
	blocks = blocks_in(thread,
			   others == UINT64_MAX ? window : others + window - front);
	if (thread->locking || holds_locks(thread))
		calm = 0;
	if (thread->locking) {
		thread->grace = overtime_blocks(thread);
	} else if (blocks < least_turn() && !holds_locks(thread)) {
		blocks = least_turn();
		calm++;
	}
	thread->locking = false;
	return blocks + thread->grace;
}

static void idle(void)
{
	uint32_t doublings = idled % IDLE_MAX;
	struct vki_timespec pause = {0, IDLE_NANOSECONDS};

	starved = 0; /* all others have a turn first */
	if (doublings > IDLE_DOUBLINGS)
		doublings = IDLE_DOUBLINGS;
	pause.tv_nsec <<= doublings;
	system_call(__NR_nanosleep, (UWord)&pause, 0, 0, 0);
	if (++idled % IDLE_MAX)
		return;
	for (struct thread *thread = threads.first; thread; thread = thread->next)
		if (thread->in_call && thread->state == THREAD_RUNNABLE) {
			thread->state = THREAD_WAITING;
			futex_doubt(thread);
		}
}

void schedule_ended(const struct thread *thread)
{
	if (last_started == thread)
		last_started = NULL;
}

static uint64_t all_pending(void)
{
	uint64_t words = 0;

	for (struct thread *thread = threads.first; thread; thread = thread->next)
		words += (uint64_t)(thread->log.written - thread->log.read);
	return words;
}

/* Replays; no log is current. */
static void replay(void)
{
	if (threads.count == 1)
		replay_alone(threads.first);
	else
		replay_merge(all_pending() > PENDING_WORDS_MAX ? REPLAY_ALL
							       : REPLAY_SAFE);
	if (threads.count == 1)
		blocks_collect();
}

static void switch_to(struct thread *thread)
{
	if (threads.current)
		log_leave(&threads.current->log);
	threads.current = NULL;
	if (last_started)
		spin_look_around(last_started);
	if (thread->state == THREAD_SPINNING)
		spin_look_again(thread);
	replay();
	if (threads.live == 1)
		thread->log.look_at = UINT64_MAX;
	else if (thread->log.look_at == UINT64_MAX)
		log_look_after(&thread->log, LOG_LOOK_WORDS);
	thread->turn_start = log_position(&thread->log, thread->log.written);
	thread_enter(thread);
}

/* Nothing of what is executed now is to be simulated, nor will be soon. */
static bool is_outside(void)
{
	for (struct thread *thread = threads.first; thread; thread = thread->next)
		if (region_executes(thread) || thread->state == THREAD_SPINNING)
			return false;
	return replay_passed_over() > outside.patience;
}

/*
 * With --warm=off, what is outside regions should cost nothing; but to leave the blocks' code out,
 * or to put it in, all of it must be translated anew. So it stays for some time after a region, for
 * twice as long after each time it had to be put in again.
 */
static void enter_regions(void)
{
	outside.entered = false;
	outside.patience = outside.patience ? 2 * outside.patience : OUTSIDE_WORDS_MIN;
	instrument_blocks(true);
}

void schedule_region(const struct thread *thread)
{
	if (instrument_blocks_wanted())
		return;
	if (VG_(ok_to_discard_translations)) {
		enter_regions();
	} else {
		outside.entered = true;
		set_blocks_left(thread->tid, 1); /* ends its turn */
	}
}

/* The only thread goes on without a log. */
static void go_direct(struct thread *thread)
{
	bool current = threads.current == thread;

	if (current)
		log_leave(&thread->log);
	replay_alone(thread);
	direct_start(thread);
	instrument_anew();
	if (current)
		log_enter(&thread->log);
}

void schedule_stop(ThreadId tid, ULong blocks)
{
	(void)tid, (void)blocks;
	direct_settle();
	if (outside.entered)
		enter_regions();
	else if (!tool.warm && instrument_blocks_wanted() && is_outside())
		instrument_blocks(false);
	else if (threads.count == 1 && direct_is_due())
		go_direct(threads.first);
}

void schedule_start(ThreadId tid, ULong blocks)
{
	struct thread *thread = thread_find(tid);
	UInt allowed;

	(void)blocks;
	if (!thread)
		return;
	if (thread != threads.current || thread->state == THREAD_SPINNING)
		switch_to(thread);
	if (threads.live == 1 && threads.count == 1) {
		if (direct.on)
			blocks_collect();
		last_started = thread;
		return;
	}
	if (thread->state == THREAD_SPINNING) {
		allowed = 1;
		calm = 0;
	} else if (instrument_blocks_wanted()) {
		allowed = allowance(thread);
	} else {
		allowed = is_kept(thread, false) ? 0 : OUTSIDE_BLOCKS;
	}
	if (allowed > 1)
		starved = idled = 0;
	else if (thread == last_started || ++starved > threads.live)
		idle();
	last_started = thread;
	if (blocks_left(tid) > allowed)
		set_blocks_left(tid, allowed);
}

void log_full(void)
{
	struct thread *thread = threads.current;
	struct log *log = &thread->log;

	log_leave(log);
	threads.current = NULL;
	if (threads.count == 1) {
		direct_note_alone((uint64_t)(log->written - log->read));
		replay_alone(thread);
		blocks_collect();
	} else {
		if (spin_look(thread))
			set_blocks_left(thread->tid, 1);
		if (log_is_full(log))
			replay();
		if (log_is_full(log))
			log_make_room(log);
	}
	threads.current = thread;
	log_enter(log);
}

void schedule_drain(void)
{
	struct thread *current = threads.current;

	if (current)
		log_leave(&current->log);
	threads.current = NULL;
	replay_merge(REPLAY_ALL);
	if (current)
		thread_enter(current);
}
