/* SPDX-License-Identifier: MIT */
/* How the region's network was trained: its error by epoch, and the topologies that were tried. */
import * as Plot from "@observablehq/plot";
import type { RegionEvidence } from "./data";
import { h } from "./dom";
import { figure, legend } from "./figure";
import { known, logTicks, number } from "./format";
import { label, name } from "./name";
import { table } from "./table";

const tick = (at: number): string => number(at);

type Training = NonNullable<RegionEvidence["training"]>;

export function epochsFigure(training: Training, of: string): HTMLElement | null {
	const all = (training.epochs ?? []).filter((one) => known(one.training));
	if (all.length < 2) return null;
	const positive = all.every((one) => one.training > 0 && (one.validation === null || one.validation > 0));
	const values = all.flatMap((one) => known(one.validation) ? [one.training, one.validation] : [one.training]);
	const low = Math.min(...values);
	const high = Math.max(...values);
	const held = all.filter((one) => known(one.validation));
	return figure({
		id: "epochs", title: "Training",
		caption: `Mean squared error of the chosen network, ${label(training.topology, 60)}, by step of training.`,
		label: `Error of the network of ${label(of)} by step: from ${number(all[0]?.training)} to ${number(all[all.length - 1]?.training)}`,
		legend: legend([["line-solid", "on runs it learnt from"], ...(held.length ? [["line-dashed", "on runs held out"]] as [string, string][] : [])]),
		draw: (width) => ({
			width, height: 190, marginTop: 16,
			x: { label: "step →", labelAnchor: "right", ticks: 5, tickFormat: (at: number) => number(at) },
			y: { type: positive ? "log" : "linear", label: null, ticks: positive ? logTicks(low, high, 5) : 4, tickFormat: tick, grid: true },
			marks: [
				Plot.lineY(all, { x: "step", y: "training", className: "line-training" }),
				Plot.lineY(held, { x: "step", y: "validation", className: "line-validation" }),
			],
		}),
		table: () => table("Error by step", [
			{ title: "Step", numeric: true, cell: (one) => number(one.step) },
			{ title: "Learnt from", numeric: true, cell: (one) => number(one.training) },
			{ title: "Held out", numeric: true, cell: (one) => number(one.validation) },
		], all),
	});
}

export function topologiesFigure(training: Training, of: string): HTMLElement | null {
	const candidates = (training.candidates ?? []).filter((one) => known(one.error));
	if (!candidates.length) return null;
	const errors = candidates.map((one) => one.error);
	const low = Math.min(...errors);
	const high = Math.max(...errors);
	const log = low > 0 && high > 4 * low;
	const domain: [number, number] = log ? [low / 1.5, high * 1.5] : [0, high * 1.1 || 1];
	/* Labels are shortened: two that became the same must not share a line. */
	const rows = candidates.map((one, i) => ({ ...one, key: `${i} ${one.topology}` }));
	return figure({
		id: "topologies", title: "Topologies tried",
		caption: "Units of each layer, and the error on runs held out. Nearly equal ones go to the smaller network.",
		label: `Errors of ${rows.length} topologies tried for ${label(of)}; chosen: ${label(training.topology, 60)}`,
		legend: legend([["dot normal", "tried"], ["square fresh", "chosen"]]),
		draw: (width) => ({
			width, height: 54 + rows.length * 17, marginLeft: Math.min(150, width / 2.2), marginTop: 8,
			x: {
				type: log ? "log" : "linear", domain, label: "error →", labelAnchor: "right", tickFormat: tick,
				ticks: log ? logTicks(domain[0], domain[1], Math.floor(width / 90)) : 4,
			},
			y: {
				type: "point", domain: rows.map((one) => one.key), label: null, tickSize: 0, grid: true,
				tickFormat: (key: string) => label(key.slice(key.indexOf(" ") + 1), 24),
			},
			marks: [
				Plot.dot(rows.filter((one) => !one.chosen), { x: "error", y: "key", r: 3.5, className: "tried" }),
				Plot.dot(rows.filter((one) => one.chosen), { x: "error", y: "key", r: 5, symbol: "square", className: "chosen" }),
			],
		}),
		table: () => table("Topologies and their errors", [
			{ title: "Topology", cell: (one) => h(one.chosen ? "strong" : "span", null, name(one.topology, 60)) },
			{ title: "Error", numeric: true, cell: (one) => number(one.error) },
			{ title: "Chosen", cell: (one) => one.chosen ? "chosen" : "" },
		], candidates),
	});
}
