/* SPDX-License-Identifier: MIT */
/*
 * The sharing map: a contended cache line drawn byte by byte. Columns are the 64 bytes; the top
 * row tells what lies there, then each thread has a row with the bytes that it read (outlined)
 * and wrote (filled). Where only one thread's marks stand above each other, sharing is false.
 *
 * Made of a CSS grid, not of a picture: it stays legible on a phone, and in print.
 */
import { type Child, h, lazy } from "./dom";
import type { ContendedLine, LineThread, Place, Region, Site, Stretch } from "./findings_data";
import { bytes, count, known, number, percent, plural } from "./format";
import { name, whole } from "./name";
import { table } from "./table";

const LINE_BYTES = 64;
const HUES = 8; /* colours of threads in style.css */
const TEXT_CHARACTERS = 400;
const PLACES_SHOWN = 5;
const PATH_PARTS = 2;

type Access = "" | "R" | "W" | "RW";
interface Run {
	first: number;
	last: number;
	access: Access;
}

/* 16 hexadecimal digits, bit i is byte i. */
function bits(mask: string): boolean[] {
	const valid = /^[0-9a-f]{16}$/.test(mask) ? BigInt(`0x${mask}`) : 0n;
	return Array.from({ length: LINE_BYTES }, (_, i) => ((valid >> BigInt(i)) & 1n) === 1n);
}

function runs(thread: LineThread): Run[] {
	const read = bits(thread.read);
	const written = bits(thread.written);
	const result: Run[] = [];
	for (let i = 0; i < LINE_BYTES; i++) {
		const access = ((read[i] ? "R" : "") + (written[i] ? "W" : "")) as Access;
		const last = result[result.length - 1];
		if (last && last.access === access) last.last = i;
		else result.push({ first: i, last: i, access });
	}
	return result;
}

export function ranges(mask: string): string {
	const set = bits(mask);
	const parts: string[] = [];
	for (let i = 0; i < LINE_BYTES; i++) {
		if (!set[i]) continue;
		const first = i;
		while (set[i + 1]) i++;
		parts.push(first === i ? String(i) : `${first}–${i}`);
	}
	return parts.join(", ") || "none";
}

function cell(className: string, first: number, last: number, ...children: Child[]): HTMLElement {
	const element = h("span", { class: className }, children);
	element.style.gridColumn = `${first + 1} / ${last + 2}`;
	return element;
}

/* The same colour on all lines; the first thread is 1. */
function hue(thread: number): string {
	return `thread-${Math.max(0, thread - 1) % HUES}`;
}

function stretchText(stretch: Stretch): Child {
	const at = stretch.offset ? `+${stretch.offset}` : "";
	switch (stretch.kind) {
	case "global": return [name(stretch.name), at];
	case "heap": return `heap block ${stretch.block + 1}${at}`;
	case "stack": return [`stack of thread ${stretch.thread}`, stretch.name ? [", ", name(stretch.name)] : null];
	case "thread": return `thread-local of thread ${stretch.thread}`;
	case "section": return ["variables of ", name(stretch.name)];
	case "file": return ["mapped file ", name(stretch.name)];
	default: return "unknown";
	}
}

function map(line: ContendedLine["line"]): HTMLElement {
	const ruler = [0, 8, 16, 24, 32, 40, 48, 56].map((at) => cell("tick", at, at + 7, at));
	const data = line.data.filter((one) => one.first <= one.last)
		.map((one) => cell(`data ${one.kind}`, one.first, one.last, stretchText(one)));
	const threads = [...line.threads].sort((a, b) => a.thread - b.thread).map((thread) => [
		h("span", { class: "who" }, h("span", { class: `swatch ${hue(thread.thread)}` }), `thread ${thread.thread}`),
		h("span", { class: `bytes ${hue(thread.thread)}` }, runs(thread).map((run) =>
			cell(run.access ? `access ${run.access.toLowerCase()}` : "untouched", run.first, run.last, run.access))),
	]);
	return h("div", { class: "line-map", "aria-hidden": "true" },
		h("span", { class: "who quiet" }, "byte"), h("span", { class: "bytes ruler" }, ruler),
		h("span", { class: "who quiet" }, "holds"), h("span", { class: "bytes holds" }, data), threads);
}

/* The last components of a path: what tells files apart. The tables have all of it. */
function shortPath(path: string): string {
	const parts = path.split("/");
	return parts.length > PATH_PARTS + 1 ? parts.slice(-PATH_PARTS).join("/") : path;
}

function place(at: Place, full = false): Child {
	const where = at.file ? [h("code", { class: "unbroken" }, name(full ? at.file : shortPath(at.file)), at.line ? `:${at.line}` : null)] : at.object ? [name(at.object)] : [];
	return [where, at.function ? [where.length ? " in " : "", h("code", null, name(at.function))] : null,
		!where.length && !at.function ? "unknown place" : null];
}

function sites(title: string, list: Site[]): Child {
	if (!list.length) return null;
	const most = Math.max(...list.map((site) => site.count), 1);
	const rows = list.slice(0, PLACES_SHOWN).map((site) => {
		const meter = h("span", { class: "meter", "aria-hidden": "true" }, h("span", null));
		(meter.firstElementChild as HTMLElement).style.width = `${(site.count / most) * 100}%`;
		return h("li", null, h("span", { class: "count" }, count(site.count)), meter, h("span", null, place(site.place)));
	});
	return h("div", null, h("h5", null, title), h("ol", { class: "sites" }, rows),
		list.length > PLACES_SHOWN ? h("p", { class: "quiet" }, `and ${list.length - PLACES_SHOWN} more`) : null);
}

function accessTable(line: ContendedLine["line"]): HTMLElement {
	return table("Bytes of the line by thread", [
		{ title: "Thread", cell: (thread) => String(thread.thread) },
		{ title: "Bytes read", cell: (thread) => ranges(thread.read) },
		{ title: "Bytes written", cell: (thread) => ranges(thread.written) },
		{ title: "Fetches from another core", numeric: true, cell: (thread) => count(thread.hitm) },
	], line.threads);
}

function placesTable(line: ContendedLine["line"]): Child {
	const rows = [...line.fetched_at.map((site) => ({ ...site, what: "waited" })),
		...line.written_at.map((site) => ({ ...site, what: "wrote" }))];
	return rows.length ? table("Source lines", [
		{ title: "What", cell: (site) => site.what },
		{ title: "Times", numeric: true, cell: (site) => count(site.count) },
		{ title: "Place", cell: (site) => place(site.place, true) },
		{ title: "Program or library", cell: (site) => name(site.place.object) },
	], rows) : null;
}

function holdsTable(line: ContendedLine["line"]): HTMLElement {
	return table("What lies on the line", [
		{ title: "Bytes", cell: (one) => `${one.first}–${one.last}` },
		{ title: "What", cell: (one) => stretchText(one) },
	], line.data);
}

function pair(title: string, before: number | null, after: number | null): Child {
	return [h("dt", null, title), h("dd", null, known(before) ? [number(before), " → "] : null, number(after),
		known(before) ? null : h("span", { class: "quiet" }, " (before: not known)"))];
}

function contended(entry: ContendedLine, index: number): HTMLElement {
	const { line } = entry;
	const blocks = line.blocks.map((block, i) => h("li", null, `heap block ${i + 1}: ${bytes(block.bytes)}`,
		block.allocated_at[0] ? [", allocated at ", place(block.allocated_at[0])] : null));
	return h("figure", { class: "sharing wide", "data-kind": "sharing" },
		h("figcaption", null,
			h("h5", null, `${entry.sharing === "false" ? "False" : "True"} sharing: `, whole(entry.contended, TEXT_CHARACTERS)),
			h("p", null, `${percent(entry.cycles_share)} of the region’s cycles are spent waiting for this line. `,
				entry.sharing === "false"
					? "The threads use different bytes of it, yet the whole line travels between their cores."
					: "The threads want the same bytes.")),
		map(line),
		h("p", { class: "key quiet" }, h("span", { class: "bytes-key thread-0" }, h("span", { class: "access r" }, "R")), " read ",
			h("span", { class: "bytes-key thread-0" }, h("span", { class: "access w" }, "W")), " written ",
			h("span", { class: "bytes-key thread-0" }, h("span", { class: "access rw" }, "RW")), " both",
			line.more_threads ? "; more threads than these touched it" : null),
		lazy(h("details", { class: "table" }, h("summary", null, "As a table",
			h("span", { class: "unseen-text" }, `: cache line ${index + 1}`))), () => [holdsTable(line), accessTable(line), placesTable(line)]),
		h("p", { class: "advice" }, h("strong", null, "What ends it: "), whole(entry.advice, TEXT_CHARACTERS)),
		h("dl", { class: "inline" },
			entry.waits_at ? [h("dt", null, "waits at"), h("dd", null, whole(entry.waits_at, TEXT_CHARACTERS))] : null,
			entry.waits_for ? [h("dt", null, "for the write at"), h("dd", null, whole(entry.waits_for, TEXT_CHARACTERS))] : null,
			pair("cycles per execution", entry.cycles_per_execution.before, entry.cycles_per_execution.after),
			pair("fetches per execution", entry.hitm_per_execution.before, entry.hitm_per_execution.after),
			line.padding ? [h("dt", null, "padding"), h("dd", null, plural(line.padding, "byte"))] : null),
		h("div", { class: "columns" }, sites("Source lines that waited", line.fetched_at),
			sites("Writes that they waited for", line.written_at),
			blocks.length ? h("div", null, h("h5", null, "Allocated"), h("ul", { class: "names" }, blocks)) : null));
}

export function sharingMaps(region: Region): HTMLElement | null {
	if (!region.lines.length) return null;
	return h("div", { class: "part" }, h("h4", null, "Contended cache lines"), region.lines.map(contended));
}
