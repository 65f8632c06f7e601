// SPDX-License-Identifier: MIT
/* What the page does with what it is given: hostile names, missing parts, damaged data, much of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { drawn, fill, innocent, misdeeds, open, openAll, template, texts } from "./browser.mjs";
import { HOSTILE, fixture, hostile, large } from "./data.mjs";

test("the template: one placeholder, one line, no address but names of XML and a licence's, a strict policy", () => {
	const lines = template.split("\n").filter((line) => line.includes("@AUTOPERF_DATA@"));
	assert.deepEqual(lines, ['<script type="application/json" id="autoperf-data">@AUTOPERF_DATA@</script>']);
	const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(template)[1];
	assert.match(policy, /^default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'$/);
	const addresses = [...template.matchAll(/https?:\/\/[^\s"'`)]+/g)].map((match) => match[0]);
	assert.deepEqual([...new Set(addresses)].filter((address) => !/^http:\/\/www\.(w3\.org\/|apache\.org\/licenses\/)/.test(address)), []);
	assert.ok(Buffer.byteLength(template) < 500_000);
});

test("the policy holds: what is put in is neither run nor fetched", async () => {
	const html = fill(fixture("normal")).replace("</body>",
		"<script>alert('inline')</script><img src=\"file:///etc/hostname\"><img src=x onerror=\"alert('attribute')\"></body>");
	const page = await open(null, { html });
	assert.deepEqual(page.dialogs, []);
	assert.ok(page.said.length >= 2 && page.said.every((text) => /Content Security Policy/.test(text)), page.said.join("\n"));
});

test("hostile names are shown and never executed", async () => {
	const page = await open(hostile());
	await openAll(page);
	await page.mouse.move(300, 300);
	assert.deepEqual(misdeeds(page), innocent);
	assert.deepEqual(await page.$$eval("main img, main script, main iframe, main object, main [onload], main [onerror], main [onmouseover]",
		(all) => all.map((one) => one.outerHTML)), []);
	const names = await texts(page, "#regions tbody th");
	assert.equal(names.length, HOSTILE.length);
	assert.equal(names[0], HOSTILE[0]);
	assert.equal(names[1], HOSTILE[1]);
	assert.match(names[4], /^U\+202E ?gnp\.exe ?U\+2066 ?U\+200F ?right to left$/);
	assert.match(names[8], /^x+…x+0123456789$/);
	assert.ok(names[8].length <= 60);
	assert.equal(names[9], "(empty)");
	const shown = await page.evaluate(() => document.querySelector("main").innerText);
	assert.ok(shown.includes("x".repeat(9990) + "0123456789"), "all of the long name can be seen");
	assert.ok(!/[\u202e\u2066\u200f\u0000]/.test(shown), "what turns the direction is spelled out");
});

test("hostile names: no quotes or marks in attributes make new ones", async () => {
	const page = await open(hostile());
	const attributes = await page.$$eval("main *", (all) => [...new Set(all.flatMap((one) => one.getAttributeNames()))].filter((name) => /^on|^srcdoc$|^style$/.test(name)));
	/* style: only what the script sets through the object model, for places of bytes and bars. */
	assert.deepEqual(attributes.filter((name) => name !== "style"), []);
});

test("without a profile of normal runs, the page says what it cannot show", async () => {
	const data = fixture("regression");
	data.notes = ["The profile of normal runs was not given: distributions before are missing."];
	data.regions = [{ name: "accumulate", counters: data.regions[0].counters.map(({ before, ...rest }) => rest) }];
	const page = await open(data);
	assert.match((await texts(page, "#notes"))[0], /What this page cannot show The profile of normal runs was not given/);
	assert.match((await texts(page, ".missing"))[0], /Not shown, for there is no data: what time goes into; the reconstruction error of samples; the latent space; samples over time; the course of training; topologies tried\. Why/);
	assert.deepEqual(await page.$$eval("#region-1 .picture", (all) => all.map((one) => one.closest("figure").dataset.kind)), ["new-runs"]);
	const paths = await page.$$eval(".counter .mirror", (all) => all.map((one) => one.querySelectorAll("path").length));
	assert.ok(paths.every((count) => count === 1));
	assert.deepEqual(misdeeds(page), innocent);
});

test("findings alone make a page", async () => {
	const { findings } = fixture("regression");
	const page = await open({ version: 1, tool: "autoperf", findings, regions: [], notes: ["No profile was given."] });
	await openAll(page);
	assert.match((await texts(page, "#region-1"))[0], /No samples are in this report/);
	assert.deepEqual(misdeeds(page), innocent);
});

test("unknown numbers are dashes, not errors", async () => {
	const data = fixture("regression");
	const blank = (value) => {
		if (Array.isArray(value)) value.forEach(blank);
		else if (value && typeof value === "object")
			for (const key of Object.keys(value))
				if (["ratio", "low", "high", "before_ns", "after_ns", "p_value", "factor", "before", "after", "residual", "wall_median_ns", "score_mean"].includes(key) &&
					(value[key] === null || typeof value[key] === "number")) value[key] = null;
				else blank(value[key]);
	};
	blank(data.findings.regions);
	data.findings.before.command = null;
	data.findings.before.git_commit = null;
	const page = await open(data);
	await openAll(page);
	assert.match((await texts(page, "#regions tbody tr"))[0], /accumulate ▲ regression – – – – –/);
	assert.ok(!/NaN|undefined|null|Infinity/.test(await page.evaluate(() => document.querySelector("main").innerText)));
	assert.deepEqual(misdeeds(page), innocent);
});

/* Every place in the data where something is, as a path. */
function places(value, path = []) {
	if (value === null || typeof value !== "object") return [path];
	const keys = Array.isArray(value) ? value.slice(0, 2).map((_, i) => i) : Object.keys(value);
	return [...(path.length ? [path] : []), ...keys.flatMap((key) => places(value[key], [...path, key]))];
}

test("whatever is missing, null or of another kind in the evidence costs its part, not the page", async () => {
	const original = fixture("regression");
	const page = await open(original);
	const all = places(original.regions[0]).filter((path) => path[0] !== "name");
	assert.ok(all.length > 40);
	for (const wrong of [null, "text", []]) {
		/* All in one page, a region each: a page a place would take minutes. */
		const data = fixture("regression");
		data.regions = all.map((path, i) => {
			const evidence = structuredClone(original.regions[0]);
			const last = path[path.length - 1];
			path.slice(0, -1).reduce((value, key) => value[key], evidence)[last] = structuredClone(wrong);
			evidence.name = `region ${i}`;
			return evidence;
		});
		data.findings.regions = all.map((_, i) => ({ ...data.findings.regions[0], name: `region ${i}`, lines: [] }));
		const page = await open(data);
		await page.evaluate(() => {
			for (const details of document.querySelectorAll("details.region")) details.open = true;
		});
		await page.waitForFunction((bodies) => document.querySelectorAll("details.region > .body").length === bodies, all.length);
		await drawn(page);
		assert.equal(await page.$$eval("details.region > .body", (bodies) => bodies.length), all.length, `${JSON.stringify(wrong)}`);
		assert.deepEqual(misdeeds(page), innocent, `${JSON.stringify(wrong)}`);
		await page.context().close();
	}
	assert.deepEqual(misdeeds(page), innocent);
});

test("no region, no run: said, not drawn empty", async () => {
	const data = fixture("normal");
	data.findings.regions = [];
	data.findings.executions = { before: [], after: [] };
	data.regions = [];
	const page = await open(data);
	assert.match((await texts(page, "#regions"))[0], /No region was judged/);
	assert.deepEqual(misdeeds(page), innocent);
});

for (const [what, data, expected] of [
	["truncated data", '{"version":1,"findings":{"verd', /cannot be read.*damaged or incomplete/],
	["another version", { version: 2 }, /version 2; this page reads version 1/],
	["no data", "", /cannot be read/],
	["nothing to show", { version: 1, tool: "x", regions: [], notes: [] }, /neither findings nor an evaluation/],
	["null", "null", /cannot be read|version/],
])
	test(`${what}: the page says so`, async () => {
		const page = await open(data);
		assert.match((await texts(page, "main"))[0], expected);
		assert.deepEqual(misdeeds(page), innocent);
	});

test("the template that nothing was put into says what it is", async () => {
	const page = await open(null, { html: template });
	assert.match((await texts(page, "main"))[0], /empty template/);
});

test("20 regions of the largest size: under 2 MB, open in under 2 s", async () => {
	const data = large(20);
	const page = await open(data); /* the file is in the cache, the browser warm: as for any reader */
	assert.ok(page.bytes < 2_000_000, `${page.bytes} bytes`);
	const times = [];
	for (let i = 0; i < 3; i++) {
		await page.goto("about:blank");
		const begun = performance.now();
		await page.goto(`file://${page.path}`);
		await page.waitForSelector("html[data-ready]");
		await page.waitForFunction(() => document.querySelectorAll("details.region[open] .picture > svg").length === 21);
		times.push(performance.now() - begun);
	}
	times.sort((a, b) => a - b);
	console.log(`# ${page.bytes} bytes, open in ${times.map((time) => time.toFixed(0)).join(", ")} ms`);
	assert.ok(times[1] < 2000, `${times[1]} ms`);
	assert.deepEqual(misdeeds(page), innocent);
});
