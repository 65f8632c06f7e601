/* SPDX-License-Identifier: MIT */
/*
 * PAPI's presets as native events, processor by processor: see presets_native.h.
 *
 * What a preset means on a processor is PAPI's decision (papi_events.csv of libpapi 7); the
 * codes are the vendors' (the lists that defaults_*.c name). Presets whose generic event is
 * the same thing (PAPI_TOT_INS, PAPI_TOT_CYC, PAPI_BR_INS on x86) are not here: presets.c has
 * them, and two names of one event should be seen to be that. Floating-point presets are
 * left to source papi: what they count differs too much to be compared.
 *
 * A preset that PAPI computes from several events (DERIVED_ADD, DERIVED_SUB) has its formula
 * instead of a code. Counting it needs all of them in one pass, so the user is told what to
 * name instead: by raw codes where libpfm4 does not take the vendor's names.
 */
#include "event/presets_native.h"

#include <string.h>

#define COMPUTED(preset, formula)     \
	{                             \
		preset, formula, 0, 0 \
	}

static const struct native_preset skylake[] = {
	{"PAPI_LD_INS", "MEM_INST_RETIRED.ALL_LOADS", 0x81d0, 0},
	{"PAPI_SR_INS", "MEM_INST_RETIRED.ALL_STORES", 0x82d0, 0},
	COMPUTED("PAPI_LST_INS",
		 "MEM_INST_RETIRED.ALL_LOADS + MEM_INST_RETIRED.ALL_STORES"),
	{"PAPI_BR_CN", "BR_INST_RETIRED.CONDITIONAL", 0x01c4, 0},
	{"PAPI_BR_NTK", "BR_INST_RETIRED.NOT_TAKEN", 0x10c4, 0},
	{"PAPI_BR_MSP", "BR_MISP_RETIRED.CONDITIONAL", 0x01c5, 0},
	COMPUTED("PAPI_BR_UCN",
		 "BR_INST_RETIRED.ALL_BRANCHES - BR_INST_RETIRED.CONDITIONAL"),
	COMPUTED("PAPI_BR_TKN",
		 "BR_INST_RETIRED.CONDITIONAL - BR_INST_RETIRED.NOT_TAKEN"),
	COMPUTED("PAPI_BR_PRC",
		 "BR_INST_RETIRED.CONDITIONAL - BR_MISP_RETIRED.CONDITIONAL"),
	{"PAPI_L1_DCM", "L1D.REPLACEMENT", 0x0151, 0},
	{"PAPI_L1_ICM", "L2_RQSTS.ALL_CODE_RD", 0xe424, 0},
	{"PAPI_L1_LDM", "L2_RQSTS.ALL_DEMAND_DATA_RD", 0xe124, 0},
	{"PAPI_L1_STM", "L2_RQSTS.ALL_RFO", 0xe224, 0},
	COMPUTED("PAPI_L1_TCM", "L1D.REPLACEMENT + L2_RQSTS.ALL_CODE_RD"),
	{"PAPI_L2_DCA", "L2_RQSTS.ALL_DEMAND_REFERENCES", 0xe724, 0},
	{"PAPI_L2_DCR", "L2_RQSTS.ALL_DEMAND_DATA_RD", 0xe124, 0},
	COMPUTED("PAPI_L2_DCM", "LONGEST_LAT_CACHE.REFERENCE - L2_RQSTS.CODE_RD_MISS"),
	{"PAPI_L2_ICA", "L2_RQSTS.ALL_CODE_RD", 0xe424, 0},
	{"PAPI_L2_ICR", "L2_RQSTS.ALL_CODE_RD", 0xe424, 0},
	{"PAPI_L2_ICH", "L2_RQSTS.CODE_RD_HIT", 0xc424, 0},
	{"PAPI_L2_ICM", "L2_RQSTS.CODE_RD_MISS", 0x2424, 0},
	{"PAPI_L2_LDM", "L2_RQSTS.DEMAND_DATA_RD_MISS", 0x2124, 0},
	{"PAPI_L2_STM", "L2_RQSTS.RFO_MISS", 0x2224, 0},
	{"PAPI_L2_TCM", "LONGEST_LAT_CACHE.REFERENCE", 0x4f2e, 0},
	COMPUTED("PAPI_L2_TCA",
		 "L2_RQSTS.ALL_DEMAND_REFERENCES + L2_RQSTS.ALL_CODE_RD"),
	COMPUTED("PAPI_L2_TCR", "L2_RQSTS.ALL_DEMAND_DATA_RD + L2_RQSTS.ALL_CODE_RD"),
	COMPUTED("PAPI_L3_DCA", "LONGEST_LAT_CACHE.REFERENCE - L2_RQSTS.CODE_RD_MISS"),
	{"PAPI_L3_DCR", "OFFCORE_REQUESTS.DEMAND_DATA_RD", 0x01b0, 0},
	{"PAPI_L3_DCW", "L2_RQSTS.RFO_MISS", 0x2224, 0},
	{"PAPI_L3_ICA", "L2_RQSTS.CODE_RD_MISS", 0x2424, 0},
	{"PAPI_L3_ICR", "L2_RQSTS.CODE_RD_MISS", 0x2424, 0},
	{"PAPI_L3_LDM", "MEM_LOAD_RETIRED.L3_MISS", 0x20d1, 0},
	{"PAPI_L3_TCA", "LONGEST_LAT_CACHE.REFERENCE", 0x4f2e, 0},
	{"PAPI_L3_TCM", "LONGEST_LAT_CACHE.MISS", 0x412e, 0},
	COMPUTED("PAPI_L3_TCR", "LONGEST_LAT_CACHE.REFERENCE - L2_RQSTS.RFO_MISS"),
	{"PAPI_L3_TCW", "L2_RQSTS.RFO_MISS", 0x2224, 0},
	{"PAPI_CA_SHR", "OFFCORE_REQUESTS.ALL_DATA_RD", 0x08b0, 0},
	{"PAPI_CA_CLN", "OFFCORE_REQUESTS.DEMAND_RFO", 0x04b0, 0},
	COMPUTED("PAPI_TLB_DM", "DTLB_LOAD_MISSES.MISS_CAUSES_A_WALK +"
				" DTLB_STORE_MISSES.MISS_CAUSES_A_WALK"),
	{"PAPI_TLB_IM", "ITLB_MISSES.MISS_CAUSES_A_WALK", 0x0185, 0},
	{"PAPI_MEM_WCY", "RESOURCE_STALLS.SB", 0x08a2, 0},
	{"PAPI_RES_STL", "RESOURCE_STALLS.ANY", 0x01a2, 0},
};

/* Ice Lake and Sapphire Rapids have these alike. */
#define ICE_LAKE_EVENTS                                                            \
	{"PAPI_LD_INS", "MEM_INST_RETIRED.ALL_LOADS", 0x81d0, 0},                  \
		{"PAPI_SR_INS", "MEM_INST_RETIRED.ALL_STORES", 0x82d0, 0},         \
		COMPUTED("PAPI_LST_INS", "MEM_INST_RETIRED.ALL_LOADS +"            \
					 " MEM_INST_RETIRED.ALL_STORES"),          \
		{"PAPI_BR_CN", "BR_INST_RETIRED.COND", 0x11c4, 0},                 \
		{"PAPI_BR_TKN", "BR_INST_RETIRED.COND_TAKEN", 0x01c4, 0},          \
		{"PAPI_BR_NTK", "BR_INST_RETIRED.COND_NTAKEN", 0x10c4, 0},         \
		{"PAPI_BR_MSP", "BR_MISP_RETIRED.COND", 0x11c5, 0},                \
		COMPUTED("PAPI_BR_UCN",                                            \
			 "BR_INST_RETIRED.ALL_BRANCHES - BR_INST_RETIRED.COND"),   \
		COMPUTED("PAPI_BR_PRC",                                            \
			 "BR_INST_RETIRED.COND - BR_MISP_RETIRED.COND"),           \
		{"PAPI_L1_DCM", "L1D.REPLACEMENT", 0x0151, 0},                     \
		{"PAPI_L1_ICM", "L2_RQSTS.ALL_CODE_RD", 0xe424, 0},                \
		COMPUTED("PAPI_L1_TCM", "L1D.REPLACEMENT + L2_RQSTS.ALL_CODE_RD"), \
		{"PAPI_L2_DCR", "L2_RQSTS.ALL_DEMAND_DATA_RD", 0xe124, 0},         \
		{"PAPI_L2_ICA", "L2_RQSTS.ALL_CODE_RD", 0xe424, 0},                \
		{"PAPI_L2_ICR", "L2_RQSTS.ALL_CODE_RD", 0xe424, 0},                \
		{"PAPI_L2_ICH", "L2_RQSTS.CODE_RD_HIT", 0xc424, 0},                \
		{"PAPI_L2_ICM", "L2_RQSTS.CODE_RD_MISS", 0x2424, 0},               \
		{"PAPI_L2_LDM", "L2_RQSTS.DEMAND_DATA_RD_MISS", 0x2124, 0},        \
		{"PAPI_L2_TCM", "LONGEST_LAT_CACHE.REFERENCE", 0x4f2e, 0},         \
		COMPUTED("PAPI_L2_TCR",                                            \
			 "L2_RQSTS.ALL_DEMAND_DATA_RD + L2_RQSTS.ALL_CODE_RD"),    \
		{"PAPI_L3_ICA", "L2_RQSTS.CODE_RD_MISS", 0x2424, 0},               \
		{"PAPI_L3_ICR", "L2_RQSTS.CODE_RD_MISS", 0x2424, 0},               \
		{"PAPI_L3_LDM", "MEM_LOAD_RETIRED.L3_MISS", 0x20d1, 0},            \
		{"PAPI_L3_TCA", "LONGEST_LAT_CACHE.REFERENCE", 0x4f2e, 0},         \
	{                                                                          \
		"PAPI_L3_TCM", "LONGEST_LAT_CACHE.MISS", 0x412e, 0                 \
	}

static const struct native_preset ice_lake[] = {
	ICE_LAKE_EVENTS,
	COMPUTED("PAPI_L2_DCM",
		 "r4f2e (LONGEST_LAT_CACHE.REFERENCE) - L2_RQSTS.CODE_RD_MISS"),
	COMPUTED("PAPI_L3_DCA",
		 "r4f2e (LONGEST_LAT_CACHE.REFERENCE) - L2_RQSTS.CODE_RD_MISS"),
	{"PAPI_L3_DCR", "OFFCORE_REQUESTS.DEMAND_DATA_RD", 0x01b0, 0},
	{"PAPI_CA_SHR", "OFFCORE_REQUESTS.ALL_DATA_RD", 0x08b0, 0},
};

static const struct native_preset sapphire_rapids[] = {
	ICE_LAKE_EVENTS,
	{"PAPI_L2_DCA", "L1D.REPLACEMENT", 0x0151, 0},
	{"PAPI_L2_DCM", "OFFCORE_REQUESTS.DATA_RD", 0x0821, 0},
	COMPUTED("PAPI_L2_TCA", "L1D.REPLACEMENT + L2_RQSTS.ALL_CODE_RD"),
	{"PAPI_L3_DCA", "OFFCORE_REQUESTS.DATA_RD", 0x0821, 0},
	{"PAPI_L3_DCR", "OFFCORE_REQUESTS.DEMAND_DATA_RD", 0x0121, 0},
	{"PAPI_CA_SHR", "OFFCORE_REQUESTS.DATA_RD", 0x0821, 0},
};

static const struct native_preset alder_lake[] = {
	{"PAPI_LD_INS", "MEM_INST_RETIRED.ALL_LOADS", 0x81d0, 0x81d0},
	{"PAPI_SR_INS", "MEM_INST_RETIRED.ALL_STORES", 0x82d0, 0x82d0},
	COMPUTED("PAPI_LST_INS",
		 "MEM_INST_RETIRED.ALL_LOADS + MEM_INST_RETIRED.ALL_STORES"),
};

/* All of Zen. */
#define ZEN_EVENTS                                                        \
	{"PAPI_BR_MSP", "ex_ret_brn_misp", 0xc3, 0},                      \
		{"PAPI_TLB_DM", "ls_l1_d_tlb_miss.all", 0xff45, 0},       \
	{                                                                 \
		"PAPI_L2_DCM", "l2_cache_req_stat.ls_rd_blk_c", 0x0864, 0 \
	}
/* Zen 1 and 2 */
#define ZEN1_EVENTS                                                             \
	COMPUTED("PAPI_TLB_IM",                                                 \
		 "r84 (bp_l1_tlb_miss_l2_hit) + r785 (l2_itlb_misses)"),        \
		{"PAPI_BR_TKN", "ex_ret_brn_tkn", 0xc4, 0},                     \
		{"PAPI_L1_ICM", "l2_request_g1.cacheable_ic_read", 0x1060, 0},  \
		{"PAPI_L2_DCR", "l2_request_g1.rd_blk_l", 0x8060, 0},           \
	{                                                                       \
		"PAPI_L2_DCH", "l2_cache_req_stat.ls_rd_blk_l_hit_x", 0x4064, 0 \
	}
/* Zen 3 to 5 */
#define ZEN3_EVENTS                                                                 \
	COMPUTED("PAPI_TLB_IM", "r84 (bp_l1_tlb_miss_l2_tlb_hit) +"                 \
				" rf85 (bp_l1_tlb_miss_l2_tlb_miss)"),              \
		{"PAPI_BR_CN", "ex_ret_cond", 0xd1, 0},                             \
		{"PAPI_L1_DCA", "ls_dispatch.all", 0x0729, 0},                      \
		{"PAPI_L2_DCH", "l2_cache_req_stat.dc_hit_in_l2", 0xf064, 0},       \
		{"PAPI_L2_ICR", "l2_request_g1.cacheable_ic_read", 0x1060, 0},      \
		{"PAPI_L2_ICM", "l2_cache_req_stat.ic_fill_miss", 0x0164, 0},       \
		{"PAPI_L2_ICH", "l2_cache_req_stat.ic_hit_in_l2", 0x0664, 0},       \
		COMPUTED("PAPI_BR_NTK", "rc2 (ex_ret_brn) - rc4 (ex_ret_brn_tkn)"), \
		COMPUTED("PAPI_BR_PRC", "rd1 (ex_ret_cond) - rc3 (ex_ret_brn_misp)")

static const struct native_preset zen1[] = {
	ZEN_EVENTS,
	ZEN1_EVENTS,
	{"PAPI_L1_DCA", "ls_dc_accesses", 0x40, 0},
	{"PAPI_L2_ICA", "l2_request_g1.cacheable_ic_read", 0x1060, 0},
	{"PAPI_STL_ICY", "ic_fetch_stall.ic_stall_any", 0x0487, 0},
};

static const struct native_preset zen2[] = {
	ZEN_EVENTS,
	ZEN1_EVENTS,
	{"PAPI_L2_ICR", "l2_request_g1.cacheable_ic_read", 0x1060, 0},
	{"PAPI_L2_ICM", "l2_cache_req_stat.ic_fill_miss", 0x0164, 0},
	{"PAPI_L2_ICH", "l2_cache_hits_from_ic_misses", 0x0664, 0},
};

static const struct native_preset zen3[] = {
	ZEN_EVENTS,
	ZEN3_EVENTS,
	{"PAPI_L1_DCM", "l2_cache_accesses_from_dc_misses", 0xe860, 0},
	{"PAPI_L2_DCR", "l2_cache_accesses_from_dc_misses", 0xe860, 0},
	{"PAPI_L2_ICA", "l2_request_g1.cacheable_ic_read", 0x1060, 0},
	COMPUTED("PAPI_BR_UCN", "rc2 (ex_ret_brn) - rd1 (ex_ret_cond)"),
	COMPUTED("PAPI_BR_TKN", "rc4 (ex_ret_brn_tkn) - rc2 (ex_ret_brn) +"
				" rd1 (ex_ret_cond)"),
};

/* Zen 4 and 5. The event select of the first one is 0x1c9. */
#define ZEN4_EVENTS                                                                   \
	{"PAPI_BR_UCN", "RETIRED_UNCONDITIONAL_BRANCH_INSTRUCTIONS", 0x1000000c9, 0}, \
		COMPUTED("PAPI_BR_TKN",                                               \
			 "rc4 (ex_ret_brn_tkn) - r1000000c9"                          \
			 " (RETIRED_UNCONDITIONAL_BRANCH_INSTRUCTIONS)"),             \
		{"PAPI_L2_TCH", "l2_cache_req_stat.ic_dc_hit_in_l2", 0xf664, 0},      \
	{                                                                             \
		"PAPI_L2_TCM", "l2_cache_req_stat.ic_dc_miss_in_l2", 0x0964, 0        \
	}

static const struct native_preset zen4[] = {
	ZEN_EVENTS,
	ZEN3_EVENTS,
	ZEN4_EVENTS,
	{"PAPI_L1_DCM", "l2_request_g1.all_dc", 0xe860, 0},
	{"PAPI_L2_DCR", "l2_request_g1.all_dc", 0xe860, 0},
};

static const struct native_preset zen5[] = {
	ZEN_EVENTS,
	ZEN3_EVENTS,
	ZEN4_EVENTS,
	{"PAPI_L1_DCM", "l2_request_g1.all_dc", 0xe060, 0},
	{"PAPI_L2_DCR", "l2_request_g1.all_dc", 0xe060, 0},
};

static const struct native_preset neoverse[] = {
	{"PAPI_LD_INS", "LD_SPEC", 0x70, 0},
	{"PAPI_SR_INS", "ST_SPEC", 0x71, 0},
	COMPUTED("PAPI_LST_INS", "LD_SPEC + ST_SPEC"),
	{"PAPI_BR_INS", "BR_RETIRED", 0x21, 0},
	{"PAPI_BR_MSP", "BR_MIS_PRED", 0x10, 0},
	COMPUTED("PAPI_BR_PRC", "BR_PRED - BR_MIS_PRED"),
	{"PAPI_L1_DCA", "L1D_CACHE", 0x04, 0},
	{"PAPI_L1_DCM", "L1D_CACHE_REFILL", 0x03, 0},
	{"PAPI_L1_DCR", "L1D_CACHE_RD", 0x40, 0},
	{"PAPI_L1_DCW", "L1D_CACHE_WR", 0x41, 0},
	{"PAPI_L1_ICA", "L1I_CACHE", 0x14, 0},
	{"PAPI_L1_ICM", "L1I_CACHE_REFILL", 0x01, 0},
	COMPUTED("PAPI_L1_ICH", "L1I_CACHE - L1I_CACHE_REFILL"),
	{"PAPI_L2_TCA", "L2D_CACHE", 0x16, 0},
	COMPUTED("PAPI_L2_DCA", "L2D_CACHE_RD + L2D_CACHE_WR"),
	{"PAPI_L2_DCM", "L2D_CACHE_REFILL", 0x17, 0},
	{"PAPI_L2_DCR", "L2D_CACHE_RD", 0x50, 0},
	{"PAPI_L2_DCW", "L2D_CACHE_WR", 0x51, 0},
	{"PAPI_L2_LDM", "L2D_CACHE_REFILL_RD", 0x52, 0},
	{"PAPI_TLB_DM", "L2D_TLB_REFILL", 0x2d, 0},
	{"PAPI_RES_STL", "STALL_BACKEND", 0x24, 0},
	COMPUTED("PAPI_STL_ICY", "STALL_FRONTEND + STALL_BACKEND"),
};

#define TABLE(key, presets)                                        \
	{                                                          \
		key, presets, sizeof(presets) / sizeof(*(presets)) \
	}

static const struct {
	const char *key;
	const struct native_preset *presets;
	size_t count;
} tables[] = {
	TABLE("skylake", skylake),
	TABLE("skylake-sp", skylake),
	TABLE("cascade-lake", skylake),
	TABLE("ice-lake", ice_lake),
	TABLE("ice-lake-sp", ice_lake),
	TABLE("sapphire-rapids", sapphire_rapids),
	TABLE("alder-lake", alder_lake),
	TABLE("zen1", zen1),
	TABLE("zen2", zen2),
	TABLE("zen3", zen3),
	TABLE("zen4", zen4),
	TABLE("zen5", zen5),
	TABLE("neoverse-n1", neoverse),
	TABLE("neoverse-v1", neoverse),
	TABLE("neoverse-n2", neoverse),
};

const struct native_preset *native_preset_at(const char *key, size_t index)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		if (!strcmp(tables[i].key, key))
			return index < tables[i].count ? &tables[i].presets[index]
						       : NULL;
	return NULL;
}

const struct native_preset *native_preset_find(const char *key, const char *preset)
{
	const struct native_preset *native;

	for (size_t i = 0; (native = native_preset_at(key, i)); i++)
		if (!strcmp(native->preset, preset))
			return native;
	return NULL;
}
