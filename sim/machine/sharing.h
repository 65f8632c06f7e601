/* SPDX-License-Identifier: MIT */
/*
 * What sharing.c does about accesses to contended lines, piece by piece, because contend.c does the
 * same when it knows where things are.
 */
#ifndef AUTOPERF_SIM_MACHINE_SHARING_H
#define AUTOPERF_SIM_MACHINE_SHARING_H

#include "machine/internal.h"

static inline struct contended *sharing_record(const struct machine *machine,
					       const struct line *line)
{
	return &machine->sharing.records[line->contended];
}

/* The sharer of a core, if it is found at once; or else NULL. */
static inline struct sharer *known_sharer(struct contended *record, uint32_t core)
{
	struct sharer *sharer = &record->sharers[core % SHARERS_MAX];

	return likely(sharer->core == core) ? sharer : NULL;
}

/* The entry of a thread on the core of that sharer, if it is found at once; or else NULL. */
static inline struct machine_line_thread *
known_entry(struct machine_line *report, const struct sharer *sharer, uint32_t id)
{
	struct machine_line_thread *entry = &report->threads[sharer->entry];

	return likely(sharer->entry < report->thread_count && entry->id == id) ? entry
									       : NULL;
}

static inline void count_class(struct contended *record, struct machine_thread *thread,
			       bool is_true)
{
	thread->counters[is_true ? MACHINE_HITM_TRUE : MACHINE_HITM_FALSE]++;
	if (is_true)
		record->report.hitm_true++;
	else
		record->report.hitm_false++;
}

/* Settles the sharer's open HITM, if any. */
static inline void decide(const struct machine *machine, struct contended *record,
			  struct sharer *sharer, bool is_true)
{
	if (sharer->pending)
		count_class(record, machine->threads[sharer->pending - 1], is_true);
	sharer->pending = 0;
}

/* What the owner wrote is news to all others. */
static inline void hand_out_writes(struct contended *record, struct line *line)
{
	uint64_t written = line->written;

	if (!written)
		return;
	for (uint32_t left = record->used; left; left &= left - 1) {
		struct sharer *sharer = &record->sharers[__builtin_ctz(left)];

		if (sharer->core != line->owner)
			sharer->stale |= written;
	}
	record->written |= written;
	line->written = 0;
}

static inline void count_site(struct machine_line_site *sites, uint32_t site)
{
	uint32_t i = 0;

	if (likely(sites[0].site == site && sites[0].count)) {
		sites[0].count += sites[0].count < UINT32_MAX;
		return;
	}
	while (i < MACHINE_LINE_SITES - 1 && sites[i].count && sites[i].site != site)
		i++;
	sites[i].site = site; /* the last candidate gives way and hands on its count */
	if (sites[i].count < UINT32_MAX)
		sites[i].count++;
	for (; i && sites[i].count > sites[i - 1].count; i--) {
		struct machine_line_site swapped = sites[i];

		sites[i] = sites[i - 1];
		sites[i - 1] = swapped;
	}
}

static inline void count_region(struct machine_line_region *regions, uint32_t region,
				bool hitm, uint64_t cycles)
{
	uint32_t i = 0;

	if (!region)
		return;
	while (i < MACHINE_LINE_REGIONS - 1 && regions[i].region &&
	       regions[i].region != region)
		i++;
	if (regions[i].region != region)
		regions[i] = (struct machine_line_region){.region = region};
	regions[i].hitm += hitm;
	regions[i].cycles += cycles;
	for (; i && regions[i].cycles > regions[i - 1].cycles; i--) {
		struct machine_line_region swapped = regions[i];

		regions[i] = regions[i - 1];
		regions[i - 1] = swapped;
	}
}

/* The sharer and the thread's entry are NULL where there is no room for them. */
static inline void touch(const struct machine *machine, const struct request *request,
			 struct contended *record, struct sharer *sharer,
			 struct machine_line_thread *entry)
{
	if (entry && request->read)
		entry->read |= request->bytes;
	if (entry && request->write)
		entry->written |= request->bytes;
	if (sharer && sharer->pending && sharer->stale & request->bytes)
		decide(machine, record, sharer, true);
}

/* The sharer's core, which may be the owner, is about to lose the line. */
static inline void lose(const struct machine *machine, struct contended *record,
			struct sharer *sharer, struct line *line)
{
	if (line->owner == sharer->core)
		hand_out_writes(record, line);
	decide(machine, record, sharer, false);
	sharer->stale = 0;
}

/* A HITM of the sharer, about which nothing is decided yet. */
static inline void count_hitm(struct contended *record, const struct request *request,
			      const struct line *line, bool remote, uint64_t cycles)
{
	struct machine_line *report = &record->report;

	report->hitm_local += !remote;
	report->hitm_remote += remote;
	report->cycles += cycles;
	count_site(report->fetched_at, request->site);
	count_site(report->written_at, line->site);
	count_region(report->regions, request->thread->region, true, cycles);
}

/* The thread's entry is NULL where there is no room for it. */
static inline void count_upgrade(struct contended *record,
				 const struct request *request,
				 struct machine_line_thread *entry, uint64_t cycles)
{
	record->report.upgrades++;
	record->report.cycles += cycles;
	if (entry && entry->upgrades < UINT32_MAX)
		entry->upgrades++;
	count_region(record->report.regions, request->thread->region, false, cycles);
}

static inline void count_entry(struct machine_line_thread *entry)
{
	if (entry->hitm < UINT32_MAX)
		entry->hitm++;
}

#endif
