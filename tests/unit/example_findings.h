/* SPDX-License-Identifier: MIT */
/*
 * Findings as detect() would make them, for the tests of the renderers: a program whose
 * threads began to wait for a lock. All strings are on the heap, findings_free() frees all.
 */
#ifndef AUTOPERF_TESTS_EXAMPLE_FINDINGS_H
#define AUTOPERF_TESTS_EXAMPLE_FINDINGS_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "detect/findings.h"

static inline char *example_string(const char *string)
{
	char *copy = strdup(string);

	assert_non_null(copy);
	return copy;
}

static inline void *example_array(size_t count, size_t bytes)
{
	void *array = calloc(count, bytes);

	assert_non_null(array);
	return array;
}

static inline struct finding_counter
example_counter(const char *name, enum event_role role, enum feature_kind kind,
		double before, double after, double share, const char *description)
{
	return (struct finding_counter){
		.name = example_string(name),
		.role = role,
		.unit = EVENT_UNIT_COUNT,
		.kind = kind,
		.description = example_string(description),
		.before = before,
		.after = after,
		.factor = after / before,
		.p_moved = 0.0007,
		.moved = fabs(after / before - 1) > 0.05,
		.error_share = share,
		.explains = share,
		.residual = 41.5,
	};
}

static inline void example_worse_region(struct finding_region *region)
{
	*region = (struct finding_region){
		.name = example_string("update_stats"),
		.verdict = VERDICT_REGRESSION,
		.reason = example_string(
			"takes 2.31x as long (95 % interval 2.12x to 2.48x), 184 us -> "
			"425 us per execution; context-switches 412x"),
		.runs_before = 10,
		.runs_after = 5,
		.samples_before = 160000,
		.samples_after = 80000,
		.executions_before = 16000,
		.executions_after = 16000,
		.time_measured = true,
		.time_before_ns = 184000,
		.time_after_ns = 425000,
		.time = {2.31, 2.12, 2.48},
		.typical_before_ns = 183000,
		.typical_after_ns = 423000,
		.typical = {2.31, 2.2, 2.4},
		.total_before_ns = 2.94e9,
		.total_after_ns = 6.8e9,
		.total = {2.31, 2.12, 2.48},
		.anomalous_share_before = 0.0097,
		.anomalous_share_after = 0.971,
		.p_score = 0.000666,
		.p_time = 0.000333,
		.p_faster = 1,
		.p_value = 0.00133,
		.p_improvement = 1,
		.suspicious = true,
		.counter_count = 4,
		.run_count = 5,
	};
	/* Normal around a quarter of the threshold, new at four times that. */
	region->scores.known = true;
	region->scores.before[3] = region->scores.before[5] = 0.25;
	region->scores.before[4] = 0.49;
	region->scores.before[FINDING_BIN_THRESHOLD] = 0.01;
	region->scores.after[FINDING_BIN_THRESHOLD - 1] = 0.029;
	region->scores.after[FINDING_BIN_THRESHOLD + 4] = 0.971;
	region->counters = example_array(4, sizeof(*region->counters));
	region->counters[0] =
		example_counter("context-switches", EVENT_ROLE_CONTEXT_SWITCH,
				FEATURE_RATE_PER_MICROSECOND, 0.0000123, 0.00507, 0.71,
				"the thread gave up its CPU or lost it");
	region->counters[1] = example_counter(
		"cpu_share", EVENT_ROLE_OTHER, FEATURE_CPU_SHARE, 0.994, 0.43, 0.22,
		"share of the time that the thread was on a CPU");
	region->counters[2] = example_counter(
		"cpu-migrations", EVENT_ROLE_MIGRATION, FEATURE_RATE_PER_MICROSECOND,
		0.0000021, 0.0000313, 0.069, "the thread was moved to another CPU");
	region->counters[3] = example_counter(
		"page-faults", EVENT_ROLE_PAGE_FAULT, FEATURE_RATE_PER_MICROSECOND,
		0.00011, 0.00011, 0.001, "memory touched for the first time");
	region->runs = example_array(5, sizeof(*region->runs));
	for (uint32_t i = 0; i < 5; i++)
		region->runs[i] = (struct finding_run){
			i, 0, 16000, 421000 + 1000.0 * i, 0.96 + 0.004 * i, 2.9, true};
}

/* A cache line that its threads share falsely. */
static inline void example_line(struct finding_region *region)
{
	region->lines = example_array(1, sizeof(*region->lines));
	region->line_count = 1;
	region->lines[0] = (struct finding_line){
		.is_false = true,
		.contended = example_string("sums+32"),
		.waits_at =
			example_string("examples/linear_regression.c:39 (accumulate)"),
		.advice = example_string(
			"put 56 bytes between what different threads have"),
		.detail = example_string(
			"{\"padding\": 56, \"data\": [{\"name\": \"sums\"}]}"),
		.padding = 56,
		.cycles_share = 0.921,
		.before_known = true,
		.cycles_before = 140000,
		.cycles_after = 560000,
		.hitm_before = 1170,
		.hitm_after = 4680,
	};
}

static inline void example_normal_region(struct finding_region *region,
					 const char *name)
{
	*region = (struct finding_region){
		.name = example_string(name),
		.verdict = VERDICT_NORMAL,
		.reason = example_string(
			"no change beyond noise: 1.00x (95 % interval 0.98x to 1.01x)"),
		.runs_before = 10,
		.runs_after = 5,
		.samples_before = 400,
		.samples_after = 200,
		.executions_before = 40,
		.executions_after = 40,
		.time_measured = true,
		.time_before_ns = 12.1e6,
		.time_after_ns = 12.06e6,
		.time = {0.997, 0.982, 1.011},
		.total_before_ns = 484e6,
		.total_after_ns = 482e6,
		.total = {0.997, 0.982, 1.011},
		.anomalous_share_before = 0.0125,
		.anomalous_share_after = 0.01,
		.p_score = 0.81,
		.p_time = 0.62,
		.p_faster = 0.4,
		.p_value = 1,
		.p_improvement = 0.8,
	};
}

static inline struct findings *example_findings(void)
{
	struct findings *findings = example_array(1, sizeof(*findings));
	struct machine machine = {
		.cpu_model = "Example CPU",
		.architecture = "x86_64",
		.cores = 8,
		.cores_allowed = 8,
		.numa_nodes = 1,
		.smt = -1,
		.turbo = 1,
		.kernel = "6.1.0-18-amd64",
		.hostname = "bench1",
	};

	*findings = (struct findings){
		.verdict = VERDICT_REGRESSION,
		.summary = example_string("region \"update_stats\" takes 2.31x as long "
					  "(95 % interval 2.12x to "
					  "2.48x), 184 us -> 425 us per execution; "
					  "context-switches 412x"),
		.alarm_rate = 0.01,
		.effect_floor = 0.05,
		.model_path = example_string("base.safetensors"),
		.profile_path = example_string("new.apdb"),
		.command_before = example_string("[\"./server\",\"--threads\",\"8\"]"),
		.command_after = example_string("[\"./server\",\"--threads\",\"8\"]"),
		.commit_before =
			example_string("3f2c9d0e1b7a48f6a1d2c3b4e5f60718293a4b5c"),
		.commit_after =
			example_string("b81e77aa90c1d2e3f4051627384950617283a4b5"),
		.source = example_string("perf"),
		.machine_before = machine,
		.machine_after = machine,
		.runs_before = 10,
		.runs_after = 5,
		.runs_failed = 1,
		.pass_count = 1,
		.event_count = 4,
		.region_count = 3,
	};
	findings->regions = example_array(3, sizeof(*findings->regions));
	example_worse_region(&findings->regions[0]);
	example_normal_region(&findings->regions[1], "parse_input");
	example_normal_region(&findings->regions[2], "flush");
	findings->only_after = example_array(1, sizeof(char *));
	findings->only_after[0] = example_string("rehash");
	findings->only_after_count = 1;
	assert_int_equal(findings_warn(findings,
				       "the frequency governor was \"performance\" "
				       "in training and is \"powersave\" now"),
			 0);
	return findings;
}

#endif
