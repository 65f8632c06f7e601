/* SPDX-License-Identifier: MIT */
/*
 * Marks for Plot that draw all points of a class as one path: thousands of circles as elements of
 * their own would make the page slow. What is normal is a dot, what is new a cross, so that the
 * two differ without colour.
 */
import * as Plot from "@observablehq/plot";
import { svg } from "./dom";
import { known } from "./format";

export type Shape = "dot" | "cross" | "ring";
const ARM = 2.5; /* half a cross, pixels */
const RADIUS = 2;

function figure(shape: Shape, x: number, y: number): string {
	const at = `${x.toFixed(1)},${y.toFixed(1)}`;
	if (shape === "dot") return `M${at}h0`; /* a round cap */
	if (shape === "ring")
		return `M${at}m-${RADIUS},0a${RADIUS},${RADIUS} 0 1 0 ${2 * RADIUS},0a${RADIUS},${RADIUS} 0 1 0 -${2 * RADIUS},0`;
	return `M${at}m-${ARM},-${ARM}l${2 * ARM},${2 * ARM}m0,-${2 * ARM}l-${2 * ARM},${2 * ARM}`;
}

export function points<Row>(
	rows: Row[],
	shape: Shape,
	className: string,
	channels: { x: (row: Row) => number; y: (row: Row) => number; fx?: (row: Row) => string; fy?: (row: Row) => string },
): Plot.Markish {
	return Plot.dot(rows, {
		...channels,
		render: (index, _scales, values) => {
			let path = "";
			const { x = [], y = [] } = values as { x?: ArrayLike<number>; y?: ArrayLike<number> };
			for (const i of index) {
				const [px, py] = [x[i], y[i]];
				if (px !== undefined && py !== undefined && Number.isFinite(px) && Number.isFinite(py))
					path += figure(shape, px, py);
			}
			return svg("path", { d: path, class: `points ${shape} ${className}` });
		},
	} as Plot.DotOptions);
}

/*
 * A mirrored histogram: new samples above the line, normal ones below it. Nothing lies on top of
 * anything, and it reads without colour.
 */
export interface Bin {
	low: number;
	high: number;
	normal: number;
	fresh: number;
}

export function bins(edges: number[], normal: number[] | undefined, fresh: number[] | undefined): Bin[] {
	const result: Bin[] = [];
	const share = (value: number | null | undefined): number => known(value) && value > 0 ? value : 0;
	for (let i = 0; i + 1 < edges.length; i++) {
		const [low, high] = [edges[i], edges[i + 1]];
		if (known(low) && known(high) && low <= high)
			result.push({ low, high, normal: share(normal?.[i]), fresh: share(fresh?.[i]) });
	}
	return result;
}

/* Value below which a share of the binned samples lies, even within a bin. */
export function quantile(all: Bin[], side: "normal" | "fresh", share: number): number | null {
	const total = all.reduce((sum, bin) => sum + bin[side], 0);
	let left = share * total;
	if (total <= 0) return null;
	for (const bin of all) {
		if (left <= bin[side] && bin[side] > 0) return bin.low + (bin.high - bin.low) * (left / bin[side]);
		left -= bin[side];
	}
	return all[all.length - 1]?.high ?? null;
}
