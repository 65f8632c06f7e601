/* SPDX-License-Identifier: MIT */
/*
 * The simulated machine's counters as events: what role each plays, what it counts in plain
 * English, and which names of the other sources mean the same, so that one list of events
 * serves all of them.
 *
 * Where nothing means the same, the nearest counter stands in, if it answers the same question:
 * the kernel tells loads from stores that miss, the simulated machine does not. A first-level
 * TLB miss that the second level serves is no "dTLB-load-miss": those are walks on the
 * processors that most people have (Intel since Haswell).
 */
#include "event/simulated.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "event/catalogue.h"
#include "machine/machine.h"

static const struct simulated_event simulated_events[MACHINE_COUNTERS] = {
	[MACHINE_INSTRUCTIONS] = {EVENT_ROLE_INSTRUCTIONS, "instructions completed",
				  "PAPI_TOT_INS"},
	[MACHINE_CYCLES] = {EVENT_ROLE_CYCLES,
			    "estimated clock cycles of the core, waiting for other "
			    "threads not included",
			    "cpu-cycles ref-cycles PAPI_TOT_CYC PAPI_REF_CYC"},
	[MACHINE_LOADS] = {EVENT_ROLE_LOADS, "loads",
			   "L1-dcache-loads PAPI_LD_INS PAPI_L1_DCR"},
	[MACHINE_STORES] = {EVENT_ROLE_STORES, "stores",
			    "L1-dcache-stores PAPI_SR_INS PAPI_L1_DCW"},
	[MACHINE_ATOMICS] = {EVENT_ROLE_OTHER,
			     "atomic operations: a load and a store in one step",
			     "PAPI_SYC_INS"},
	[MACHINE_BRANCHES] = {EVENT_ROLE_BRANCHES,
			      "conditional branches and indirect jumps",
			      "branch-instructions branch-loads PAPI_BR_INS "
			      "PAPI_BR_CN"},
	[MACHINE_BRANCH_MISSES] = {EVENT_ROLE_BRANCH_MISS,
				   "branches that went the other way than predicted",
				   "branch-misses branch-load-misses PAPI_BR_MSP"},
	[MACHINE_L1I_MISSES] = {EVENT_ROLE_L1I_MISS,
				"fetches that missed the first-level instruction cache",
				"L1-icache-load-misses PAPI_L1_ICM"},
	[MACHINE_L1D_MISSES] = {EVENT_ROLE_L1D_MISS,
				"loads and stores that missed the first-level data "
				"cache",
				"L1-dcache-load-misses L1-dcache-store-misses "
				"PAPI_L1_DCM PAPI_L1_LDM PAPI_L1_STM"},
	[MACHINE_L2_MISSES] = {EVENT_ROLE_L2_MISS, "misses of the second-level cache",
			       "cache-references LLC-loads PAPI_L2_TCM PAPI_L2_DCM "
			       "PAPI_L2_LDM PAPI_L3_TCA PAPI_L3_DCA"},
	[MACHINE_LLC_MISSES] = {EVENT_ROLE_LLC_MISS, "misses of the last-level cache",
				"cache-misses LLC-load-misses LLC-store-misses "
				"PAPI_L3_TCM PAPI_L3_DCM PAPI_L3_LDM PAPI_L3_STM"},
	[MACHINE_HITM_LOCAL] = {EVENT_ROLE_HITM,
				"cache lines found modified in another core's cache, "
				"on the same socket",
				"PAPI_CA_ITV"},
	[MACHINE_HITM_REMOTE] = {EVENT_ROLE_HITM,
				 "cache lines found modified in another core's cache, "
				 "on another socket",
				 ""},
	[MACHINE_HITM_FALSE] = {EVENT_ROLE_FALSE_SHARING,
				"cache lines found modified by another core, without "
				"touching a byte that it wrote: false sharing",
				""},
	[MACHINE_HITM_TRUE] = {EVENT_ROLE_TRUE_SHARING,
			       "cache lines found modified by another core, where a "
			       "byte that it wrote was touched: true sharing",
			       ""},
	[MACHINE_INVALIDATIONS] = {EVENT_ROLE_OTHER,
				   "copies of cache lines that own writes took from "
				   "other cores",
				   "PAPI_CA_INV"},
	[MACHINE_UPGRADES] = {EVENT_ROLE_OTHER,
			      "writes to a cache line that other cores held too",
			      "PAPI_CA_SHR"},
	[MACHINE_FORWARDS] = {EVENT_ROLE_OTHER,
			      "last-level misses that another last-level cache, or a "
			      "core below it, served",
			      ""},
	[MACHINE_DRAM_LOCAL] = {EVENT_ROLE_OTHER,
				"last-level misses that the own node's memory served",
				"node-loads"},
	[MACHINE_DRAM_REMOTE] = {EVENT_ROLE_REMOTE_DRAM,
				 "last-level misses that another NUMA node's memory "
				 "served",
				 "node-load-misses"},
	[MACHINE_DTLB_MISSES] = {EVENT_ROLE_DTLB_MISS,
				 "data accesses whose page was not in the first-level "
				 "TLB",
				 ""},
	[MACHINE_DTLB_WALKS] = {EVENT_ROLE_DTLB_MISS,
				"data accesses whose page was in no TLB: walks of the "
				"page table",
				"dTLB-load-misses dTLB-store-misses PAPI_TLB_DM"},
	[MACHINE_FIRST_TOUCHES] = {EVENT_ROLE_PAGE_FAULT,
				   "pages of memory that were touched for the first "
				   "time",
				   "page-faults faults minor-faults"},
	[MACHINE_BLOCKED] = {EVENT_ROLE_LOCK_WAIT,
			     "cycles in which the thread waited for other threads, or "
			     "slept",
			     ""},
	[MACHINE_LOCKS] = {EVENT_ROLE_OTHER,
			   "operations on mutexes and other locks, waits and barriers",
			   ""},
	[MACHINE_SYSTEM_CALLS] = {EVENT_ROLE_SYSTEM_CALL,
				  "system calls, at 300 cycles each", ""},
};

const struct simulated_event *simulated_event(size_t index)
{
	return index < MACHINE_COUNTERS ? &simulated_events[index] : NULL;
}

const char *simulated_event_name(const struct simulated_event *event)
{
	return machine_counter_name((enum machine_counter)(event - simulated_events));
}

const struct simulated_event *simulated_event_find(const char *name)
{
	const struct simulated_event *event;

	for (size_t i = 0; (event = simulated_event(i)); i++)
		if (!strcmp(simulated_event_name(event), name))
			return event;
	return NULL;
}

/* Whether `name` is one of the words of `list`. */
static bool has_word(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *word = list; *word; word += strspn(word, " ")) {
		size_t word_length = strcspn(word, " ");

		if (word_length == length && !memcmp(word, name, length))
			return true;
		word += word_length;
	}
	return false;
}

static const struct simulated_event *find_alias(const char *name)
{
	const struct simulated_event *event;

	for (size_t i = 0; (event = simulated_event(i)); i++)
		if (has_word(event->aliases, name))
			return event;
	return NULL;
}

/* Somebody's event, though not the simulated machine's. */
static bool is_known_elsewhere(const char *name)
{
	return catalogue_find_preset(name) ||
	       catalogue_find_generic(name, strlen(name)) ||
	       catalogue_describe(name).description || strpbrk(name, ":/");
}

static int not_found(const char *name, struct error *error)
{
	const struct simulated_event *event;
	struct nearest nearest;

	if (is_known_elsewhere(name))
		return error_set_exit(
			error, EXIT_CANNOT_MEASURE, -ENOENT,
			"the simulated machine has no such counter: `autoperf events"
			" --source sim` lists what it has");
	nearest_start(&nearest, name);
	for (size_t i = 0; (event = simulated_event(i)); i++)
		nearest_offer(&nearest, simulated_event_name(event));
	return error_set_exit(
		error, EXIT_USAGE, -ENOENT,
		"event '%s': the simulated machine has no such event; %s%s%s", name,
		*nearest.name ? "did you mean '" : "",
		*nearest.name ? nearest.name
			      : "`autoperf events --source sim` lists them",
		*nearest.name ? "'?" : "");
}

int simulated_event_resolve(const char *name, struct event *event, struct error *error)
{
	char bare[EVENT_NAME_BYTES + 1];
	size_t length = catalogue_bare_length(name);
	const struct simulated_event *found;

	*event = (struct event){0};
	if (length > EVENT_NAME_BYTES)
		return error_set_exit(error, EXIT_USAGE, -EINVAL,
				      "an event's name of %zu bytes is too long",
				      length);
	memcpy(bare, name, length);
	bare[length] = '\0';
	if (name[length] && !strchr(name + length, 'u'))
		return error_set_exit(
			error, EXIT_CANNOT_MEASURE, -ENOTSUP,
			"it asks for kernel mode, and only user mode is simulated");
	found = simulated_event_find(bare);
	if (!found)
		found = find_alias(bare);
	if (!found)
		return not_found(bare, error);
	*event = (struct event){
		.name = strdup(simulated_event_name(found)),
		.role = found->role,
		.unit = EVENT_UNIT_COUNT,
		.description = strdup(found->description),
	};
	if (event->name && event->description)
		return 0;
	event_free(event);
	return error_no_memory(error, "resolving an event");
}
