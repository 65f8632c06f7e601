/* SPDX-License-Identifier: MIT */
/*
 * The head of the page: the verdict as a word and a sentence, and the few numbers that it rests
 * on. Each verdict has a sign of its own, so that it is not told by colour alone.
 */
import { type Child, h } from "./dom";
import type { Findings, Region, Times, Verdict } from "./findings_data";
import { UNKNOWN, interval, known, percent, plural, probability, ratio, sentence, time } from "./format";
import { name, whole } from "./name";

const SUMMARY_CHARACTERS = 600;
const OFTEN = 0.2; /* p-values above are not worth a number */
const COMMIT_CHARACTERS = 10;

const SIGNS: Record<Verdict, string> = {
	regression: "▲", improvement: "▼", changed: "◆", normal: "●", "cannot tell": "?",
};

export function verdictWord(verdict: Verdict): string {
	return verdict.charAt(0).toUpperCase() + verdict.slice(1);
}

export function verdictClass(verdict: Verdict): string {
	return `verdict-${verdict.replace(/[^a-z]/g, "-")}`;
}

export function badge(verdict: Verdict): HTMLElement {
	return h("span", { class: `badge ${verdictClass(verdict)}` },
		h("span", { class: "sign", "aria-hidden": "true" }, SIGNS[verdict] ?? "?"), " ", verdict);
}

/* The times that the verdict rests on, and what they are of. */
export function basis(region: Region): { times: Times; of: string } {
	if (region.time_basis === "run") return { times: region.time_per_run, of: "per run" };
	if (region.time_basis === "median execution")
		return { times: region.time_of_median_execution, of: "of the median execution" };
	return { times: region.time_per_execution, of: "per execution" };
}

export function commit(text: string | null | undefined): Child {
	return text ? h("code", null, name([...text].slice(0, COMMIT_CHARACTERS).join(""))) : null;
}

/* Of what the verdict claims. */
export function probabilityOf(region: Region): number | null {
	return region.verdict === "improvement" ? region.p_improvement : region.p_value;
}

/* What the p-value means: "an unchanged program looks like this once in 643 comparisons". */
export function sureness(region: Region, alarmRate: number): string {
	const p = probabilityOf(region);
	if (!known(p)) return "not known";
	if (p > OFTEN) return "an unchanged program often looks like this";
	const once = p > 0 ? `once in ${Math.round(1 / p).toLocaleString("en-US")} comparisons` : "never";
	const proved = p <= alarmRate || region.verdict === "normal" ? ""
		: `; an alarm takes p ≤ ${probability(alarmRate)}`;
	return `an unchanged program looks like this ${once}${proved}`;
}

function tile(term: string, value: Child, more: Child): HTMLElement {
	return h("div", null, h("dt", null, term), h("dd", null, h("strong", null, value), more && h("span", null, more)));
}

/* Key numbers of the most serious region. */
function tiles(findings: Findings, region: Region): HTMLElement {
	const { times, of } = basis(region);
	const p = probabilityOf(region);
	const share = region.causes.find((cause) => cause.name === region.cause)?.share;
	return h("dl", { class: "tiles", "aria-label": "Key numbers of the most serious region" },
		tile(`Time ${of}`, [time(times.before_ns), h("span", { class: "to" }, " → "), time(times.after_ns)],
			"median over runs, before → after"),
		tile("Takes", [ratio(times.ratio), " as long"],
			known(times.low) ? `${percent(findings.confidence)} interval ${interval(times.low, times.high)}` : "no interval"),
		tile("Anomalous samples", percent(region.anomalous_share.after),
			`of normal runs ${percent(region.anomalous_share.before)}`),
		region.cause || region.verdict === "regression" ? tile("Cause", region.cause ?? UNKNOWN,
			share === undefined ? "no counter tells" : `explains ${percent(Math.min(1, share))} of the longer time`) : null,
		tile("Sure?", known(p) ? `p = ${probability(p)}` : UNKNOWN, sureness(region, findings.alarm_rate)));
}

export function verdictHead(findings: Findings): HTMLElement {
	const worst = findings.regions[0];
	const { before, after } = findings;
	return h("header", { class: `head ${verdictClass(findings.verdict)}`, id: "verdict" },
		h("h1", null,
			h("span", { class: "word" }, h("span", { class: "sign", "aria-hidden": "true" }, SIGNS[findings.verdict] ?? "?"),
				" ", verdictWord(findings.verdict), h("span", { class: "unseen-text" }, ": ")),
			h("span", { class: "summary" }, name(sentence(findings.summary), SUMMARY_CHARACTERS))),
		[...findings.summary].length >= SUMMARY_CHARACTERS ? whole(findings.summary, SUMMARY_CHARACTERS / 6) : null,
		h("p", { class: "sides" },
			findings.range ? [h("code", null, name(findings.range)), " · "] : null,
			plural(before.runs, "normal run"), before.git_commit ? [" of ", commit(before.git_commit)] : null, " against ",
			plural(after.runs, "new run"), after.git_commit ? [" of ", commit(after.git_commit)] : null,
			after.runs_failed ? `; ${plural(after.runs_failed, "failed run")} kept apart` : null),
		worst && findings.regions.length > 1
			? h("p", { class: "whose" }, h("span", { class: "quiet" }, "The most serious region, "), name(worst.name), ":") : null,
		worst ? tiles(findings, worst) : h("p", null, "No region was judged."));
}
