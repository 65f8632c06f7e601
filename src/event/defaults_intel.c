/* SPDX-License-Identifier: MIT */
/*
 * Default sets of Intel's processors.
 *
 * Names and codes are those of Intel's perfmon lists (github.com/intel/perfmon, files
 * <CODE>/events/<name>_core.json; also tools/perf/pmu-events/arch/x86 in the kernel's tree):
 * SKL, SKX, CLX, ICL (RKL and TGL have the same codes), ICX, SPR (EMR the same), and for the
 * hybrid ones ADL's goldencove and gracemont lists. config is EventCode | UMask << 8 |
 * CounterMask << 24; config1 is the value of the MSR that an event needs: 0x1a6 of the
 * off-core responses, 0x3f7 of FRONTEND_RETIRED.
 *
 * A line that another core holds modified is seen from both sides: by loads
 * (XSNP_HITM, called XSNP_FWD since Ice Lake-SP) and by stores, which ask for ownership (RFO)
 * and count as off-core responses. False sharing is mostly the latter.
 *
 * Instructions and cycles have fixed counters. With two threads a core there are four others,
 * for 12 events (three passes) on clients and 15 (four) on servers.
 */
#include "event/defaults.h"

/* name, config, config1, role, text */
#define EVENT(name, config, config1, role, text)                                  \
	{                                                                         \
		name, config, config1, EVENT_ROLE_##role, EVENT_UNIT_COUNT, text, \
			NULL, 0, 0                                                \
	}
/* The same with name, config and config1 on the efficient cores. */
#define BOTH(name, config, config1, other_name, other_config, other_config1, role, \
	     text)                                                                 \
	{                                                                          \
		name, config, config1, EVENT_ROLE_##role, EVENT_UNIT_COUNT, text,  \
			other_name, other_config, other_config1                    \
	}

#define TEXT_CYCLES       "clock cycles of the core while it works"
#define TEXT_INSTRUCTIONS "instructions completed"
#define TEXT_LOAD_HITM                                                                 \
	"loads of a cache line that another core of the socket had modified: the core" \
	" waits for its copy"
#define TEXT_STORE_HITM                                                        \
	"stores to a cache line that another core of the socket had modified:" \
	" it gives the line up"
#define TEXT_REMOTE_HITM \
	"loads of a cache line that a core of another socket had modified"
#define TEXT_REMOTE_DRAM  "loads that came from the memory of another NUMA node"
#define TEXT_L1D          "lines brought into the first-level data cache"
#define TEXT_L1D_LOADS    "loads that missed the first-level data cache"
#define TEXT_L2           "loads that missed the second-level cache"
#define TEXT_L3           "loads that missed the third-level cache"
#define TEXT_STALLS       "cycles in which nothing ran and a memory access was waited for"
#define TEXT_BRANCHES     "branch instructions completed"
#define TEXT_MISPREDICTED "branches completed that went another way than predicted"
#define TEXT_DTLB_LOADS \
	"loads whose page was in no TLB: walks of the page table that found it"
#define TEXT_DTLB_STORES \
	"stores whose page was in no TLB: walks of the page table that found it"
#define TEXT_ITLB  "instruction fetches whose page was in no TLB: walks that found it"
#define TEXT_L1I   "instruction fetches that missed the first-level cache"
#define TEXT_LOADS "load instructions completed"

#define KERNEL_EVENTS                                                 \
	EVENT("instructions", 0, 0, INSTRUCTIONS, TEXT_INSTRUCTIONS), \
		EVENT("cycles", 0, 0, CYCLES, TEXT_CYCLES)

/* Skylake, Kaby, Coffee and Comet Lake: one socket, no remote memory. */
static const struct default_event skylake[] = {
	KERNEL_EVENTS,
	EVENT("MEM_LOAD_L3_HIT_RETIRED.XSNP_HITM", 0x04d2, 0, HITM, TEXT_LOAD_HITM),
	EVENT("OFFCORE_RESPONSE.DEMAND_RFO.L3_HIT.SNOOP_HITM", 0x01b7, 0x10001c0002,
	      HITM, TEXT_STORE_HITM),
	EVENT("MEM_LOAD_RETIRED.L3_MISS", 0x20d1, 0, LLC_MISS, TEXT_L3),
	EVENT("CYCLE_ACTIVITY.STALLS_MEM_ANY", 0x140014a3, 0, STALL, TEXT_STALLS),
	EVENT("L1D.REPLACEMENT", 0x0151, 0, L1D_MISS, TEXT_L1D),
	EVENT("MEM_LOAD_RETIRED.L2_MISS", 0x10d1, 0, L2_MISS, TEXT_L2),
	EVENT("DTLB_LOAD_MISSES.WALK_COMPLETED", 0x0e08, 0, DTLB_MISS, TEXT_DTLB_LOADS),
	EVENT("MEM_INST_RETIRED.ALL_LOADS", 0x81d0, 0, LOADS, TEXT_LOADS),
	EVENT("BR_INST_RETIRED.ALL_BRANCHES", 0x00c4, 0, BRANCHES, TEXT_BRANCHES),
	EVENT("BR_MISP_RETIRED.ALL_BRANCHES", 0x00c5, 0, BRANCH_MISS,
	      TEXT_MISPREDICTED),
	EVENT("ITLB_MISSES.WALK_COMPLETED", 0x0e85, 0, ITLB_MISS, TEXT_ITLB),
	EVENT("ICACHE_64B.IFTAG_MISS", 0x0283, 0, L1I_MISS, TEXT_L1I),
};

/* Skylake-SP and Cascade Lake differ in one name. */
#define SKYLAKE_SERVER(store_hitm)                                                    \
	KERNEL_EVENTS,                                                                \
		EVENT("MEM_LOAD_L3_HIT_RETIRED.XSNP_HITM", 0x04d2, 0, HITM,           \
		      TEXT_LOAD_HITM),                                                \
		EVENT(store_hitm, 0x01b7, 0x10003c0002, HITM, TEXT_STORE_HITM),       \
		EVENT("MEM_LOAD_L3_MISS_RETIRED.REMOTE_HITM", 0x04d3, 0, HITM,        \
		      TEXT_REMOTE_HITM),                                              \
		EVENT("CYCLE_ACTIVITY.STALLS_MEM_ANY", 0x140014a3, 0, STALL,          \
		      TEXT_STALLS),                                                   \
		EVENT("MEM_LOAD_L3_MISS_RETIRED.REMOTE_DRAM", 0x02d3, 0, REMOTE_DRAM, \
		      TEXT_REMOTE_DRAM),                                              \
		EVENT("MEM_LOAD_RETIRED.L3_MISS", 0x20d1, 0, LLC_MISS, TEXT_L3),      \
		EVENT("MEM_LOAD_RETIRED.L2_MISS", 0x10d1, 0, L2_MISS, TEXT_L2),       \
		EVENT("L1D.REPLACEMENT", 0x0151, 0, L1D_MISS, TEXT_L1D),              \
		EVENT("DTLB_LOAD_MISSES.WALK_COMPLETED", 0x0e08, 0, DTLB_MISS,        \
		      TEXT_DTLB_LOADS),                                               \
		EVENT("DTLB_STORE_MISSES.WALK_COMPLETED", 0x0e49, 0, DTLB_MISS,       \
		      TEXT_DTLB_STORES),                                              \
		EVENT("MEM_INST_RETIRED.ALL_LOADS", 0x81d0, 0, LOADS, TEXT_LOADS),    \
		EVENT("BR_INST_RETIRED.ALL_BRANCHES", 0x00c4, 0, BRANCHES,            \
		      TEXT_BRANCHES),                                                 \
		EVENT("BR_MISP_RETIRED.ALL_BRANCHES", 0x00c5, 0, BRANCH_MISS,         \
		      TEXT_MISPREDICTED),                                             \
		EVENT("ITLB_MISSES.WALK_COMPLETED", 0x0e85, 0, ITLB_MISS, TEXT_ITLB), \
		EVENT("ICACHE_64B.IFTAG_MISS", 0x0283, 0, L1I_MISS, TEXT_L1I)

static const struct default_event skylake_sp[] = {
	SKYLAKE_SERVER("OFFCORE_RESPONSE.DEMAND_RFO.L3_HIT.HITM_OTHER_CORE"),
};

static const struct default_event cascade_lake[] = {
	SKYLAKE_SERVER("OCR.DEMAND_RFO.L3_HIT.HITM_OTHER_CORE"),
};

/* Ice, Tiger and Rocket Lake: one socket. Tiger Lake calls the first one XSNP_FWD. */
static const struct default_event ice_lake[] = {
	KERNEL_EVENTS,
	EVENT("MEM_LOAD_L3_HIT_RETIRED.XSNP_HITM", 0x04d2, 0, HITM, TEXT_LOAD_HITM),
	EVENT("OCR.DEMAND_RFO.L3_HIT.SNOOP_HITM", 0x01b7, 0x10003c0002, HITM,
	      TEXT_STORE_HITM),
	EVENT("MEM_LOAD_RETIRED.L3_MISS", 0x20d1, 0, LLC_MISS, TEXT_L3),
	EVENT("CYCLE_ACTIVITY.STALLS_MEM_ANY", 0x140014a3, 0, STALL, TEXT_STALLS),
	EVENT("L1D.REPLACEMENT", 0x0151, 0, L1D_MISS, TEXT_L1D),
	EVENT("MEM_LOAD_RETIRED.L2_MISS", 0x10d1, 0, L2_MISS, TEXT_L2),
	EVENT("DTLB_LOAD_MISSES.WALK_COMPLETED", 0x0e08, 0, DTLB_MISS, TEXT_DTLB_LOADS),
	EVENT("MEM_INST_RETIRED.ALL_LOADS", 0x81d0, 0, LOADS, TEXT_LOADS),
	EVENT("BR_INST_RETIRED.ALL_BRANCHES", 0x00c4, 0, BRANCHES, TEXT_BRANCHES),
	EVENT("BR_MISP_RETIRED.ALL_BRANCHES", 0x00c5, 0, BRANCH_MISS,
	      TEXT_MISPREDICTED),
	EVENT("ITLB_MISSES.WALK_COMPLETED", 0x0e85, 0, ITLB_MISS, TEXT_ITLB),
	EVENT("ICACHE_64B.IFTAG_MISS", 0x0283, 0, L1I_MISS, TEXT_L1I),
};

static const struct default_event ice_lake_sp[] = {
	KERNEL_EVENTS,
	EVENT("MEM_LOAD_L3_HIT_RETIRED.XSNP_FWD", 0x04d2, 0, HITM, TEXT_LOAD_HITM),
	EVENT("OCR.DEMAND_RFO.L3_HIT.SNOOP_HITM", 0x01b7, 0x10003c0002, HITM,
	      TEXT_STORE_HITM),
	EVENT("MEM_LOAD_L3_MISS_RETIRED.REMOTE_HITM", 0x04d3, 0, HITM,
	      TEXT_REMOTE_HITM),
	EVENT("CYCLE_ACTIVITY.STALLS_MEM_ANY", 0x140014a3, 0, STALL, TEXT_STALLS),
	EVENT("MEM_LOAD_L3_MISS_RETIRED.REMOTE_DRAM", 0x02d3, 0, REMOTE_DRAM,
	      TEXT_REMOTE_DRAM),
	EVENT("MEM_LOAD_RETIRED.L3_MISS", 0x20d1, 0, LLC_MISS, TEXT_L3),
	EVENT("MEM_LOAD_RETIRED.L2_MISS", 0x10d1, 0, L2_MISS, TEXT_L2),
	EVENT("L1D.REPLACEMENT", 0x0151, 0, L1D_MISS, TEXT_L1D),
	EVENT("DTLB_LOAD_MISSES.WALK_COMPLETED", 0x0e08, 0, DTLB_MISS, TEXT_DTLB_LOADS),
	EVENT("DTLB_STORE_MISSES.WALK_COMPLETED", 0x0e49, 0, DTLB_MISS,
	      TEXT_DTLB_STORES),
	EVENT("MEM_INST_RETIRED.ALL_LOADS", 0x81d0, 0, LOADS, TEXT_LOADS),
	EVENT("BR_INST_RETIRED.ALL_BRANCHES", 0x00c4, 0, BRANCHES, TEXT_BRANCHES),
	EVENT("BR_MISP_RETIRED.ALL_BRANCHES", 0x00c5, 0, BRANCH_MISS,
	      TEXT_MISPREDICTED),
	EVENT("ITLB_MISSES.WALK_COMPLETED", 0x0e85, 0, ITLB_MISS, TEXT_ITLB),
	EVENT("ICACHE_64B.IFTAG_MISS", 0x0283, 0, L1I_MISS, TEXT_L1I),
};

/* Sapphire and Emerald Rapids: TLB and off-core events have new codes. */
static const struct default_event sapphire_rapids[] = {
	KERNEL_EVENTS,
	EVENT("MEM_LOAD_L3_HIT_RETIRED.XSNP_FWD", 0x04d2, 0, HITM, TEXT_LOAD_HITM),
	EVENT("OCR.DEMAND_RFO.L3_HIT.SNOOP_HITM", 0x012a, 0x10003c0002, HITM,
	      TEXT_STORE_HITM),
	EVENT("MEM_LOAD_L3_MISS_RETIRED.REMOTE_HITM", 0x04d3, 0, HITM,
	      TEXT_REMOTE_HITM),
	EVENT("EXE_ACTIVITY.BOUND_ON_LOADS", 0x50021a6, 0, STALL, TEXT_STALLS),
	EVENT("MEM_LOAD_L3_MISS_RETIRED.REMOTE_DRAM", 0x02d3, 0, REMOTE_DRAM,
	      TEXT_REMOTE_DRAM),
	EVENT("MEM_LOAD_RETIRED.L3_MISS", 0x20d1, 0, LLC_MISS, TEXT_L3),
	EVENT("MEM_LOAD_RETIRED.L2_MISS", 0x10d1, 0, L2_MISS, TEXT_L2),
	EVENT("L1D.REPLACEMENT", 0x0151, 0, L1D_MISS, TEXT_L1D),
	EVENT("DTLB_LOAD_MISSES.WALK_COMPLETED", 0x0e12, 0, DTLB_MISS, TEXT_DTLB_LOADS),
	EVENT("DTLB_STORE_MISSES.WALK_COMPLETED", 0x0e13, 0, DTLB_MISS,
	      TEXT_DTLB_STORES),
	EVENT("MEM_INST_RETIRED.ALL_LOADS", 0x81d0, 0, LOADS, TEXT_LOADS),
	EVENT("BR_INST_RETIRED.ALL_BRANCHES", 0x00c4, 0, BRANCHES, TEXT_BRANCHES),
	EVENT("BR_MISP_RETIRED.ALL_BRANCHES", 0x00c5, 0, BRANCH_MISS,
	      TEXT_MISPREDICTED),
	EVENT("ITLB_MISSES.WALK_COMPLETED", 0x0e11, 0, ITLB_MISS, TEXT_ITLB),
	EVENT("FRONTEND_RETIRED.L1I_MISS", 0x01c6, 0x12, L1I_MISS, TEXT_L1I),
};

/* Alder and Raptor Lake: every event on both kinds of core, so that none is uncounted. */
static const struct default_event alder_lake[] = {
	KERNEL_EVENTS,
	BOTH("MEM_LOAD_L3_HIT_RETIRED.XSNP_FWD", 0x04d2, 0,
	     "MEM_LOAD_UOPS_RETIRED.HITM", 0x20d1, 0, HITM, TEXT_LOAD_HITM),
	BOTH("OCR.DEMAND_RFO.L3_HIT.SNOOP_HITM", 0x012a, 0x10003c0002,
	     "OCR.DEMAND_RFO.L3_HIT.SNOOP_HITM", 0x01b7, 0x10003c0002, HITM,
	     TEXT_STORE_HITM),
	BOTH("MEM_LOAD_RETIRED.L3_MISS", 0x20d1, 0,
	     "MEM_LOAD_UOPS_RETIRED_MISC.L3_MISS", 0x20d2, 0, LLC_MISS, TEXT_L3),
	BOTH("EXE_ACTIVITY.BOUND_ON_LOADS", 0x50021a6, 0, "MEM_BOUND_STALLS.LOAD",
	     0x0734, 0, STALL, TEXT_STALLS),
	BOTH("MEM_LOAD_RETIRED.L1_MISS", 0x08d1, 0, "MEM_LOAD_UOPS_RETIRED.L1_MISS",
	     0x08d1, 0, L1D_MISS, TEXT_L1D_LOADS),
	BOTH("MEM_LOAD_RETIRED.L2_MISS", 0x10d1, 0, "MEM_LOAD_UOPS_RETIRED.L2_MISS",
	     0x10d1, 0, L2_MISS, TEXT_L2),
	BOTH("DTLB_LOAD_MISSES.WALK_COMPLETED", 0x0e12, 0,
	     "DTLB_LOAD_MISSES.WALK_COMPLETED", 0x0e08, 0, DTLB_MISS, TEXT_DTLB_LOADS),
	BOTH("DTLB_STORE_MISSES.WALK_COMPLETED", 0x0e13, 0,
	     "DTLB_STORE_MISSES.WALK_COMPLETED", 0x0e49, 0, DTLB_MISS,
	     TEXT_DTLB_STORES),
	BOTH("BR_INST_RETIRED.ALL_BRANCHES", 0x00c4, 0, "BR_INST_RETIRED.ALL_BRANCHES",
	     0x00c4, 0, BRANCHES, TEXT_BRANCHES),
	BOTH("BR_MISP_RETIRED.ALL_BRANCHES", 0x00c5, 0, "BR_MISP_RETIRED.ALL_BRANCHES",
	     0x00c5, 0, BRANCH_MISS, TEXT_MISPREDICTED),
	BOTH("ITLB_MISSES.WALK_COMPLETED", 0x0e11, 0, "ITLB_MISSES.WALK_COMPLETED",
	     0x0e85, 0, ITLB_MISS, TEXT_ITLB),
	BOTH("FRONTEND_RETIRED.L1I_MISS", 0x01c6, 0x12, "ICACHE.MISSES", 0x0280, 0,
	     L1I_MISS, TEXT_L1I),
};

#define SET(key, title, events)                                        \
	{                                                              \
		key, title, events, sizeof(events) / sizeof(*(events)) \
	}

static const struct default_set sets[] = {
	SET("skylake", "Intel Skylake", skylake),
	SET("skylake-sp", "Intel Skylake-SP", skylake_sp),
	SET("cascade-lake", "Intel Cascade Lake", cascade_lake),
	SET("ice-lake", "Intel Ice Lake", ice_lake),
	SET("ice-lake-sp", "Intel Ice Lake-SP", ice_lake_sp),
	SET("sapphire-rapids", "Intel Sapphire Rapids", sapphire_rapids),
	SET("alder-lake", "Intel Alder Lake and Raptor Lake", alder_lake),
};

const struct default_set *default_set_intel(size_t index)
{
	return index < sizeof(sets) / sizeof(*sets) ? &sets[index] : NULL;
}
