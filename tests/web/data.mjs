// SPDX-License-Identifier: MIT
/*
 * Data of the pages under test: real findings (fixtures/, made by fixtures.py), and what can be made
 * of them: hostile names, many regions at the largest sizes that the report embeds.
 */
import { readFileSync } from "node:fs";

export function fixture(name) {
	return JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8"));
}

/* Names that try to get out of where they are put. A mark tells when one is executed. */
export const HOSTILE = [
	"</script><script>alert('out')</script>",
	"<img src=x onerror=alert(1)>",
	"\"><svg onload=alert(2)>",
	"' onmouseover='alert(3)",
	"\u202egnp.exe\u2066\u200f right to left",
	"${alert(4)} {{7*7}} `${1}` \\u0022 \\",
	"tab\tnew\nline\u0000nul\u2028separator",
	"@AUTOPERF_DATA@ $& $1 $$",
	"x".repeat(9990) + "0123456789",
	"",
];

export function hostile(names = HOSTILE) {
	const data = fixture("regression");
	const { findings } = data;
	const [region] = findings.regions;
	const [evidence] = data.regions;
	const [line] = region.lines;
	findings.regions = [];
	data.regions = [];
	names.forEach((name, i) => {
		const copy = structuredClone(region);
		copy.name = name;
		copy.reason = `because of ${name}`;
		copy.counters.forEach((counter, at) => {
			counter.name = `${name}${at}`;
			counter.description = name;
			counter.per = name.slice(0, 40);
		});
		copy.lines = [{ ...structuredClone(line), contended: name || "x", advice: name || "x", waits_at: name }];
		copy.lines[0].line.data = [{ first: 0, last: 63, kind: "global", name, offset: 4, thread: 0, block: 0 }];
		for (const site of copy.lines[0].line.fetched_at) Object.assign(site.place, { file: name, function: name, object: name });
		copy.changes = [{ path: name || "x", first: 3, count: 2 }];
		findings.regions.push(copy);
		const proof = structuredClone(evidence);
		proof.name = name;
		proof.counters.forEach((counter, at) => { counter.name = `${name}${at}`; });
		proof.roles[0].role = name;
		proof.latent.layer = name;
		proof.training.topology = name;
		proof.training.candidates[0].topology = name;
		if (i % 2) data.regions.push(proof);
		else data.regions.unshift(proof);
	});
	findings.summary = `region "${HOSTILE[0]}" takes 2.00x as long; ${HOSTILE[4]} ${HOSTILE[8]}`;
	findings.before.command = ["./a.out", ...HOSTILE];
	findings.after.command = HOSTILE.join(" ");
	findings.before.model = HOSTILE[0];
	findings.after.profile = HOSTILE[4];
	findings.after.git_commit = HOSTILE[1];
	findings.after.machine.cpu_model = HOSTILE[2];
	findings.after.machine.hostname = HOSTILE[8];
	findings.warnings = [...HOSTILE];
	findings.only_before = [...HOSTILE];
	findings.only_after = [...HOSTILE];
	findings.renamed = HOSTILE.map((name) => ({ before: name, after: name }));
	findings.not_judged = HOSTILE.map((name) => ({ name, reason: `too few samples of ${name}` }));
	findings.range = HOSTILE[1];
	findings.changes = HOSTILE.map((name) => ({ path: name || "x", first: 1, count: 3 }));
	data.tool = HOSTILE[0];
	data.notes = [...HOSTILE];
	return data;
}

/* Numbers that look random and are the same each time. */
function generator(seed) {
	let state = seed;
	return () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 32;
	};
}

/*
 * 20 regions, each with as much as the report ever embeds of 100,000 samples of a region: 40 bins of
 * 26 counters, and a share of the points that all regions together may have.
 */
export function large(regions = 20) {
	const data = fixture("regression");
	const random = generator(7);
	const digits = (value) => Number(value.toPrecision(5));
	const [region] = data.findings.regions;
	const [evidence] = data.regions;
	const bins = 40;
	const points = Math.min(2000, Math.floor(16000 / regions));
	const latent = Math.min(600, Math.floor(6000 / regions));
	const histogram = (low, high) => ({
		edges: Array.from({ length: bins + 1 }, (_, i) => digits(low * (high / low) ** (i / bins))),
		shares: Array.from({ length: bins }, () => digits(random() * 2 / bins)),
	});
	data.findings.regions = [];
	data.regions = [];
	for (let i = 0; i < regions; i++) {
		const copy = structuredClone(region);
		copy.name = `stage_${i + 1}::process_request`;
		copy.verdict = ["regression", "cannot tell", "changed", "improvement", "normal"][Math.min(4, i >> 1)];
		copy.time_per_execution.before_ns = digits(1000 * (1 + 20 * random()));
		copy.time_per_execution.ratio = digits(0.5 + 3 * random());
		copy.time_per_execution.after_ns = digits(copy.time_per_execution.before_ns * copy.time_per_execution.ratio);
		copy.time_per_execution.low = digits(copy.time_per_execution.ratio * 0.9);
		copy.time_per_execution.high = digits(copy.time_per_execution.ratio * 1.2);
		copy.anomalous_share.after = digits(random());
		data.findings.regions.push(copy);
		const cloud = (shift) => Array.from({ length: latent }, () =>
			[digits(shift + random() + random() + random()), digits(random() + random() + random())]);
		const scores = histogram(0.01, 1000);
		data.regions.push({
			...structuredClone(evidence), name: copy.name,
			scores: { edges: scores.edges, normal: scores.shares, fresh: histogram(1, 2).shares, threshold: 3 },
			counters: copy.counters.map((counter) => {
				const { edges, shares } = histogram(0.001, 1000);
				return { name: counter.name, edges, before: shares, after: histogram(1, 2).shares };
			}),
			samples: {
				side: Array.from({ length: points }, (_, at) => (at % 2 ? "n" : "f")).join(""),
				run: Array.from({ length: points }, (_, at) => at % 10),
				thread: Array.from({ length: points }, () => Math.floor(random() * 8)),
				at_s: Array.from({ length: points }, () => digits(random() * 12)),
				wall_ns: Array.from({ length: points }, () => digits(1000 * Math.exp(3 * random()))),
				anomalous: Array.from({ length: points }, (_, at) => (at % 3 ? "0" : "1")).join(""),
			},
			latent: { ...evidence.latent, normal: cloud(0), fresh: cloud(1) },
		});
	}
	return data;
}
