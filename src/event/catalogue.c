/* SPDX-License-Identifier: MIT */
/*
 * The kernel's generic events (see catalogue.h) and the look-ups over both tables.
 *
 * Names are those of the perf tool, so that lists written for it work. Each hardware-cache
 * event is cache | operation << 8 | result << 16 as perf_event_open(2) has it; combinations
 * that no processor has are left out.
 */
#include "event/catalogue.h"

#include <linux/perf_event.h>
#include <string.h>

#define KIND_HARDWARE "hardware"
#define KIND_SOFTWARE "software"
#define KIND_CACHE    "cache"

#define CACHE_READ       ((uint64_t)PERF_COUNT_HW_CACHE_OP_READ << 8)
#define CACHE_WRITE      ((uint64_t)PERF_COUNT_HW_CACHE_OP_WRITE << 8)
#define CACHE_PREFETCH   ((uint64_t)PERF_COUNT_HW_CACHE_OP_PREFETCH << 8)
#define CACHE_MISS       ((uint64_t)PERF_COUNT_HW_CACHE_RESULT_MISS << 16)
#define CACHE_READ_MISS  (CACHE_READ | CACHE_MISS)
#define CACHE_WRITE_MISS (CACHE_WRITE | CACHE_MISS)
#define CACHE_FETCH_MISS (CACHE_PREFETCH | CACHE_MISS)

static const struct generic_event generic_events[] = {
	/* hardware */
	{"cycles", "cpu-cycles", KIND_HARDWARE, PERF_TYPE_HARDWARE,
	 PERF_COUNT_HW_CPU_CYCLES, EVENT_ROLE_CYCLES, EVENT_UNIT_COUNT,
	 "clock cycles of the core while it works"},
	{"instructions", NULL, KIND_HARDWARE, PERF_TYPE_HARDWARE,
	 PERF_COUNT_HW_INSTRUCTIONS, EVENT_ROLE_INSTRUCTIONS, EVENT_UNIT_COUNT,
	 "instructions completed"},
	{"branches", "branch-instructions", KIND_HARDWARE, PERF_TYPE_HARDWARE,
	 PERF_COUNT_HW_BRANCH_INSTRUCTIONS, EVENT_ROLE_BRANCHES, EVENT_UNIT_COUNT,
	 "branch instructions completed"},
	{"branch-misses", NULL, KIND_HARDWARE, PERF_TYPE_HARDWARE,
	 PERF_COUNT_HW_BRANCH_MISSES, EVENT_ROLE_BRANCH_MISS, EVENT_UNIT_COUNT,
	 "branches that went the other way than predicted"},
	{"cache-references", NULL, KIND_HARDWARE, PERF_TYPE_HARDWARE,
	 PERF_COUNT_HW_CACHE_REFERENCES, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "accesses that reached the last cache level the processor counts"},
	{"cache-misses", NULL, KIND_HARDWARE, PERF_TYPE_HARDWARE,
	 PERF_COUNT_HW_CACHE_MISSES, EVENT_ROLE_LLC_MISS, EVENT_UNIT_COUNT,
	 "accesses that missed the last cache level the processor counts"},
	{"bus-cycles", NULL, KIND_HARDWARE, PERF_TYPE_HARDWARE,
	 PERF_COUNT_HW_BUS_CYCLES, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "clock cycles of the bus"},
	{"ref-cycles", NULL, KIND_HARDWARE, PERF_TYPE_HARDWARE,
	 PERF_COUNT_HW_REF_CPU_CYCLES, EVENT_ROLE_CYCLES, EVENT_UNIT_COUNT,
	 "cycles of a constant clock while the core works"},
	{"stalled-cycles-frontend", "idle-cycles-frontend", KIND_HARDWARE,
	 PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND, EVENT_ROLE_STALL,
	 EVENT_UNIT_COUNT,
	 "cycles in which no instruction could be fetched or decoded"},
	{"stalled-cycles-backend", "idle-cycles-backend", KIND_HARDWARE,
	 PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_BACKEND, EVENT_ROLE_STALL,
	 EVENT_UNIT_COUNT, "cycles in which execution waited for memory or units"},

	/* software */
	{"task-clock", NULL, KIND_SOFTWARE, PERF_TYPE_SOFTWARE,
	 PERF_COUNT_SW_TASK_CLOCK, EVENT_ROLE_CPU_TIME, EVENT_UNIT_NANOSECONDS,
	 "time the thread ran on a CPU"},
	{"cpu-clock", NULL, KIND_SOFTWARE, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK,
	 EVENT_ROLE_CPU_TIME, EVENT_UNIT_NANOSECONDS,
	 "time the thread ran on a CPU, by the CPU's clock"},
	{"context-switches", "cs", KIND_SOFTWARE, PERF_TYPE_SOFTWARE,
	 PERF_COUNT_SW_CONTEXT_SWITCHES, EVENT_ROLE_CONTEXT_SWITCH, EVENT_UNIT_COUNT,
	 "times the thread left its CPU, to wait or to let another run"},
	{"cpu-migrations", "migrations", KIND_SOFTWARE, PERF_TYPE_SOFTWARE,
	 PERF_COUNT_SW_CPU_MIGRATIONS, EVENT_ROLE_MIGRATION, EVENT_UNIT_COUNT,
	 "times the thread was moved to another CPU"},
	{"page-faults", "faults", KIND_SOFTWARE, PERF_TYPE_SOFTWARE,
	 PERF_COUNT_SW_PAGE_FAULTS, EVENT_ROLE_PAGE_FAULT, EVENT_UNIT_COUNT,
	 "touches of a page that was not mapped yet"},
	{"minor-faults", NULL, KIND_SOFTWARE, PERF_TYPE_SOFTWARE,
	 PERF_COUNT_SW_PAGE_FAULTS_MIN, EVENT_ROLE_PAGE_FAULT, EVENT_UNIT_COUNT,
	 "page faults served from memory"},
	{"major-faults", NULL, KIND_SOFTWARE, PERF_TYPE_SOFTWARE,
	 PERF_COUNT_SW_PAGE_FAULTS_MAJ, EVENT_ROLE_MAJOR_FAULT, EVENT_UNIT_COUNT,
	 "page faults that had to read a disk"},
	{"alignment-faults", NULL, KIND_SOFTWARE, PERF_TYPE_SOFTWARE,
	 PERF_COUNT_SW_ALIGNMENT_FAULTS, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "unaligned accesses that the kernel had to repair (always 0 on x86)"},
	{"emulation-faults", NULL, KIND_SOFTWARE, PERF_TYPE_SOFTWARE,
	 PERF_COUNT_SW_EMULATION_FAULTS, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "instructions that the kernel had to emulate"},
	{"cgroup-switches", NULL, KIND_SOFTWARE, PERF_TYPE_SOFTWARE,
	 PERF_COUNT_SW_CGROUP_SWITCHES, EVENT_ROLE_CONTEXT_SWITCH, EVENT_UNIT_COUNT,
	 "context switches to a thread of another control group"},
	{"bpf-output", NULL, KIND_SOFTWARE, PERF_TYPE_SOFTWARE,
	 PERF_COUNT_SW_BPF_OUTPUT, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "records that a BPF program sent"},
	{"dummy", NULL, KIND_SOFTWARE, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY,
	 EVENT_ROLE_OTHER, EVENT_UNIT_COUNT, "nothing: always 0"},

	/* cache */
	{"L1-dcache-loads", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_L1D | CACHE_READ, EVENT_ROLE_LOADS, EVENT_UNIT_COUNT,
	 "loads from the first-level data cache"},
	{"L1-dcache-load-misses", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_L1D | CACHE_READ_MISS, EVENT_ROLE_L1D_MISS,
	 EVENT_UNIT_COUNT, "loads that missed the first-level data cache"},
	{"L1-dcache-stores", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_L1D | CACHE_WRITE, EVENT_ROLE_STORES, EVENT_UNIT_COUNT,
	 "stores to the first-level data cache"},
	{"L1-dcache-store-misses", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_L1D | CACHE_WRITE_MISS, EVENT_ROLE_L1D_MISS,
	 EVENT_UNIT_COUNT, "stores that missed the first-level data cache"},
	{"L1-dcache-prefetches", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_L1D | CACHE_PREFETCH, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "prefetches into the first-level data cache"},
	{"L1-dcache-prefetch-misses", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_L1D | CACHE_FETCH_MISS, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "prefetches that missed the first-level data cache"},
	{"L1-icache-loads", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_L1I | CACHE_READ, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "fetches from the first-level instruction cache"},
	{"L1-icache-load-misses", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_L1I | CACHE_READ_MISS, EVENT_ROLE_L1I_MISS,
	 EVENT_UNIT_COUNT, "fetches that missed the first-level instruction cache"},
	{"L1-icache-prefetches", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_L1I | CACHE_PREFETCH, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "prefetches into the first-level instruction cache"},
	{"L1-icache-prefetch-misses", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_L1I | CACHE_FETCH_MISS, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "prefetches that missed the first-level instruction cache"},
	{"LLC-loads", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_LL | CACHE_READ, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "loads that reached the last-level cache"},
	{"LLC-load-misses", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_LL | CACHE_READ_MISS, EVENT_ROLE_LLC_MISS,
	 EVENT_UNIT_COUNT, "loads that missed the last-level cache and went to memory"},
	{"LLC-stores", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_LL | CACHE_WRITE, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "stores that reached the last-level cache"},
	{"LLC-store-misses", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_LL | CACHE_WRITE_MISS, EVENT_ROLE_LLC_MISS,
	 EVENT_UNIT_COUNT, "stores that missed the last-level cache"},
	{"LLC-prefetches", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_LL | CACHE_PREFETCH, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "prefetches into the last-level cache"},
	{"LLC-prefetch-misses", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_LL | CACHE_FETCH_MISS, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "prefetches that missed the last-level cache"},
	{"dTLB-loads", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_DTLB | CACHE_READ, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "address translations of loads"},
	{"dTLB-load-misses", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_DTLB | CACHE_READ_MISS, EVENT_ROLE_DTLB_MISS,
	 EVENT_UNIT_COUNT, "loads whose page was not in the data TLB"},
	{"dTLB-stores", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_DTLB | CACHE_WRITE, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "address translations of stores"},
	{"dTLB-store-misses", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_DTLB | CACHE_WRITE_MISS, EVENT_ROLE_DTLB_MISS,
	 EVENT_UNIT_COUNT, "stores whose page was not in the data TLB"},
	{"iTLB-loads", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_ITLB | CACHE_READ, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "address translations of instruction fetches"},
	{"iTLB-load-misses", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_ITLB | CACHE_READ_MISS, EVENT_ROLE_ITLB_MISS,
	 EVENT_UNIT_COUNT,
	 "instruction fetches whose page was not in the instruction TLB"},
	{"branch-loads", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_BPU | CACHE_READ, EVENT_ROLE_BRANCHES, EVENT_UNIT_COUNT,
	 "look-ups of the branch predictor"},
	{"branch-load-misses", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_BPU | CACHE_READ_MISS, EVENT_ROLE_BRANCH_MISS,
	 EVENT_UNIT_COUNT, "look-ups that the branch predictor got wrong"},
	{"node-loads", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_NODE | CACHE_READ, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "loads from memory"},
	{"node-load-misses", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_NODE | CACHE_READ_MISS, EVENT_ROLE_REMOTE_DRAM,
	 EVENT_UNIT_COUNT, "loads from memory of another NUMA node"},
	{"node-stores", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_NODE | CACHE_WRITE, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "stores to memory"},
	{"node-store-misses", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_NODE | CACHE_WRITE_MISS, EVENT_ROLE_REMOTE_DRAM,
	 EVENT_UNIT_COUNT, "stores to memory of another NUMA node"},
	{"node-prefetches", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_NODE | CACHE_PREFETCH, EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
	 "prefetches from memory"},
	{"node-prefetch-misses", NULL, KIND_CACHE, PERF_TYPE_HW_CACHE,
	 PERF_COUNT_HW_CACHE_NODE | CACHE_FETCH_MISS, EVENT_ROLE_OTHER,
	 EVENT_UNIT_COUNT, "prefetches from memory of another NUMA node"},
};

#define GENERIC_EVENTS (sizeof(generic_events) / sizeof(*generic_events))

static bool is_name(const char *known, const char *name, size_t length)
{
	return known && strlen(known) == length && !memcmp(known, name, length);
}

size_t catalogue_bare_length(const char *name)
{
	const char *colon = strrchr(name, ':');

	/* The second of two colons belongs to "pmu::event". */
	if (colon && colon > name && colon[-1] != ':' && colon[1] &&
	    strspn(colon + 1, "ukhp") == strlen(colon + 1))
		return (size_t)(colon - name);
	return strlen(name);
}

const struct generic_event *catalogue_generic(size_t index)
{
	return index < GENERIC_EVENTS ? &generic_events[index] : NULL;
}

const struct generic_event *catalogue_find_generic(const char *name, size_t length)
{
	for (size_t i = 0; i < GENERIC_EVENTS; i++)
		if (is_name(generic_events[i].name, name, length) ||
		    is_name(generic_events[i].alias, name, length))
			return &generic_events[i];
	return NULL;
}

const struct generic_event *catalogue_find_encoding(uint32_t type, uint64_t config)
{
	for (size_t i = 0; i < GENERIC_EVENTS; i++)
		if (generic_events[i].type == type &&
		    generic_events[i].config == config)
			return &generic_events[i];
	return NULL;
}

const struct papi_preset *catalogue_find_preset(const char *name)
{
	const struct papi_preset *preset;

	for (size_t i = 0; (preset = catalogue_preset(i)); i++)
		if (!strcmp(preset->name, name))
			return preset;
	return NULL;
}

const struct papi_preset *catalogue_preset_of(const struct generic_event *generic)
{
	const struct papi_preset *preset;

	for (size_t i = 0; (preset = catalogue_preset(i)); i++)
		if (preset->generic && !strcmp(preset->generic, generic->name))
			return preset;
	return NULL;
}

bool catalogue_kernel_only(uint32_t type, uint64_t config)
{
	if (type == PERF_TYPE_TRACEPOINT)
		return true;
	return type == PERF_TYPE_SOFTWARE &&
	       (config == PERF_COUNT_SW_CONTEXT_SWITCHES ||
		config == PERF_COUNT_SW_CPU_MIGRATIONS ||
		config == PERF_COUNT_SW_CGROUP_SWITCHES);
}

bool catalogue_mode_blind(uint32_t type, uint64_t config)
{
	return type == PERF_TYPE_SOFTWARE &&
	       (config == PERF_COUNT_SW_CPU_CLOCK ||
		config == PERF_COUNT_SW_TASK_CLOCK || config == PERF_COUNT_SW_DUMMY ||
		config == PERF_COUNT_SW_BPF_OUTPUT);
}
