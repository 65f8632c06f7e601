/* SPDX-License-Identifier: MIT */
/*
 * Whether a description is a machine that can be simulated. Every limit here protects an
 * assumption of the code: powers of two make set numbers a mask, numbers of cores and LLCs fit
 * their bit sets, sizes keep indices within 32 bits.
 */
#include "machine/problem.h"

#define WAYS_MAX      16u /* four bits each, see cache.h */
#define TLB_WAYS_MAX  64u
#define L1_BYTES_MAX  (1u << 20)
#define L2_BYTES_MAX  (64u << 20)
#define LLC_BYTES_MAX (UINT64_C(4) << 30)
#define SLICES_MAX    1024u
#define TLB_MAX       (1u << 16)
#define PREDICTOR_MIN 64u
#define PREDICTOR_MAX (1u << 16)
#define SHARING_MAX   65000u /* record numbers have 16 bits */
#define PAGE_MIN      4096u
#define PAGE_MAX      (1u << 30)

static bool is_power_of_two(uint64_t number)
{
	return number && !(number & (number - 1));
}

/* "<key> = <value><reason>" */
static int refuse(struct machine_problem *problem, const char *key, uint64_t value,
		  const char *reason)
{
	problem_set(problem, 0, key);
	problem_add(problem, " = ");
	problem_add_number(problem, value);
	return problem_add(problem, reason);
}

static int check_range(struct machine_problem *problem, const char *key, uint64_t value,
		       uint64_t min, uint64_t max)
{
	if (value >= min && value <= max)
		return 0;
	refuse(problem, key, value, " is outside ");
	problem_add_number(problem, min);
	problem_add(problem, " to ");
	return problem_add_number(problem, max);
}

static int check_power(struct machine_problem *problem, const char *key, uint64_t value)
{
	if (is_power_of_two(value))
		return 0;
	return refuse(problem, key, value, " is no power of two");
}

/* `keys`: the names of bytes, ways and slices. */
static int check_cache(struct machine_problem *problem, const char *const *keys,
		       const struct machine_cache_config *cache, uint64_t bytes_max)
{
	uint64_t lines = cache->bytes / MACHINE_LINE_BYTES;
	uint32_t slices = keys[2] ? cache->slices : 1;

	if (check_range(problem, keys[0], cache->bytes, MACHINE_LINE_BYTES,
			bytes_max) ||
	    check_range(problem, keys[1], cache->ways, 1, WAYS_MAX))
		return -1;
	if (keys[2] && check_range(problem, keys[2], slices, 1, SLICES_MAX))
		return -1;
	if (cache->bytes % MACHINE_LINE_BYTES)
		return refuse(problem, keys[0], cache->bytes,
			      " is no multiple of the line size, 64");
	if (cache->ways > lines) {
		refuse(problem, keys[1], cache->ways, " are more than the ");
		problem_add_number(problem, lines);
		problem_add(problem, " lines of ");
		problem_add(problem, keys[0]);
		return problem_add(problem, " hold");
	}
	if (lines % ((uint64_t)cache->ways * slices) ||
	    !is_power_of_two(lines / cache->ways / slices)) {
		refuse(problem, keys[0], cache->bytes,
		       " does not make a power of two of sets with ");
		problem_add_number(problem, cache->ways);
		problem_add(problem, " ways");
		if (keys[2]) {
			problem_add(problem, " in ");
			problem_add_number(problem, slices);
			problem_add(problem,
				    slices > 1 ? " slices" : " slice; see llc_slices");
		}
		return -1;
	}
	return 0;
}

static int check_tlb(struct machine_problem *problem, const char *const *keys,
		     const struct machine_tlb_config *tlb)
{
	if (check_range(problem, keys[0], tlb->entries, 1, TLB_MAX) ||
	    check_range(problem, keys[1], tlb->ways, 1, TLB_WAYS_MAX))
		return -1;
	if (tlb->entries % tlb->ways || !is_power_of_two(tlb->entries / tlb->ways)) {
		refuse(problem, keys[0], tlb->entries,
		       " does not make a power of two of sets with ");
		problem_add_number(problem, tlb->ways);
		return problem_add(problem, " ways");
	}
	return 0;
}

static int check_cores(const struct machine_config *config,
		       struct machine_problem *problem)
{
	uint32_t below = config->llc_cores ? config->llc_cores : config->cores;

	if (check_range(problem, "clock_mhz", config->clock_mhz, 1, 100000) ||
	    check_range(problem, "sockets", config->sockets, 1, MACHINE_LLCS_MAX) ||
	    check_range(problem, "cores_per_socket", config->cores, 1,
			MACHINE_CORES_MAX) ||
	    check_range(problem, "cores_per_llc", below, 1, MACHINE_CORES_MAX))
		return -1;
	if (config->sockets * config->cores > MACHINE_CORES_MAX) {
		refuse(problem, "cores_per_socket", config->cores, " in ");
		problem_add_number(problem, config->sockets);
		problem_add(problem, " sockets are more than the limit of ");
		problem_add_number(problem, MACHINE_CORES_MAX);
		return problem_add(problem, " cores");
	}
	if (config->cores % below) {
		refuse(problem, "cores_per_llc", below, " does not divide the ");
		problem_add_number(problem, config->cores);
		return problem_add(problem, " cores of a socket");
	}
	if (config->sockets * (config->cores / below) > MACHINE_LLCS_MAX) {
		refuse(problem, "cores_per_llc", below,
		       " makes more than the limit of ");
		problem_add_number(problem, MACHINE_LLCS_MAX);
		return problem_add(problem, " last-level caches");
	}
	return 0;
}

static int check_placement(const struct machine_config *config,
			   struct machine_problem *problem)
{
	uint32_t cores = config->sockets * config->cores;
	bool listed[MACHINE_CORES_MAX] = {false};

	if (config->placement != MACHINE_LISTED)
		return 0;
	/* A longer list is found to repeat a core, or to name one that does not exist. */
	for (uint32_t i = 0; i < config->listed_count; i++) {
		uint32_t core = config->listed[i];

		if (core >= cores) {
			refuse(problem, "placement", core,
			       " is no core: they are numbered from 0 to ");
			return problem_add_number(problem, cores - 1);
		}
		if (listed[core])
			return refuse(problem, "placement", core, " is listed twice");
		listed[core] = true;
	}
	return 0;
}

static int check_levels(const struct machine_config *config,
			struct machine_problem *problem)
{
	const struct machine_cache_config *l2 = &config->l2, *llc = &config->llc;
	bool outer_inclusive = llc->bytes && llc->policy == MACHINE_INCLUSIVE;
	uint32_t below = config->llc_cores ? config->llc_cores : config->cores;
	uint32_t count = config->sockets * (config->cores / below);

	if (llc->bytes > LLC_BYTES_MAX / count) {
		refuse(problem, "llc_bytes", llc->bytes, " in ");
		problem_add_number(problem, count);
		problem_add(problem, " last-level caches are more than the limit of ");
		problem_add_number(problem, LLC_BYTES_MAX);
		return problem_add(problem, " bytes");
	}
	if (l2->bytes && l2->policy == MACHINE_VICTIM)
		return problem_set(problem, 0,
				   "l2_policy = victim cannot be simulated; write "
				   "inclusive or non-inclusive");
	if (l2->bytes && l2->policy == MACHINE_INCLUSIVE &&
	    (l2->bytes < config->l1d.bytes || l2->bytes < config->l1i.bytes))
		return refuse(problem, "l2_bytes", l2->bytes,
			      " is less than an L1 that an inclusive L2 must hold");
	if (outer_inclusive && l2->bytes && llc->bytes < l2->bytes)
		return refuse(problem, "llc_bytes", llc->bytes,
			      " is less than the L2 that an inclusive LLC must hold");
	if (outer_inclusive &&
	    (llc->bytes < config->l1d.bytes || llc->bytes < config->l1i.bytes))
		return refuse(problem, "llc_bytes", llc->bytes,
			      " is less than an L1 that an inclusive LLC must hold");
	return 0;
}

int machine_config_check(const struct machine_config *config,
			 struct machine_problem *problem)
{
	static const char *const l1i[] = {"l1i_bytes", "l1i_ways", NULL};
	static const char *const l1d[] = {"l1d_bytes", "l1d_ways", NULL};
	static const char *const l2[] = {"l2_bytes", "l2_ways", NULL};
	static const char *const llc[] = {"llc_bytes", "llc_ways", "llc_slices"};
	static const char *const dtlb[] = {"dtlb_entries", "dtlb_ways"};
	static const char *const stlb[] = {"stlb_entries", "stlb_ways"};

	if (check_cores(config, problem) || check_placement(config, problem) ||
	    check_range(problem, "page_bytes", config->page_bytes, PAGE_MIN,
			PAGE_MAX) ||
	    check_power(problem, "page_bytes", config->page_bytes) ||
	    check_cache(problem, l1i, &config->l1i, L1_BYTES_MAX) ||
	    check_cache(problem, l1d, &config->l1d, L1_BYTES_MAX) ||
	    (config->l2.bytes && check_cache(problem, l2, &config->l2, L2_BYTES_MAX)) ||
	    (config->llc.bytes &&
	     check_cache(problem, llc, &config->llc, LLC_BYTES_MAX)) ||
	    check_levels(config, problem) || check_tlb(problem, dtlb, &config->dtlb) ||
	    (config->stlb.entries && check_tlb(problem, stlb, &config->stlb)) ||
	    check_range(problem, "predictor_entries", config->predictor_entries,
			PREDICTOR_MIN, PREDICTOR_MAX) ||
	    check_power(problem, "predictor_entries", config->predictor_entries) ||
	    check_range(problem, "sharing_lines", config->sharing_lines, 1,
			SHARING_MAX))
		return -1;
	return 0;
}
