// SPDX-License-Identifier: MIT
/*
 * All the way: samples are imported, learnt and judged by the program that was built (AUTOPERF), and
 * the page that it writes is opened. The region, a counter and the files have hostile names.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { innocent, misdeeds, open, openAll, texts } from "./browser.mjs";

const REGION = "</script><script>alert('out')</script>";
const COUNTER = "misses\"><img src=x onerror=alert(1)>";
const program = process.env.AUTOPERF ?? "";
const has = program !== "" && spawnSync(program, ["report", "--help"]).status === 0;
const skip = has ? false : "AUTOPERF names no program that writes reports";
let directory;

/* 12 runs of two regions; `slow` times as long, and as many misses, in the first one. */
function samples(slow) {
	const lines = [`region,run,thread,begin_ns,wall_ns,instructions,"${COUNTER.replaceAll('"', '""')}"`];
	let state = slow * 1000;
	const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
	for (let run = 0; run < 12; run++)
		for (let i = 0; i < 40; i++)
			for (const [name, factor] of [[REGION, slow], ["steady", 1]])
				lines.push([`"${name}"`, run, i % 3, i * 100000, Math.round((20000 + 400 * random()) * factor),
					50000 + Math.round(100 * random()), Math.round((100 + 5 * random()) * factor)].join(","));
	return lines.join("\n") + "\n";
}

function run(expected, ...words) {
	const result = spawnSync(program, words, { cwd: directory, encoding: "utf8" });
	assert.equal(result.status, expected, `${words.join(" ")}: ${result.stderr}`);
}

before(() => {
	if (!has) return;
	directory = mkdtempSync(join(tmpdir(), "autoperf-'report' & "));
	for (const [name, slow] of [["normal", 1], ["new", 2]]) {
		writeFileSync(join(directory, `${name}.csv`), samples(slow));
		run(0, "import", `${name}.csv`, "-o", `${name}.apdb`);
	}
	run(0, "train", "normal.apdb", "-o", "model.safetensors");
	run(3, "detect", "--json", "model.safetensors", "new.apdb", "-o", "findings.json");
	run(0, "report", "findings.json", "normal.apdb", "new.apdb", "-o", "report.html");
});

after(() => {
	if (directory) rmSync(directory, { recursive: true, force: true });
});

test("the page that the program writes tells what the program found", { skip }, async () => {
	const findings = JSON.parse(readFileSync(join(directory, "findings.json"), "utf8"));
	const page = await open(null, { html: readFileSync(join(directory, "report.html"), "utf8") });
	assert.match((await texts(page, "h1"))[0], /^▲ Regression ?: Region "<\/script><script>alert\('out'\)<\/script>" takes /);
	assert.deepEqual(await texts(page, "#regions tbody th"), findings.regions.map((region) => region.name));
	const kinds = await page.$$eval("#region-1 .picture > svg", (all) => all.map((one) => one.closest("figure").dataset.kind).sort());
	for (const kind of ["epochs", "latent", "new-runs", "samples", "scores", "topologies"])
		assert.ok(kinds.includes(kind), `${kind} is among ${kinds}`);
	assert.deepEqual(await texts(page, "#region-1 .counter h5 code"), findings.regions[0].counters.map((counter) => counter.name).slice(0, 6));
	assert.equal(await page.$$eval("#region-1 .mirror", (all) => all.length), findings.regions[0].counters.length);
	await openAll(page);
	assert.deepEqual(misdeeds(page), innocent);
	assert.ok(page.bytes < 2_000_000);
});

test("without profiles and model, the page that the program writes says what is missing", { skip }, async () => {
	for (const name of ["normal.apdb", "new.apdb", "model.safetensors"]) rmSync(join(directory, name));
	run(0, "report", "findings.json", "-o", "bare.html");
	const page = await open(null, { html: readFileSync(join(directory, "bare.html"), "utf8") });
	await openAll(page);
	assert.ok((await texts(page, "#notes li")).length > 0);
	assert.match((await texts(page, "#region-1 > .body > .missing"))[0], /Not shown, for there is no data: .*reconstruction error.*latent space/);
	assert.deepEqual(misdeeds(page), innocent);
});
