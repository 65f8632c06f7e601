// SPDX-License-Identifier: MIT
/*
 * A page under test: data put into the bundle as `autoperf report` does, opened from disk in
 * Debian's Chromium. Whatever it logs, and whatever it asks the network for, is kept.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const require = createRequire(join(root, "web", "package.json"));
const { chromium } = require("playwright-core");
export const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const PLACEHOLDER = "@AUTOPERF_DATA@";
export const template = readFileSync(join(root, "src", "report", "page.html"), "utf8");

/* The text of a report with this data, a value or JSON as text. */
export function fill(data) {
	const text = typeof data === "string" ? data : JSON.stringify(data);
	return template.replace(PLACEHOLDER, () => text.replace(/</g, "\\u003c"));
}

let browser;
let directory;

export async function start() {
	directory = mkdtempSync(join(tmpdir(), "autoperf-page-"));
	browser = await chromium.launch({
		executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
		args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
	});
}

/* Of a test that is over. */
export async function closePages() {
	await Promise.all(browser.contexts().map((context) => context.close()));
}

export async function stop() {
	await browser?.close();
	if (directory) rmSync(directory, { recursive: true, force: true });
}

let files = 0;

/*
 * Opens a report. `options` are Playwright's of a context, and `html` instead of data. `page.said`
 * collects errors and warnings of the console, `page.asked` addresses of requests other than for
 * the file itself, `page.dialogs` dialogs.
 */
export async function open(data, { html, ...options } = {}) {
	const path = join(directory, `report-${++files}.html`);
	writeFileSync(path, html ?? fill(data));
	const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, ...options });
	const page = await context.newPage();
	Object.assign(page, { said: [], asked: [], dialogs: [], path, bytes: Buffer.byteLength(html ?? fill(data)) });
	page.on("console", (message) => {
		if (["error", "warning"].includes(message.type())) page.said.push(message.text());
	});
	page.on("pageerror", (error) => page.said.push(`uncaught: ${error.message}`));
	page.on("request", (request) => {
		if (request.url().split("#")[0] !== `file://${path}`) page.asked.push(request.url());
	});
	page.on("dialog", (dialog) => {
		page.dialogs.push(dialog.message());
		return dialog.dismiss();
	});
	await page.goto(`file://${path}`);
	await page.waitForSelector("html[data-ready]", { timeout: 20000 });
	await drawn(page);
	return page;
}

/* Pictures are drawn when they have got a width: a frame later. */
export async function drawn(page) {
	await page.waitForFunction(() => [...document.querySelectorAll(".picture")].every((one) => one.firstElementChild || !one.clientWidth));
}

/* What a page must never do, whatever is in it. */
export function misdeeds(page) {
	return { said: page.said, asked: page.asked, dialogs: page.dialogs };
}
export const innocent = { said: [], asked: [], dialogs: [] };

/* Visible text of all that matches, white space made one blank. */
export async function texts(page, selector) {
	return page.$$eval(selector, (all) => all.map((one) => one.innerText.replace(/\s+/g, " ").trim()));
}

/* Opens every region and every table. */
export async function openAll(page) {
	for (let round = 0; round < 3; round++)
		await page.evaluate(() => {
			for (const details of document.querySelectorAll("details:not([open])")) details.open = true;
			return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 30)));
		});
	await drawn(page);
}
