/* SPDX-License-Identifier: MIT */
/*
 * Tables: small ones behind plots, and the sortable one of regions. Roles are written out, for
 * on narrow screens rows become blocks, and browsers then forget that they were a table.
 */
import { type Child, append, h } from "./dom";

export interface Column<Row> {
	title: string;
	numeric?: boolean;
	cell: (row: Row) => Child;
	/* What to sort by; unknown values come last in both directions. */
	key?: (row: Row) => number | string | null | undefined;
}

function head<Row>(columns: Column<Row>[], fill: (column: Column<Row>, cell: HTMLElement) => void): HTMLElement {
	const row = h("tr", { role: "row" });
	for (const column of columns) {
		const cell = h("th", { scope: "col", role: "columnheader", class: column.numeric ? "number" : null });
		fill(column, cell);
		row.append(cell);
	}
	return h("thead", { role: "rowgroup" }, row);
}

function bodyRow<Row>(columns: Column<Row>[], row: Row): HTMLElement {
	return h("tr", { role: "row" }, columns.map((column, index) =>
		h(index ? "td" : "th", {
			role: index ? "cell" : "rowheader", scope: index ? null : "row",
			class: column.numeric ? "number" : null, "data-title": column.title,
		}, column.cell(row))));
}

/* What can be scrolled can be reached by keyboard; what cannot is no stop on the way. */
const observer = typeof ResizeObserver === "undefined" ? null
	: new ResizeObserver((entries) => {
		for (const { target } of entries) {
			const scrolls = target.scrollWidth > target.clientWidth + 1 || target.scrollHeight > target.clientHeight + 1;
			for (const [key, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", "Table that scrolls"]] as const)
				if (scrolls) target.setAttribute(key, value);
				else target.removeAttribute(key);
		}
	});

export function table<Row>(caption: Child, columns: Column<Row>[], rows: Row[]): HTMLElement {
	const element = h("table", { role: "table" }, h("caption", null, caption),
		head(columns, (column, cell) => append(cell, column.title)),
		h("tbody", { role: "rowgroup" }, rows.map((row) => bodyRow(columns, row))));
	const box = h("div", { class: "scroll" }, element);
	observer?.observe(box);
	return box;
}

function compare(left: number | string, right: number | string): number {
	if (typeof left === "number" && typeof right === "number") return left - right;
	return String(left).localeCompare(String(right), "en");
}

/*
 * Headers are buttons: first the direction that puts what matters on top (numbers descending,
 * texts ascending), then the other one, then the order that the rows came in.
 */
export function sortable<Row>(caption: Child, columns: Column<Row>[], rows: Row[]): HTMLElement {
	const said = h("p", { class: "unseen-text", role: "status" });
	const lines = rows.map((row) => ({ row, element: bodyRow(columns, row) }));
	const body = h("tbody", { role: "rowgroup" }, lines.map((line) => line.element));
	const cells: HTMLElement[] = [];
	let sorted: Column<Row> | null = null;
	let direction = 0;

	const sort = (column: Column<Row>, cell: HTMLElement): void => {
		const first = column.numeric ? -1 : 1;
		if (sorted !== column) [sorted, direction] = [column, first];
		else if (direction === first) direction = -first;
		else [sorted, direction] = [null, 0];
		const key = sorted?.key;
		const order = key ? [...lines].sort((a, b) => {
			const [left, right] = [key(a.row) ?? null, key(b.row) ?? null];
			if (left === null || right === null) return Number(left === null) - Number(right === null);
			return direction * compare(left, right);
		}) : lines;
		body.append(...order.map((line) => line.element));
		for (const other of cells) other.removeAttribute("aria-sort");
		if (sorted) cell.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
		said.textContent = sorted
			? `Sorted by ${column.title}, ${direction > 0 ? "ascending" : "descending"}`
			: "In the original order: the most serious first";
	};

	const element = h("table", { role: "table", class: "sortable" }, h("caption", null, caption),
		head(columns, (column, cell) => {
			cells.push(cell);
			const button = h("button", { type: "button" }, column.title,
				h("span", { class: "arrow", "aria-hidden": "true" }));
			button.addEventListener("click", () => sort(column, cell));
			cell.append(button);
		}), body);
	return h("div", { class: "wide" }, element, said);
}

/* Name and value, one a line. */
export function facts(pairs: [Child, Child][]): HTMLElement {
	return h("dl", { class: "facts" }, pairs.map(([term, value]) =>
		h("div", null, h("dt", null, term), h("dd", null, value))));
}
