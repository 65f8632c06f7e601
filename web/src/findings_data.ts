/* SPDX-License-Identifier: MIT */
/*
 * The findings, as doc/findings.schema.json describes them; what the keys mean is told in
 * doc/formats/findings.md and lines.md. Keys that older writers lack are optional here.
 */
export type Verdict = "normal" | "improvement" | "changed" | "cannot tell" | "regression";
type Known = number | null;

export interface Machine {
	cpu_model: string | null;
	architecture: string | null;
	cores: number;
	cores_allowed: number;
	numa_nodes: number;
	smt: boolean | null;
	turbo: boolean | null;
	governor: string | null;
	kernel: string | null;
	hypervisor: string | null;
	container: string | null;
	hostname: string | null;
	memory_bytes: number;
}

export type Command = (string | null)[] | string | null;

export interface Side {
	model?: string | null;
	profile?: string | null;
	command: Command;
	git_commit: string | null;
	runs: number;
	runs_failed?: number;
	machine: Machine;
}

export interface Times {
	before_ns: Known;
	after_ns: Known;
	ratio: Known;
	low: Known;
	high: Known;
}

export interface Pair {
	before: Known;
	after: Known;
}

export interface Counter {
	name: string;
	role: string;
	unit: "count" | "nanoseconds" | "raw";
	rate: string;
	per: string;
	description: string | null;
	pass: number;
	before: Known;
	after: Known;
	factor: Known;
	moved: boolean;
	p_moved: Known;
	explains: number;
	error_share: number;
	residual: Known;
}

export interface Place {
	function: string;
	file: string;
	line: number;
	object: string;
}

export interface Stretch {
	first: number;
	last: number;
	kind: "unknown" | "global" | "section" | "stack" | "thread" | "heap" | "file";
	name: string;
	offset: number;
	thread: number;
	block: number;
}

export interface LineThread {
	thread: number;
	hitm: number;
	read: string;
	written: string;
}

export interface Site {
	count: number;
	place: Place;
}

export interface ContendedLine {
	sharing: "false" | "true";
	contended: string;
	waits_at: string | null;
	waits_for: string | null;
	advice: string;
	cycles_share: number;
	cycles_per_execution: Pair;
	hitm_per_execution: Pair;
	line: {
		padding: number;
		more_threads: boolean;
		data: Stretch[];
		blocks: { bytes: number; offset: number; allocated_at: Place[] }[];
		threads: LineThread[];
		fetched_at: Site[];
		written_at: Site[];
	};
}

export interface NewRun {
	ordinal: number;
	pass: number;
	samples: number;
	wall_median_ns: Known;
	anomalous_share: Known;
	score_mean: Known;
	anomalous: boolean;
}

/* Lines of the author that differ: of check only. */
export interface Change {
	path: string;
	first: number;
	count: number;
}

export interface Region {
	name: string;
	verdict: Verdict;
	reason: string;
	suspicious: boolean;
	time_basis: "execution" | "median execution" | "run" | null;
	time_per_execution: Times;
	time_of_median_execution: Times;
	time_per_run: Times;
	executions_per_run: Pair;
	calls_changed: boolean;
	instructions_ratio: Known;
	time_per_instruction_ratio: Known;
	anomalous_share: Pair;
	runs: Pair;
	samples: Pair;
	p_value: Known;
	p_improvement: Known;
	p_score: Known;
	p_time: Known;
	p_faster: Known;
	runs_missing: number;
	training_runs_missing: number;
	counters: Counter[];
	cause: string | null;
	causes: { name: string; share: number }[];
	lines: ContendedLine[];
	changes?: Change[];
	new_runs: NewRun[];
}

/* One run of the program with each pass. */
export interface Execution {
	samples: number;
	anomalous_samples: number;
	anomalous: boolean;
}

export interface Findings {
	format: "autoperf-findings";
	version: number;
	verdict: Verdict;
	summary: string;
	exit_status: number;
	alarm_rate: number;
	effect_floor: number;
	confidence: number;
	source: string | null;
	passes: number;
	events: number;
	microarchitecture: boolean;
	before: Side;
	after: Side;
	range?: string | null;
	changes?: Change[];
	warnings: string[];
	regions: Region[];
	executions: { before: Execution[]; after: Execution[] };
	only_before: string[];
	only_after: string[];
	renamed: { before: string; after: string }[];
	not_judged: { name: string; reason: string }[];
}
