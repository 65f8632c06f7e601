/* SPDX-License-Identifier: MIT */
/*
 * How far the verdict can be trusted: of known runs, what was found and what was raised falsely
 * (confusion matrix, ROC and precision-recall curves); of normal runs against each other, how
 * often there was an alarm.
 */
import * as Plot from "@observablehq/plot";
import { h, section } from "./dom";
import type { Evaluation, EvaluationRow, KnownRuns, NormalRuns } from "./evaluation_data";
import { figure, legend } from "./figure";
import { UNKNOWN, count, known, number, percent, plural } from "./format";
import { name } from "./name";
import { facts, table } from "./table";

interface Point {
	score: number | null;
	false_alarms: number; /* share of normal cases */
	recall: number;
	precision: number | null;
}

function area(value: number | null): string {
	return known(value) ? value.toFixed(3) : UNKNOWN;
}

/* From nothing found to everything found. */
function curve(row: EvaluationRow): Point[] {
	const result: Point[] = [{ score: null, false_alarms: 0, recall: 0, precision: null }];
	for (const one of row.sweep)
		result.push({
			score: one.score, false_alarms: row.normal ? one.false_alarms / row.normal : 0,
			recall: row.anomalous ? one.found / row.anomalous : 0,
			precision: one.found + one.false_alarms ? one.found / (one.found + one.false_alarms) : null,
		});
	return result;
}

const share = {
	domain: [0, 1], ticks: 5, tickFormat: (at: number) => percent(at).replace(/\u00a0/g, " "),
};

function curves(row: EvaluationRow): (HTMLElement | null)[] {
	const all = curve(row);
	if (all.length < 2 || !row.normal || !row.anomalous) return [];
	const precise = all.filter((point) => known(point.precision));
	const rows = () => table("If every run was found from a score on", [
		{ title: "Score", numeric: true, cell: (point: Point) => number(point.score) },
		{ title: "False alarms", numeric: true, cell: (point: Point) => percent(point.false_alarms) },
		{ title: "Recall", numeric: true, cell: (point: Point) => percent(point.recall) },
		{ title: "Precision", numeric: true, cell: (point: Point) => percent(point.precision) },
	], all.slice(1));
	const base = row.anomalous / (row.anomalous + row.normal);
	return [
		figure({
			id: "roc", heading: "h3", title: "ROC curve",
			caption: `Share of anomalous runs found, by share of normal ones found too, as the threshold sinks. Area ${area(row.roc_area)}.`,
			label: `ROC curve, area ${area(row.roc_area)}`,
			legend: legend([["line-solid", "all regions"], ["line-chance", "by chance"]]),
			draw: (width) => ({
				width, height: Math.min(width, 300), marginBottom: 38, marginTop: 22,
				x: { ...share, label: "false alarms →", labelAnchor: "right" }, y: { ...share, label: "↑ recall", labelAnchor: "top" },
				marks: [
					Plot.line([[0, 0], [1, 1]], { className: "line-chance" }),
					Plot.line(all, { x: "false_alarms", y: "recall", className: "line-training" }),
					Plot.dot(all, { x: "false_alarms", y: "recall", r: 2, className: "line-training filled" }),
				],
			}),
			table: rows,
		}),
		figure({
			id: "pr", heading: "h3", title: "Precision and recall",
			caption: `Share of what was found that is anomalous, by share of anomalous runs found. Average precision ${area(row.pr_area)}.`,
			label: `Precision-recall curve, average precision ${area(row.pr_area)}`,
			legend: legend([["line-solid", "all regions"], ["line-chance", `by chance: ${percent(base)}`]]),
			draw: (width) => ({
				width, height: Math.min(width, 300), marginBottom: 38, marginTop: 22,
				x: { ...share, label: "recall →", labelAnchor: "right" }, y: { ...share, label: "↑ precision", labelAnchor: "top" },
				marks: [
					Plot.line([[0, base], [1, base]], { className: "line-chance" }),
					Plot.line(precise, { x: "recall", y: "precision", className: "line-training" }),
					Plot.dot(precise, { x: "recall", y: "precision", r: 2, className: "line-training filled" }),
				],
			}),
			table: rows,
		}),
	];
}

function confusion(row: EvaluationRow): HTMLElement {
	return h("figure", { "data-kind": "confusion", class: "narrow" },
		h("figcaption", null, h("h3", null, "Confusion matrix"), h("p", null, "A case is a run of the program with each pass.")),
		table("Runs by what they are and what was said of them", [
			{ title: "Really", cell: (one) => one.title },
			{ title: "Said: anomalous", numeric: true, cell: (one) => [h(one.right === "found" ? "strong" : "span", null, count(one.found))] },
			{ title: "Said: normal", numeric: true, cell: (one) => [h(one.right === "rest" ? "strong" : "span", null, count(one.rest))] },
		], [
			{ title: "Anomalous", found: row.found, rest: row.anomalous - row.found, right: "found" },
			{ title: "Normal", found: row.false_alarms, rest: row.normal - row.false_alarms, right: "rest" },
		]));
}

function knownRuns(evaluation: KnownRuns): HTMLElement {
	const all = evaluation.all_regions;
	const rows = [all, ...evaluation.regions];
	return section("evaluation", "Evaluation: known runs told apart",
		h("p", null, `Learnt from ${plural(evaluation.training_runs, "normal run")} (method ${evaluation.method}). `,
			`Found: ${count(all.found)} of ${plural(all.anomalous, "anomalous run")}; `,
			`false alarms: ${count(all.false_alarms)} of ${plural(all.normal, "normal run")}.`),
		confusion(all), h("div", { class: "figures" }, curves(all)),
		table("By region", [
			{ title: "Region", cell: (row) => row.region === null ? h("strong", null, "all together") : name(row.region) },
			{ title: "Found", numeric: true, cell: (row) => `${count(row.found)} of ${count(row.anomalous)}` },
			{ title: "False alarms", numeric: true, cell: (row) => `${count(row.false_alarms)} of ${count(row.normal)}` },
			{ title: "Precision", numeric: true, cell: (row) => area(row.precision) },
			{ title: "Recall", numeric: true, cell: (row) => area(row.recall) },
			{ title: "F1", numeric: true, cell: (row) => area(row.f1) },
			{ title: "ROC area", numeric: true, cell: (row) => area(row.roc_area) },
			{ title: "PR area", numeric: true, cell: (row) => area(row.pr_area) },
			{ title: "Verdict on normal", cell: (row) => row.verdict_on_normal ?? UNKNOWN },
			{ title: "on anomalous", cell: (row) => row.verdict_on_anomalous ?? UNKNOWN },
		], rows),
		evaluation.warnings.length ? h("ul", { class: "texts" }, evaluation.warnings.map((text) => h("li", null, name(text, 600)))) : null);
}

function normalRuns(evaluation: NormalRuns): HTMLElement {
	const verdicts = Object.entries(evaluation.verdicts);
	return section("evaluation", "Evaluation: normal runs against each other",
		facts([
			["False alarms", `${count(evaluation.false_alarms)} of ${plural(evaluation.splits, "split")}, ${percent(evaluation.false_alarm_share)}`],
			["95 % interval", `${percent(evaluation.low)} to ${percent(evaluation.high)}`],
			["Asked for", `at most ${percent(evaluation.alarm_rate)}`],
			["Each split", `${plural(evaluation.training_runs, "run")} learnt, ${count(evaluation.test_runs)} judged`],
			["Sure before the effect floor", plural(evaluation.sure, "split")],
		]),
		table("Verdicts", [
			{ title: "Verdict", cell: ([verdict]) => name(verdict) },
			{ title: "Splits", numeric: true, cell: ([, splits]) => count(splits) },
			{ title: "Regions in splits", numeric: true, cell: ([verdict]) => count(evaluation.region_verdicts[verdict]) },
		], verdicts));
}

export function evaluationSection(evaluation: Evaluation): HTMLElement {
	return "all_regions" in evaluation ? knownRuns(evaluation) : normalRuns(evaluation);
}

/* One sentence, for a page about nothing else. */
export function evaluationSummary(evaluation: Evaluation): string {
	if ("all_regions" in evaluation) {
		const all = evaluation.all_regions;
		return `${count(all.found)} of ${plural(all.anomalous, "anomalous run")} were found, ` +
			`${count(all.false_alarms)} of ${plural(all.normal, "normal one")} raised a false alarm.`;
	}
	return `${count(evaluation.false_alarms)} of ${plural(evaluation.splits, "comparison")} of normal runs raised a false alarm.`;
}
