/* SPDX-License-Identifier: MIT */
/*
 * Default sets of AMD's processors, Zen 1 to 5.
 *
 * Names and codes are those of the kernel's tree (tools/perf/pmu-events/arch/x86/amdzen<N>),
 * which follow AMD's Processor Programming References (PMCx<code>); the two of Zen 1 that are
 * not there are libpfm4's (lib/events/amd64_events_fam17h_zen1.h). config is the event's low
 * byte | unit mask << 8 | the event's bits 8-11 << 32.
 *
 * No event of AMD's cores counts a line that was found modified. What there is: lines that
 * came out of a cache of another core complex (PMCx043 and x044, "remote cache"), which a
 * core gets only of lines that were there first; and requests to make a line writable that
 * this core had only for reading (PMCx060 ChangeToX, to Zen 4), which private data, coming in
 * exclusive, does not need. Both count as sharing.
 *
 * Nothing is fixed: cycles and instructions take one of six counters each, so 12 events and
 * the instructions of every pass need three passes, four with four counters.
 */
#include "event/defaults.h"

#define EVENT(name, config, role, text)                                                \
	{                                                                              \
		name, config, 0, EVENT_ROLE_##role, EVENT_UNIT_COUNT, text, NULL, 0, 0 \
	}

#define KERNEL_EVENTS                                                     \
	EVENT("instructions", 0, INSTRUCTIONS, "instructions completed"), \
		EVENT("cycles", 0, CYCLES, "clock cycles of the core while it works")

#define BRANCH_EVENTS                                                         \
	EVENT("ex_ret_brn", 0xc2, BRANCHES, "branch instructions completed"), \
		EVENT("ex_ret_brn_misp", 0xc3, BRANCH_MISS,                   \
		      "branches completed that went another way than predicted")

#define CHANGE_TO_X                                                                 \
	EVENT("l2_request_g1.change_to_x", 0x0860, HITM,                            \
	      "stores to a cache line that other cores may hold too: the right to " \
	      "write"                                                               \
	      " had to be asked for")

#define TEXT_REMOTE_CACHE "cache lines that another core complex's cache had to supply"
#define TEXT_REMOTE_NODE_CACHE \
	"cache lines of another NUMA node's memory that a cache had to supply"
#define TEXT_REMOTE_DRAM "cache lines that came from the memory of another NUMA node"
#define TEXT_LOCAL_DRAM  "cache lines that came from the memory of this NUMA node"
#define TEXT_PREFETCHED  " (as far as the prefetcher fetched them)"
#define TEXT_L1D         "requests of the first-level data cache for lines it did not have"
#define TEXT_L1D_FILLS   "lines that loads and stores brought into the first-level cache"
#define TEXT_L2          "data accesses that missed the second-level cache"
#define TEXT_DTLB        "data accesses whose page was in no TLB: walks of the page table"
#define TEXT_ITLB        "instruction fetches whose page was in no TLB: walks of its table"
#define TEXT_LOAD_QUEUE  "cycles in which nothing new started: the load queue was full"
#define TEXT_RETIRE_QUEUE \
	"cycles in which nothing new started: too many instructions wait to complete"

static const struct default_event zen1[] = {
	KERNEL_EVENTS,
	CHANGE_TO_X,
	EVENT("HARDWARE_PREFETCH_DATA_CACHE_FILLS.LS_MABRESP_LCL_RMT_CACHE", 0x105a,
	      HITM, TEXT_REMOTE_NODE_CACHE TEXT_PREFETCHED),
	EVENT("HARDWARE_PREFETCH_DATA_CACHE_FILLS.LS_MABRESP_LCL_RMT_DRAM", 0x405a,
	      REMOTE_DRAM, TEXT_REMOTE_DRAM TEXT_PREFETCHED),
	EVENT("HARDWARE_PREFETCH_DATA_CACHE_FILLS.LS_MABRESP_LCL_DRAM", 0x085a,
	      LLC_MISS, TEXT_LOCAL_DRAM TEXT_PREFETCHED),
	EVENT("l2_cache_misses_from_dc_misses", 0x0864, L2_MISS, TEXT_L2),
	EVENT("l2_cache_accesses_from_dc_misses", 0xc860, L1D_MISS, TEXT_L1D),
	EVENT("DISPATCH_RESOURCE_STALL_CYCLES_1.LOAD_QUEUE_RSRC_STALL", 0x02ae, STALL,
	      TEXT_LOAD_QUEUE),
	EVENT("l2_dtlb_misses", 0xf045, DTLB_MISS, TEXT_DTLB),
	EVENT("l2_itlb_misses", 0x0785, ITLB_MISS, TEXT_ITLB),
	BRANCH_EVENTS,
};

static const struct default_event zen2[] = {
	KERNEL_EVENTS,
	CHANGE_TO_X,
	EVENT("ls_refills_from_sys.ls_mabresp_rmt_cache", 0x1043, HITM,
	      TEXT_REMOTE_NODE_CACHE),
	EVENT("ls_refills_from_sys.ls_mabresp_rmt_dram", 0x4043, REMOTE_DRAM,
	      TEXT_REMOTE_DRAM),
	EVENT("ls_refills_from_sys.ls_mabresp_lcl_dram", 0x0843, LLC_MISS,
	      TEXT_LOCAL_DRAM),
	EVENT("l2_cache_misses_from_dc_misses", 0x0864, L2_MISS, TEXT_L2),
	EVENT("l2_cache_accesses_from_dc_misses", 0xc860, L1D_MISS, TEXT_L1D),
	EVENT("de_dis_dispatch_token_stalls1.load_queue_token_stall", 0x02ae, STALL,
	      TEXT_LOAD_QUEUE),
	EVENT("l2_dtlb_misses", 0xf045, DTLB_MISS, TEXT_DTLB),
	EVENT("l2_itlb_misses", 0x0785, ITLB_MISS, TEXT_ITLB),
	BRANCH_EVENTS,
};

static const struct default_event zen3[] = {
	KERNEL_EVENTS,
	CHANGE_TO_X,
	EVENT("l1_data_cache_fills_from_external_ccx_cache", 0x1444, HITM,
	      TEXT_REMOTE_CACHE),
	EVENT("ls_dmnd_fills_from_sys.mem_io_remote", 0x4043, REMOTE_DRAM,
	      TEXT_REMOTE_DRAM),
	EVENT("ls_dmnd_fills_from_sys.mem_io_local", 0x0843, LLC_MISS, TEXT_LOCAL_DRAM),
	EVENT("l2_cache_misses_from_dc_misses", 0x0864, L2_MISS, TEXT_L2),
	EVENT("l2_cache_accesses_from_dc_misses", 0xe860, L1D_MISS, TEXT_L1D),
	EVENT("de_dis_dispatch_token_stalls2.retire_token_stall", 0x20af, STALL,
	      TEXT_RETIRE_QUEUE),
	EVENT("l2_dtlb_misses", 0xf045, DTLB_MISS, TEXT_DTLB),
	EVENT("bp_l1_tlb_miss_l2_tlb_miss", 0xff85, ITLB_MISS, TEXT_ITLB),
	BRANCH_EVENTS,
};

static const struct default_event zen4[] = {
	KERNEL_EVENTS,
	CHANGE_TO_X,
	EVENT("ls_any_fills_from_sys.remote_cache", 0x1444, HITM, TEXT_REMOTE_CACHE),
	EVENT("ls_dmnd_fills_from_sys.dram_io_far", 0x4043, REMOTE_DRAM,
	      TEXT_REMOTE_DRAM),
	EVENT("ls_dmnd_fills_from_sys.dram_io_near", 0x0843, LLC_MISS, TEXT_LOCAL_DRAM),
	EVENT("l2_cache_req_stat.ls_rd_blk_c", 0x0864, L2_MISS, TEXT_L2),
	EVENT("ls_dmnd_fills_from_sys.all", 0xff43, L1D_MISS, TEXT_L1D_FILLS),
	EVENT("de_dis_dispatch_token_stalls2.retire_token_stall", 0x20af, STALL,
	      TEXT_RETIRE_QUEUE),
	EVENT("ls_l1_d_tlb_miss.all_l2_miss", 0xf045, DTLB_MISS, TEXT_DTLB),
	EVENT("bp_l1_tlb_miss_l2_tlb_miss.all", 0x0f85, ITLB_MISS, TEXT_ITLB),
	BRANCH_EVENTS,
};

static const struct default_event zen5[] = {
	KERNEL_EVENTS,
	EVENT("ls_dmnd_fills_from_sys.remote_cache", 0x1443, HITM, TEXT_REMOTE_CACHE),
	EVENT("ls_dmnd_fills_from_sys.local_ccx", 0x0243, OTHER,
	      "cache lines out of the third-level cache or another second-level cache "
	      "of"
	      " this core complex"),
	EVENT("ls_dmnd_fills_from_sys.dram_io_far", 0x4043, REMOTE_DRAM,
	      TEXT_REMOTE_DRAM),
	EVENT("ls_dmnd_fills_from_sys.dram_io_near", 0x0843, LLC_MISS, TEXT_LOCAL_DRAM),
	EVENT("l2_cache_req_stat.ls_rd_blk_c", 0x0864, L2_MISS, TEXT_L2),
	EVENT("ls_dmnd_fills_from_sys.all", 0xff43, L1D_MISS, TEXT_L1D_FILLS),
	EVENT("de_dispatch_stall_cycle_dynamic_tokens_part2.retq", 0x20af, STALL,
	      TEXT_RETIRE_QUEUE),
	EVENT("ls_l1_d_tlb_miss.all_l2_miss", 0xf045, DTLB_MISS, TEXT_DTLB),
	EVENT("bp_l1_tlb_miss_l2_tlb_miss.all", 0x0f85, ITLB_MISS, TEXT_ITLB),
	BRANCH_EVENTS,
};

#define SET(key, title, events)                                        \
	{                                                              \
		key, title, events, sizeof(events) / sizeof(*(events)) \
	}

static const struct default_set sets[] = {
	SET("zen1", "AMD Zen", zen1),   SET("zen2", "AMD Zen 2", zen2),
	SET("zen3", "AMD Zen 3", zen3), SET("zen4", "AMD Zen 4", zen4),
	SET("zen5", "AMD Zen 5", zen5),
};

const struct default_set *default_set_amd(size_t index)
{
	return index < sizeof(sets) / sizeof(*sets) ? &sets[index] : NULL;
}
