/* SPDX-License-Identifier: MIT */
/*
 * The evidence of one region: first what it says, then what was counted, then the samples. It is
 * built when it is opened; those that changed are open from the start.
 */
import { regionChanges } from "./changes";
import { countersPart } from "./counters";
import type { RegionEvidence } from "./data";
import { type Child, append, guarded, h, lazy } from "./dom";
import type { Findings, Region, Times } from "./findings_data";
import { count, interval, known, percent, plural, probability, ratio, sentence, time } from "./format";
import { latentFigure } from "./latent";
import { name, whole } from "./name";
import { regionId } from "./regions";
import { rolesFigure } from "./roles";
import { newRunsFigure } from "./runs";
import { samplesFigure } from "./samples";
import { scoresFigure } from "./scores";
import { sharingMaps } from "./sharing";
import { facts } from "./table";
import { epochsFigure, topologiesFigure } from "./training";
import { badge, basis, probabilityOf, sureness } from "./verdict";

/* What all regions share. `explained`: the page has notes that tell why things are missing. */
export interface Report {
	findings: Findings;
	explained: boolean;
}

const NAME_CHARACTERS = 80;
const REASON_CHARACTERS = 1200;

function times(value: Times): Child {
	return [time(value.before_ns), " → ", time(value.after_ns), ", ", ratio(value.ratio),
		known(value.low) ? h("span", { class: "quiet" }, ` (${interval(value.low, value.high)})`) : null];
}

function numbers(region: Region, findings: Findings): HTMLElement {
	const pairs: [Child, Child][] = [];
	const add = (term: Child, value: Child): void => void pairs.push([term, value]);
	for (const [term, value] of [["Time per execution", region.time_per_execution],
		["Median execution", region.time_of_median_execution], ["Time per run, all threads", region.time_per_run]] as const)
		if (known(value.before_ns) || known(value.after_ns)) add(term, times(value));
	add("Executions per run", [count(region.executions_per_run.before), " → ", count(region.executions_per_run.after)]);
	if (known(region.instructions_ratio))
		add("Instructions per execution", [ratio(region.instructions_ratio), known(region.time_per_instruction_ratio)
			? h("span", { class: "quiet" }, `, each takes ${ratio(region.time_per_instruction_ratio)}`) : null]);
	add("Anomalous samples", [percent(region.anomalous_share.before), " → ", percent(region.anomalous_share.after)]);
	add("Compared", `${count(region.runs.before)} normal runs with ${count(region.samples.before)} samples, ` +
		`${count(region.runs.after)} new ones with ${count(region.samples.after)}`);
	const p = probabilityOf(region);
	add("Sure?", [known(p) ? `p = ${probability(p)}: ` : null, sureness(region, findings.alarm_rate)]);
	const alone = [["score", region.p_score], ["longer", region.p_time], ["faster", region.p_faster]] as const;
	if (alone.some(([, p]) => known(p)))
		add("By itself, p of", alone.filter(([, p]) => known(p)).map(([what, p]) => `${what} ${probability(p)}`).join(", "));
	if (region.runs_missing || region.training_runs_missing)
		add("Missing", [region.runs_missing ? plural(region.runs_missing, "more new run") : null,
			region.runs_missing && region.training_runs_missing ? " or " : null,
			region.training_runs_missing ? plural(region.training_runs_missing, "more normal run") : null]);
	return facts(pairs);
}

function causes(region: Region): Child {
	if (!region.causes.length) return null;
	return h("div", { class: "part", "data-kind": "causes" }, h("h4", null, "What explains the longer time"),
		h("ol", { class: "sites" }, region.causes.map((cause) => {
			const meter = h("span", { class: "meter", "aria-hidden": "true" }, h("span", null));
			(meter.firstElementChild as HTMLElement).style.width = `${Math.min(1, cause.share) * 100}%`;
			return h("li", null, h("span", { class: "count" }, percent(cause.share)), meter, h("span", null, cause.name));
		})));
}

/* The figures that there is evidence for; what is missing is named, not drawn empty. */
function figures(region: Region, evidence: RegionEvidence | undefined, explained: boolean): Child {
	const kinds = ([
		["what time goes into", () => evidence ? rolesFigure(evidence) : null],
		["the reconstruction error of samples", () => evidence ? scoresFigure(region, evidence) : null],
		["each new run", () => newRunsFigure(region)],
		["the latent space", () => evidence ? latentFigure(evidence) : null],
		["samples over time", () => evidence ? samplesFigure(evidence) : null],
		["the course of training", () => evidence?.training ? epochsFigure(evidence.training, region.name) : null],
		["topologies tried", () => evidence?.training ? topologiesFigure(evidence.training, region.name) : null],
	] as [string, () => HTMLElement | null][]).map(([what, make]) => [what, guarded(what, make)] as const);
	const missing = kinds.filter(([, made]) => !made).map(([what]) => what);
	return [
		h("div", { class: "figures" }, kinds.map(([, made]) => made)),
		missing.length ? h("p", { class: "missing" }, `Not shown, for there is no data: ${missing.join("; ")}. `,
			explained ? h("a", { href: "#notes" }, "Why") : null) : null,
	];
}

function body(region: Region, evidence: RegionEvidence | undefined, report: Report): HTMLElement {
	return h("div", { class: "body" },
		[...region.name].length > NAME_CHARACTERS ? h("p", null, "Its name: ", whole(region.name, NAME_CHARACTERS)) : null,
		h("p", { class: "reason" }, whole(sentence(region.reason), REASON_CHARACTERS)),
		numbers(region, report.findings), causes(region), regionChanges(region),
		guarded("contended cache lines", () => sharingMaps(region)),
		guarded("counters", () => countersPart(region, evidence)), figures(region, evidence, report.explained));
}

export function regionDetails(
	report: Report, region: Region, index: number, evidence: RegionEvidence | undefined, open: boolean,
): HTMLDetailsElement {
	const { times: main } = basis(region);
	const details = h("details", { class: "region", id: regionId(index), open },
		h("summary", null, h("h3", null, name(region.name, NAME_CHARACTERS)), badge(region.verdict),
			h("span", { class: "quiet" }, time(main.before_ns), " → ", time(main.after_ns), ", ", ratio(main.ratio))));
	return lazy(details, () => body(region, evidence, report));
}

/* Evidence of regions that the findings do not have: nothing is thrown away silently. */
export function strayEvidence(evidence: RegionEvidence): HTMLElement {
	const details = h("details", { class: "region" }, h("summary", null, h("h3", null, name(evidence.name, NAME_CHARACTERS))));
	return lazy(details, () => {
		const element = h("div", { class: "body" });
		append(element, h("div", { class: "figures" }, guarded("scores", () => scoresFigure(undefined, evidence)),
			guarded("the latent space", () => latentFigure(evidence)), guarded("samples", () => samplesFigure(evidence))));
		return element;
	});
}
