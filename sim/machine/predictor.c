/* SPDX-License-Identifier: MIT */
/*
 * Branch prediction of the TAGE family (A. Seznec, P. Michaud: "A case for (partially) TAgged
 * GEometric history length branch prediction", JILP 8, 2006), smaller than in real cores: a
 * table of counters by address, and two tables of tagged counters by address and the last 8 and
 * 16 directions. The longest history that knows the branch predicts. A branch that
 * went one way more often in a row than the longest history is long is expected to go on so, and
 * the tables are left to others (P.-Y. Chang, M. Evers, Y. Patt: "Improving branch prediction
 * accuracy by reducing pattern history table interference", PACT 1996): most branches are such,
 * and cost one look-up. An indirect jump is predicted by the target that followed the same path
 * of indirect jumps, else by its last target.
 */
#include "machine/predictor.h"

#define COUNTER_MIN  (-4)
#define USEFUL_MAX   3
#define AGING_PERIOD (256u << 10) /* branches; Seznec's choice */

static const uint64_t history_masks[TAGE_TABLES] = {
	(UINT64_C(1) << 8) - 1,
	(UINT64_C(1) << 16) - 1,
};

int predictor_init(struct machine *machine, struct predictor *predictor)
{
	uint32_t entries = machine->config.predictor_entries;
	bool complete = true;

	predictor->mask = entries - 1;
	predictor->index_shift = 64 - (uint32_t)__builtin_ctz(entries);
	predictor->until_aging = AGING_PERIOD;
	predictor->base = take_memory(machine, BASE_PER_ENTRY * entries *
						       sizeof(struct base_entry));
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

/* What a counter becomes; the base's have fewer values. */
static inline int8_t move_counter(int8_t counter, bool is_base, bool taken)
{
	static const int8_t moved[2][2][8] = {
		{{-4, -4, -3, -2, -1, 0, 1, 2}, {-3, -2, -1, 0, 1, 2, 3, 3}},
		{{-2, -2, -2, -2, -1, 0, 0, 0}, {-1, -1, -1, 0, 1, 1, 1, 1}},
	};

	return moved[is_base][taken][counter - COUNTER_MIN];
}

static inline struct tage_entry *entry_of(int8_t *counter)
{
	return (struct tage_entry *)(void *)((char *)counter -
					     offsetof(struct tage_entry, counter));
}

/* Where table i keeps what it knows of a branch, and by which tag it knows it. */
static inline struct tage_entry *find_entry(const struct predictor *predictor,
					    uint64_t pc, uint32_t i, uint16_t *tag)
{
	uint64_t hash = spread((predictor->history & history_masks[i]) ^ spread(pc));

	*tag = (uint16_t)(hash >> 24);
	return &predictor->tables[i][hash >> predictor->index_shift];
}

/* A free entry in a table of longer history learns the branch; none free: all get freer. */
static __attribute__((noinline)) void allocate(const struct predictor *predictor,
					       uint64_t pc, uint32_t first, bool taken)
{
	struct tage_entry *entry;
	uint16_t tag;

	for (uint32_t i = first; i < TAGE_TABLES; i++) {
		entry = find_entry(predictor, pc, i, &tag);
		if (entry->useful)
			continue;
		*entry = (struct tage_entry){.tag = tag, .counter = taken ? 0 : -1};
		return;
	}
	for (uint32_t i = first; i < TAGE_TABLES; i++)
		find_entry(predictor, pc, i, &tag)->useful--;
}

/* The provider, a table, was or was not better than what would have predicted without it. */
static void move_useful(struct tage_entry *entry, bool better)
{
	if (better)
		entry->useful = (uint8_t)(entry->useful + (entry->useful < USEFUL_MAX));
	else
		entry->useful = (uint8_t)(entry->useful - (entry->useful > 0));
}

/* The first of the tables with longer histories than the provider. */
static uint32_t tables_beyond(const struct predictor *predictor, uint64_t pc)
{
	uint32_t i = TAGE_TABLES;
	uint16_t tag;

	while (i && find_entry(predictor, pc, i - 1, &tag)->tag != tag)
		i--;
	return i;
}

/*
 * Learns the direction; true: it had been predicted. As few branches as possible: which tables
 * know a branch is as hard to foresee as the branch itself.
 */
static inline bool predict_by_tables(struct predictor *predictor, int8_t *base,
				     uint64_t pc, bool taken)
{
	uintptr_t provider = (uintptr_t)base, alternate = provider; /* counters */
	int8_t counter;
	bool right;

#pragma GCC unroll 2
	for (uint32_t i = 0; i < TAGE_TABLES; i++) {
		uint16_t tag;
		struct tage_entry *entry = find_entry(predictor, pc, i, &tag);
		uintptr_t known = -(uintptr_t)(entry->tag == tag);

		alternate ^= (alternate ^ provider) & known;
		provider ^= (provider ^ (uintptr_t)&entry->counter) & known;
	}
	counter = *(int8_t *)provider;
	right = (counter >= 0) == taken;
	if (unlikely((*(int8_t *)alternate ^ counter) < 0))
		move_useful(entry_of((int8_t *)provider), right);
	*(int8_t *)provider = move_counter(counter, provider == (uintptr_t)base, taken);
	if (unlikely(!right))
		allocate(predictor, pc, tables_beyond(predictor, pc), taken);
	if (unlikely(!--predictor->until_aging))
		age(predictor);
	return right;
}

/* A branch that does not go on as it went for so long. */
static inline bool predict_direction(struct predictor *predictor, uint64_t pc,
				     bool taken)
{
	struct base_entry *base = predictor_base(predictor, pc);
	bool same = base->way == taken, right = false;

	if (likely(base->row < ROW_MAX)) {
		right = predict_by_tables(predictor, &base->counter, pc, taken);
		base->row = same ? (uint8_t)(base->row + 1) : 1;
		base->way = taken;
	} else {
		/* The tables have seen nothing of the row, and would take its end for the rule. */
		*base = (struct base_entry){
			.counter = move_counter(base->counter, true, taken),
			.way = taken,
			.row = 1};
	}
	return right;
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

uint64_t branch_uncertainly(struct machine *machine, struct machine_thread *thread,
			    uint64_t pc, bool taken)
{
	uint64_t stall;

	if (likely(predict_direction(&thread->core->predictor, pc, taken)))
		return 0;
	stall = machine->costs.branch_miss;
	thread->counters[MACHINE_BRANCH_MISSES]++;
	thread->counters[MACHINE_CYCLES] += stall;
	return stall;
}

uint64_t machine_branch(struct machine *machine, struct machine_thread *thread,
			uint64_t pc, bool taken)
{
	struct predictor *predictor = &thread->core->predictor;
	uint64_t stall = 0;

	thread->counters[MACHINE_BRANCHES]++;
	if (!predictor_goes_on(predictor, pc, taken))
		stall = branch_uncertainly(machine, thread, pc, taken);
	predictor_remember(predictor, taken);
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
