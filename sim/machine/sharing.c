/* SPDX-License-Identifier: MIT */
/*
 * Contended lines: those that a core fetched while another held them modified.
 *
 * True or false. After M. Dubois et al., "The detection and elimination of useless misses in
 * multiprocessors" (ISCA 1993): a miss is true sharing if, before the core loses the line
 * again, it touches a byte that another core has written since it last lost the line; if it
 * touches none, the miss would not have happened had the bytes been on lines of their own. So a
 * HITM stays pending until one of the two is known. To judge by the first access alone would
 * call a mutex falsely shared, because its kind is read before its lock word.
 *
 * Bytes that the owner writes are collected in the line itself and handed to the sharers when it
 * loses the line. What happened before the first HITM of a line is known of its owner only. A
 * line with more than SHARERS_MAX sharers decides about the rest at once, by the last owner's
 * bytes.
 *
 * Memory is bounded: the table of records has a fixed size, a new line takes the place of the
 * cheapest of a few others.
 */
#include "machine/sharing.h"

#define CANDIDATES 8 /* records of which the cheapest makes room */

int sharing_init(struct machine *machine)
{
	struct sharing *sharing = &machine->sharing;
	uint32_t chains = 1;

	sharing->capacity = machine->config.sharing_lines;
	sharing->fresh = 1;
	sharing->hand = 1;
	while (chains < sharing->capacity)
		chains *= 2;
	sharing->chain_mask = chains - 1;
	sharing->chains = take_memory(machine, chains * sizeof(*sharing->chains));
	sharing->records = take_memory(machine, (sharing->capacity + 1) *
							sizeof(struct contended));
	return sharing->chains && sharing->records ? 0 : -1;
}

void sharing_release(struct machine *machine)
{
	give_memory(machine, machine->sharing.chains);
	give_memory(machine, machine->sharing.records);
}

static struct sharing_chain *chain_of(const struct sharing *sharing, uint64_t number)
{
	return &sharing->chains[spread(number) >> 32 & sharing->chain_mask];
}

/* The bit of a number in its chain's `present`. Other bits of the hash than chain_of() takes. */
static inline uint16_t present_bit(uint64_t number)
{
	return (uint16_t)(1u << (spread(number) >> 60));
}

uint16_t sharing_find(const struct machine *machine, uint64_t number)
{
	const struct sharing *sharing = &machine->sharing;
	const struct sharing_chain *chain = chain_of(sharing, number);
	uint16_t index = chain->first;

	/* Records are large, and hardly ever in the host's nearer caches. */
	if (!(chain->present & present_bit(number)))
		return 0;
	while (index && sharing->records[index].report.address >> LINE_SHIFT != number)
		index = sharing->records[index].next;
	return index;
}

/*
 * Where the sharer of a core is, or could be put; SHARERS_MAX: there is no room. It is found by the
 * core's number, which is most often below the limit, without a search.
 */
static inline uint32_t sharer_place(const struct contended *record, uint32_t core)
{
	uint32_t at = core % SHARERS_MAX;

	if (likely(record->sharers[at].core == core))
		return at;
	for (uint32_t i = 0; i < SHARERS_MAX; i++, at = (at + 1) % SHARERS_MAX)
		if (record->sharers[at].core == core ||
		    record->sharers[at].core == NO_CORE)
			return at;
	return SHARERS_MAX;
}

static inline struct sharer *find_sharer(struct contended *record, uint32_t core)
{
	uint32_t at = sharer_place(record, core);

	return at < SHARERS_MAX && record->sharers[at].core == core
		       ? &record->sharers[at]
		       : NULL;
}

static void forget_sharers(struct contended *record)
{
	record->used = 0;
	for (uint32_t i = 0; i < SHARERS_MAX; i++)
		record->sharers[i].core = NO_CORE;
}

static void decide_all(const struct machine *machine, struct contended *record)
{
	for (uint32_t left = record->used; left; left &= left - 1)
		decide(machine, record, &record->sharers[__builtin_ctz(left)], false);
}

static void settle_core(struct machine *machine, struct machine_core *core)
{
	for (uint32_t i = 0; i < core->pending_count; i++) {
		struct contended *record = &machine->sharing.records[core->pending[i]];
		struct sharer *sharer = find_sharer(record, core->number);

		if (!sharer) /* the record changed hands */
			continue;
		decide(machine, record, sharer, false);
		sharer->listed = false;
	}
	core->pending_count = 0;
}

void machine_settle(struct machine *machine, struct machine_thread *thread)
{
	settle_core(machine, thread->core);
}

/* Drops what is decided from the core's list; a list that is full of open ones is settled. */
static void shorten_list(struct machine *machine, struct machine_core *core)
{
	uint16_t kept = 0;

	for (uint32_t i = 0; i < core->pending_count; i++) {
		struct contended *record = &machine->sharing.records[core->pending[i]];
		struct sharer *sharer = find_sharer(record, core->number);

		if (!sharer)
			continue;
		if (sharer->pending)
			core->pending[kept++] = core->pending[i];
		else
			sharer->listed = false;
	}
	core->pending_count = kept;
	if (kept == PENDING_MAX)
		settle_core(machine, core);
}

static void set_pending(struct machine *machine, const struct request *request,
			struct sharer *sharer, uint16_t index)
{
	struct machine_core *core = request->core;

	sharer->pending = (uint16_t)(request->thread->slot + 1);
	if (sharer->listed)
		return;
	if (core->pending_count == PENDING_MAX)
		shorten_list(machine, core);
	sharer->listed = true;
	core->pending[core->pending_count++] = index;
}

/* The record is found by its line no longer. */
static void unchain(struct machine *machine, struct contended *record)
{
	struct sharing *sharing = &machine->sharing;
	uint16_t index = (uint16_t)(record - sharing->records);
	uint64_t number = record->report.address >> LINE_SHIFT;
	struct sharing_chain *chain = chain_of(sharing, number);
	uint16_t *link = &chain->first;
	struct line *line = directory_find(machine, number);

	while (*link != index)
		link = &sharing->records[*link].next;
	*link = record->next;
	if (!chain->first)
		chain->present = 0;
	sharing->open--;
	decide_all(machine, record);
	forget_sharers(record);
	if (line) /* ways that are still watched get over it at the next access */
		line->contended = 0;
}

/* A record that was never used, or the cheapest of the next few. */
static uint16_t make_room(struct machine *machine)
{
	struct sharing *sharing = &machine->sharing;
	uint32_t cheapest = sharing->hand;
	uint64_t least = UINT64_MAX;

	if (sharing->fresh <= sharing->capacity)
		return (uint16_t)sharing->fresh++;
	for (uint32_t i = 0; i < CANDIDATES && i < sharing->capacity; i++) {
		const struct contended *record = &sharing->records[sharing->hand];

		if (record->report.cycles < least) {
			least = record->report.cycles;
			cheapest = sharing->hand;
		}
		sharing->hand = sharing->hand % sharing->capacity + 1;
	}
	if (!sharing->records[cheapest].report.closed)
		unchain(machine, &sharing->records[cheapest]);
	return (uint16_t)cheapest;
}

static __attribute__((noinline)) struct machine_line_thread *
search_entry(struct machine_line *report, uint32_t id)
{
	struct machine_line_thread *entry;

	for (uint32_t i = 0; i < report->thread_count; i++)
		if (report->threads[i].id == id)
			return &report->threads[i];
	if (report->thread_count == MACHINE_LINE_THREADS) {
		report->more_threads = true;
		return NULL;
	}
	entry = &report->threads[report->thread_count++];
	*entry = (struct machine_line_thread){.id = id};
	return entry;
}

/* The report's entry of a thread on the core of that sharer, which may be NULL; NULL: no room. */
static inline struct machine_line_thread *
thread_entry(struct machine_line *report, struct sharer *sharer, uint32_t id)
{
	struct machine_line_thread *entry =
		sharer ? known_entry(report, sharer, id) : NULL;

	if (likely(entry))
		return entry;
	entry = search_entry(report, id);
	if (sharer && entry)
		sharer->entry = (uint8_t)(entry - report->threads);
	return entry;
}

/* The sharer of a core, which knows nothing yet if it is new; NULL: no room. */
static inline struct sharer *take_sharer(struct contended *record, uint32_t core)
{
	uint32_t at = sharer_place(record, core);

	if (unlikely(at == SHARERS_MAX))
		return NULL;
	if (unlikely(record->sharers[at].core != core)) {
		record->sharers[at] = (struct sharer){.core = (uint16_t)core,
						      .stale = record->written};
		record->used |= (uint16_t)(1u << at);
	}
	return &record->sharers[at];
}

/* The first HITM: all that is known is who owns the line and what that core wrote. */
static void open_record(struct machine *machine, struct line *line)
{
	struct sharing *sharing = &machine->sharing;
	const struct machine_thread *writer = machine->threads[line->writer];
	uint16_t index = make_room(machine);
	struct contended *record = &sharing->records[index];
	struct sharing_chain *chain = chain_of(sharing, line->number);
	struct machine_line *report = &record->report;

	*record = (struct contended){.next = chain->first};
	forget_sharers(record);
	report->address = line->number << LINE_SHIFT;
	if (machine->host.note_line)
		report->note =
			machine->host.note_line(machine->host.context, report->address);
	chain->first = index;
	chain->present |= present_bit(line->number);
	sharing->open++;
	line->contended = index;
	take_sharer(record, line->owner);
	if (writer)
		search_entry(report, writer->id)->written = line->written;
}

void sharing_hitm(struct machine *machine, const struct request *request,
		  struct line *line, bool remote, uint64_t cycles)
{
	struct machine_line_thread *entry;
	struct contended *record;
	struct sharer *sharer;
	uint64_t written = line->written;

	if (!line->contended)
		open_record(machine, line);
	record = sharing_record(machine, line);
	hand_out_writes(record, line);
	sharer = take_sharer(record, request->core->number);
	if (sharer)
		set_pending(machine, request, sharer, line->contended);
	else
		count_class(record, request->thread, written & request->bytes);
	count_hitm(record, request, line, remote, cycles);
	entry = thread_entry(&record->report, sharer, request->thread->id);
	if (entry)
		count_entry(entry);
	touch(machine, request, record, sharer, entry);
}

void sharing_upgrade(struct machine *machine, const struct request *request,
		     struct line *line, uint64_t cycles)
{
	struct contended *record = sharing_record(machine, line);
	struct sharer *sharer = find_sharer(record, request->core->number);

	count_upgrade(record, request,
		      thread_entry(&record->report, sharer, request->thread->id),
		      cycles);
}

void sharing_touch(struct machine *machine, const struct request *request,
		   const struct line *line)
{
	struct contended *record = sharing_record(machine, line);
	struct sharer *sharer = find_sharer(record, request->core->number);

	touch(machine, request, record, sharer,
	      thread_entry(&record->report, sharer, request->thread->id));
}

void sharing_obtain(struct machine *machine, const struct request *request,
		    const struct line *line)
{
	take_sharer(sharing_record(machine, line), request->core->number);
	sharing_touch(machine, request, line);
}

void sharing_lose(struct machine *machine, struct line *line, uint32_t core)
{
	struct contended *record = sharing_record(machine, line);
	struct sharer *sharer = find_sharer(record, core);

	if (sharer)
		lose(machine, record, sharer, line);
	else if (line->owner == core)
		hand_out_writes(record, line);
}

/* Costlier first; among equals the lower address, then the older record. */
static bool comes_before(const struct machine_line *left,
			 const struct machine_line *right)
{
	if (left->cycles != right->cycles)
		return left->cycles > right->cycles;
	if (left->address != right->address)
		return left->address < right->address;
	return left < right;
}

size_t machine_lines(const struct machine *machine, const struct machine_line **lines,
		     size_t count)
{
	const struct sharing *sharing = &machine->sharing;
	size_t found = 0;

	for (uint32_t i = 1; i < sharing->fresh; i++) {
		const struct machine_line *line = &sharing->records[i].report;
		size_t at = found;

		if (found == count && (!count || !comes_before(line, lines[count - 1])))
			continue;
		if (found < count)
			found++;
		else
			at--;
		for (; at && comes_before(line, lines[at - 1]); at--)
			lines[at] = lines[at - 1];
		lines[at] = line;
	}
	return found;
}

static void close_record(struct machine *machine, uint32_t index)
{
	struct contended *record = &machine->sharing.records[index];

	unchain(machine, record);
	record->report.closed = true;
}

void sharing_close(struct machine *machine, uint64_t first, uint64_t last)
{
	struct sharing *sharing = &machine->sharing;

	if (!sharing->open)
		return;
	if (last - first < sharing->capacity) {
		for (uint64_t number = first; number <= last; number++) {
			uint16_t index = sharing_find(machine, number);

			if (index)
				close_record(machine, index);
		}
		return;
	}
	for (uint32_t i = 1; i < sharing->fresh; i++) {
		const struct machine_line *line = &sharing->records[i].report;
		uint64_t number = line->address >> LINE_SHIFT;

		if (!line->closed && number >= first && number <= last)
			close_record(machine, i);
	}
}

void machine_lines_close(struct machine *machine, uint64_t address, uint64_t bytes)
{
	if (bytes)
		sharing_close(machine, address >> LINE_SHIFT,
			      last_byte(address, bytes) >> LINE_SHIFT);
}
