/* SPDX-License-Identifier: MIT */
/* The verdict of each run: of the program as a whole, and of each new run in a region. */
import * as Plot from "@observablehq/plot";
import { type Child, h, lazy, section } from "./dom";
import { figure, legend } from "./figure";
import type { Execution, Findings, NewRun, Region } from "./findings_data";
import { UNKNOWN, count, known, logTicks, number, percent, plural, time, timeTick } from "./format";
import { points } from "./marks";
import { label } from "./name";
import { table } from "./table";
import { basis } from "./verdict";

const SQUARES = 400; /* of one side; more runs than that are told in numbers only */

function squares(runs: Execution[]): Child {
	if (runs.length > SQUARES) return null;
	return h("span", { class: "squares", "aria-hidden": "true" }, runs.map((run) =>
		h("span", { class: run.anomalous ? "anomalous" : null }, run.anomalous ? "×" : "")));
}

function side(title: string, runs: Execution[], others: string): HTMLElement {
	const anomalous = runs.filter((run) => run.anomalous).length;
	return h("div", null, h("h3", null, title), squares(runs),
		h("p", null, runs.length ? `${count(anomalous)} of ${count(runs.length)} ${anomalous === 1 ? "lies" : "lie"} beyond all ${others}` : "none"));
}

export function runsSection(findings: Findings): HTMLElement {
	const { before, after } = findings.executions;
	const rows = [
		...after.map((run, i) => ({ ...run, title: `new ${i + 1}` })),
		...before.map((run, i) => ({ ...run, title: `normal ${i + 1}, held out` })),
	];
	return section("runs", "Runs",
		h("p", null, "A run of the program with each pass, all regions together. Normal runs were judged by networks that have not seen them."),
		h("div", { class: "columns" }, side("New", after, "normal ones"), side("Normal", before, "other normal ones")),
		rows.length ? lazy(h("details", { class: "table" }, h("summary", null, "As a table",
			h("span", { class: "unseen-text" }, ": runs"))), () => table("Verdicts of runs", [
			{ title: "Run", cell: (run) => run.title },
			{ title: "Samples", numeric: true, cell: (run) => count(run.samples) },
			{ title: "Anomalous", numeric: true, cell: (run) => count(run.anomalous_samples) },
			{ title: "Share", numeric: true, cell: (run) => run.samples ? percent(run.anomalous_samples / run.samples) : UNKNOWN },
			{ title: "Verdict", cell: (run) => run.anomalous ? "anomalous" : "normal" },
		], rows)) : null);
}

/* New runs of a region: the time of each beside the normal median. */
export function newRunsFigure(region: Region): HTMLElement | null {
	const runs = region.new_runs.filter((run) => known(run.wall_median_ns) && run.wall_median_ns > 0);
	if (!runs.length) return null;
	const strange = runs.filter((run) => run.anomalous);
	const usual = runs.filter((run) => !run.anomalous);
	const before = region.time_of_median_execution.before_ns ?? basis(region).times.before_ns;
	const values = [...runs.map((run) => run.wall_median_ns ?? NaN), ...(known(before) ? [before] : [])];
	const low = Math.min(...values);
	const high = Math.max(...values);
	const log = low > 0 && high > 8 * low;
	const margin = log ? 1.3 : (high - low || high) * 0.15;
	const domain: [number, number] = log ? [low / margin, high * margin] : [Math.max(0, low - margin), high + margin];
	const channels = { x: (run: NewRun) => run.ordinal + 1, y: (run: NewRun) => run.wall_median_ns ?? NaN };
	return figure({
		id: "new-runs", title: "New runs",
		caption: `Median time of an execution in each new run. ${count(strange.length)} of ${plural(runs.length, "run")} lie beyond all normal ones.`,
		label: `Median time of ${label(region.name)} in ${plural(runs.length, "new run")}: ${time(Math.min(...runs.map((run) => run.wall_median_ns ?? NaN)))} ` +
			`to ${time(Math.max(...runs.map((run) => run.wall_median_ns ?? NaN)))}`,
		legend: legend([
			...(strange.length ? [["cross fresh", "beyond all normal runs"]] as [string, string][] : []),
			...(usual.length ? [["ring fresh", "like normal runs"]] as [string, string][] : []),
			...(known(before) ? [["line-normal", `normal, median ${time(before)}`]] as [string, string][] : []),
		]),
		draw: (width) => ({
			width, height: 190, marginLeft: 56, marginTop: 16,
			x: { label: "run →", labelAnchor: "right", domain: [0.5, Math.max(...runs.map((run) => run.ordinal)) + 1.5],
				ticks: Math.min(runs.length, 8), tickFormat: (at: number) => Number.isInteger(at) ? String(at) : "" },
			y: {
				type: log ? "log" : "linear", label: null, grid: true, tickFormat: timeTick, domain,
				ticks: log ? logTicks(domain[0], domain[1], 5) : 4,
			},
			marks: [
				known(before) ? Plot.ruleY([before], { className: "line-normal" }) : null,
				points(usual, "ring", "fresh large", channels),
				points(strange, "cross", "fresh large", channels),
			],
		}),
		table: () => table("New runs", [
			{ title: "Run", cell: (run) => String(run.ordinal + 1) },
			{ title: "Pass", numeric: true, cell: (run) => String(run.pass + 1) },
			{ title: "Samples", numeric: true, cell: (run) => count(run.samples) },
			{ title: "Median time", numeric: true, cell: (run) => time(run.wall_median_ns) },
			{ title: "Anomalous samples", numeric: true, cell: (run) => percent(run.anomalous_share) },
			{ title: "Mean log score", numeric: true, cell: (run) => number(run.score_mean) },
			{ title: "Verdict", cell: (run) => run.anomalous ? "anomalous" : "normal" },
		], region.new_runs),
	});
}
