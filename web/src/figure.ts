/* SPDX-License-Identifier: MIT */
/*
 * A figure: a heading, one sentence that says what to look at, the picture, and the same numbers
 * as a table behind it. The picture is drawn for the width that it has and again when that changes;
 * to a screen reader it is one image with a name, the table is what it reads.
 */
import * as Plot from "@observablehq/plot";
import { type Child, guarded, h, lazy } from "./dom";

const WIDTH_MIN = 240;
const WIDTH_PRINT = 560; /* where nothing is laid out yet */

export interface FigureOptions {
	id: string; /* kind of figure: "scores" */
	title: string;
	caption: Child;
	label: string; /* what a screen reader says of the picture */
	draw: (width: number) => Plot.PlotOptions;
	table?: () => Child;
	legend?: Child;
	wide?: boolean;
	heading?: "h3" | "h4"; /* below a section's, or a region's */
}

/* A closed <details> has no width: its pictures wait until it is opened. */
const drawn = new WeakMap<Element, () => void>();
const observer = typeof ResizeObserver === "undefined" ? null
	: new ResizeObserver((entries) => {
		for (const entry of entries) drawn.get(entry.target)?.();
	});

function plot(options: Plot.PlotOptions): SVGElement | HTMLElement {
	const element = Plot.plot({
		marginLeft: 44, marginRight: 12, marginTop: 12, marginBottom: 34,
		...options,
		className: "plot",
	});
	/* Plot's own style element: the page's policy refuses it, and style.css says the same. */
	for (const style of [...element.querySelectorAll("style")]) style.remove();
	/* The picture is one image with one name; groups in it are nothing to a screen reader. */
	for (const group of element.querySelectorAll("[aria-label]")) group.removeAttribute("aria-label");
	return element;
}

export function figure(options: FigureOptions): HTMLElement {
	const picture = h("div", { class: "picture" });
	let width = 0;
	const draw = (): void => {
		const now = Math.max(WIDTH_MIN, Math.floor(picture.clientWidth || WIDTH_PRINT));
		if (now === width || (width && !picture.clientWidth)) return;
		width = now;
		picture.replaceChildren(guarded(options.title, () => {
			const element = plot(options.draw(now));
			element.setAttribute("role", "img");
			element.setAttribute("aria-label", options.label);
			return element;
		}) ?? "");
	};
	drawn.set(picture, draw);
	observer?.observe(picture);
	return h("figure", { class: options.wide ? "wide" : null, "data-kind": options.id },
		h("figcaption", null, h(options.heading ?? "h4", null, options.title), h("p", null, options.caption)),
		options.legend, picture,
		options.table && lazy(h("details", { class: "table" }, h("summary", null, "As a table",
			h("span", { class: "unseen-text" }, `: ${options.title}`))), options.table));
}

/* Draws what waits for a width, before the page is printed. */
export function drawAll(): void {
	for (const picture of document.querySelectorAll(".picture")) drawn.get(picture)?.();
}

/* A key to colours and shapes: pairs of a CSS class of a swatch and what it stands for. */
export function legend(items: [string, Child][]): HTMLElement {
	return h("ul", { class: "legend" }, items.map(([className, text]) =>
		h("li", null, h("span", { class: `swatch ${className}`, "aria-hidden": "true" }), text)));
}
