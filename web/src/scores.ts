/* SPDX-License-Identifier: MIT */
/* Histogram of the reconstruction error: new samples upwards, normal ones downwards, threshold. */
import * as Plot from "@observablehq/plot";
import type { RegionEvidence } from "./data";
import type { Region } from "./findings_data";
import { figure, legend } from "./figure";
import { known, logTicks, number, percent } from "./format";
import { type Bin, bins } from "./marks";
import { label } from "./name";
import { table } from "./table";

/* For those with a mouse; the others have the table. */
function said(what: string, side: "normal" | "fresh"): (bin: Bin) => string {
	return (bin) => `${percent(bin[side])} of ${what} samples: score ${number(bin.low)} to ${number(bin.high)}`;
}

export function scoresFigure(region: Region | undefined, evidence: RegionEvidence): HTMLElement | null {
	const { scores } = evidence;
	if (!scores || scores.edges.length < 2 || !scores.edges.every(known)) return null;
	const threshold = known(scores.threshold) ? [scores.threshold] : [];
	const all = bins(scores.edges, scores.normal, scores.fresh);
	const most = Math.max(...all.map((bin) => Math.max(bin.normal, bin.fresh)));
	if (!(most > 0)) return null;
	const first = scores.edges[0] ?? 0;
	const last = scores.edges[scores.edges.length - 1] ?? 0;
	const log = Math.min(first, ...threshold) > 0;
	const above = region?.anomalous_share.after;
	return figure({
		id: "scores", title: "Reconstruction error",
		caption: ["How badly the network, which has learnt normal runs, reproduces each sample. ",
			above === undefined ? null : `Beyond the threshold: ${percent(above)} of new samples, ` +
				`${percent(region?.anomalous_share.before)} of normal ones.`],
		label: `Histogram of the reconstruction error of ${label(evidence.name)}: new samples upwards, normal ones downwards, ` +
			`threshold ${number(scores.threshold)}`,
		legend: legend([["fresh-area", "new"], ["normal-area", "normal, held out"], ["threshold", `threshold ${number(scores.threshold)}`]]),
		draw: (width) => ({
			width, height: 190,
			x: {
				type: log ? "log" : "linear", domain: [Math.min(first, ...threshold), Math.max(last, ...threshold)], label: "score →", labelAnchor: "right", ticks: log ? logTicks(first, last, Math.floor(width / 60)) : 5, tickFormat: (at: number) => number(at),
			},
			y: { domain: [-most, most], label: null, ticks: 5, tickFormat: (at: number) => percent(Math.abs(at)) },
			marks: [
				Plot.rectY(all, { x1: "low", x2: "high", y1: 0, y2: "fresh", className: "fresh-area", insetLeft: 0.5, title: said("new", "fresh") }),
				Plot.rectY(all, { x1: "low", x2: "high", y1: (bin) => -bin.normal, y2: 0, className: "normal-area", insetLeft: 0.5, title: said("normal", "normal") }),
				Plot.ruleY([0], { className: "axis" }),
				Plot.ruleX(threshold, { className: "threshold" }),
			],
		}),
		table: () => table("Share of samples by score", [
			{ title: "Score from", numeric: true, cell: (bin) => number(bin.low) },
			{ title: "to", numeric: true, cell: (bin) => number(bin.high) },
			{ title: "Normal", numeric: true, cell: (bin) => percent(bin.normal) },
			{ title: "New", numeric: true, cell: (bin) => percent(bin.fresh) },
		], all.filter((bin) => bin.normal > 0 || bin.fresh > 0)),
	});
}
