/* SPDX-License-Identifier: MIT */
/*
 * Counters, those that explain most first: what each says, how it moved, and its distribution
 * before and after as a small mirrored histogram (new samples above the line, normal ones below).
 * These are drawn by hand: a region has dozens of them.
 */
import type { RegionEvidence } from "./data";
import { type Child, h, lazy, svg } from "./dom";
import type { Counter, Region } from "./findings_data";
import { UNKNOWN, factor, known, number, percent, time } from "./format";
import { type Bin, bins, quantile } from "./marks";
import { name, role } from "./name";
import { table } from "./table";
import { legend } from "./figure";

const SHOWN = 6; /* the others behind "more" */
const PER_CHARACTERS = 60;
const WIDTH = 200;
const HALF = 22; /* height of either side, pixels */

type Evidence = RegionEvidence["counters"][number];

function step(all: Bin[], side: "normal" | "fresh", most: number): string {
	const width = WIDTH / all.length;
	const up = side === "fresh" ? -1 : 1;
	let path = `M0,${HALF}`;
	all.forEach((bin, i) => {
		const y = (HALF + up * HALF * Math.min(1, bin[side] / most)).toFixed(1);
		path += `L${(i * width).toFixed(1)},${y}L${((i + 1) * width).toFixed(1)},${y}`;
	});
	return `${path}L${WIDTH},${HALF}Z`;
}

/* Rare events are shown per second rather than per microsecond, as in the terminal. */
const SCALES: Record<string, [number, string][]> = {
	rate_per_microsecond: [[1, "per µs"], [1e3, "per ms"], [1e6, "per s"]],
	rate_per_kiloinst: [[1, "per 1000 instructions"], [1e3, "per million instructions"], [1e6, "per billion instructions"]],
};

function scaleOf(counter: Counter): [number, string] {
	const scales = SCALES[counter.rate];
	if (!scales) return [1, counter.rate === "raw" ? "" : counter.per];
	const larger = Math.max(counter.before ?? 0, counter.after ?? 0);
	return scales.find(([scale]) => larger <= 0 || larger * scale >= 1) ?? scales[scales.length - 1] ?? [1, counter.per];
}

function rate(counter: Counter, value: number | null | undefined): string {
	if (!known(value)) return UNKNOWN;
	/* CPU time is read a little outside of wall time. */
	if (counter.rate === "cpu_share") return percent(Math.min(value, 1));
	const shown = value * scaleOf(counter)[0];
	return counter.unit === "nanoseconds" ? time(shown) : number(shown);
}

function histogram(counter: Counter, evidence: Evidence | undefined): HTMLElement {
	const all = evidence ? bins(evidence.edges, evidence.before, evidence.after) : [];
	const most = Math.max(...all.map((bin) => Math.max(bin.normal, bin.fresh)), 0);
	if (!evidence || !all.length || most <= 0)
		return h("div", { class: "distribution missing" }, "no samples to show");
	const middle = Math.floor(all.length / 2);
	return h("div", { class: "distribution" },
		svg("svg", { viewBox: `0 0 ${WIDTH} ${2 * HALF}`, preserveAspectRatio: "none", class: "mirror", "aria-hidden": "true" },
			evidence.after ? svg("path", { class: "fresh-area", d: step(all, "fresh", most) }) : null,
			evidence.before ? svg("path", { class: "normal-area", d: step(all, "normal", most) }) : null,
			svg("line", { class: "axis", x1: 0, x2: WIDTH, y1: HALF, y2: HALF })),
		h("div", { class: "scale quiet", "aria-hidden": "true" },
			[all[0]?.low, all[middle]?.low, all[all.length - 1]?.high].map((at) => h("span", null, rate(counter, at)))));
}

function bar(share: number): HTMLElement {
	const meter = h("span", { class: "meter", "aria-hidden": "true" }, h("span", null));
	(meter.firstElementChild as HTMLElement).style.width = `${Math.min(1, Math.max(0, share)) * 100}%`;
	return meter;
}

function item(counter: Counter, distribution: HTMLElement | null): HTMLElement {
	const moved = factor(counter.factor, counter.before, counter.after);
	return h("li", { class: "counter" },
		h("div", { class: "what" },
			h("h5", null, h("code", null, name(counter.name)),
				counter.role !== "other" && role(counter.role) !== counter.name ? h("span", { class: "quiet" }, ` ${role(counter.role)}`) : null),
			counter.description ? h("p", null, name(counter.description, 300)) : null,
			h("p", { class: "numbers" }, rate(counter, counter.before), " → ", h("strong", null, rate(counter, counter.after)),
				scaleOf(counter)[1] ? h("span", { class: "quiet" }, " ", name(scaleOf(counter)[1], PER_CHARACTERS)) : null)),
		h("div", { class: "moved" }, h("strong", null, moved),
			h("span", { class: "quiet" }, counter.moved ? "moved" : "within noise")),
		h("div", { class: "explains" }, bar(counter.explains), h("span", null, percent(counter.explains)),
			h("span", { class: "quiet" }, " explained")),
		distribution);
}

function quartiles(counters: Counter[], evidence: Map<string, Evidence>): HTMLElement {
	const rows = counters.map((counter) => {
		const found = evidence.get(counter.name);
		return { counter, all: found ? bins(found.edges, found.before, found.after) : [] };
	});
	type Row = (typeof rows)[number];
	const spread = (side: "normal" | "fresh") => (row: Row): Child => {
		const at = [0.25, 0.5, 0.75].map((share) => quantile(row.all, side, share));
		return at.every(known) ? at.map((value) => rate(row.counter, value)).join(" / ") : "–";
	};
	return table("Quartiles of samples (estimated from the histograms), and what is judged: medians of runs", [
		{ title: "Counter", cell: ({ counter }) => name(counter.name) },
		{ title: "Unit", cell: ({ counter }) => name(scaleOf(counter)[1] || counter.unit, PER_CHARACTERS) },
		{ title: "Quartiles before", numeric: true, cell: spread("normal") },
		{ title: "Quartiles after", numeric: true, cell: spread("fresh") },
		{ title: "Median before", numeric: true, cell: ({ counter }) => rate(counter, counter.before) },
		{ title: "Median after", numeric: true, cell: ({ counter }) => rate(counter, counter.after) },
		{ title: "Factor", numeric: true, cell: ({ counter }) => factor(counter.factor, counter.before, counter.after) },
		{ title: "Explains", numeric: true, cell: ({ counter }) => percent(counter.explains) },
	], rows);
}

export function countersPart(region: Region, evidence: RegionEvidence | undefined): HTMLElement {
	const found = new Map((evidence?.counters ?? []).map((one) => [one.name, one]));
	const { counters } = region;
	const more = counters.slice(SHOWN);
	const list = (some: Counter[], start = 1): HTMLElement =>
		h("ol", { class: "counters", start }, some.map((counter) =>
			item(counter, found.size ? histogram(counter, found.get(counter.name)) : null)));
	return h("div", { class: "part", "data-kind": "counters" }, h("h4", null, "Counters"),
		counters.length ? [
			h("p", null, "Ranked by how much of the strangeness each explains. ",
				found.size ? "Small histograms: new samples above the line, normal ones below." : "No samples are in this report, so their distributions are not shown."),
			found.size ? legend([["fresh-area", "new"], ["normal-area", "normal"]]) : null,
			list(counters.slice(0, SHOWN)),
			more.length ? lazy(h("details", { class: "more" }, h("summary", null, `${more.length} that explain less`)),
				() => list(more, SHOWN + 1)) : null,
			lazy(h("details", { class: "table" }, h("summary", null, "As a table",
				h("span", { class: "unseen-text" }, ": counters"))), () => quartiles(counters, found)),
		] : h("p", { class: "missing" }, "No counter was measured in this region, so nothing tells why its time is what it is."));
}
