// SPDX-License-Identifier: MIT
/* How the page is used: by keyboard alone, in the dark, on a phone, on paper, with a screen reader. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { axeSource, innocent, misdeeds, open, openAll, texts } from "./browser.mjs";
import { HOSTILE, fixture, hostile, large } from "./data.mjs";

const focused = (page) => page.evaluate(() => {
	const element = document.activeElement;
	const style = getComputedStyle(element);
	return {
		text: element.innerText?.replace(/\s+/g, " ").trim() ?? "", tag: element.tagName,
		visible: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
	};
});

/* Presses Tab until something of this tag and text has the focus. */
async function tabTo(page, tag, text) {
	for (let i = 0; i < 200; i++) {
		await page.keyboard.press("Tab");
		const now = await focused(page);
		if (now.tag === tag && now.text.includes(text)) return now;
	}
	assert.fail(`${tag} "${text}" is not reached by Tab`);
}

test("keyboard: the first stop skips to the verdict, and every stop is seen", async () => {
	const page = await open(fixture("regression"));
	await page.keyboard.press("Tab");
	assert.match((await focused(page)).text, /Skip to the verdict/);
	const seen = new Set();
	for (let i = 0; i < 40; i++) {
		await page.keyboard.press("Tab");
		const now = await focused(page);
		if (now.tag === "BODY") break;
		seen.add(now.tag);
		assert.ok(now.visible, `the focus on ${now.tag} "${now.text}" is not seen`);
	}
	for (const tag of ["A", "BUTTON", "SUMMARY"]) assert.ok(seen.has(tag), `${tag} takes no focus`);
});

test("keyboard: a column sorts both ways and back, and says so", async () => {
	const data = large(6);
	const page = await open(data);
	const names = () => texts(page, "#regions tbody th");
	const { regions } = data.findings;
	const original = regions.map((region) => region.name);
	const byRatio = [...regions].sort((a, b) => b.time_per_execution.ratio - a.time_per_execution.ratio).map((region) => region.name);
	assert.deepEqual(await names(), original);
	await tabTo(page, "BUTTON", "Ratio");
	await page.keyboard.press("Enter");
	assert.deepEqual(await names(), byRatio);
	assert.equal(await page.$eval("th[aria-sort]", (cell) => cell.getAttribute("aria-sort")), "descending");
	assert.equal(await page.$eval("[role=status]", (said) => said.textContent), "Sorted by Ratio, descending");
	await page.keyboard.press("Space");
	assert.deepEqual(await names(), [...byRatio].reverse());
	assert.equal(await page.$eval("th[aria-sort]", (cell) => cell.getAttribute("aria-sort")), "ascending");
	await page.keyboard.press("Enter");
	assert.deepEqual(await names(), original);
	assert.equal(await page.$("th[aria-sort]"), null);
});

test("keyboard: a link opens its region, Enter closes it, tables open", async () => {
	const page = await open(large(8));
	assert.equal(await page.$eval("#region-8", (details) => details.open), false);
	await tabTo(page, "A", "stage_8");
	await page.keyboard.press("Enter");
	await page.waitForFunction(() => document.getElementById("region-8").open);
	assert.match((await focused(page)).text, /stage_8/);
	assert.ok(await page.$("#region-8 .picture svg"));
	await page.keyboard.press("Enter");
	assert.equal(await page.$eval("#region-8", (details) => details.open), false);
	await page.keyboard.press("Enter");
	await tabTo(page, "SUMMARY", "As a table");
	await page.keyboard.press("Enter");
	await page.waitForFunction(() => document.activeElement.parentElement.querySelector("table"));
});

/* Relative luminance of "rgb(1, 2, 3)". */
function luminance(colour) {
	const [r, g, b] = colour.match(/[\d.]+/g).slice(0, 3).map((value) => {
		const c = value / 255;
		return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

test("dark and light: the paper is dark and light, the text readable on it", async () => {
	for (const colorScheme of ["dark", "light"]) {
		const page = await open(fixture("regression"), { colorScheme });
		const [paper, ink, axis] = await page.evaluate(() => [
			getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color,
			getComputedStyle(document.querySelector(".plot text")).fill]).then((all) => all.map(luminance));
		assert.ok(colorScheme === "dark" ? paper < 0.05 : paper > 0.9);
		for (const text of [ink, axis])
			assert.ok((Math.max(paper, text) + 0.05) / (Math.min(paper, text) + 0.05) >= 4.5);
		assert.deepEqual(misdeeds(page), innocent);
	}
});

test("360 px: nothing makes the page scroll sideways, however much is opened", async () => {
	for (const data of [fixture("regression"), fixture("normal"), fixture("evaluation"), fixture("splits"), hostile()]) {
		const page = await open(data, { viewport: { width: 360, height: 740 } });
		await openAll(page);
		const wide = await page.evaluate(() => [...document.querySelectorAll("main *")].filter((one) =>
			!one.closest(".scroll table") && one.getBoundingClientRect().right > 361 && !one.closest(".bytes, .unseen-text"))
			.map((one) => `${one.tagName}.${one.getAttribute("class")}`).slice(0, 5));
		assert.deepEqual(wide, []);
		assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
	}
});

test("360 px: sorting and pictures are still there", async () => {
	const page = await open(fixture("regression"), { viewport: { width: 360, height: 740 } });
	assert.ok(await page.isVisible("#regions button >> nth=0"));
	assert.match((await texts(page, "#regions tbody tr"))[0], /accumulate ▲ regression/);
	const widths = await page.$$eval(".picture > svg", (all) => all.map((one) => one.getBoundingClientRect().width));
	assert.ok(widths.length === 7 && widths.every((width) => width > 240 && width <= 360));
});

test("paper: every region is printed, light on white, without navigation", async () => {
	const page = await open(large(5), { colorScheme: "dark" });
	const count = () => page.$$eval("details.region[open]", (all) => all.length);
	assert.equal(await count(), 3);
	let printing = 0;
	await page.exposeFunction("counted", (all) => { printing = all; });
	await page.evaluate(() => window.addEventListener("beforeprint", () =>
		window.counted(document.querySelectorAll("details.region[open] .picture > svg").length)));
	const pdf = await page.pdf({ format: "A4", printBackground: true });
	assert.ok(pdf.length > 20000);
	assert.equal(printing, 5 * 7, "all pictures of all regions are on paper");
	await page.waitForFunction(() => document.querySelectorAll("details.region[open]").length === 3);
	await page.emulateMedia({ media: "print" });
	assert.equal(await page.isVisible("nav"), false);
	assert.equal(await page.isVisible("details.table:not([open])"), false);
	assert.equal(await page.$eval("body", (body) => getComputedStyle(body).backgroundColor), "rgb(255, 255, 255)");
	assert.deepEqual(misdeeds(page), innocent);
});

test("screen reader: a heading for each part, a name and a table for each picture", async () => {
	const page = await open(fixture("regression"));
	await openAll(page);
	const levels = await page.$$eval("main h1, main h2, main h3, main h4, main h5", (all) => all.map((one) => Number(one.tagName[1])));
	assert.equal(levels[0], 1);
	levels.reduce((before, level) => {
		assert.ok(level <= before + 1, `a heading of level ${level} follows one of ${before}`);
		return level;
	});
	const pictures = await page.$$eval(".picture > svg", (all) => all.map((one) => ({
		role: one.getAttribute("role"), name: one.getAttribute("aria-label"), rows: one.closest("figure").querySelectorAll("details.table tbody tr").length,
	})));
	assert.equal(pictures.length, 7);
	for (const picture of pictures) {
		assert.equal(picture.role, "img");
		assert.match(picture.name, /accumulate/);
		assert.ok(picture.rows > 0, `${picture.name}: no table behind it`);
	}
	assert.equal(await page.getAttribute("html", "lang"), "en");
});

async function violations(page) {
	await page.evaluate(axeSource); /* through the debugger: the page's own policy would refuse it */
	return page.evaluate(async () => {
		const result = await window.axe.run(document, { resultTypes: ["violations"] });
		return result.violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
	});
}

for (const name of ["regression", "improvement", "normal", "evaluation", "splits"])
	for (const colorScheme of ["light", "dark"])
		test(`axe finds nothing: ${name}, ${colorScheme}`, async () => {
			const page = await open(fixture(name), { colorScheme });
			assert.deepEqual(await violations(page), []);
			await openAll(page);
			assert.deepEqual(await violations(page), []);
		});

test("axe finds nothing: a phone, and hostile names", async () => {
	const narrow = await open(fixture("regression"), { viewport: { width: 360, height: 740 } });
	await openAll(narrow);
	assert.deepEqual(await violations(narrow), []);
	const page = await open(hostile(HOSTILE.filter((_, i) => i % 4 === 0)));
	await openAll(page);
	assert.deepEqual(await violations(page), []);
});
