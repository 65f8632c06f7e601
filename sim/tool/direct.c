/* SPDX-License-Identifier: MIT */
/*
 * What generated code leaves to be simulated, and when it is generated at all.
 */
#include "tool/direct.h"

#include "tool/instrument.h"
#include "tool/main.h"
#include "tool/replay.h"
#include "tool/simulate.h"

struct direct direct;

void direct_start(struct thread *thread)
{
	struct machine_view view = machine_view(tool.machine, thread->machine);

	/* Generated code tells lines over an end by their sets, and sees all or nothing. */
	if (direct.on || !tool.direct || !tool.warm || !view.front_mask)
		return;
	direct = (struct direct){.on = true, .thread = thread, .view = view};
}

void direct_stop(void)
{
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

/* Takes back what generated code has counted. */
static void uncount(const struct part *part)
{
	const struct item *items = part->block->items;

	for (uint32_t i = part->first_item; i < part->end_item; i++) {
		bool loads = items[i].kind == ITEM_LOAD || items[i].kind == ITEM_ATOMIC;
		bool stores =
			items[i].kind == ITEM_STORE || items[i].kind == ITEM_ATOMIC;
		bool branches = items[i].kind == ITEM_BRANCH;

		direct.retired -= items[i].gap + ((uint64_t)loads << DIRECT_HIGH_SHIFT);
		direct.stored -= stores + ((uint64_t)branches << DIRECT_HIGH_SHIFT);
	}
}

/* The items one by one; those that stand before reference `from` are only to be counted. */
static void simulate_items(const struct part *part, uint32_t from, bool taken)
{
	struct machine_thread *machine = direct.view.thread;
	uint64_t *history = &direct.view.core->predictor.history, before = *history;
	uint32_t references = part->first_reference;

	uncount(part);
	for (uint32_t i = part->first_item; i < part->end_item; i++) {
		const struct item *item = &part->block->items[i];

		machine_instructions(machine, item->gap);
		if (item_is_access(item) && references++ < from) {
			machine->counters[MACHINE_LOADS] += item->kind != ITEM_STORE;
			machine->counters[MACHINE_STORES] += item->kind != ITEM_LOAD;
		} else if (item->kind == ITEM_FETCH && references < from) {
			continue;
		} else {
			simulate_item(machine, item, direct.roots,
				      taken != item->bytes);
		}
	}
	/* Generated code will remember the branch. */
	*history = before;
}

/* All references; false: the items have had to be simulated one by one, all of them. */
static bool simulate_references(const struct part *part, bool taken)
{
	struct block *block = part->block;
	struct machine_run run = {
		.references = block->run.references + part->first_reference,
		.references_end = block->run.references + part->end_reference,
	};
	struct machine_tally tally = {0};
	const struct machine_reference *next;

	if (unlikely(!is_fetched(&direct.view, block))) {
		simulate_items(part, 0, taken);
		return false;
	}
	next = machine_run(&direct.view, &run, direct.roots, UINT64_MAX, &tally);
	direct.view.thread->counters[MACHINE_CYCLES] += tally.stalls;
	if (likely(next == run.references_end))
		return true;
	simulate_items(part, (uint32_t)(next - block->run.references), taken);
	return false;
}

void direct_part(const struct part *part, UWord bad, UWord taken)
{
	const struct machine_view *view = &direct.view;
	const struct item *last = &part->block->items[part->end_item - 1];

	if (bad) {
		if (unlikely(direct.passing) || !simulate_references(part, taken))
			return;
	}
	if (part->end_item == part->first_item)
		return;
	if (last->kind == ITEM_BRANCH) {
		if (!predictor_goes_on(&view->core->predictor, last->value, taken))
			branch_uncertainly(view->machine, view->thread, last->value,
					   taken);
	} else if (last->kind == ITEM_JUMP) {
		simulate_item(view->thread, last, direct.roots, false);
	}
}
