/* SPDX-License-Identifier: MIT */
/*
 * What `autoperf evaluate --json` prints (doc/formats/evaluation.md): either how well known runs
 * are told apart, or how often normal runs raise an alarm against each other.
 */
type Known = number | null;

/* Of a region, or of the program as a whole. A case is a run of the program with each pass. */
export interface EvaluationRow {
	region: string | null;
	anomalous: number;
	normal: number;
	found: number;
	false_alarms: number;
	precision: Known;
	recall: Known;
	f1: Known;
	roc_area: Known;
	pr_area: Known;
	verdict_on_normal: string | null;
	verdict_on_anomalous: string | null;
	sweep: { score: Known; found: number; false_alarms: number }[];
}

export interface KnownRuns {
	method: string;
	alarm_rate: number;
	training_runs: number;
	all_regions: EvaluationRow;
	regions: EvaluationRow[];
	warnings: string[];
}

export interface NormalRuns {
	splits: number;
	training_runs: number;
	test_runs: number;
	alarm_rate: number;
	false_alarms: number;
	false_alarm_share: Known;
	sure: number;
	low: Known;
	high: Known;
	verdicts: Record<string, number>;
	region_verdicts: Record<string, number>;
}

export type Evaluation = KnownRuns | NormalRuns;
