/* SPDX-License-Identifier: MIT */
/*
 * Finding repetitions, comparing states, and waiting for stores.
 *
 * A look costs little when nothing repeats: one search for the first head of a few hundred words,
 * one comparison that soon fails. Only a log that does repeat is worth a checkpoint; one repetition
 * later, at the same block, the state is compared with it.
 */
#include "tool/spin.h"

#include <pub_tool_aspacemgr.h>
#include <pub_tool_guest.h>
#include <pub_tool_machine.h>

#include "tool/order.h"
#include "tool/schedule.h"

#define RECENT_MAX (2 * LOG_LOOK_WORDS)
#define PERIOD_MAX 48u /* words */
/* A thread that has spun looks more often, for so many looks. */
#define EAGER_WORDS 24u
#define EAGER_LOOKS 1000u
#define MEMORY_MAX  32u /* places that a repetition touches */
#define BYTES_MAX   64u /* of one of them */

/* A place in the program's memory and what it held. */
struct memory {
	uint64_t address;
	uint32_t bytes;
	uint8_t value[BYTES_MAX];
};

struct spin_state {
	uint64_t looked; /* position in the log up to which it has been looked at */
	uint64_t
		recent[RECENT_MAX]; /* the words before it: replay may be beyond them */
	uint32_t recent_count;
	uint32_t eager;  /* looks until it is no longer one that spins now and then */
	bool candidate;  /* what follows is the checkpoint of a repetition */
	uint64_t start;  /* position at which the repetition began */
	uint32_t period; /* words */
	uint64_t words[PERIOD_MAX];
	uint32_t phase;         /* of words, the next to be logged */
	uint32_t checkpoint;    /* phase of the checkpoint */
	uint64_t checkpoint_at; /* position of it */
	uint32_t memory_count;
	struct memory memory[MEMORY_MAX];
	VexGuestArchState registers;
	struct spin *spin; /* while spinning, until replayed */
	bool woken;        /* has stopped spinning, and has not executed since */
};

struct spin {
	struct spin *next; /* list of all */
	struct thread *thread;
	bool held;             /* the replay has come to it */
	struct thread *writer; /* of the store, NULL: not known yet */
	uint64_t position;     /* of the store in the writer's log */
	bool over;             /* the store has been replayed, at `time` */
	uint64_t time;
};

static struct spin *spins;

/* ---- checkpoints ---- */

static bool is_readable(uint64_t address, uint32_t bytes)
{
	return VG_(am_is_valid_for_client)(address, bytes, VKI_PROT_READ);
}

static void read_registers(const struct thread *thread, VexGuestArchState *registers)
{
	VG_(get_shadow_regs_area)
	(thread->tid, (UChar *)registers, 0, 0, sizeof(*registers));
	/* Valgrind's own. */
	registers->host_EvC_COUNTER = 0;
	registers->host_EvC_FAILADDR = 0;
}

static bool remember(struct spin_state *state, uint64_t address, uint32_t bytes)
{
	struct memory *memory;

	for (uint32_t i = 0; i < state->memory_count; i++)
		if (state->memory[i].address == address &&
		    state->memory[i].bytes == bytes)
			return true;
	if (state->memory_count == MEMORY_MAX || bytes > BYTES_MAX ||
	    !is_readable(address, bytes))
		return false;
	memory = &state->memory[state->memory_count++];
	memory->address = address;
	memory->bytes = bytes;
	VG_(memcpy)(memory->value, (const void *)address, bytes);
	return true;
}

/* The accesses of one block's execution, as replay sees them. */
static uint64_t address_of(const struct item *item, const uint64_t *record)
{
	return item->value + (item->root == ROOT_NONE ? 0 : record[1 + item->root]);
}

static bool is_access(const struct item *item)
{
	return item->kind <= ITEM_ATOMIC;
}

/* All memory that one repetition touches; false: too much. */
static bool remember_memory(struct spin_state *state)
{
	bool loads = false;

	state->memory_count = 0;
	for (uint32_t at = 0; at < state->period;) {
		const uint64_t *record = &state->words[at];
		const struct block *block = log_block(*record);
		uint32_t end = *record & LOG_CONTROL ? 0 : log_block_end(*record);

		for (uint32_t i = 0; i < end; i++) {
			const struct item *item = &block->items[i];
			uint64_t address = address_of(item, record);

			if (!is_access(item) || !address)
				continue;
			if (!remember(state, address, item->bytes))
				return false;
			loads |= item->kind != ITEM_STORE;
		}
		at += (uint32_t)log_record_words(*record);
	}
	return loads;
}

static const struct memory *find_change(const struct spin_state *state)
{
	for (uint32_t i = 0; i < state->memory_count; i++) {
		const struct memory *memory = &state->memory[i];

		if (!is_readable(memory->address, memory->bytes) ||
		    VG_(memcmp)((const void *)memory->address, memory->value,
				memory->bytes))
			return memory;
	}
	return NULL;
}

static bool same_registers(const struct thread *thread)
{
	static VexGuestArchState now;

	read_registers(thread, &now);
	return !VG_(memcmp)(&now, &thread->spin->registers, sizeof(now));
}

/* ---- repetitions ---- */

static bool repeats(const uint64_t *words, const uint64_t *end, uint64_t period)
{
	const uint64_t *later = words + period;

	/* Valgrind's memcmp() does not take words at a time. */
	while (later < end && *words == *later)
		words++, later++;
	return later >= end;
}

/* Blocks, and yielding the processor: whatever else was asked of the kernel may have had an effect. */
static bool is_harmless(uint64_t head, const uint64_t *record)
{
	return !(head & LOG_CONTROL) ||
	       (log_operation(head) == LOG_SYSTEM_CALL && log_record_words(head) == 2 &&
		record[1] == __NR_sched_yield);
}

/* The smallest number of words after which all of [words, end) repeats; 0: it does not. */
static uint32_t find_period(const uint64_t *words, const uint64_t *end)
{
	const uint64_t *at = words;

	while (at < end && (uint64_t)(at - words) <= PERIOD_MAX &&
	       is_harmless(*at, at)) {
		at += log_record_words(*at);
		if (end - words < 2 * (at - words))
			return 0;
		if (*at == *words && repeats(words, end, (uint64_t)(at - words)))
			return at - words <= (ptrdiff_t)PERIOD_MAX
				       ? (uint32_t)(at - words)
				       : 0;
	}
	return 0;
}

/*
 * Could find_period() find one in what ends there? A period brings back the last words, which are
 * compared without looking at what the words are.
 */
static bool may_repeat(const uint64_t *end, size_t count)
{
	for (size_t period = 1; period <= PERIOD_MAX && 2 * period <= count; period++)
		if (end[-1 - (ptrdiff_t)period] == end[-1] &&
		    (period == 1 || end[-2 - (ptrdiff_t)period] == end[-2]))
			return true;
	return false;
}

static uint64_t *at_position(const struct log *log, uint64_t position)
{
	return log->words + (position - log->base);
}

/* Nothing suspicious: the next look is at what follows. */
static bool start_over(struct thread *thread)
{
	thread->spin->looked = log_position(&thread->log, thread->log.written);
	thread->spin->recent_count = 0;
	thread->spin->candidate = false;
	log_look_after(&thread->log,
		       thread->spin->eager ? EAGER_WORDS : LOG_LOOK_WORDS);
	return false;
}

/* As yet: some more words may tell. */
static bool go_on_looking(struct thread *thread)
{
	struct spin_state *state = thread->spin;

	if (!state->eager || state->recent_count >= LOG_LOOK_WORDS)
		return start_over(thread);
	state->eager--;
	log_look_after(&thread->log, EAGER_WORDS);
	return false;
}

/* Copies what has been logged since; of much, the end. */
static void gather(struct thread *thread)
{
	struct spin_state *state = thread->spin;
	const uint64_t *words = at_position(&thread->log, state->looked);
	const uint64_t *end = thread->log.written;

	if (state->recent_count + (size_t)(end - words) > RECENT_MAX)
		state->recent_count = 0;
	while ((size_t)(end - words) > RECENT_MAX)
		words += log_record_words(*words);
	VG_(memcpy)
	(state->recent + state->recent_count, words,
	 (SizeT)(end - words) * sizeof(*words));
	state->recent_count += (uint32_t)(end - words);
	state->looked = log_position(&thread->log, end);
}

/* What has been logged since is the repetition? Then it is done with. */
static bool follow(struct thread *thread)
{
	struct spin_state *state = thread->spin;
	const uint64_t *words = at_position(&thread->log, state->looked);

	for (; words < thread->log.written; words++) {
		if (*words != state->words[state->phase])
			return false;
		state->phase = (state->phase + 1) % state->period;
	}
	state->looked = log_position(&thread->log, words);
	return true;
}

/* Does the log repeat itself? Then the state here is the checkpoint. */
static bool look_for_repetition(struct thread *thread)
{
	struct spin_state *state = thread->spin;
	const uint64_t *words = at_position(&thread->log, state->looked), *end;

	if (!state->eager && !state->recent_count &&
	    !may_repeat(thread->log.written, (size_t)(thread->log.written - words)))
		return start_over(thread);
	words = state->recent;
	gather(thread);
	end = state->recent + state->recent_count;
	/* The loop may have been entered just now: the end is enough. */
	while (words < end - 2 * PERIOD_MAX)
		words += log_record_words(*words);
	state->period = find_period(words, end);
	if (!state->period)
		return go_on_looking(thread);
	state->start = state->looked - (uint64_t)(end - words);
	/* The last repetition, up to here: it will be what comes next. */
	VG_(memcpy)(state->words, words, state->period * sizeof(*words));
	state->phase = (uint32_t)((uint64_t)(end - words) % state->period);
	state->checkpoint = state->phase;
	state->checkpoint_at = state->looked;
	if (!remember_memory(state))
		return start_over(thread);
	read_registers(thread, &state->registers);
	state->candidate = true;
	log_look_after(&thread->log, state->period - 1);
	return false;
}

static struct spin *new_spin(struct thread *thread)
{
	struct spin *spin = VG_(calloc)("autoperf.spin", 1, sizeof(*spin));

	spin->thread = thread;
	spin->next = spins;
	spins = spin;
	return spin;
}

/* Takes the repetitions back, but for the first and what has been replayed by now. */
static void take_back(struct thread *thread)
{
	struct log *log = &thread->log;
	uint64_t period = thread->spin->period;
	uint64_t *replayed = log->read;
	uint64_t *first;

	if (thread->item)
		replayed += log_record_words(*replayed);
	if (thread->spin->start < log_position(log, replayed)) {
		log->written = replayed;
		return;
	}
	first = at_position(log, thread->spin->start);
	while (first - replayed >= (ptrdiff_t)period &&
	       !VG_(memcmp)(first - period, first, period * sizeof(*first)))
		first -= period;
	log->written = first + period;
}

static void end_wait(struct spin *spin, uint64_t time)
{
	spin->over = true;
	spin->time = time;
	spin->writer = NULL;
	if (spin->held)
		order_ready(spin->thread, time);
}

/* Nothing may point beyond what is left of the log. */
static void forget_beyond(struct thread *thread)
{
	uint64_t end = log_position(&thread->log, thread->log.written);

	if (thread->turn_start > end)
		thread->turn_start = end;
	for (struct spin *spin = spins; spin; spin = spin->next)
		if (spin->writer == thread && spin->position >= end) {
			spin->position = end - 1;
			if (thread->watched > spin->position)
				thread->watched = spin->position;
			if (thread->log.read == thread->log.written)
				end_wait(spin, thread_clock(thread));
		}
}

static void begin_spinning(struct thread *thread)
{
	struct spin_state *state = thread->spin;

	take_back(thread);
	forget_beyond(thread);
	state->candidate = false;
	state->eager = EAGER_LOOKS;
	state->spin = new_spin(thread);
	THREAD_APPEND(thread, LOG_SPIN, (uintptr_t)state->spin, thread_order());
	state->looked = log_position(&thread->log, thread->log.written);
	thread->state = THREAD_SPINNING;
	log_look_after(&thread->log, LOG_LOOK_WORDS);
}

/* Has the state come back to the checkpoint? */
static bool compare_with_checkpoint(struct thread *thread)
{
	struct spin_state *state = thread->spin;
	uint32_t missing;

	if (!follow(thread))
		return start_over(thread);
	missing = (state->checkpoint + state->period - state->phase) % state->period;
	if (!missing && state->looked - state->checkpoint_at < state->period)
		missing = state->period;
	if (missing) {
		log_look_after(&thread->log, missing - 1);
		return false;
	}
	if (find_change(state) || !same_registers(thread))
		return start_over(thread);
	begin_spinning(thread);
	return true;
}

/* Replay has been where nobody has looked: no turn ended in between, the log was drained. */
static bool overtaken(const struct thread *thread)
{
	return thread->spin->looked < log_position(&thread->log, thread->log.read);
}

bool spin_look(struct thread *thread)
{
	if (!thread->spin) {
		thread->spin =
			VG_(calloc)("autoperf.spin_state", 1, sizeof(*thread->spin));
		return start_over(thread);
	}
	if (thread->state == THREAD_SPINNING)
		return true;
	if (overtaken(thread))
		return start_over(thread);
	return thread->spin->candidate ? compare_with_checkpoint(thread)
				       : look_for_repetition(thread);
}

/* A turn has ended, and replay may go on beyond what has been looked at. */
static void keep(struct thread *thread)
{
	if (!thread->spin || thread->state == THREAD_SPINNING)
		return;
	if (overtaken(thread))
		start_over(thread);
	else if (!thread->spin->candidate)
		gather(thread);
	else if (!follow(thread))
		start_over(thread);
}

/* ---- going on ---- */

/* The wait is over when the store is replayed, or now (writer NULL). */
static void end_with(struct spin *spin, struct thread *writer, uint64_t position,
		     uint64_t time)
{
	spin->writer = writer;
	spin->position = position;
	if (writer) {
		if (position < writer->watched)
			writer->watched = position;
		return;
	}
	spin->over = true;
	spin->time = time;
	if (spin->held)
		order_ready(spin->thread, time);
}

static void stop_spinning(struct thread *thread, struct thread *writer,
			  uint64_t position, uint64_t time)
{
	struct spin *spin = thread->spin->spin;

	thread->state = THREAD_RUNNABLE;
	start_over(thread);
	thread->spin->spin = NULL;
	if (spin)
		end_with(spin, writer, position, time);
}

/* Before the thread has had its turn there has been another store, which it will see. */
static void wait_longer(struct thread *thread, struct thread *writer, uint64_t position,
			uint64_t time)
{
	struct spin *spin = new_spin(thread);

	THREAD_APPEND(thread, LOG_SPIN, (uintptr_t)spin, thread_order());
	start_over(thread);
	end_with(spin, writer, position, time);
}

void spin_look_again(struct thread *thread)
{
	struct spin_state *state = thread->spin;
	struct log *log = &thread->log;
	uint64_t *words = at_position(log, state->looked);

	if (!follow(thread)) {
		/* A signal handler, perhaps. */
		stop_spinning(thread, NULL, 0, schedule_front(thread));
		return;
	}
	log->written = words;
	state->looked = log_position(log, words);
}

static bool overlaps(const struct memory *memory, uint64_t address, uint32_t bytes)
{
	return address < memory->address + memory->bytes &&
	       memory->address < address + bytes;
}

static bool stores_to(const uint64_t *record, const struct memory *memory)
{
	const struct block *block = log_block(*record);
	uint32_t end = log_block_end(*record);

	for (uint32_t i = 0; i < end; i++) {
		const struct item *item = &block->items[i];

		if ((item->kind == ITEM_STORE || item->kind == ITEM_ATOMIC) &&
		    overlaps(memory, address_of(item, record), item->bytes))
			return true;
	}
	return false;
}

/*
 * The first store to that memory that the thread has logged in its turn; NULL: none. The first one,
 * because the spinning thread would have gone on then: it did not look again only because it was
 * not its turn.
 */
static const uint64_t *find_store(const struct thread *thread,
				  const struct memory *memory)
{
	const struct log *log = &thread->log;
	const uint64_t *from = log->read;

	if (thread->turn_start > log_position(log, from))
		from = at_position(log, thread->turn_start);
	for (; from < log->written; from += log_record_words(*from))
		if (!(*from & LOG_CONTROL) && stores_to(from, memory))
			return from;
	return NULL;
}

/* What is in memory now is what the thread will see, and nothing new. */
static void take_note(struct spin_state *state)
{
	for (uint32_t i = 0; i < state->memory_count; i++) {
		struct memory *memory = &state->memory[i];

		if (is_readable(memory->address, memory->bytes))
			VG_(memcpy)
		(memory->value, (const void *)memory->address, memory->bytes);
	}
}

/* `last` has had its turn. */
static void look_at_memory(struct thread *thread, struct thread *last)
{
	struct spin_state *state = thread->spin;
	const struct memory *changed = find_change(state);
	const uint64_t *store;
	struct thread *writer;
	uint64_t position;

	if (!changed)
		return;
	store = find_store(last, changed);
	writer = store ? last : NULL;
	position = store ? log_position(&last->log, store) : 0;
	if (thread->state == THREAD_SPINNING)
		stop_spinning(thread, writer, position, thread_clock(last));
	else
		wait_longer(thread, writer, position, thread_clock(last));
	take_note(state);
	state->woken = true;
}

void spin_look_around(struct thread *last)
{
	keep(last);
	if (last->spin)
		last->spin->woken = false;
	for (struct thread *thread = threads.first; thread; thread = thread->next)
		if (thread->live && thread != last && thread->spin &&
		    (thread->state == THREAD_SPINNING || thread->spin->woken))
			look_at_memory(thread, last);
}

/* ---- replay ---- */

static void free_spin(struct spin *spin)
{
	struct spin **link = &spins;

	while (*link != spin)
		link = &(*link)->next;
	*link = spin->next;
	if (spin->thread->spin && spin->thread->spin->spin == spin)
		spin->thread->spin->spin = NULL;
	VG_(free)(spin);
}

bool spin_replay(struct thread *thread, struct spin *spin)
{
	if (!order_granted(thread)) {
		if (!spin->over) {
			spin->held = true;
			order_hold(thread);
			return false;
		}
		thread_wait_until(thread, spin->time);
	}
	free_spin(spin);
	return true;
}

void spin_passed(struct thread *thread)
{
	uint64_t position = log_position(&thread->log, thread->log.read);

	thread->watched = UINT64_MAX;
	for (struct spin *spin = spins; spin; spin = spin->next) {
		if (spin->writer != thread)
			continue;
		if (spin->position < position)
			end_wait(spin, thread_clock(thread));
		else if (spin->position < thread->watched)
			thread->watched = spin->position;
	}
}

/* The thread waits no more; who waits for a store of it goes on, not before `time`. */
static void forget_thread(const struct thread *thread, uint64_t time)
{
	struct spin *spin, *next;

	for (spin = spins; spin; spin = next) {
		next = spin->next;
		if (spin->thread == thread)
			free_spin(spin);
		else if (spin->writer == thread)
			end_wait(spin, time);
	}
}

void spin_thread_ended(struct thread *thread)
{
	forget_thread(thread, thread_clock(thread));
}

void spin_free_state(struct thread *thread)
{
	forget_thread(thread, 0);
	if (thread->spin)
		VG_(free)(thread->spin);
	thread->spin = NULL;
}
