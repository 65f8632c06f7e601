/* SPDX-License-Identifier: MIT */
/*
 * Roles and descriptions of events by name: generic events, presets and the events of the
 * default sets from their tables, tracepoints and other native events by pattern.
 *
 * Vendors name the same thing in a few ways and keep to them over generations, so a pattern
 * holds for processors that came after it was written. The first pattern that matches wins:
 * the telling ones (HITM, remote memory) come before the ones that say only which level.
 * Separators differ between libpfm4 (':'), the kernel's sysfs ('.') and perf ('_'), hence '?'.
 */
#include "event/catalogue.h"

#include <fnmatch.h>
#include <string.h>

#include "event/defaults.h"
#include "event/simulated.h"

struct name_pattern {
	const char *pattern; /* fnmatch(3), case ignored */
	const char *description;
	enum event_role role;
	enum event_unit unit;
};

static const struct name_pattern tracepoint_patterns[] = {
	{"sched:sched_switch",
	 "times the thread left its CPU, to wait or to let another run",
	 EVENT_ROLE_CONTEXT_SWITCH, EVENT_UNIT_COUNT},
	{"sched:sched_migrate_task",
	 "migrations that the thread caused: itself or threads it woke",
	 EVENT_ROLE_MIGRATION, EVENT_UNIT_COUNT},
	{"sched:sched_wak*", "wake-ups of other threads", EVENT_ROLE_OTHER,
	 EVENT_UNIT_COUNT},
	{"sched:sched_stat_runtime", "time the thread ran on a CPU",
	 EVENT_ROLE_CPU_TIME, EVENT_UNIT_NANOSECONDS},
	{"sched:sched_stat_wait",
	 "time the thread was ready and waited for a CPU (needs "
	 "kernel.sched_schedstats=1)",
	 EVENT_ROLE_OTHER, EVENT_UNIT_NANOSECONDS},
	{"sched:sched_stat_sleep",
	 "time the thread slept (needs kernel.sched_schedstats=1)", EVENT_ROLE_OTHER,
	 EVENT_UNIT_NANOSECONDS},
	{"sched:sched_stat_iowait",
	 "time the thread waited for a device (needs kernel.sched_schedstats=1)",
	 EVENT_ROLE_OTHER, EVENT_UNIT_NANOSECONDS},
	{"sched:sched_stat_blocked",
	 "time the thread was blocked in the kernel (needs kernel.sched_schedstats=1)",
	 EVENT_ROLE_LOCK_WAIT, EVENT_UNIT_NANOSECONDS},
	{"exceptions:page_fault_*", "page faults", EVENT_ROLE_PAGE_FAULT,
	 EVENT_UNIT_COUNT},
	{"lock:contention_begin", "waits for a contended lock inside the kernel",
	 EVENT_ROLE_LOCK_WAIT, EVENT_UNIT_COUNT},
	{"syscalls:sys_enter_futex*",
	 "futex calls: waits for, and wake-ups of, other threads", EVENT_ROLE_LOCK_WAIT,
	 EVENT_UNIT_COUNT},
	{"raw_syscalls:sys_enter", "system calls of any kind", EVENT_ROLE_SYSTEM_CALL,
	 EVENT_UNIT_COUNT},
	{"syscalls:sys_enter_*", "system calls of this name", EVENT_ROLE_SYSTEM_CALL,
	 EVENT_UNIT_COUNT},
	{"syscalls:sys_exit_*", "returns from system calls of this name",
	 EVENT_ROLE_OTHER, EVENT_UNIT_COUNT},
	{"tlb:tlb_flush", "TLB flushes", EVENT_ROLE_OTHER, EVENT_UNIT_COUNT},
	{"migrate:mm_migrate_pages", "moves of pages between NUMA nodes",
	 EVENT_ROLE_OTHER, EVENT_UNIT_COUNT},
};

static const struct name_pattern native_patterns[] = {
	/* PAPI's and libpfm4's names of the kernel's software events */
	{"perf::*CONTEXT?SWITCHES",
	 "times the thread left its CPU, to wait or to let another run",
	 EVENT_ROLE_CONTEXT_SWITCH, EVENT_UNIT_COUNT},
	{"perf::*CPU?MIGRATIONS", "times the thread was moved to another CPU",
	 EVENT_ROLE_MIGRATION, EVENT_UNIT_COUNT},
	{"perf::*PAGE?FAULTS?MAJ", "page faults that had to read a disk",
	 EVENT_ROLE_MAJOR_FAULT, EVENT_UNIT_COUNT},
	{"perf::MAJOR?FAULTS", "page faults that had to read a disk",
	 EVENT_ROLE_MAJOR_FAULT, EVENT_UNIT_COUNT},
	{"perf::MINOR?FAULTS", "page faults served from memory", EVENT_ROLE_PAGE_FAULT,
	 EVENT_UNIT_COUNT},
	{"perf::*PAGE?FAULTS*", "touches of a page that was not mapped yet",
	 EVENT_ROLE_PAGE_FAULT, EVENT_UNIT_COUNT},
	{"perf::*TASK?CLOCK", "time the thread ran on a CPU", EVENT_ROLE_CPU_TIME,
	 EVENT_UNIT_NANOSECONDS},
	{"perf::*CPU?CLOCK", "time the thread ran on a CPU", EVENT_ROLE_CPU_TIME,
	 EVENT_UNIT_NANOSECONDS},

	/* lines that another core holds modified */
	{"*HITM*", "cache lines found modified in another core's cache",
	 EVENT_ROLE_HITM, EVENT_UNIT_COUNT},
	{"*XSNP?FWD*", "loads answered by another core that had modified the line",
	 EVENT_ROLE_HITM, EVENT_UNIT_COUNT},
	{"*FILLS_FROM_SYS*EXT_CACHE*",
	 "cache lines supplied by another core complex's cache", EVENT_ROLE_HITM,
	 EVENT_UNIT_COUNT},

	/* memory of another node */
	{"*REMOTE?DRAM*", "accesses answered by another NUMA node's memory",
	 EVENT_ROLE_REMOTE_DRAM, EVENT_UNIT_COUNT},
	{"*MISS?REMOTE*", "accesses answered by another NUMA node's memory",
	 EVENT_ROLE_REMOTE_DRAM, EVENT_UNIT_COUNT},
	{"*DRAM?IO?FAR*", "cache lines from another NUMA node's memory or devices",
	 EVENT_ROLE_REMOTE_DRAM, EVENT_UNIT_COUNT},
	{"REMOTE_ACCESS*", "accesses to another socket or node", EVENT_ROLE_REMOTE_DRAM,
	 EVENT_UNIT_COUNT},

	/* address translation */
	{"DTLB_*MISS*", "data accesses whose page was not in the TLB",
	 EVENT_ROLE_DTLB_MISS, EVENT_UNIT_COUNT},
	{"*L1?DTLB?MISS*", "data accesses whose page was not in the first TLB",
	 EVENT_ROLE_DTLB_MISS, EVENT_UNIT_COUNT},
	{"MEM_*STLB?MISS*",
	 "data accesses whose page was in no TLB: a walk of the page table",
	 EVENT_ROLE_DTLB_MISS, EVENT_UNIT_COUNT},
	{"L?D_TLB_REFILL*", "data accesses whose page was not in the TLB",
	 EVENT_ROLE_DTLB_MISS, EVENT_UNIT_COUNT},
	{"DTLB_WALK*", "walks of the page table for data", EVENT_ROLE_DTLB_MISS,
	 EVENT_UNIT_COUNT},
	{"ITLB_*MISS*", "instruction fetches whose page was not in the TLB",
	 EVENT_ROLE_ITLB_MISS, EVENT_UNIT_COUNT},
	{"*L1?ITLB?MISS*", "instruction fetches whose page was not in the TLB",
	 EVENT_ROLE_ITLB_MISS, EVENT_UNIT_COUNT},
	{"L?I_TLB_REFILL*", "instruction fetches whose page was not in the TLB",
	 EVENT_ROLE_ITLB_MISS, EVENT_UNIT_COUNT},
	{"ITLB_WALK*", "walks of the page table for instructions", EVENT_ROLE_ITLB_MISS,
	 EVENT_UNIT_COUNT},

	/* branches */
	{"BR_MISP*", "branches that were mispredicted", EVENT_ROLE_BRANCH_MISS,
	 EVENT_UNIT_COUNT},
	{"BR_MIS_PRED*", "branches that were mispredicted", EVENT_ROLE_BRANCH_MISS,
	 EVENT_UNIT_COUNT},
	{"*BRANCH*MISP*", "branches that were mispredicted", EVENT_ROLE_BRANCH_MISS,
	 EVENT_UNIT_COUNT},
	{"BR_INST_RETIRED*", "branches completed", EVENT_ROLE_BRANCHES,
	 EVENT_UNIT_COUNT},
	{"BR_RETIRED", "branches completed", EVENT_ROLE_BRANCHES, EVENT_UNIT_COUNT},
	{"RETIRED_BRANCH_INSTRUCTIONS", "branches completed", EVENT_ROLE_BRANCHES,
	 EVENT_UNIT_COUNT},
	{"*BRANCH_INSTRUCTIONS_RETIRED", "branches completed", EVENT_ROLE_BRANCHES,
	 EVENT_UNIT_COUNT},

	/* stalls before the caches: CYCLE_ACTIVITY:STALLS_L3_MISS counts cycles */
	{"*STALL*", "cycles in which execution was stalled", EVENT_ROLE_STALL,
	 EVENT_UNIT_COUNT},
	{"CYCLE_ACTIVITY*", "cycles in which execution waited", EVENT_ROLE_STALL,
	 EVENT_UNIT_COUNT},

	/* caches by level */
	{"LONGEST_LAT_CACHE?MISS", "misses of the last-level cache",
	 EVENT_ROLE_LLC_MISS, EVENT_UNIT_COUNT},
	{"*L3?MISS*", "misses of the third-level cache", EVENT_ROLE_LLC_MISS,
	 EVENT_UNIT_COUNT},
	{"*LLC*MISS*", "misses of the last-level cache", EVENT_ROLE_LLC_MISS,
	 EVENT_UNIT_COUNT},
	{"LL_CACHE_MISS*", "misses of the last-level cache", EVENT_ROLE_LLC_MISS,
	 EVENT_UNIT_COUNT},
	{"L3D_CACHE_REFILL*", "misses of the third-level cache", EVENT_ROLE_LLC_MISS,
	 EVENT_UNIT_COUNT},
	{"L2_RQSTS*MISS*", "misses of the second-level cache", EVENT_ROLE_L2_MISS,
	 EVENT_UNIT_COUNT},
	{"*L2*MISS*", "misses of the second-level cache", EVENT_ROLE_L2_MISS,
	 EVENT_UNIT_COUNT},
	{"L2D_CACHE_REFILL*", "misses of the second-level cache", EVENT_ROLE_L2_MISS,
	 EVENT_UNIT_COUNT},
	{"L1D?REPLACEMENT*", "lines brought into the first-level data cache",
	 EVENT_ROLE_L1D_MISS, EVENT_UNIT_COUNT},
	{"L1D_CACHE_REFILL*", "lines brought into the first-level data cache",
	 EVENT_ROLE_L1D_MISS, EVENT_UNIT_COUNT},
	{"MEM_LOAD*L1?MISS*", "loads that missed the first-level data cache",
	 EVENT_ROLE_L1D_MISS, EVENT_UNIT_COUNT},
	{"L1I_CACHE_REFILL*", "lines brought into the first-level instruction cache",
	 EVENT_ROLE_L1I_MISS, EVENT_UNIT_COUNT},
	{"ICACHE*MISS*", "fetches that missed the first-level instruction cache",
	 EVENT_ROLE_L1I_MISS, EVENT_UNIT_COUNT},

	/* work */
	{"MEM_*RETIRED?ALL_LOADS*", "loads completed", EVENT_ROLE_LOADS,
	 EVENT_UNIT_COUNT},
	{"MEM_*RETIRED?ALL_STORES*", "stores completed", EVENT_ROLE_STORES,
	 EVENT_UNIT_COUNT},
	{"LD_RETIRED", "loads completed", EVENT_ROLE_LOADS, EVENT_UNIT_COUNT},
	{"ST_RETIRED", "stores completed", EVENT_ROLE_STORES, EVENT_UNIT_COUNT},
	{"LS_DISPATCH?LD_DISPATCH", "loads dispatched", EVENT_ROLE_LOADS,
	 EVENT_UNIT_COUNT},
	{"LS_DISPATCH?STORE_DISPATCH", "stores dispatched", EVENT_ROLE_STORES,
	 EVENT_UNIT_COUNT},
	{"INST_RETIRED", "instructions completed", EVENT_ROLE_INSTRUCTIONS,
	 EVENT_UNIT_COUNT},
	{"INST_RETIRED?ANY*", "instructions completed", EVENT_ROLE_INSTRUCTIONS,
	 EVENT_UNIT_COUNT},
	{"INSTRUCTION*_RETIRED", "instructions completed", EVENT_ROLE_INSTRUCTIONS,
	 EVENT_UNIT_COUNT},
	{"RETIRED_INSTRUCTIONS", "instructions completed", EVENT_ROLE_INSTRUCTIONS,
	 EVENT_UNIT_COUNT},
	{"CPU_CYCLES", "clock cycles of the core while it works", EVENT_ROLE_CYCLES,
	 EVENT_UNIT_COUNT},
	{"CPU_CLK_UNHALTED*", "clock cycles of the core while it works",
	 EVENT_ROLE_CYCLES, EVENT_UNIT_COUNT},
	{"UNHALTED_*_CYCLES", "clock cycles of the core while it works",
	 EVENT_ROLE_CYCLES, EVENT_UNIT_COUNT},
	{"CYCLES_NOT_IN_HALT", "clock cycles of the core while it works",
	 EVENT_ROLE_CYCLES, EVENT_UNIT_COUNT},
};

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static const struct name_pattern *find_pattern(const struct name_pattern *patterns,
					       size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!fnmatch(patterns[i].pattern, name, FNM_CASEFOLD | FNM_NOESCAPE))
			return &patterns[i];
	return NULL;
}

/*
 * The part of a native name that the patterns are about: what is between the slashes of
 * "cpu/.../", or after the "::" of "skl::..."; but "perf::" stays, it says that the event is
 * one of the kernel's. Cuts `name`.
 */
static char *native_part(char *name)
{
	char *slash = strchr(name, '/');
	char *scope = strstr(name, "::");

	if (slash) {
		slash[1 + strcspn(slash + 1, "/")] = '\0';
		return slash + 1;
	}
	return scope && strncmp(name, "perf::", 6) ? scope + 2 : name;
}

static struct event_knowledge describe_native(const char *name)
{
	const struct generic_event *generic =
		catalogue_find_generic(name, strlen(name));
	const struct simulated_event *simulated = simulated_event_find(name);
	const struct default_event *curated =
		default_event_anywhere(name, strlen(name), NULL);
	const struct name_pattern *pattern;

	if (generic)
		return (struct event_knowledge){generic->role, generic->unit,
						generic->description};
	if (simulated)
		return (struct event_knowledge){simulated->role, EVENT_UNIT_COUNT,
						simulated->description};
	if (curated)
		return (struct event_knowledge){curated->role, curated->unit,
						curated->description};
	pattern = find_pattern(native_patterns, COUNT_OF(native_patterns), name);
	if (!pattern)
		return (struct event_knowledge){EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
						NULL};
	return (struct event_knowledge){pattern->role, pattern->unit,
					pattern->description};
}

struct event_knowledge catalogue_describe(const char *name)
{
	char bare[EVENT_NAME_BYTES + 1];
	size_t length = catalogue_bare_length(name);
	const struct papi_preset *preset;
	const struct name_pattern *pattern;

	if (length > EVENT_NAME_BYTES)
		return (struct event_knowledge){EVENT_ROLE_OTHER, EVENT_UNIT_COUNT,
						NULL};
	memcpy(bare, name, length);
	bare[length] = '\0';
	preset = catalogue_find_preset(bare);
	if (preset)
		return (struct event_knowledge){preset->role, EVENT_UNIT_COUNT,
						preset->description};
	pattern =
		find_pattern(tracepoint_patterns, COUNT_OF(tracepoint_patterns), bare);
	if (pattern)
		return (struct event_knowledge){pattern->role, pattern->unit,
						pattern->description};
	return describe_native(native_part(bare));
}
