// SPDX-License-Identifier: MIT
/* screenshot.mjs OUTPUT.png: the top of a real report, for the README. */
import { open, start, stop } from "./browser.mjs";
import { fixture } from "./data.mjs";

const WIDTH = 1000;
await start();
try {
	const page = await open(fixture("regression"), { viewport: { width: WIDTH, height: 800 } });
	const end = await page.$eval("[data-kind=sharing] .columns", (one) => one.getBoundingClientRect().bottom);
	await page.waitForTimeout(200);
	await page.screenshot({ path: process.argv[2], fullPage: true, clip: { x: 0, y: 0, width: WIDTH, height: Math.ceil(end) + 16 } });
} finally {
	await stop();
}
