/* SPDX-License-Identifier: MIT */
/* How the region's network was trained: its error by epoch, and the topologies that were tried. */
import * as Plot from "@observablehq/plot";
import type { RegionEvidence } from "./data";
import { h } from "./dom";
import { figure, legend } from "./figure";
import { known, number } from "./format";
import { label, name } from "./name";
import { table } from "./table";

type Training = NonNullable<RegionEvidence["training"]>;

function epochs(training: Training, of: string): HTMLElement | null {
	const { epochs: all } = training;
	if (all.length < 2) return null;
	const positive = all.every((one) => one.training > 0 && (one.validation === null || one.validation > 0));
	const held = all.filter((one) => known(one.validation));
	return figure({
		id: "epochs", title: "Training",
		caption: `Mean squared error of the chosen network, ${label(training.topology, 60)}, by step of training.`,
		label: `Error of the network of ${label(of)} by step: from ${number(all[0]?.training)} to ${number(all[all.length - 1]?.training)}`,
		legend: legend([["line-solid", "on runs it learnt from"], ...(held.length ? [["line-dashed", "on runs held out"]] as [string, string][] : [])]),
		draw: (width) => ({
			width, height: 190, marginTop: 16,
			x: { label: "step →", labelAnchor: "right", ticks: 5, tickFormat: (at: number) => number(at) },
			y: { type: positive ? "log" : "linear", label: null, ticks: 4, tickFormat: (at: number) => number(at), grid: true },
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

function topologies(training: Training): HTMLElement | null {
	const { candidates } = training;
	if (!candidates.length) return null;
	return h("figure", { "data-kind": "topologies" }, h("figcaption", null, h("h4", null, "Topologies tried"),
		h("p", null, "Units of each layer, and the error on runs held out; nearly equal ones go to the smaller network.")),
		table("Topologies and their errors", [
			{ title: "Topology", cell: (one) => h(one.chosen ? "strong" : "span", null, name(one.topology, 60)) },
			{ title: "Error", numeric: true, cell: (one) => number(one.error) },
			{ title: "Chosen", cell: (one) => one.chosen ? "✓ chosen" : "" },
		], candidates));
}

export function trainingFigures(evidence: RegionEvidence): (HTMLElement | null)[] {
	return evidence.training ? [epochs(evidence.training, evidence.name), topologies(evidence.training)] : [];
}
