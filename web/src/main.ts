/* SPDX-License-Identifier: MIT */
/*
 * Reads the data that `autoperf report` put into the page and builds the page from it. Whatever is
 * wrong with the data is said in the page; nothing is ever fetched.
 */
import { changesSection } from "./changes";
import type { PageData, RegionEvidence } from "./data";
import { type Child, append, h, section } from "./dom";
import { evaluationSection, evaluationSummary } from "./evaluation";
import { drawAll } from "./figure";
import type { Findings } from "./findings_data";
import { name, whole } from "./name";
import { regionDetails, strayEvidence } from "./region";
import { regionsSection } from "./regions";
import { runsSection } from "./runs";
import { settingSection } from "./setting";
import { verdictHead, verdictWord } from "./verdict";

const OPEN_MAX = 3; /* regions that are open from the start */
const TEXT_CHARACTERS = 1200;
const VERSION = 1;

function read(): PageData | string {
	const text = document.getElementById("autoperf-data")?.textContent ?? "";
	if (text.trim().startsWith("@"))
		return "This is the empty template of a report: autoperf report FINDINGS -o report.html fills it in.";
	try {
		const data = JSON.parse(text) as PageData;
		if (data?.version !== VERSION)
			return `The data in this page is of version ${String(data?.version)}; this page reads version ${VERSION}. Write the report anew.`;
		if (!data.findings && !data.evaluation) return "There are neither findings nor an evaluation in this page.";
		return data;
	} catch {
		return "The data in this page cannot be read; the file is damaged or incomplete. Write the report anew.";
	}
}

function list(id: string, title: string, texts: string[]): HTMLElement | null {
	return texts.length ? section(id, title, h("ul", { class: "texts" }, texts.map((text) =>
		h("li", null, whole(text, TEXT_CHARACTERS))))) : null;
}

function evidenceSection(data: PageData, findings: Findings): HTMLElement | null {
	const given = data.regions ?? [];
	const byName = new Map<string, RegionEvidence>(given.map((one) => [one.name, one]));
	let opened = 0;
	const details = findings.regions.map((region, index) => {
		const open = opened < OPEN_MAX && (region.verdict !== "normal" || index === 0);
		opened += Number(open);
		return regionDetails({ findings, explained: (data.notes ?? []).length > 0 }, region, index, byName.get(region.name), open);
	});
	const named = new Set(findings.regions.map((region) => region.name));
	const stray = given.filter((one) => !named.has(one.name));
	return details.length || stray.length
		? section("evidence", "Evidence", details, stray.map(strayEvidence)) : null;
}

function contents(sections: HTMLElement[]): HTMLElement {
	return h("nav", { "aria-label": "Contents" }, h("ul", null, sections.map((one) =>
		h("li", null, h("a", { href: `#${one.id}` }, one.querySelector("h2")?.textContent ?? one.id)))));
}

function page(data: PageData): Child {
	const { findings, evaluation } = data;
	const parts: (HTMLElement | null)[] = findings ? [
		regionsSection(findings),
		list("warnings", "Bear in mind", findings.warnings),
		evidenceSection(data, findings),
		changesSection(findings),
		runsSection(findings),
	] : [];
	if (evaluation) parts.push(evaluationSection(evaluation));
	if (findings) parts.push(settingSection(findings, data.tool));
	parts.push(list("notes", "What this page cannot show", data.notes ?? []));
	const sections = parts.filter((part): part is HTMLElement => part !== null);
	const head = findings ? verdictHead(findings)
		: h("header", { class: "head", id: "verdict" }, h("h1", null, h("span", { class: "word" }, "Evaluation"),
			h("span", { class: "summary" }, evaluation ? evaluationSummary(evaluation) : "")));
	return [head, contents(sections), sections,
		h("footer", null, "Written by ", name(data.tool ?? "autoperf"), ". This file needs no network and sends nothing.")];
}

/* A link to a region opens it. */
function follow(): void {
	const target = /^#region-\d+$/.test(location.hash) ? document.getElementById(location.hash.slice(1)) : null;
	if (!(target instanceof HTMLDetailsElement)) return;
	target.open = true;
	target.scrollIntoView();
	target.querySelector("summary")?.focus();
}

/* On paper nothing can be opened: every region is, and closed again afterwards. */
function openForPrint(): void {
	let closed: HTMLDetailsElement[] = [];
	const before = (): void => {
		if (closed.length) return;
		closed = [...document.querySelectorAll<HTMLDetailsElement>("details.region:not([open])")];
		for (const details of closed) {
			details.open = true;
			details.dispatchEvent(new Event("toggle")); /* the browser's own comes too late */
		}
		drawAll();
	};
	const after = (): void => {
		for (const details of closed) details.open = false;
		closed = [];
	};
	window.addEventListener("beforeprint", before);
	window.addEventListener("afterprint", after);
}

function start(): void {
	const main = document.getElementById("main");
	if (!main) return;
	const data = read();
	main.replaceChildren();
	if (typeof data === "string") {
		append(main, h("header", { class: "head" }, h("h1", null, "No report"), h("p", null, data)));
	} else {
		const told = data.findings ? verdictWord(data.findings.verdict) : "Evaluation";
		document.title = `${told} – AutoPerf report`;
		try {
			append(main, page(data));
		} catch (error) {
			append(main, h("header", { class: "head" }, h("h1", null, "No report"),
				h("p", null, `The data in this page are not what it expects (${String(error)}). Write the report anew.`)));
		}
		window.addEventListener("hashchange", follow);
		/* Once more to where one has been: the hash stays, but the region may have been closed. */
		main.addEventListener("click", (event) => {
			const link = event.target instanceof Element ? event.target.closest("a") : null;
			if (link?.hash && link.hash === location.hash) follow();
		});
		openForPrint();
		follow();
	}
	document.documentElement.dataset["ready"] = "true";
}

start();
