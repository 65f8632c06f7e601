/* SPDX-License-Identifier: MIT */
/* Scatter of the network's latent layer, in its first two principal components. */
import * as Plot from "@observablehq/plot";
import type { RegionEvidence } from "./data";
import { figure, legend } from "./figure";
import { known, number, percent, plural } from "./format";
import { points } from "./marks";
import { label } from "./name";
import { table } from "./table";

type Point = [number, number];

function finite(point: Point): boolean {
	return known(point?.[0]) && known(point[1]);
}

function spread(all: Point[], axis: 0 | 1): string {
	const values = all.map((point) => point[axis]).sort((a, b) => a - b);
	const at = (share: number): number | undefined => values[Math.round(share * (values.length - 1))];
	return values.length ? `${number(at(0.05))} to ${number(at(0.95))}, median ${number(at(0.5))}` : "–";
}

export function latentFigure(evidence: RegionEvidence): HTMLElement | null {
	const { latent } = evidence;
	const normal = (latent?.normal ?? []).filter(finite);
	const fresh = (latent?.fresh ?? []).filter(finite);
	if (!latent || (!normal.length && !fresh.length)) return null;
	const [first, second] = latent.explained ?? [];
	const channels = { x: (point: Point) => point[0], y: (point: Point) => point[1] };
	return figure({
		id: "latent", title: "What the network sees",
		caption: [`Its latent layer (${label(latent.layer, 120)}) in two principal components. Samples that lie apart are unlike those learnt.`,
			normal.length ? null : " Normal samples are not in this report."],
		label: `Scatter of ${label(evidence.name)} in latent space: ${plural(normal.length, "normal sample")}, ${plural(fresh.length, "new sample")}`,
		legend: legend([["dot normal", "normal"], ["cross fresh", "new"]].filter(([, side]) =>
			side === "normal" ? normal.length : fresh.length) as [string, string][]),
		draw: (width) => ({
			width, height: Math.min(320, Math.round(width * 0.72)),
			x: { label: `first component, ${percent(first)} of variance →`, labelAnchor: "right", nice: true, ticks: 5, tickFormat: (at: number) => number(at) },
			y: { label: `↑ second, ${percent(second)}`, labelAnchor: "top", nice: true, ticks: 5, tickFormat: (at: number) => number(at) },
			marginTop: 24,
			marks: [
				Plot.frame({ className: "frame" }),
				points(normal, "dot", "normal large", channels),
				points(fresh, "cross", "fresh", channels),
			],
		}),
		table: () => table("Where the samples lie: 90 % of them, and their median", [
			{ title: "Samples", cell: ([side]) => side },
			{ title: "Number", numeric: true, cell: ([, all]) => String(all.length) },
			{ title: "First component", numeric: true, cell: ([, all]) => spread(all, 0) },
			{ title: "Second component", numeric: true, cell: ([, all]) => spread(all, 1) },
		], [["normal", normal], ["new", fresh]] as [string, Point[]][]),
	});
}
