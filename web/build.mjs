// SPDX-License-Identifier: MIT
/*
 * Bundles the page: node build.mjs OUTPUT. Style and script go into page.html; the page's
 * Content-Security-Policy allows these two by their hashes and nothing else. The same sources and
 * the versions in package-lock.json give the same bytes.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const BYTES_MAX = 500_000;

async function bundle(entry) {
	const result = await build({
		absWorkingDir: here, entryPoints: [entry], bundle: true, minify: true, write: false, metafile: true,
		format: "iife", target: ["chrome100", "firefox100", "safari15.4"], legalComments: "none", charset: "utf8",
		logLevel: "warning",
	});
	return { text: result.outputFiles[0].text.trim(), inputs: Object.keys(result.metafile.inputs) };
}

/* Packages whose code is in the bundle. */
function packagesOf(inputs) {
	const names = inputs.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]).filter(Boolean);
	return [...new Set(names)].sort();
}

/* What their licences want said in copies: each text once, with the copyrights that it is for. */
function licences(names) {
	const texts = new Map();
	for (const name of names) {
		const directory = join(here, "node_modules", name);
		const { version } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
		const file = readdirSync(directory).find((one) => /^licen[cs]e/i.test(one));
		const lines = file ? readFileSync(join(directory, file), "utf8").trim().split(/\r?\n/) : ["Licence: see the package"];
		const owner = lines.filter((line) => /^copyright/i.test(line.trim())).map((line) => line.trim());
		const body = lines.filter((line) => !/^copyright/i.test(line.trim())).join(" ").replace(/\s+/g, " ").trim();
		texts.set(body, [...(texts.get(body) ?? []), `${name} ${version}: ${owner.join("; ")}`]);
	}
	return [...texts].map(([body, owners]) => `${owners.join("\n")}\n${body}`).join("\n\n")
		.replace(/--/g, "- -").replace(/[<>]/g, (character) => (character === "<" ? "(" : ")"));
}

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const style = (await bundle("src/style.css")).text;
const script = await bundle("src/main.ts");
if (/<\/(script|style)/i.test(script.text) || /<\/style/i.test(style) || script.text.includes("@AUTOPERF_DATA@"))
	throw new Error("the bundle holds an end tag or the placeholder");
const policy = `default-src 'none'; script-src ${hash(script.text)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'`;
const notice = `<!--\nAutoPerf's report. Made from web/ by web/build.mjs: edit there. Its script holds code of these packages:\n\n` +
	`${licences(packagesOf(script.inputs))}\n-->\n`;
/* Functions: in a plain replacement text, $ would mean something. */
const page = readFileSync(join(here, "page.html"), "utf8")
	.replace("@POLICY@", () => policy).replace("@STYLE@", () => style).replace("@SCRIPT@", () => script.text)
	.replace("<html", () => `${notice}<html`);

const output = process.argv[2];
if (!output) throw new Error("usage: build.mjs OUTPUT");
if (page.split("@AUTOPERF_DATA@").length !== 2) throw new Error("the placeholder of the data is not there exactly once");
if (Buffer.byteLength(page) > BYTES_MAX) throw new Error(`the page is ${Buffer.byteLength(page)} bytes, more than ${BYTES_MAX}`);
if (!existsSync(output) || readFileSync(output, "utf8") !== page) writeFileSync(output, page);
console.log(`${output}: ${Buffer.byteLength(page)} bytes`);
