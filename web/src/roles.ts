/* SPDX-License-Identifier: MIT */
/* Where an execution's time goes, estimated from the counters: one stacked bar a side. */
import * as Plot from "@observablehq/plot";
import type { RegionEvidence } from "./data";
import { h } from "./dom";
import { figure } from "./figure";
import { percent, time, timeTick } from "./format";
import { label, name, role } from "./name";
import { table } from "./table";

const HUES = 8;
const TEXT_MIN = 14; /* pixels of a segment that can hold its number */
const SMALL = 0.02;
const OTHER = "other";

interface Part {
	role: string;
	before: number;
	after: number;
}

/* What is a small part of both sides is drawn as one; the table has them all. */
function withoutSmall(all: Part[]): Part[] {
	const total = { before: 0, after: 0 };
	for (const part of all) for (const side of ["before", "after"] as const) total[side] += part[side];
	const large = (part: Part): boolean => part.role === OTHER ||
		part.before >= SMALL * total.before && part.before > 0 || part.after >= SMALL * total.after && part.after > 0;
	const small = all.filter((part) => !large(part));
	if (small.length < 2) return [...all];
	return [...all.filter(large), {
		role: `${small.length} smaller ones`, before: small.reduce((sum, part) => sum + part.before, 0),
		after: small.reduce((sum, part) => sum + part.after, 0),
	}];
}

interface Segment {
	side: "before" | "after";
	role: string;
	from: number;
	to: number;
	hue: string;
}

export function rolesFigure(evidence: RegionEvidence): HTMLElement | null {
	const all = (evidence.roles ?? []).map((part) => ({
		...part, before: Math.max(0, part.before ?? 0), after: Math.max(0, part.after ?? 0),
	})).filter((part) => part.before > 0 || part.after > 0);
	if (all.every((part) => part.role === OTHER)) return null; /* which is no explanation */
	const parts = withoutSmall(all);
	const size = (part: (typeof parts)[number]): number => Math.max(part.before, part.after);
	parts.sort((a, b) => Number(a.role === OTHER) - Number(b.role === OTHER) || size(b) - size(a));
	const hue = (index: number): string =>
		parts[index]?.role === OTHER ? "role-other" : `role-${index % HUES}`;

	const total = { before: 0, after: 0 };
	const segments: Segment[] = [];
	parts.forEach((part, index) => {
		for (const side of ["before", "after"] as const) {
			segments.push({ side, role: part.role, from: total[side], to: total[side] + part[side], hue: hue(index) });
			total[side] += part[side];
		}
	});
	const longest = Math.max(total.before, total.after);
	const key = h("ol", { class: "legend" }, parts.map((part, index) => h("li", null,
		h("span", { class: `swatch ${hue(index)}`, "aria-hidden": "true" }, String(index + 1)), name(role(part.role), 40),
		h("span", { class: "quiet" }, ` ${time(part.before)} → ${time(part.after)}`))));
	return figure({
		id: "roles", title: "Where the time goes",
		caption: "Estimated time of an execution by what the counters counted times what such events typically cost; “other” is what none explains.",
		label: `Stacked bars of ${label(evidence.name)}: ${time(total.before)} before, ${time(total.after)} after`,
		legend: key,
		draw: (width) => {
			const scale = (width - 60) / longest;
			return {
				width, height: 132, marginLeft: 48, marginTop: 6,
				x: { domain: [0, longest], label: "time per execution →", labelAnchor: "right", ticks: width < 360 ? 3 : 6, tickFormat: timeTick },
				y: { domain: ["before", "after"], label: null, tickSize: 0 },
				marks: [
					...[...new Set(segments.map((one) => one.hue))].map((className) =>
						Plot.barX(segments.filter((one) => one.hue === className),
							{ x1: "from", x2: "to", y: "side", className: `segment ${className}`, insetTop: 2, insetBottom: 2,
								title: (one: Segment) => `${label(role(one.role), 60)}, ${one.side}: ${time(one.to - one.from)}` })),
					Plot.text(segments.filter((one) => (one.to - one.from) * scale > TEXT_MIN),
						{
							x: (one: Segment) => (one.from + one.to) / 2, y: "side", className: "on-segment",
							text: (one: Segment) => String(parts.findIndex((part) => part.role === one.role) + 1),
						}),
				],
			};
		},
		table: () => table("Estimated time of an execution", [
			{ title: "What", cell: (part) => name(role(part.role)) },
			{ title: "Before", numeric: true, cell: (part) => time(part.before) },
			{ title: "Share", numeric: true, cell: (part) => percent(part.before / (total.before || 1)) },
			{ title: "After", numeric: true, cell: (part) => time(part.after) },
			{ title: "Share", numeric: true, cell: (part) => percent(part.after / (total.after || 1)) },
			{ title: "Gained", numeric: true, cell: (part) => time(part.after - part.before) },
		], all),
	});
}
