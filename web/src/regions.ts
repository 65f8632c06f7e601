/* SPDX-License-Identifier: MIT */
/* The table of all regions: what happened to each, sortable, each a link to its evidence. */
import { h, section, svg } from "./dom";
import type { Findings, Region } from "./findings_data";
import { UNKNOWN, interval, known, percent, plural, ratio, time } from "./format";
import { name } from "./name";
import { type Column, sortable } from "./table";
import { badge, basis } from "./verdict";

const NAME_CHARACTERS = 48;
const REASON_CHARACTERS = 400;
const BAR_WIDTH = 132;
const BAR_HEIGHT = 16;
const BAR_MARGIN = 5;
const SPAN_MIN = Math.log(1.25); /* of the scale, either side of 1: noise shall not look large */

/* Seriousness, for sorting. */
const ORDER = ["regression", "cannot tell", "changed", "improvement", "normal"];

export function regionId(index: number): string {
	return `region-${index + 1}`;
}

/* The same logarithmic scale for all rows, with a line at "takes as long". */
function scaleOf(regions: Region[]): (ratioOf: number) => number {
	let low = -SPAN_MIN;
	let high = SPAN_MIN;
	for (const region of regions)
		for (const value of [basis(region).times.ratio, basis(region).times.low, basis(region).times.high])
			if (known(value) && value > 0) {
				low = Math.min(low, Math.log(value));
				high = Math.max(high, Math.log(value));
			}
	return (value) => BAR_MARGIN + ((Math.log(value) - low) / (high - low)) * (BAR_WIDTH - 2 * BAR_MARGIN);
}

function intervalBar(region: Region, x: (value: number) => number): SVGElement | null {
	const { ratio: middle, low, high } = basis(region).times;
	if (!known(middle) || middle <= 0) return null;
	const from = x(known(low) && low > 0 ? low : middle);
	const to = x(known(high) && high > 0 ? high : middle);
	const y = BAR_HEIGHT / 2;
	return svg("svg", { class: "interval", width: BAR_WIDTH, height: BAR_HEIGHT, viewBox: `0 0 ${BAR_WIDTH} ${BAR_HEIGHT}`, "aria-hidden": "true" },
		svg("line", { class: "one", x1: x(1), x2: x(1), y1: 0, y2: BAR_HEIGHT }),
		svg("line", { class: "span", x1: from, x2: to, y1: y, y2: y }),
		svg("line", { class: "span", x1: from, x2: from, y1: y - 4, y2: y + 4 }),
		svg("line", { class: "span", x1: to, x2: to, y1: y - 4, y2: y + 4 }),
		svg("circle", { class: "middle", cx: x(middle), cy: y, r: 3.5 }));
}

function link(region: Region, index: number): HTMLElement {
	return h("a", { href: `#${regionId(index)}` }, name(region.name, NAME_CHARACTERS));
}

export function regionsSection(findings: Findings): HTMLElement {
	const { regions } = findings;
	const rows = regions.map((region, index) => ({ region, index, ...basis(region) }));
	type Row = (typeof rows)[number];
	const x = scaleOf(regions);
	const mixed = new Set(rows.map((row) => row.of)).size > 1;
	const columns: Column<Row>[] = [
		{ title: "Region", cell: ({ region, index }) => link(region, index), key: ({ region }) => region.name },
		{
			title: "Verdict", cell: ({ region }) => badge(region.verdict),
			key: ({ region }) => ORDER.indexOf(region.verdict),
		},
		{ title: "Before", numeric: true, cell: ({ times }) => time(times.before_ns), key: ({ times }) => times.before_ns },
		{
			title: "After", numeric: true, key: ({ times }) => times.after_ns,
			cell: ({ times, of }) => [time(times.after_ns), mixed && h("span", { class: "quiet of" }, ` ${of}`)],
		},
		{ title: "Ratio", numeric: true, cell: ({ times }) => ratio(times.ratio), key: ({ times }) => times.ratio },
		{
			title: `${percent(findings.confidence)} interval`, key: ({ times }) => times.low, numeric: true,
			cell: ({ region, times }) => h("span", { class: "with-bar" },
				h("span", null, interval(times.low, times.high)), intervalBar(region, x)),
		},
		{
			title: "Anomalous", numeric: true, key: ({ region }) => region.anomalous_share.after,
			cell: ({ region: { anomalous_share: share } }) => [percent(share.before), " → ", percent(share.after)],
		},
		{ title: "Cause", cell: ({ region }) => region.cause ?? UNKNOWN, key: ({ region }) => region.cause },
	];
	const caption = `Time ${mixed ? "" : (rows[0]?.of ?? "") + " "}before and after, median over runs; anomalous: ` +
		"share of samples unlike those learnt.";
	return section("regions", "Regions",
		rows.length ? sortable(caption, columns, rows) : h("p", { class: "missing" }, "No region was judged."),
		others(findings));
}

/* Regions that could not be compared. */
function others(findings: Findings): HTMLElement | null {
	const list = (title: string, items: HTMLElement[]): HTMLElement | null =>
		items.length ? h("div", null, h("h3", null, title), h("ul", { class: "names" }, items)) : null;
	const blocks = [
		list("Renamed", findings.renamed.map((pair) =>
			h("li", null, name(pair.before), " is now ", name(pair.after)))),
		list(`Did not run: ${plural(findings.only_before.length, "region")} of the model`,
			findings.only_before.map((text) => h("li", null, name(text)))),
		list(`Never seen before: ${plural(findings.only_after.length, "region")}`,
			findings.only_after.map((text) => h("li", null, name(text)))),
		list("Not judged", findings.not_judged.map((item) =>
			h("li", null, name(item.name), ": ", name(item.reason, REASON_CHARACTERS)))),
	].filter((block) => block !== null);
	return blocks.length ? h("div", { class: "others" }, blocks) : null;
}
