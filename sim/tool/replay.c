/* SPDX-License-Identifier: MIT */
/*
 * The replay's two loops: one thread alone, its whole log at once; and several, merged.
 *
 * Merging: of all threads that have something logged and are not held, the one with the lowest
 * clock goes on until its clock passes the next one's, by a little. It stops at the clock of the
 * lowest runnable thread that has nothing logged, because that one may still do something before.
 */
#include "tool/replay.h"

#include "tool/heap.h"
#include "tool/main.h"
#include "tool/order.h"
#include "tool/region.h"
#include "tool/simulate.h"
#include "tool/spin.h"

/*
 * So far a thread goes on beyond the next one's clock while it only executes blocks: to change
 * threads at each of them costs as much as to simulate it. Less than any line takes from core to
 * core, so that no thread gets more out of a line than it would have.
 */
#define SLACK_CYCLES 24u
/* Cycles that entering and leaving the kernel costs. */
#define SYSTEM_CALL_CYCLES 300

static struct {
	struct thread **heap; /* by key, lowest first */
	uint32_t count, capacity;
	uint64_t time;
	bool resumed; /* a thread has been added: the lowest may be another one now */
} queue;

static uint64_t passed_over;

uint64_t replay_time(void)
{
	return queue.time;
}

uint64_t replay_passed_over(void)
{
	return passed_over;
}

/* ---- one record ---- */

static inline bool is_simulated(const struct thread *thread)
{
	return !thread->muted && (tool.warm || region_open_frames());
}

/* The references of an execution are counted when it begins. */
static void count_references(struct machine_thread *machine, const struct item *item,
			     const struct item *end)
{
	for (; item < end; item++)
		if (item_is_access(item)) {
			machine->counters[MACHINE_LOADS] += item->kind != ITEM_STORE;
			machine->counters[MACHINE_STORES] += item->kind != ITEM_LOAD;
		}
}

/* As machine_branch(); inlined as far as it goes on as for long. */
static inline void simulate_branch(const struct machine_view *view, uint64_t pc,
				   bool taken)
{
	struct predictor *predictor = &view->core->predictor;

	view->thread->counters[MACHINE_BRANCHES]++;
	if (!predictor_goes_on(predictor, pc, taken))
		branch_uncertainly(view->machine, view->thread, pc, taken);
	predictor_remember(predictor, taken);
}

static inline void simulate_jump(const struct machine_view *view,
				 const struct item *item, const uint64_t *roots)
{
	uint64_t target =
		item->value + (item->root == ROOT_NONE ? 0 : roots[item->root]);

	machine_branch_indirect(view->machine, view->thread, site_address(item->site),
				target);
}

/* What is not an access. `left`: the block was left by it, a branch. */
static inline void simulate_other(const struct machine_view *view,
				  const struct item *item, const uint64_t *roots,
				  bool left)
{
	switch ((enum item_kind)item->kind) {
	case ITEM_FETCH:
		if (!machine_fetch_is_idle(view, item->value))
			machine_fetch(view->machine, view->thread, item->value,
				      item->bytes);
		break;
	case ITEM_BRANCH:
		simulate_branch(view, item->value, left != item->bytes);
		break;
	case ITEM_JUMP:
		simulate_jump(view, item, roots);
		break;
	default:
		break;
	}
}

/*
 * The items of a block's execution from thread->item on, up to the one at which the clock passes
 * `until`, which it has not yet; false: more are to come.
 */
static bool simulate_items(struct thread *thread, uint64_t head, const uint64_t *roots,
			   uint64_t until)
{
	const struct machine_view *view = &thread->view;
	struct machine_thread *machine = view->thread;
	const struct block *block = log_block(head);
	const struct item *item = thread->item,
			  *end = block->items + log_block_end(head);
	const struct machine_reference *reference = thread->reference;
	/* Of the clock, only cycles pass here: those of stalls, and of instructions. */
	uint64_t *cycles = &machine->counters[MACHINE_CYCLES];
	uint64_t last = until - thread->origin - machine->counters[MACHINE_BLOCKED];
	uint64_t fractions = machine->cycle_fraction, instructions = 0;

	if (!item) {
		item = block->items;
		reference = block->run.references;
		count_references(machine, item, end);
	}
	while (item < end) {
		instructions += item->gap;
		fractions += (uint64_t)item->gap * machine->cycles_per_instruction;
		if (item_is_access(item))
			*cycles += machine_refer(view, reference++, roots);
		else
			simulate_other(view, item, roots,
				       item + 1 == end && (head & LOG_TAKEN));
		item++;
		if (*cycles + (fractions >> 16) > last)
			break;
	}
	machine->counters[MACHINE_INSTRUCTIONS] += instructions;
	*cycles += fractions >> 16;
	machine->cycle_fraction = (uint32_t)(fractions & 0xffff);
	thread->item = item < end ? item : NULL;
	thread->reference = reference;
	return item == end;
}

/* The references before `next` have been performed: now what stands before it. */
static void catch_up(struct thread *thread, const struct block *block,
		     const struct machine_reference *next)
{
	const struct machine_run *run = &block->run;
	const struct step *step = &block->steps[next - run->references - 1];

	for (uint32_t i = 0; i < step->exits; i++)
		simulate_branch(&thread->view, run->exits[i].pc,
				run->exits[i].inverted);
	machine_instructions(thread->machine, step->instructions);
	thread->item = block->items + step->item;
	thread->reference = next;
}

/* Nothing but misses of its references can happen to a block that is executed so. */
static inline bool is_whole(const struct machine_view *view, struct block *block,
			    uint64_t head)
{
	return likely((head & ~LOG_TAKEN) == block->whole) &&
	       likely(is_fetched(view, block));
}

/* A whole execution; false: it stopped after a reference, the rest is done step by step. */
static inline __attribute__((always_inline)) bool
simulate_whole(const struct machine_view *view, struct thread *thread, uint64_t head,
	       const uint64_t *roots, uint64_t patience, struct machine_tally *tally)
{
	const struct block *block = log_block(head);
	const struct machine_run *run = &block->run;
	const struct machine_reference *next =
		machine_run(view, run, roots, patience, tally);

	if (unlikely(next != run->references_end)) {
		machine_tally(view->thread, tally);
		catch_up(thread, block, next);
		return false;
	}
	machine_run_finish(view, run, head & LOG_TAKEN, tally);
	if (unlikely(block->jumps))
		simulate_jump(view, &block->items[block->item_count - 1], roots);
	return true;
}

/*
 * A block's execution from its beginning up to `until`; false: more is to come. While its
 * references hit, it is executed to its end, a few cycles later: what it hits is in the core's own
 * cache, and nobody can see that its branches are not put off.
 */
static bool simulate_block(struct thread *thread, uint64_t head, const uint64_t *roots,
			   uint64_t until)
{
	const struct machine_view *view = &thread->view;
	struct machine_thread *machine = view->thread;
	struct machine_tally tally = {0};
	struct block *block = log_block(head);
	uint64_t end = thread_clock(thread) +
		       machine_instructions_cycles(machine, block->run.instructions);

	if (!is_whole(view, block, head))
		return simulate_items(thread, head, roots, until);
	if (unlikely(!simulate_whole(view, thread, head, roots,
				     end < until ? until - end : 0, &tally)))
		return thread_clock(thread) <= until &&
		       simulate_items(thread, head, roots, until);
	machine_tally(machine, &tally);
	return true;
}

/* The same, from where it stopped if it has. */
static inline bool go_on(struct thread *thread, uint64_t head, const uint64_t *roots,
			 uint64_t until)
{
	if (thread->item)
		return simulate_items(thread, head, roots, until);
	thread->replayed_blocks++;
	return simulate_block(thread, head, roots, until);
}

static void birth(struct thread *thread, const struct signal *signal)
{
	/* Time before its birth is nobody's waiting. */
	thread->origin = signal->happened ? signal->time : 0;
	thread->born = true;
}

/* A record that can make the thread wait; false: it does. */
static bool replay_waiting(struct thread *thread, const uint64_t *record)
{
	struct signal *signal = (struct signal *)(uintptr_t)record[1];

	switch (log_operation(record[0])) {
	case LOG_BIRTH:
		signal_hold(signal);
		if (!order_await(thread, signal)) {
			signal_drop(signal);
			return false;
		}
		thread->machine->counters[MACHINE_BLOCKED] = 0;
		birth(thread, signal);
		signal_drop(signal);
		return true;
	case LOG_AWAIT:
		if (thread->muted) {
			signal_drop(signal);
			return true;
		}
		return order_await(thread, signal);
	case LOG_LOCK:
		return thread->muted || order_lock(thread, record[1], record[3]);
	case LOG_SEMAPHORE_WAIT:
		return thread->muted ||
		       order_semaphore_wait(thread, record[1], record[3]);
	case LOG_BARRIER_LEAVE:
		return thread->muted || order_barrier_leave(thread, record[1]);
	case LOG_SPIN:
		return spin_replay(thread, (struct spin *)(uintptr_t)record[1]);
	default:
		return true;
	}
}

static void replay_unmuted(struct thread *thread, const uint64_t *record)
{
	uint64_t *counters = thread->machine->counters;

	switch (log_operation(record[0])) {
	case LOG_UNLOCK:
		order_unlock(thread, record[1]);
		break;
	case LOG_SEMAPHORE_SET:
		order_semaphore_set(record[1], record[2]);
		break;
	case LOG_SEMAPHORE_POST:
		order_semaphore_post(thread, record[1], record[2]);
		break;
	case LOG_BARRIER_SET:
		order_barrier_set(record[1], record[2]);
		break;
	case LOG_BARRIER_ARRIVE:
		order_barrier_arrive(thread, record[1]);
		break;
	case LOG_SYSTEM_CALL:
		if (is_simulated(thread)) {
			counters[MACHINE_CYCLES] += SYSTEM_CALL_CYCLES;
			counters[MACHINE_SYSTEM_CALLS]++;
		}
		break;
	case LOG_SLEEP:
		counters[MACHINE_BLOCKED] += (uint64_t)((unsigned __int128)record[1] *
							tool.config->clock_mhz / 1000);
		break;
	default:
		break;
	}
}

/* The words from the outermost LOG_MUTE up to this record are no longer pending. */
static void pass_muted(struct thread *thread, const uint64_t *record)
{
	uint64_t words = log_position(&thread->log, record) - thread->muted_since;

	thread->muted_words -=
		words < thread->muted_words ? words : thread->muted_words;
}

/* A control record that cannot wait. */
static void replay_control(struct thread *thread, const uint64_t *record)
{
	enum frame_stack_kind stack = (enum frame_stack_kind)record[1];

	switch (log_operation(record[0])) {
	case LOG_FRAME_BEGIN:
		region_begin(thread, stack, (uint32_t)record[2], (uint32_t)record[3],
			     record[4]);
		break;
	case LOG_FRAME_END:
		region_end(thread, stack, (uint32_t)record[2], (uint32_t)record[3],
			   record[4]);
		break;
	case LOG_FRAMES_DROP:
		region_drop(thread, stack, (uint32_t)record[2]);
		break;
	case LOG_MUTE:
		if (!thread->muted++)
			thread->muted_since = log_position(&thread->log, record);
		break;
	case LOG_UNMUTE:
		if (thread->muted && !--thread->muted)
			pass_muted(thread, record);
		break;
	case LOG_SIGNAL:
		order_signal(thread, (struct signal *)(uintptr_t)record[1]);
		break;
	case LOG_ALLOCATE:
		heap_allocate(record[1], record[2], (ExeContext *)(uintptr_t)record[3]);
		break;
	case LOG_FREE:
		heap_free(record[1]);
		break;
	case LOG_UNMAP:
		machine_unmap(tool.machine, record[1], record[2]);
		break;
	default:
		if (!thread->muted)
			replay_unmuted(thread, record);
		break;
	}
}

/* The thread's last record: everything of it goes. */
static void end_thread(struct thread *thread)
{
	for (int i = 0; i < FRAME_STACKS; i++)
		region_drop(thread, (enum frame_stack_kind)i, 0);
	spin_thread_ended(thread);
	thread_end(thread);
}

/* ---- alone ---- */

/* Blocks, up to the next control record. */
static void simulate_blocks(struct thread *thread)
{
	const struct machine_view view = thread->view;
	struct log *log = &thread->log;
	const uint64_t *at = log->read, *end = log->written;
	struct machine_tally tally = {0};

	while (at < end && !(*at & LOG_CONTROL)) {
		struct block *block = log_block(*at);

		if (unlikely(thread->item || !is_whole(&view, block, *at)) ||
		    unlikely(!simulate_whole(&view, thread, *at, at + 1, UINT64_MAX,
					     &tally)))
			simulate_items(thread, *at, at + 1, UINT64_MAX);
		at += 1 + block->root_count;
	}
	machine_tally(thread->machine, &tally);
	log->read += at - log->read;
	passed_over = 0;
}

static void pass_over_blocks(struct log *log)
{
	const uint64_t *from = log->read;

	while (log->read < log->written && !(*log->read & LOG_CONTROL))
		log->read += log_record_words(*log->read);
	passed_over += (uint64_t)(log->read - from);
}

void replay_alone(struct thread *thread)
{
	struct log *log = &thread->log;

	while (log->read < log->written) {
		uint64_t head = *log->read;

		if (!(head & LOG_CONTROL)) {
			if (is_simulated(thread))
				simulate_blocks(thread);
			else
				pass_over_blocks(log);
			continue;
		}
		if (log_operation(head) == LOG_EXIT) {
			end_thread(thread);
			return;
		}
		/* Alone, it waits for nobody: the one it waited for has passed. */
		while (!replay_waiting(thread, log->read))
			order_break(true);
		replay_control(thread, log->read);
		log->read += log_record_words(head);
	}
	log_make_room(log);
}

/* ---- merging ---- */

static void sift_up(uint32_t i)
{
	struct thread *thread = queue.heap[i];

	while (i && queue.heap[(i - 1) / 2]->key > thread->key) {
		queue.heap[i] = queue.heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	queue.heap[i] = thread;
}

static void push(struct thread *thread)
{
	if (queue.count == queue.capacity) {
		queue.capacity = queue.capacity ? 2 * queue.capacity : 64;
		queue.heap = VG_(realloc)("autoperf.queue", queue.heap,
					  queue.capacity * sizeof(*queue.heap));
	}
	thread->key = thread_clock(thread);
	queue.heap[queue.count] = thread;
	sift_up(queue.count++);
}

static struct thread *pop(void)
{
	struct thread *first = queue.heap[0], *last = queue.heap[--queue.count];
	uint32_t i = 0;

	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child >= queue.count)
			break;
		if (child + 1 < queue.count &&
		    queue.heap[child + 1]->key < queue.heap[child]->key)
			child++;
		if (queue.heap[child]->key >= last->key)
			break;
		queue.heap[i] = queue.heap[child];
		i = child;
	}
	queue.heap[i] = last;
	return first;
}

/* Puts a thread in that was taken out; returns the one that goes on, which is out then. */
static inline struct thread *exchange(struct thread *thread)
{
	struct thread *other;

	if (queue.count > 1) {
		push(thread);
		return pop();
	}
	thread->key = thread_clock(thread);
	if (!queue.count || queue.heap[0]->key > thread->key)
		return thread;
	other = queue.heap[0];
	queue.heap[0] = thread;
	return other;
}

static bool has_pending(const struct thread *thread)
{
	return thread->log.read < thread->log.written;
}

void replay_resume(struct thread *thread)
{
	push(thread);
	queue.resumed = true;
}

enum stop { STOP_LATER, STOP_EMPTY, STOP_HELD, STOP_ENDED };

/* Goes on until the clock has passed `until`; with blocks, by the slack. */
static enum stop run(struct thread *thread, uint64_t until)
{
	uint64_t late =
		until < UINT64_MAX - SLACK_CYCLES ? until + SLACK_CYCLES : until;
	struct log *log = &thread->log;

	while (log->read < log->written) {
		uint64_t head = *log->read;
		size_t words = log_record_words(head);

		if (!(head & LOG_CONTROL)) {
			if (thread->item || is_simulated(thread)) {
				if (!go_on(thread, head, log->read + 1, late))
					return STOP_LATER;
				passed_over = 0;
			} else {
				passed_over += words;
			}
		} else if (thread_clock(thread) > until) {
			return STOP_LATER;
		} else if (log_operation(head) == LOG_EXIT) {
			end_thread(thread);
			return STOP_ENDED;
		} else {
			if (!replay_waiting(thread, log->read))
				return STOP_HELD;
			replay_control(thread, log->read);
		}
		log->read += words;
		if (unlikely(log_position(log, log->read) > thread->watched))
			spin_passed(thread);
		if (thread_clock(thread) > late || queue.resumed)
			return STOP_LATER;
	}
	return STOP_EMPTY;
}

/*
 * It has nothing logged, and may do something at its clock. One that waits in the kernel will not
 * before another has got to where it wakes it - unless its waiting is not simulated.
 */
static bool may_act(const struct thread *thread)
{
	return thread->live && !thread->held && !has_pending(thread) &&
	       (thread->state == THREAD_RUNNABLE || thread->muted);
}

/* The clock that the replay must not pass because this thread may still do something then. */
static uint64_t bound_by(const struct thread *thread)
{
	uint64_t clock;

	if (!thread->born || !may_act(thread))
		return UINT64_MAX;
	clock = thread_clock(thread);
	if (clock < thread->woken_after)
		clock = thread->woken_after;
	return clock + thread->asleep;
}

static void measure_speed(struct thread *thread, size_t words)
{
	uint64_t cycles = thread->machine->counters[MACHINE_CYCLES];

	thread->replayed_cycles += cycles - thread->measured;
	thread->measured = cycles;
	thread->replayed_words += words;
	if (thread->replayed_words < 1u << 16)
		return;
	thread->replayed_cycles /= 2;
	thread->replayed_words /= 2;
	thread->replayed_blocks /= 2;
}

static void merge(uint64_t bound, bool bounded)
{
	struct thread *thread = queue.count ? pop() : NULL;

	while (thread && thread->key <= bound) {
		uint64_t until = queue.count && queue.heap[0]->key < bound
					 ? queue.heap[0]->key
					 : bound;
		const uint64_t *from = thread->log.read;
		enum stop stop;

		queue.time = thread->key;
		queue.resumed = false;
		stop = run(thread, until);
		if (stop != STOP_ENDED && thread->log.read != from)
			measure_speed(thread, (size_t)(thread->log.read - from));
		if (stop == STOP_LATER && !has_pending(thread))
			stop = STOP_EMPTY;
		if (stop == STOP_LATER) {
			thread = exchange(thread);
			continue;
		}
		if (bounded && stop == STOP_EMPTY && bound_by(thread) < bound)
			bound = bound_by(thread);
		thread = queue.count ? pop() : NULL;
	}
	if (thread)
		push(thread);
}

static bool may_go_on(void)
{
	for (const struct thread *thread = threads.first; thread; thread = thread->next)
		if (may_act(thread))
			return true;
	return false;
}

/* What is pending is moved when there is little of it, compared with the room that this makes. */
static bool worth_moving(const struct log *log)
{
	ptrdiff_t replayed = log->read - log->words;
	ptrdiff_t pending = log->written - log->read;

	return !pending ||
	       (replayed > (ptrdiff_t)LOG_FIRST_WORDS / 2 && replayed >= 4 * pending);
}

void replay_merge(enum replay_extent extent)
{
	bool bounded = extent == REPLAY_SAFE;
	uint64_t bound = UINT64_MAX;

	queue.count = 0;
	for (struct thread *thread = threads.first; thread; thread = thread->next) {
		thread->measured = thread->machine->counters[MACHINE_CYCLES];
		if (has_pending(thread) && !thread->held)
			push(thread);
		else if (bounded && bound_by(thread) < bound)
			bound = bound_by(thread);
	}
	do
		merge(bound, bounded);
	while (!queue.count && (!bounded || !may_go_on()) && order_break(!bounded));
	for (struct thread *thread = threads.first; thread; thread = thread->next) {
		measure_speed(thread, 0);
		if (worth_moving(&thread->log))
			log_make_room(&thread->log);
	}
}
