/* SPDX-License-Identifier: MIT */
/* Samples over time, a lane for each thread, normal runs beside new ones. */
import * as Plot from "@observablehq/plot";
import type { RegionEvidence, Sample } from "./data";
import { figure, legend } from "./figure";
import { count, logTicks, percent, plural, time, timeTick } from "./format";
import { points } from "./marks";
import { label } from "./name";
import { table } from "./table";

const LANES = 12; /* threads with a lane of their own */
const LANE_HEIGHT = 54;
const NS_PER_S = 1e9;

export function samplesOf(evidence: RegionEvidence): Sample[] {
	const given = evidence.samples;
	if (!given) return [];
	const all = Array.isArray(given) ? given : given.run.map((run, i): Sample => ({
		side: given.side[i] === "n" ? "normal" : "new", run, thread: given.thread[i] ?? 0,
		at_s: given.at_s[i] ?? NaN, wall_ns: given.wall_ns[i] ?? NaN, anomalous: given.anomalous?.[i] === "1",
	}));
	return all.filter((one) => Number.isFinite(one.at_s) && one.wall_ns > 0);
}

function median(values: number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const half = sorted.length >> 1;
	return sorted.length % 2 ? (sorted[half] ?? NaN) : ((sorted[half - 1] ?? NaN) + (sorted[half] ?? NaN)) / 2;
}

/* Not Math.min: there may be more values than a call takes arguments. */
function least(values: number[]): number {
	return values.reduce((a, b) => Math.min(a, b), Infinity);
}

function byThread(all: Sample[]): { side: string; thread: number; samples: Sample[] }[] {
	const groups = new Map<string, { side: string; thread: number; samples: Sample[] }>();
	for (const sample of all) {
		const key = `${sample.side} ${sample.thread}`;
		let group = groups.get(key);
		if (!group) groups.set(key, (group = { side: sample.side, thread: sample.thread, samples: [] }));
		group.samples.push(sample);
	}
	return [...groups.values()].sort((a, b) => a.side.localeCompare(b.side) || a.thread - b.thread);
}

export function samplesFigure(evidence: RegionEvidence): HTMLElement | null {
	const all = samplesOf(evidence);
	if (!all.length) return null;
	const threads = [...new Set(all.map((one) => one.thread))].sort((a, b) => a - b);
	const own = new Set(threads.slice(0, threads.length > LANES ? LANES - 1 : LANES));
	const lane = (one: Sample): string => own.has(one.thread) ? String(one.thread) : "others";
	const lanes = [...new Set(threads.map((thread) => own.has(thread) ? String(thread) : "others"))];
	const sides = ["normal", "new"].filter((side) => all.some((one) => one.side === side));
	const channels = {
		x: (one: Sample) => one.at_s * NS_PER_S, y: (one: Sample) => one.wall_ns, fy: lane,
		fx: (one: Sample) => `${one.side} runs`,
	};
	const walls = all.map((one) => one.wall_ns);
	const domain: [number, number] = [least(walls) / 1.15, -least(walls.map((wall) => -wall)) * 1.15];
	const normal = all.filter((one) => one.side === "normal");
	const fresh = all.filter((one) => one.side === "new" && !one.anomalous);
	const strange = all.filter((one) => one.side === "new" && one.anomalous);
	return figure({
		id: "samples", title: "Samples over time, by thread", wide: true,
		caption: [`When each execution began and how long it took, a lane for each thread, all runs on top of each other. ` +
			`${plural(all.length, "sample")} of those recorded are drawn.`,
			normal.length ? null : " Normal runs are not in this report."],
		label: `Samples of ${label(evidence.name)} over time in ${plural(threads.length, "thread")}`,
		legend: legend([
			...(normal.length ? [["dot normal", "normal"]] as [string, string][] : []),
			...(fresh.length ? [["ring fresh", "new"]] as [string, string][] : []),
			...(strange.length ? [["cross fresh", "new, anomalous"]] as [string, string][] : []),
		]),
		draw: (width) => ({
			width, height: 62 + Math.max(2, lanes.length) * LANE_HEIGHT, marginLeft: 58, marginRight: 46, marginTop: 22,
			fx: { domain: sides.map((side) => `${side} runs`), label: null, padding: 0.12 },
			fy: { domain: lanes, label: "thread", padding: 0.08 },
			x: { label: "time since the run began →", labelAnchor: "right", nice: true, ticks: width < 480 ? 2 : 5, tickFormat: timeTick },
			y: { type: "log", domain, label: null, ticks: logTicks(domain[0], domain[1], 3), tickFormat: timeTick, grid: true },
			marks: [
				Plot.frame({ className: "frame" }),
				points(normal, "dot", "normal", channels),
				points(fresh, "ring", "fresh", channels),
				points(strange, "cross", "fresh", channels),
			],
		}),
		table: () => table("The samples drawn, by thread", [
			{ title: "Runs", cell: (group) => group.side },
			{ title: "Thread", numeric: true, cell: (group) => String(group.thread) },
			{ title: "Samples", numeric: true, cell: (group) => count(group.samples.length) },
			{ title: "Shortest", numeric: true, cell: (group) => time(least(group.samples.map((one) => one.wall_ns))) },
			{ title: "Median", numeric: true, cell: (group) => time(median(group.samples.map((one) => one.wall_ns))) },
			{ title: "Longest", numeric: true, cell: (group) => time(-least(group.samples.map((one) => -one.wall_ns))) },
			{
				title: "Anomalous", numeric: true, cell: (group) => group.side === "normal" ? "–"
					: percent(group.samples.filter((one) => one.anomalous).length / group.samples.length),
			},
		], byThread(all)),
	});
}
