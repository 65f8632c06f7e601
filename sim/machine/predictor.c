/* SPDX-License-Identifier: MIT */
/*
 * Branch prediction of the TAGE family (A. Seznec, P. Michaud: "A case for (partially) TAgged
 * GEometric history length branch prediction", JILP 8, 2006), smaller than in real cores: a
 * table of counters by address, and four tables of tagged counters by address and the last 5,
 * 13, 31 and 64 directions. The longest history that knows the branch predicts. An indirect
 * jump is predicted by the target that followed the same path of indirect jumps, else by its
 * last target.
 */
#include "machine/internal.h"

#define BASE_PER_ENTRY 4
#define COUNTER_MAX    3
#define COUNTER_MIN    (-4)
#define USEFUL_MAX     3
#define AGING_PERIOD   (256u << 10) /* branches; Seznec's choice */

static const uint64_t history_masks[TAGE_TABLES] = {
	(UINT64_C(1) << 5) - 1,
	(UINT64_C(1) << 13) - 1,
	(UINT64_C(1) << 31) - 1,
	UINT64_MAX,
};

int predictor_init(struct machine *machine, struct predictor *predictor)
{
	uint32_t entries = machine->config.predictor_entries;
	bool complete = true;

	predictor->mask = entries - 1;
	predictor->index_shift = 64 - (uint32_t)__builtin_ctz(entries);
	predictor->until_aging = AGING_PERIOD;
	predictor->base = take_memory(machine, BASE_PER_ENTRY * entries);
	predictor->last_targets =
		take_memory(machine, entries * sizeof(struct target_entry));
	predictor->path_targets =
		take_memory(machine, entries * sizeof(struct target_entry));
	for (uint32_t i = 0; i < TAGE_TABLES; i++) {
		predictor->tables[i] =
			take_memory(machine, entries * sizeof(struct tage_entry));
		complete &= predictor->tables[i] != NULL;
	}
	complete &=
		predictor->base && predictor->last_targets && predictor->path_targets;
	return complete ? 0 : -1;
}

void predictor_release(struct machine *machine, struct predictor *predictor)
{
	give_memory(machine, predictor->base);
	give_memory(machine, predictor->last_targets);
	give_memory(machine, predictor->path_targets);
	for (uint32_t i = 0; i < TAGE_TABLES; i++)
		give_memory(machine, predictor->tables[i]);
}

/* `useful` fades, so that entries of a former phase of the program can be replaced. */
static __attribute__((noinline)) void age(struct predictor *predictor)
{
	predictor->until_aging = AGING_PERIOD;
	for (uint32_t i = 0; i < TAGE_TABLES; i++)
		for (uint32_t k = 0; k <= predictor->mask; k++)
			predictor->tables[i][k].useful >>= 1;
}

static int8_t move_counter(int8_t counter, bool up, int8_t min, int8_t max)
{
	if (up)
		return (int8_t)(counter + (counter < max));
	return (int8_t)(counter - (counter > min));
}

/* A free entry in a table of longer history learns the branch; none free: all get freer. */
static void allocate(struct predictor *predictor, const uint32_t *index,
		     const uint16_t *tags, uint32_t first, bool taken)
{
	for (uint32_t i = first; i < TAGE_TABLES; i++) {
		struct tage_entry *entry = &predictor->tables[i][index[i]];

		if (entry->useful)
			continue;
		*entry = (struct tage_entry){.tag = tags[i], .counter = taken ? 0 : -1};
		return;
	}
	for (uint32_t i = first; i < TAGE_TABLES; i++)
		predictor->tables[i][index[i]].useful--;
}

/* Learns the direction; true: it had been predicted. */
static bool predict_direction(struct predictor *predictor, uint64_t pc, bool taken)
{
	uint32_t index[TAGE_TABLES];
	uint16_t tags[TAGE_TABLES];
	uint32_t base_mask = BASE_PER_ENTRY * (predictor->mask + 1) - 1;
	int8_t *base = &predictor->base[(pc ^ pc >> 12) & base_mask];
	bool prediction = *base >= 0, alternate = prediction;
	uint32_t provider = TAGE_TABLES; /* none */
	struct tage_entry *entry;

	for (uint32_t i = 0; i < TAGE_TABLES; i++) {
		uint64_t hash =
			spread(spread(predictor->history & history_masks[i]) ^ pc);

		index[i] = (uint32_t)(hash >> predictor->index_shift);
		tags[i] = (uint16_t)(hash >> 24);
		entry = &predictor->tables[i][index[i]];
		if (entry->tag != tags[i])
			continue;
		alternate = prediction;
		prediction = entry->counter >= 0;
		provider = i;
	}
	if (provider == TAGE_TABLES) {
		*base = move_counter(*base, taken, -2, 1);
	} else {
		entry = &predictor->tables[provider][index[provider]];
		if (prediction != alternate && prediction == taken &&
		    entry->useful < USEFUL_MAX)
			entry->useful++;
		else if (prediction != alternate && prediction != taken &&
			 entry->useful)
			entry->useful--;
		entry->counter =
			move_counter(entry->counter, taken, COUNTER_MIN, COUNTER_MAX);
	}
	if (prediction != taken)
		allocate(predictor, index, tags,
			 provider == TAGE_TABLES ? 0 : provider + 1, taken);
	if (!--predictor->until_aging)
		age(predictor);
	predictor->history = predictor->history << 1 | taken;
	return prediction == taken;
}

/* Learns the target; true: it had been predicted. */
static bool predict_target(struct predictor *predictor, uint64_t pc, uint64_t target)
{
	uint64_t hash = spread(spread(predictor->path) ^ pc);
	struct target_entry *last =
		&predictor->last_targets[(pc ^ pc >> 12) & predictor->mask];
	struct target_entry *path =
		&predictor->path_targets[hash >> predictor->index_shift];
	bool last_right = last->tag == pc && last->target == target;
	bool known = path->tag == hash;
	bool right = known ? path->target == target : last_right;

	if (known || !right) /* a jump that always goes to one place needs no path */
		*path = (struct target_entry){.tag = hash, .target = target};
	*last = (struct target_entry){.tag = pc, .target = target};
	/* The last four targets, 16 bits each. */
	predictor->path = predictor->path << 16 | (uint16_t)(spread(target) >> 48);
	return right;
}

uint64_t machine_branch(struct machine *machine, struct machine_thread *thread,
			uint64_t pc, bool taken)
{
	uint64_t stall;

	thread->counters[MACHINE_BRANCHES]++;
	if (likely(predict_direction(&thread->core->predictor, pc, taken)))
		return 0;
	stall = machine->costs.branch_miss;
	thread->counters[MACHINE_BRANCH_MISSES]++;
	thread->counters[MACHINE_CYCLES] += stall;
	return stall;
}

uint64_t machine_branch_indirect(struct machine *machine, struct machine_thread *thread,
				 uint64_t pc, uint64_t target)
{
	uint64_t stall;

	thread->counters[MACHINE_BRANCHES]++;
	if (likely(predict_target(&thread->core->predictor, pc, target)))
		return 0;
	stall = machine->costs.branch_miss;
	thread->counters[MACHINE_BRANCH_MISSES]++;
	thread->counters[MACHINE_CYCLES] += stall;
	return stall;
}
