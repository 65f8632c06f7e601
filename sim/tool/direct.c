/* SPDX-License-Identifier: MIT */
/*
 * What generated code leaves to be simulated, and when it is generated at all.
 */
#include "tool/direct.h"

#include "tool/instrument.h"
#include "tool/main.h"
#include "tool/replay.h"
#include "tool/simulate.h"

/* Logged by a thread alone before the log is taken out of the code: some tenths of a second. */
#define ALONE_WORDS_MIN (16u << 20)

struct direct direct;

/*
 * At first it may be that more threads are soon to come. All that is executed in between would be
 * translated for nothing, which takes twice as long as with the log.
 */
#define ALONE_WORDS_FIRST (256u << 10)

static struct {
	uint64_t words;
	uint64_t patience; /* words; twice as many after each time but the first */
} alone = {.patience = ALONE_WORDS_FIRST};

void direct_note_alone(uint64_t words)
{
	alone.words += words;
}

bool direct_is_due(void)
{
	return !direct.on && tool.direct && tool.warm && alone.words > alone.patience;
}

void direct_start(struct thread *thread)
{
	if (direct.on || !tool.direct || !tool.warm)
		return;
	alone.patience = alone.patience == ALONE_WORDS_FIRST ? ALONE_WORDS_MIN
							     : 2 * alone.patience;
	direct = (struct direct){
		.on = true,
		.thread = thread,
		.view = thread->view,
		.passing = thread->muted,
		.history = thread->view.core->predictor.history,
	};
}

void direct_stop(void)
{
	alone.words = 0;
	if (!direct.on)
		return;
	direct_settle();
	direct.on = false;
	instrument_anew();
}

void direct_settle(void)
{
	struct machine_tally tally = {
		.instructions = (uint32_t)direct.retired,
		.loads = direct.retired >> DIRECT_HIGH_SHIFT,
		.stores = (uint32_t)direct.stored,
		.branches = direct.stored >> DIRECT_HIGH_SHIFT,
	};
	struct predictor *predictor;

	if (!direct.on)
		return;
	direct.retired = direct.stored = 0;
	predictor = &direct.view.core->predictor;
	if (direct.passing)
		predictor->history = direct.history;
	else
		machine_tally(direct.view.thread, &tally);
	direct.history = predictor->history;
}

void direct_replay(void)
{
	direct_settle();
	replay_alone(direct.thread);
	direct.passing = direct.thread->muted;
}

void direct_fetch(struct block *block, UWord address, UWord bytes)
{
	if (unlikely(direct.passing) || is_fetched(&direct.view, block))
		return;
	machine_fetch(tool.machine, direct.view.thread, address, bytes);
}

void direct_reference(const struct machine_reference *reference, UWord address)
{
	struct machine_thread *machine = direct.view.thread;
	uint64_t stall = 0;

	if (unlikely(direct.passing))
		return;
	if (!is_page_used(&direct.view, address))
		stall = run_translate(tool.machine, machine, address);
	stall += run_reference_slowly(tool.machine, machine, reference, address);
	machine->counters[MACHINE_CYCLES] += stall;
}

void direct_branch(UWord pc, UWord taken)
{
	if (likely(!direct.passing))
		branch_uncertainly(tool.machine, direct.view.thread, pc, taken);
}

void direct_jump(UWord pc, UWord target)
{
	if (likely(!direct.passing))
		machine_branch_indirect(tool.machine, direct.view.thread, pc, target);
}
