/* SPDX-License-Identifier: MIT */
/*
 * src/event/presets_native.c: PAPI's presets as native events, against libpfm4's encodings of
 * the events that PAPI itself takes (papi_events.csv).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "event/catalogue.h"
#include "event/defaults.h"
#include "event/native.h"
#include "event/presets_native.h"
#include "event/resolve.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

enum raw_type { RAW = 4 }; /* PERF_TYPE_RAW */

/* libpapi 7, papi_events.csv; `pmu` and `pfm` are libpfm4's. */
struct row {
	const char *key;
	const char *pmu;
	const char *preset;
	const char *pfm;
};

#define INTEL(preset, pfm)                                                             \
	{"skylake", "skl", preset, pfm}, {"skylake-sp", "skx", preset, pfm},           \
		{"cascade-lake", "clx", preset, pfm},                                  \
		{"ice-lake", "icl", preset, pfm}, {"ice-lake-sp", "icx", preset, pfm}, \
	{                                                                              \
		"sapphire-rapids", "spr", preset, pfm                                  \
	}
#define SKYLAKE(preset, pfm)                                                 \
	{"skylake", "skl", preset, pfm}, {"skylake-sp", "skx", preset, pfm}, \
	{                                                                    \
		"cascade-lake", "clx", preset, pfm                           \
	}
#define ICE_LAKE(preset, pfm)                     \
	{"ice-lake", "icl", preset, pfm},         \
	{                                         \
		"ice-lake-sp", "icx", preset, pfm \
	}
#define LATE(preset, pfm)                             \
	ICE_LAKE(preset, pfm),                        \
	{                                             \
		"sapphire-rapids", "spr", preset, pfm \
	}
#define SAPPHIRE(preset, pfm)                         \
	{                                             \
		"sapphire-rapids", "spr", preset, pfm \
	}
#define ZEN1(preset, pfm)                                \
	{                                                \
		"zen1", "amd64_fam17h_zen1", preset, pfm \
	}
#define ZEN2(preset, pfm)                                \
	{                                                \
		"zen2", "amd64_fam17h_zen2", preset, pfm \
	}
#define ZEN3(preset, pfm)                                \
	{                                                \
		"zen3", "amd64_fam19h_zen3", preset, pfm \
	}
#define ZEN4(preset, pfm)                                \
	{                                                \
		"zen4", "amd64_fam19h_zen4", preset, pfm \
	}
#define ZEN12(preset, pfm)   ZEN1(preset, pfm), ZEN2(preset, pfm)
#define ZEN34(preset, pfm)   ZEN3(preset, pfm), ZEN4(preset, pfm)
#define ZEN1234(preset, pfm) ZEN12(preset, pfm), ZEN34(preset, pfm)

#define DTLB_ALL                                                                     \
	"L1_DTLB_MISS:TLB_RELOAD_1G_L2_MISS:TLB_RELOAD_2M_L2_MISS"                   \
	":TLB_RELOAD_COALESCED_PAGE_MISS:TLB_RELOAD_4K_L2_MISS:TLB_RELOAD_1G_L2_HIT" \
	":TLB_RELOAD_2M_L2_HIT:TLB_RELOAD_COALESCED_PAGE_HIT:TLB_RELOAD_4K_L2_HIT"
#define L2_STATUS "CORE_TO_L2_CACHEABLE_REQUEST_ACCESS_STATUS"

static const struct row rows[] = {
	INTEL("PAPI_LD_INS", "MEM_INST_RETIRED:ALL_LOADS"),
	INTEL("PAPI_SR_INS", "MEM_INST_RETIRED:ALL_STORES"),
	INTEL("PAPI_L1_DCM", "L1D:REPLACEMENT"),
	INTEL("PAPI_L1_ICM", "L2_RQSTS:ALL_CODE_RD"),
	INTEL("PAPI_L2_DCR", "L2_RQSTS:ALL_DEMAND_DATA_RD"),
	INTEL("PAPI_L2_ICH", "L2_RQSTS:CODE_RD_HIT"),
	INTEL("PAPI_L2_ICM", "L2_RQSTS:CODE_RD_MISS"),
	INTEL("PAPI_L2_ICR", "L2_RQSTS:ALL_CODE_RD"),
	INTEL("PAPI_L2_ICA", "L2_RQSTS:ALL_CODE_RD"),
	INTEL("PAPI_L2_LDM", "L2_RQSTS:DEMAND_DATA_RD_MISS"),
	INTEL("PAPI_L2_TCM", "ix86arch::LLC_REFERENCES"),
	INTEL("PAPI_L3_TCA", "ix86arch::LLC_REFERENCES"),
	INTEL("PAPI_L3_TCM", "ix86arch::LLC_MISSES"),
	INTEL("PAPI_L3_ICA", "L2_RQSTS:CODE_RD_MISS"),
	INTEL("PAPI_L3_ICR", "L2_RQSTS:CODE_RD_MISS"),
	INTEL("PAPI_L3_LDM", "MEM_LOAD_RETIRED:L3_MISS"),
	INTEL("PAPI_L3_DCR", "OFFCORE_REQUESTS:DEMAND_DATA_RD"),
	SKYLAKE("PAPI_L1_LDM", "L2_RQSTS:ALL_DEMAND_DATA_RD"),
	SKYLAKE("PAPI_L1_STM", "L2_RQSTS:ALL_RFO"),
	SKYLAKE("PAPI_L2_DCA", "L2_RQSTS:ALL_DEMAND_REFERENCES"),
	SKYLAKE("PAPI_L2_STM", "L2_RQSTS:DEMAND_RFO_MISS"),
	SKYLAKE("PAPI_L3_DCW", "L2_RQSTS:DEMAND_RFO_MISS"),
	SKYLAKE("PAPI_L3_TCW", "L2_RQSTS:DEMAND_RFO_MISS"),
	SKYLAKE("PAPI_CA_SHR", "OFFCORE_REQUESTS:ALL_DATA_RD"),
	SKYLAKE("PAPI_CA_CLN", "OFFCORE_REQUESTS:DEMAND_RFO"),
	SKYLAKE("PAPI_TLB_IM", "ITLB_MISSES:MISS_CAUSES_A_WALK"),
	SKYLAKE("PAPI_MEM_WCY", "RESOURCE_STALLS:SB"),
	SKYLAKE("PAPI_RES_STL", "RESOURCE_STALLS:ANY"),
	SKYLAKE("PAPI_BR_CN", "BR_INST_RETIRED:CONDITIONAL"),
	SKYLAKE("PAPI_BR_NTK", "BR_INST_RETIRED:NOT_TAKEN"),
	SKYLAKE("PAPI_BR_MSP", "BR_MISP_RETIRED:CONDITIONAL"),
	LATE("PAPI_BR_CN", "BR_INST_RETIRED:COND"),
	LATE("PAPI_BR_TKN", "BR_INST_RETIRED:COND_TAKEN"),
	LATE("PAPI_BR_NTK", "BR_INST_RETIRED:COND_NTAKEN"),
	LATE("PAPI_BR_MSP", "BR_MISP_RETIRED:COND"),
	ICE_LAKE("PAPI_CA_SHR", "OFFCORE_REQUESTS:ALL_DATA_RD"),
	SAPPHIRE("PAPI_L2_DCA", "L1D:REPLACEMENT"),
	SAPPHIRE("PAPI_L2_DCM", "OFFCORE_REQUESTS:DATA_RD"),
	SAPPHIRE("PAPI_L3_DCA", "OFFCORE_REQUESTS:DATA_RD"),
	SAPPHIRE("PAPI_CA_SHR", "OFFCORE_REQUESTS:DATA_RD"),
	ZEN1234("PAPI_BR_MSP", "RETIRED_BRANCH_INSTRUCTIONS_MISPREDICTED"),
	ZEN1234("PAPI_TLB_DM", DTLB_ALL),
	ZEN1234("PAPI_L2_DCM", L2_STATUS ":LS_RD_BLK_C"),
	ZEN12("PAPI_BR_TKN", "RETIRED_TAKEN_BRANCH_INSTRUCTIONS"),
	ZEN12("PAPI_L1_ICM", "REQUESTS_TO_L2_GROUP1:CACHEABLE_IC_READ"),
	ZEN12("PAPI_L2_DCR", "REQUESTS_TO_L2_GROUP1:RD_BLK_L"),
	ZEN12("PAPI_L2_DCH", L2_STATUS ":LS_RD_BLK_L_HIT_X"),
	ZEN1("PAPI_L1_DCA", "DATA_CACHE_ACCESSES"),
	ZEN1("PAPI_L2_ICA", "REQUESTS_TO_L2_GROUP1:CACHEABLE_IC_READ"),
	ZEN1("PAPI_STL_ICY", "INSTRUCTION_PIPE_STALL:IC_STALL_ANY"),
	ZEN2("PAPI_L2_ICR", "REQUESTS_TO_L2_GROUP1:CACHEABLE_IC_READ"),
	ZEN2("PAPI_L2_ICM", L2_STATUS ":IC_FILL_MISS"),
	ZEN2("PAPI_L2_ICH", L2_STATUS ":IC_FILL_HIT_X:IC_FILL_HIT_S"),
	ZEN34("PAPI_BR_CN", "RETIRED_CONDITIONAL_BRANCH_INSTRUCTIONS"),
	ZEN34("PAPI_L1_DCA", "LS_DISPATCH:LD_ST_DISPATCH:STORE_DISPATCH:LD_DISPATCH"),
	ZEN34("PAPI_L1_DCM",
	      "REQUESTS_TO_L2_GROUP1:RD_BLK_L:RD_BLK_X:LS_RD_BLK_C_S:CHANGE_TO_X"),
	ZEN34("PAPI_L2_DCR",
	      "REQUESTS_TO_L2_GROUP1:RD_BLK_L:RD_BLK_X:LS_RD_BLK_C_S:CHANGE_TO_X"),
	ZEN34("PAPI_L2_DCH", L2_STATUS
	      ":LS_RD_BLK_C_S:LS_RD_BLK_L_HIT_X:LS_RD_BLK_L_HIT_S:LS_RD_BLK_X"),
	ZEN34("PAPI_L2_ICR", "REQUESTS_TO_L2_GROUP1:CACHEABLE_IC_READ"),
	ZEN34("PAPI_L2_ICM", L2_STATUS ":IC_FILL_MISS"),
	ZEN34("PAPI_L2_ICH", L2_STATUS ":IC_FILL_HIT_X:IC_FILL_HIT_S"),
	ZEN3("PAPI_L2_ICA", "REQUESTS_TO_L2_GROUP1:CACHEABLE_IC_READ"),
	ZEN4("PAPI_BR_UCN", "RETIRED_UNCONDITIONAL_BRANCH_INSTRUCTIONS"),
	ZEN4("PAPI_L2_TCM", L2_STATUS ":LS_RD_BLK_C:IC_FILL_MISS"),
	ZEN4("PAPI_L2_TCH",
	     L2_STATUS ":LS_RD_BLK_C_S:LS_RD_BLK_L_HIT_X:LS_RD_BLK_L_HIT_S"
		       ":LS_RD_BLK_X:IC_FILL_HIT_X:IC_FILL_HIT_S"),
};

/* In a child, for libpfm4 is told once per process which processor to be. */
static bool agrees(const struct row *row)
{
	const struct native_preset *native = native_preset_find(row->key, row->preset);
	char pmus[64];
	struct event_encoding encoding;
	struct error error = {0};
	char *description;

	snprintf(pmus, sizeof(pmus), "%s,ix86arch", row->pmu);
	setenv("LIBPFM_FORCE_PMU",
	       strncmp(row->pfm, "ix86arch", 8) ? row->pmu : "ix86arch", 1);
	if (!native || native_encode(row->pfm, &encoding, &description, &error)) {
		fprintf(stderr, "%s: %s: %s\n", row->key, row->preset, error.text);
		return false;
	}
	free(description);
	if (encoding.type == RAW && encoding.config == native->config)
		return true;
	fprintf(stderr, "%s: %s: %#llx\n", row->key, row->preset,
		(unsigned long long)encoding.config);
	return false;
}

static void codes_are_those_of_the_events_that_papi_takes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		pid_t child = fork();
		int status;

		assert_true(child >= 0);
		if (!child)
			_exit(agrees(&rows[i]) ? 0 : 1);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	}
}

static bool is_in_rows(const char *key, const char *preset)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (!strcmp(rows[i].key, key) && !strcmp(rows[i].preset, preset))
			return true;
	return false;
}

/*
 * Processors that libpfm4 4.13 has not got. AMD: amdzen5's event files, which differ from Zen
 * 4's in that ChangeToX is no request any more. Arm: ARM-software/data's lists.
 */
static uint64_t published_without_libpfm4(const char *key, const char *preset)
{
	static const struct {
		const char *preset;
		uint64_t config;
	} arm[] = {
		{"PAPI_LD_INS", 0x70}, {"PAPI_SR_INS", 0x71},  {"PAPI_BR_INS", 0x21},
		{"PAPI_BR_MSP", 0x10}, {"PAPI_L1_DCA", 0x04},  {"PAPI_L1_DCM", 0x03},
		{"PAPI_L1_DCR", 0x40}, {"PAPI_L1_DCW", 0x41},  {"PAPI_L1_ICA", 0x14},
		{"PAPI_L1_ICM", 0x01}, {"PAPI_L2_TCA", 0x16},  {"PAPI_L2_DCM", 0x17},
		{"PAPI_L2_DCR", 0x50}, {"PAPI_L2_DCW", 0x51},  {"PAPI_L2_LDM", 0x52},
		{"PAPI_TLB_DM", 0x2d}, {"PAPI_RES_STL", 0x24},
	};

	if (!strcmp(key, "zen5")) {
		if (!strcmp(preset, "PAPI_L1_DCM") || !strcmp(preset, "PAPI_L2_DCR"))
			return 0xe060;
		return native_preset_find("zen4", preset)->config;
	}
	for (size_t i = 0; i < COUNT_OF(arm); i++)
		if (!strcmp(arm[i].preset, preset))
			return arm[i].config;
	return 0;
}

static void every_row_is_checked_and_names_a_known_preset(void **state)
{
	const struct default_set *set;

	(void)state;
	for (size_t s = 0; (set = default_set_at(s)); s++) {
		const struct native_preset *native;
		size_t i;

		for (i = 0; (native = native_preset_at(set->key, i)); i++) {
			assert_non_null(catalogue_find_preset(native->preset));
			assert_ptr_equal(native_preset_find(set->key, native->preset),
					 native);
			if (!native->config || is_in_rows(set->key, native->preset))
				continue;
			if (!strcmp(set->key, "alder-lake"))
				assert_int_equal(native->config, native->other_config);
			else
				assert_int_equal(native->config,
						 published_without_libpfm4(
							 set->key, native->preset));
		}
		assert_true(i > 0);
	}
	assert_null(native_preset_at("", 0));
	assert_null(native_preset_find("zen4", "PAPI_TOT_INS"));
}

static void a_preset_is_the_processors_own_event_and_says_so(void **state)
{
	const struct event_place place = {"/nonexistent", "skylake-sp"};
	struct event event;

	(void)state;
	assert_int_equal(event_resolve_at(&place, "PAPI_L2_TCM:u", &event, NULL), 0);
	assert_string_equal(event.name, "PAPI_L2_TCM:u");
	assert_int_equal(event.encoding.type, RAW);
	assert_int_equal(event.encoding.config, 0x4f2e);
	assert_int_equal(event.role, EVENT_ROLE_L2_MISS);
	assert_non_null(strstr(event.description, "LONGEST_LAT_CACHE.REFERENCE"));
	event_free(&event);
}

static void a_computed_preset_is_refused_with_its_formula(void **state)
{
	const struct event_place place = {"/nonexistent", "zen3"};
	struct error error = {0};
	struct event event;

	(void)state;
	assert_int_equal(event_resolve_at(&place, "PAPI_BR_NTK", &event, &error),
			 -ENOENT);
	assert_int_equal(error.exit_status, EXIT_CANNOT_MEASURE);
	assert_non_null(strstr(error.text, "rc2 (ex_ret_brn) - rc4"));
	assert_non_null(strstr(error.text, "--source papi"));
}

static void presets_without_a_row_are_the_kernels_generic_events(void **state)
{
	const struct event_place place = {"/nonexistent", "zen3"};
	struct event event;

	(void)state;
	assert_int_equal(event_resolve_at(&place, "PAPI_TOT_INS", &event, NULL), 0);
	assert_int_equal(event.encoding.type, 0);
	assert_int_equal(event.encoding.config, 1);
	event_free(&event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_are_those_of_the_events_that_papi_takes),
		cmocka_unit_test(every_row_is_checked_and_names_a_known_preset),
		cmocka_unit_test(a_preset_is_the_processors_own_event_and_says_so),
		cmocka_unit_test(a_computed_preset_is_refused_with_its_formula),
		cmocka_unit_test(presets_without_a_row_are_the_kernels_generic_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
