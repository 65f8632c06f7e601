// SPDX-License-Identifier: MIT
/* Each section is there and says what the findings say: a regression, an improvement, normal runs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { innocent, misdeeds, open, openAll, texts } from "./browser.mjs";
import { fixture } from "./data.mjs";

const titles = (page) => texts(page, "h2");
const kinds = (page) => page.$$eval("#region-1 [data-kind]", (all) => all.map((one) => one.dataset.kind).sort());

test("a regression: the verdict comes first, in one sentence", async () => {
	const page = await open(fixture("regression"));
	const [head] = await texts(page, "h1");
	assert.match(head, /Regression ?: Region "accumulate" takes [\d.]+× as long .* false sharing of sums\+0 at /);
	assert.match(await page.title(), /^Regression – AutoPerf report$/);
	assert.equal(await page.$eval("main", (main) => main.firstElementChild.id), "verdict");
	const box = await (await page.$("h1")).boundingBox();
	assert.ok(box.y < 120, "the verdict is what one sees first");
	assert.match((await texts(page, ".tiles"))[0], /15\.6 µs → \d+ µs.*×.* as long.*Anomalous samples 100 %.*Cause false sharing/);
	assert.deepEqual(misdeeds(page), innocent);
});

test("a regression: every section is there, in its order", async () => {
	const page = await open(fixture("regression"));
	assert.deepEqual(await titles(page), ["Regions", "Bear in mind", "Evidence", "Runs", "How it was measured"]);
	assert.deepEqual(await kinds(page), ["causes", "counters", "epochs", "latent", "new-runs", "roles", "samples", "scores", "sharing", "topologies"]);
	assert.equal(await page.$$eval("#region-1 .picture > svg.plot", (all) => all.length), 7);
	assert.deepEqual(await texts(page, "#region-1 > .body > .missing"), []);
});

test("the table of regions: times, ratio with interval, anomalous samples, cause", async () => {
	const data = fixture("regression");
	const page = await open(data);
	const cells = await texts(page, "#regions tbody tr > *");
	const times = data.findings.regions[0].time_per_execution;
	assert.equal(cells[0], "accumulate");
	assert.equal(cells[1], "▲ regression");
	assert.equal(cells[2], "15.6 µs");
	assert.equal(cells[3], `${Math.round(times.after_ns / 1000)} µs`);
	assert.equal(cells[4], `${times.ratio.toPrecision(3)}×`);
	assert.equal(cells[5], `${times.low.toPrecision(3)}–${times.high.toPrecision(3)}×`);
	assert.match(cells[6], /^[\d.]+ % → 100 %$/);
	assert.equal(cells[7], "false sharing");
});

test("the sharing map: each byte of the line, by thread, with symbol and source lines", async () => {
	const data = fixture("regression");
	const { line } = data.findings.regions[0].lines[0];
	const page = await open(data);
	const [map] = await texts(page, ".line-map");
	assert.match(map, /byte 0 8 16 24 32 40 48 56 holds sums/);
	for (const thread of line.threads) assert.match(map, new RegExp(`thread ${thread.thread} (R|W|RW)`));
	/* Where the marks of a thread lie is where its masks have bits. */
	const drawn = await page.$$eval(".line-map > .bytes[class*='thread-']", (rows) => rows.map((row) => {
		const box = row.getBoundingClientRect();
		return [...row.querySelectorAll(".access")].map((mark) => {
			const at = mark.getBoundingClientRect();
			return [at.left, at.right].map((x) => Math.round(((x - box.left) / box.width) * 64));
		});
	}));
	const expected = [...line.threads].sort((a, b) => a.thread - b.thread).map((thread) => {
		const mask = BigInt(`0x${thread.read}`) | BigInt(`0x${thread.written}`);
		const bits = Array.from({ length: 64 }, (_, i) => (mask >> BigInt(i)) & 1n);
		return [[bits.indexOf(1n), bits.lastIndexOf(1n) + 1]];
	});
	assert.deepEqual(drawn, expected);
	const colours = await page.$$eval(".line-map .access.rw", (all) => all.map((one) => getComputedStyle(one).backgroundColor));
	assert.equal(new Set(colours).size, colours.length, "each thread has its own colour");
	const [sharing] = await texts(page, "[data-kind=sharing]");
	assert.match(sharing, /False sharing: sums\+0/);
	assert.match(sharing, /What ends it: put \d+ bytes between/);
	assert.match(sharing, /Source lines that waited .*linear_regression\.c:\d+ in accumulate/);
	await openAll(page);
	const table = (await texts(page, "[data-kind=sharing] details.table")).join(" ");
	assert.match(table, /sums/);
	assert.match(table, /40–63|0–39/);
});

test("the histogram of scores: bars on the right sides, the threshold between", async () => {
	const data = fixture("regression");
	const page = await open(data);
	const { scores } = data.regions[0];
	const drawn = await page.$eval("[data-kind=scores] svg", (svg) => ({
		fresh: svg.querySelectorAll(".fresh-area rect").length, normal: svg.querySelectorAll(".normal-area rect").length,
		threshold: svg.querySelector(".threshold line").getBoundingClientRect().left,
		bars: [...svg.querySelectorAll(".fresh-area rect")].filter((bar) => bar.getBoundingClientRect().height > 20)
			.map((bar) => bar.getBoundingClientRect().left),
	}));
	assert.equal(drawn.fresh, scores.edges.length - 1);
	assert.equal(drawn.normal, scores.edges.length - 1);
	assert.ok(drawn.bars.length > 0 && drawn.bars.every((left) => left > drawn.threshold));
	await openAll(page);
	const rows = await page.$$eval("[data-kind=scores] tbody tr", (all) => all.length);
	assert.equal(rows, scores.normal.filter((share, i) => share > 0 || scores.fresh[i] > 0).length);
});

test("counters: in the order of the findings, with both distributions", async () => {
	const data = fixture("regression");
	const page = await open(data);
	const names = data.findings.regions[0].counters.map((counter) => counter.name);
	assert.deepEqual(await texts(page, ".counter h5 code"), names.slice(0, 6));
	await page.click("[data-kind=counters] details.more > summary");
	await page.waitForSelector("[data-kind=counters] details.more .counter");
	assert.deepEqual(await texts(page, ".counter h5 code"), names);
	const [first] = await texts(page, ".counter");
	assert.match(first, /hitm_false false sharing .* 0 → \d+ per 1000 instructions new moved [\d.]+ % explained/);
	const drawn = await page.$$eval(".counter .mirror", (all) => all.map((one) => one.querySelectorAll("path").length));
	assert.ok(drawn.length >= 20 && drawn.every((paths) => paths === 2));
});

test("samples, latent space, training, runs: all points are drawn", async () => {
	const data = fixture("regression");
	const [evidence] = data.regions;
	const page = await open(data);
	const marks = (kind) => page.$$eval(`[data-kind=${kind}] path.points`, (all) =>
		all.reduce((sum, path) => sum + (path.getAttribute("d").match(/M/g) ?? []).length, 0));
	assert.equal(await marks("samples"), evidence.samples.run.length);
	assert.equal(await marks("latent"), evidence.latent.normal.length + evidence.latent.fresh.length);
	assert.equal(await marks("new-runs"), data.findings.regions[0].new_runs.length);
	assert.equal(await page.$$eval("[data-kind=topologies] circle, [data-kind=topologies] [class~=chosen] path", (all) => all.length),
		evidence.training.candidates.length);
	assert.equal((await page.$$("[data-kind=epochs] svg [class*=line-] path, [data-kind=epochs] svg path[class*=line-]")).length >= 2, true);
	assert.match((await texts(page, "#runs .columns > div"))[0], /New ×.* 5 of 5 lie beyond all normal ones/);
});

test("how it was measured: machine, command, commits, settings, versions", async () => {
	const data = fixture("regression");
	const page = await open(data);
	const [setting] = await texts(page, "#setting");
	assert.match(setting, /Command differs .*linear_regression-good 2 60 .*linear_regression-bad 2 60/);
	assert.ok(setting.includes(data.findings.before.git_commit));
	assert.ok(setting.includes(data.findings.before.machine.cpu_model));
	assert.match(setting, /a simulated machine; 26 events in 1 pass/);
	assert.match(setting, /Exit status 3/);
	assert.match(setting, /Written by autoperf 0\.1\.0/);
});

test("an improvement: its own verdict, no cause, no contended line", async () => {
	const page = await open(fixture("improvement"));
	assert.match((await texts(page, "h1"))[0], /^▼ Improvement ?: Region "accumulate" takes 0\.0\d× as long/);
	assert.match((await texts(page, ".tiles"))[0], /→ 15\.6 µs/);
	assert.ok(!(await texts(page, ".tiles"))[0].includes("Cause"));
	assert.deepEqual(await kinds(page), ["counters", "epochs", "latent", "new-runs", "roles", "samples", "scores", "topologies"]);
	assert.deepEqual(misdeeds(page), innocent);
});

test("normal runs: said so, with the same evidence", async () => {
	const page = await open(fixture("normal"));
	assert.match((await texts(page, "h1"))[0], /^● Normal ?: 1 region behaves as in training/);
	assert.equal((await texts(page, "#regions tbody td"))[0], "● normal");
	assert.deepEqual(await titles(page), ["Regions", "Evidence", "Runs", "How it was measured"]);
	assert.equal(await page.$$eval("#region-1 .picture > svg.plot", (all) => all.length), 7);
	assert.deepEqual(misdeeds(page), innocent);
});

test("an evaluation of known runs: confusion matrix, ROC and precision-recall curves", async () => {
	const page = await open(fixture("evaluation"));
	assert.match((await texts(page, "h1"))[0], /Evaluation ?5 of 5 anomalous runs were found, 0 of 5 normal ones raised a false alarm/);
	const cells = await texts(page, "[data-kind=confusion] tbody td");
	assert.deepEqual(cells, ["5", "0", "0", "5"]);
	for (const kind of ["roc", "pr"])
		assert.equal(await page.$$eval(`[data-kind=${kind}] svg.plot`, (all) => all.length), 1);
	assert.match((await texts(page, "[data-kind=roc] figcaption"))[0], /Area 1\.000/);
	assert.match((await texts(page, "#notes"))[0], /Findings were not given/);
	assert.deepEqual(misdeeds(page), innocent);
});

test("an evaluation of normal runs against each other: the rate of false alarms", async () => {
	const page = await open(fixture("splits"));
	assert.match((await texts(page, "#evaluation"))[0], /False alarms 0 of 20 splits, 0 % .*95 % interval 0 % to 16 %/);
	assert.deepEqual(misdeeds(page), innocent);
});

test("findings and an evaluation share a page", async () => {
	const page = await open({ ...fixture("regression"), evaluation: fixture("evaluation").evaluation });
	assert.ok((await titles(page)).includes("Evaluation: known runs told apart"));
	assert.deepEqual(misdeeds(page), innocent);
});

test("the author's changed lines are shown where check knows them", async () => {
	const data = fixture("regression");
	data.findings.range = "main..topic";
	data.findings.changes = [{ path: "src/sum.c", first: 12, count: 3 }, { path: "src/old.c", first: 7, count: 0 }];
	data.findings.regions[0].changes = [data.findings.changes[0]];
	const page = await open(data);
	assert.match((await texts(page, "#changes"))[0], /2 stretches of lines differ in main\.\.topic\. src\/sum\.c:12–14 src\/old\.c:7 lines removed/);
	assert.match((await texts(page, "#region-1 [data-kind=changes]"))[0], /src\/sum\.c:12–14/);
	assert.match((await texts(page, ".sides"))[0], /main\.\.topic/);
});

test("samples as a list of objects are read like those in columns", async () => {
	const data = fixture("regression");
	const { samples } = data.regions[0];
	data.regions[0].samples = samples.run.map((run, i) => ({
		side: samples.side[i] === "n" ? "normal" : "new", run, thread: samples.thread[i], at_s: samples.at_s[i],
		wall_ns: samples.wall_ns[i], anomalous: samples.anomalous[i] === "1",
	}));
	const path = (page) => page.$$eval("[data-kind=samples] path.points", (all) => all.map((one) => one.getAttribute("d")));
	assert.deepEqual(await path(await open(data)), await path(await open(fixture("regression"))));
});
