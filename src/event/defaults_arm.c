/* SPDX-License-Identifier: MIT */
/*
 * Default sets of Arm's server cores.
 *
 * Names and codes are those of Arm's published lists (github.com/ARM-software/data,
 * pmu/neoverse-{n1,v1,n2}.json, and the cores' Technical Reference Manuals); the three cores
 * have the same for all of these, so they share one table.
 *
 * No event counts a line found modified. L1D_CACHE_INVAL counts lines that this core lost
 * because another core wrote to them ("broadcast cache coherency operations from another CPU
 * in the system", as tools/perf/pmu-events/arch/arm64/arm/neoverse-n1 has it): with sharing
 * it rises on every core that takes part. It is no count of waits, like the others of its
 * role, but of what makes them happen.
 *
 * Cycles have a counter of their own and there are six others: 12 events and the
 * instructions of every pass need three passes, four with four counters.
 */
#include "event/defaults.h"

#define EVENT(name, config, role, text)                                                \
	{                                                                              \
		name, config, 0, EVENT_ROLE_##role, EVENT_UNIT_COUNT, text, NULL, 0, 0 \
	}

static const struct default_event neoverse[] = {
	EVENT("instructions", 0, INSTRUCTIONS, "instructions completed"),
	EVENT("cycles", 0, CYCLES, "clock cycles of the core while it works"),
	EVENT("L1D_CACHE_INVAL", 0x48, HITM,
	      "cache lines lost because another core wrote to them"),
	EVENT("REMOTE_ACCESS", 0x31, REMOTE_DRAM, "accesses to another socket"),
	EVENT("LL_CACHE_MISS_RD", 0x37, LLC_MISS,
	      "reads that missed the last-level cache"),
	EVENT("STALL_BACKEND", 0x24, STALL,
	      "cycles in which nothing started: execution waited for memory or units"),
	EVENT("L2D_CACHE_REFILL", 0x17, L2_MISS,
	      "lines brought into the second-level cache"),
	EVENT("L1D_CACHE_REFILL", 0x03, L1D_MISS,
	      "lines brought into the first-level data cache"),
	EVENT("DTLB_WALK", 0x34, DTLB_MISS,
	      "data accesses whose page was in no TLB: walks of the page table"),
	EVENT("BR_RETIRED", 0x21, BRANCHES, "branch instructions completed"),
	EVENT("BR_MIS_PRED_RETIRED", 0x22, BRANCH_MISS,
	      "branches completed that went another way than predicted"),
	EVENT("STALL_FRONTEND", 0x23, STALL,
	      "cycles in which nothing started: no instruction had been fetched"),
	EVENT("L1I_CACHE_REFILL", 0x01, L1I_MISS,
	      "lines brought into the first-level instruction cache"),
	EVENT("ITLB_WALK", 0x35, ITLB_MISS,
	      "instruction fetches whose page was in no TLB: walks of its table"),
};

#define SET(key, title, events)                                        \
	{                                                              \
		key, title, events, sizeof(events) / sizeof(*(events)) \
	}

static const struct default_set sets[] = {
	SET("neoverse-n1", "Arm Neoverse N1", neoverse),
	SET("neoverse-v1", "Arm Neoverse V1", neoverse),
	SET("neoverse-n2", "Arm Neoverse N2", neoverse),
};

const struct default_set *default_set_arm(size_t index)
{
	return index < sizeof(sets) / sizeof(*sets) ? &sets[index] : NULL;
}
