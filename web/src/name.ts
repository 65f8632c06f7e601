/* SPDX-License-Identifier: MIT */
/*
 * Names come from programs that are measured: they may hold anything, be empty or endless. They
 * are shown in isolation from the text around them, with characters that cannot be seen or turn
 * the direction of writing spelled out, and shortened in the middle with the whole a click away.
 */
import { type Child, h, lazy } from "./dom";
import { count } from "./format";

const UNSEEN =
	/[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/u;
const LONE = /[\ud800-\udfff]/u; /* with the flag u, pairs do not match */
export const NAME_CHARACTERS = 96;
const LABEL_CHARACTERS = 28;
const TAIL = 3; /* a third of what is shown is the end */

function spelled(character: string): string {
	const code = character.codePointAt(0) ?? 0;
	return "U+" + code.toString(16).toUpperCase().padStart(4, "0");
}

function visible(text: string): Child[] {
	const parts: Child[] = [];
	let run = "";
	for (const character of text) {
		if (!UNSEEN.test(character) && !LONE.test(character)) {
			run += character;
			continue;
		}
		if (run) parts.push(run);
		parts.push(h("span", { class: "unseen" }, spelled(character)));
		run = "";
	}
	parts.push(run);
	return parts;
}

function shorten(text: string, limit: number): string {
	const characters = [...text];
	if (characters.length <= limit) return text;
	const tail = Math.floor(limit / TAIL);
	return `${characters.slice(0, limit - tail - 1).join("")}…${characters.slice(-tail).join("")}`;
}

/* A name in running text, a cell or a heading; never longer than `limit`. */
export function name(text: string, limit = NAME_CHARACTERS): HTMLElement {
	return h("bdi", { class: "name" }, text === "" ? h("i", null, "(empty)") : visible(shorten(text, limit)));
}

/* Text of others that may be long: what does not fit is behind "all of it". */
export function whole(text: string, limit: number, tag: "bdi" | "code" = "bdi"): Child {
	if ([...text].length <= limit) return h(tag, { class: "whole" }, visible(text));
	const details = h("details", { class: "long" },
		h("summary", null, h(tag, { class: "whole" }, visible(shorten(text, limit))), " ",
			h("span", { class: "quiet" }, `all ${count([...text].length)} characters`)));
	return lazy(details, () => h(tag, { class: "whole" }, visible(text)));
}

/* A name where only plain text goes: labels of axes and of pictures. */
export function label(text: string, limit = LABEL_CHARACTERS): string {
	let result = "";
	for (const character of shorten(text, limit))
		result += UNSEEN.test(character) || LONE.test(character) ? `‹${spelled(character)}›` : character;
	return result === "" ? "(empty)" : result;
}

/* "false_sharing" of the catalogue in words. */
export function role(text: string): string {
	const words: Record<string, string> = {
		cpu_time: "CPU time", llc_miss: "last-level cache misses", l1d_miss: "L1 data misses",
		l1i_miss: "L1 instruction misses", l2_miss: "L2 misses", hitm: "lines modified by another core",
		dtlb_miss: "data TLB misses", itlb_miss: "instruction TLB misses", remote_dram: "remote memory",
		branch_miss: "branch mispredictions",
	};
	return words[text] ?? text.replace(/_/g, " ");
}
