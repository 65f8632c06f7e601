/* SPDX-License-Identifier: MIT */
/*
 * Elements made in one expression. Children that are strings become text nodes, so whatever a
 * name holds is shown and never parsed; there is no way to pass markup, handlers or inline style
 * (which the page's Content-Security-Policy would refuse anyway).
 */
export type Child = Node | string | number | null | undefined | false | Child[];
type Attributes = Record<string, string | number | boolean | null | undefined>;

const SVG = "http://www.w3.org/2000/svg";

function fill(element: Element, attributes: Attributes | null, children: Child[]): void {
	for (const [key, value] of Object.entries(attributes ?? {})) {
		if (value === null || value === undefined || value === false) continue;
		element.setAttribute(key, value === true ? "" : String(value));
	}
	append(element, children);
}

export function append(element: Element, child: Child): void {
	if (Array.isArray(child)) for (const one of child) append(element, one);
	else if (child instanceof Node) element.append(child);
	else if (child !== null && child !== undefined && child !== false) element.append(String(child));
}

export function h<K extends keyof HTMLElementTagNameMap>(
	tag: K,
	attributes: Attributes | null,
	...children: Child[]
): HTMLElementTagNameMap[K] {
	const element = document.createElement(tag);
	fill(element, attributes, children);
	return element;
}

export function svg<K extends keyof SVGElementTagNameMap>(
	tag: K,
	attributes: Attributes | null,
	...children: Child[]
): SVGElementTagNameMap[K] {
	const element = document.createElementNS(SVG, tag);
	fill(element, attributes, children);
	return element;
}

/* A heading with an anchor of its own. */
export function section(id: string, title: string, ...children: Child[]): HTMLElement {
	return h("section", { id, "aria-labelledby": `${id}-title` },
		h("h2", { id: `${id}-title` }, title), children);
}

function damaged(what: string, error: unknown): HTMLElement {
	return h("p", { class: "missing" }, `Not shown, for its data are damaged: ${what} (${String(error)}).`);
}

/* A part of the page; data that nobody thought of cost this part, not the page. */
export function guarded<E extends Element>(what: string, build: () => E | null): E | HTMLElement | null {
	try {
		return build();
	} catch (error) {
		return damaged(what, error);
	}
}

/* Builds the body of <details> when it is opened for the first time: most never are. */
export function lazy(details: HTMLDetailsElement, build: () => Child): HTMLDetailsElement {
	let built = false;
	const once = (): void => {
		if (built || !details.open) return;
		built = true;
		try {
			append(details, build());
		} catch (error) {
			append(details, damaged("this part", error));
		}
	};
	details.addEventListener("toggle", once);
	once();
	return details;
}
