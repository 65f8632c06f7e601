/* SPDX-License-Identifier: MIT */
/* src/event/knowledge.c: roles of names that no table lists one by one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "event/catalogue.h"

struct expectation {
	const char *name;
	enum event_role role;
};

static void native_names_of_several_vendors_get_their_roles(void **state)
{
	static const struct expectation expected[] = {
		{"OFFCORE_RESPONSE_0:ANY_REQUEST:HITM", EVENT_ROLE_HITM},
		{"OFFCORE_RESPONSE_0:DMND_DATA_RD:L3_HIT:SNP_HITM", EVENT_ROLE_HITM},
		{"MEM_LOAD_L3_HIT_RETIRED:XSNP_HITM", EVENT_ROLE_HITM},
		{"MEM_LOAD_L3_HIT_RETIRED:XSNP_FWD", EVENT_ROLE_HITM},
		{"OFFCORE_RESPONSE_0:ANY_REQUEST:LLC_MISS_REMOTE_DRAM",
		 EVENT_ROLE_REMOTE_DRAM},
		{"MEM_LOAD_L3_MISS_RETIRED:REMOTE_DRAM", EVENT_ROLE_REMOTE_DRAM},
		{"MEM_LOAD_L3_MISS_RETIRED:REMOTE_HITM", EVENT_ROLE_HITM},
		{"skl::DTLB_LOAD_MISSES:WALK_COMPLETED", EVENT_ROLE_DTLB_MISS},
		{"ITLB_MISSES:STLB_HIT", EVENT_ROLE_ITLB_MISS},
		{"L1_DTLB_MISS:TLB_RELOAD_4K_L2_MISS", EVENT_ROLE_DTLB_MISS},
		{"BR_MISP_RETIRED:ALL_BRANCHES", EVENT_ROLE_BRANCH_MISS},
		{"RETIRED_BRANCH_INSTRUCTIONS_MISPREDICTED", EVENT_ROLE_BRANCH_MISS},
		{"BR_MIS_PRED_RETIRED", EVENT_ROLE_BRANCH_MISS},
		{"BR_INST_RETIRED:ALL_BRANCHES", EVENT_ROLE_BRANCHES},
		{"LONGEST_LAT_CACHE:MISS", EVENT_ROLE_LLC_MISS},
		{"LONGEST_LAT_CACHE:REFERENCE", EVENT_ROLE_OTHER},
		{"MEM_LOAD_RETIRED:L3_MISS", EVENT_ROLE_LLC_MISS},
		{"L2_RQSTS:MISS", EVENT_ROLE_L2_MISS},
		{"L1D:REPLACEMENT", EVENT_ROLE_L1D_MISS},
		{"L1D_CACHE_REFILL", EVENT_ROLE_L1D_MISS},
		{"L1D_TLB_REFILL", EVENT_ROLE_DTLB_MISS},
		{"L1I_TLB_REFILL", EVENT_ROLE_ITLB_MISS},
		{"CYCLE_ACTIVITY:STALLS_L3_MISS", EVENT_ROLE_STALL},
		{"CYCLE_ACTIVITY:CYCLES_L3_MISS", EVENT_ROLE_STALL},
		{"INST_RETIRED:ANY_P", EVENT_ROLE_INSTRUCTIONS},
		{"INST_RETIRED", EVENT_ROLE_INSTRUCTIONS},
		{"RETIRED_INSTRUCTIONS", EVENT_ROLE_INSTRUCTIONS},
		{"CPU_CLK_UNHALTED:THREAD", EVENT_ROLE_CYCLES},
		{"CPU_CYCLES", EVENT_ROLE_CYCLES},
		{"perf::CONTEXT-SWITCHES", EVENT_ROLE_CONTEXT_SWITCH},
		{"perf::PERF_COUNT_SW_CONTEXT_SWITCHES", EVENT_ROLE_CONTEXT_SWITCH},
		{"perf::PERF_COUNT_SW_PAGE_FAULTS_MAJ", EVENT_ROLE_MAJOR_FAULT},
		{"perf::PERF_COUNT_SW_PAGE_FAULTS_MIN", EVENT_ROLE_PAGE_FAULT},
		{"perf::MINOR-FAULTS", EVENT_ROLE_PAGE_FAULT},
		{"cpu/cache-misses/", EVENT_ROLE_LLC_MISS},
		{"cpu/mem_load_l3_hit_retired.xsnp_hitm/u", EVENT_ROLE_HITM},
		{"r01c2", EVENT_ROLE_OTHER},
		{"", EVENT_ROLE_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		struct event_knowledge known = catalogue_describe(expected[i].name);

		if (known.role != expected[i].role)
			print_error("%s: %s\n", expected[i].name,
				    event_role_name(known.role));
		assert_int_equal(known.role, expected[i].role);
		assert_int_equal(!known.description, known.role == EVENT_ROLE_OTHER);
	}
}

static void tracepoints_get_roles_and_units(void **state)
{
	struct event_knowledge known = catalogue_describe("sched:sched_stat_runtime");

	(void)state;
	assert_int_equal(known.role, EVENT_ROLE_CPU_TIME);
	assert_int_equal(known.unit, EVENT_UNIT_NANOSECONDS);
	known = catalogue_describe("sched:sched_switch:k");
	assert_int_equal(known.role, EVENT_ROLE_CONTEXT_SWITCH);
	known = catalogue_describe("syscalls:sys_enter_futex");
	assert_int_equal(known.role, EVENT_ROLE_LOCK_WAIT);
	known = catalogue_describe("syscalls:sys_enter_read");
	assert_int_equal(known.role, EVENT_ROLE_SYSTEM_CALL);
}

static void modifiers_change_neither_role_nor_unit(void **state)
{
	(void)state;
	assert_int_equal(catalogue_describe("task-clock:u").unit,
			 EVENT_UNIT_NANOSECONDS);
	assert_int_equal(catalogue_describe("instructions:k").role,
			 EVENT_ROLE_INSTRUCTIONS);
	assert_int_equal(catalogue_describe("PAPI_TOT_INS:u").role,
			 EVENT_ROLE_INSTRUCTIONS);
}

static void a_name_longer_than_any_is_other(void **state)
{
	char name[2 * EVENT_NAME_BYTES];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(catalogue_describe(name).role, EVENT_ROLE_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(native_names_of_several_vendors_get_their_roles),
		cmocka_unit_test(tracepoints_get_roles_and_units),
		cmocka_unit_test(modifiers_change_neither_role_nor_unit),
		cmocka_unit_test(a_name_longer_than_any_is_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
