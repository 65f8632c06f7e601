/* SPDX-License-Identifier: MIT */
/* The author's changed lines, where `check` knows them: of a region, and of the whole range. */
import { type Child, h, lazy, section } from "./dom";
import type { Change, Findings, Region } from "./findings_data";
import { count, plural } from "./format";
import { name } from "./name";

const SHOWN = 20;

/* "src/sum.c:37–41"; no lines: something was taken out behind one. */
function where(change: Change): Child {
	const { first, count: lines } = change;
	const last = first + lines - 1;
	return h("li", null, h("code", null, name(change.path), lines > 1 ? `:${first}–${last}` : `:${first}`),
		lines === 0 ? h("span", { class: "quiet" }, " lines removed behind it") : null);
}

function list(changes: Change[]): Child {
	const shown = changes.slice(0, SHOWN);
	const more = changes.slice(SHOWN);
	return [h("ul", { class: "names" }, shown.map(where)),
		more.length ? lazy(h("details", { class: "more" }, h("summary", null, `${count(more.length)} more`)),
			() => h("ul", { class: "names" }, more.map(where))) : null];
}

export function regionChanges(region: Region): HTMLElement | null {
	return region.changes?.length ? h("div", { class: "part", "data-kind": "changes" },
		h("h4", null, "Changed lines that are likely about this region"), list(region.changes)) : null;
}

export function changesSection(findings: Findings): HTMLElement | null {
	const { changes, range } = findings;
	if (!changes?.length && !range) return null;
	return section("changes", "Changed lines",
		h("p", null, plural(changes?.length ?? 0, "stretch").replace(/stretchs$/, "stretches"), " of lines differ",
			range ? [" in ", h("code", null, name(range))] : null, "."),
		changes?.length ? list(changes) : null);
}
