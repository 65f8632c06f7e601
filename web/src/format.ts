/* SPDX-License-Identifier: MIT */
/*
 * Numbers as text: three significant digits, units with a no-break space, and a dash for what is
 * not known. The same roundings as the report in the terminal.
 */
export type Known = number | null | undefined;

export const UNKNOWN = "–";
const SPACE = "\u00a0";
const DIGITS = 3;

export function known(value: Known): value is number {
	return typeof value === "number" && Number.isFinite(value);
}

/* 0.0912, 15.6, 479: no exponent, no more digits than are good for anything. */
function plain(value: number): string {
	const size = Math.abs(value);
	if (size >= 100) return String(Math.round(value));
	return String(Number(value.toPrecision(DIGITS)));
}

/* With the zeros of its digits: 1.00, 31.0. */
function fixed(value: number): string {
	return Math.abs(value) >= 100 ? String(Math.round(value)) : value.toPrecision(DIGITS);
}

export function number(value: Known): string {
	if (!known(value)) return UNKNOWN;
	const size = Math.abs(value);
	if (size !== 0 && (size < 1e-4 || size >= 1e15)) return value.toExponential(1).replace(".0e", "e");
	for (const [from, suffix] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]] as const)
		if (size >= from * 0.99995) return plain(value / (suffix === "k" ? 1e3 : from)) + suffix;
	return plain(value);
}

export function count(value: Known): string {
	return known(value) ? Math.round(value).toLocaleString("en-US") : UNKNOWN;
}

export function time(ns: Known): string {
	if (!known(ns)) return UNKNOWN;
	const size = Math.abs(ns);
	if (size < 999.5) return plain(ns) + SPACE + "ns";
	if (size < 999.5e3) return fixed(ns / 1e3) + SPACE + "µs";
	if (size < 999.5e6) return fixed(ns / 1e6) + SPACE + "ms";
	return fixed(ns / 1e9) + SPACE + "s";
}

/* The same without the zeros of its digits, for axes. */
export function timeTick(ns: number): string {
	return ns === 0 ? "0" : time(ns).replace(/\.0+(?=\D)|(\.\d*?[1-9])0+(?=\D)/, "$1");
}

/*
 * Ticks of a logarithmic axis: powers of ten, as many as there is room for; within less than two
 * decades also 2 and 5 times these, or 3 times.
 */
export function logTicks(low: number, high: number, most: number): number[] {
	if (!(low > 0) || !(high > low)) return low > 0 ? [low] : [];
	const first = Math.floor(Math.log10(low));
	const last = Math.ceil(Math.log10(high));
	const within = (at: number): boolean => at >= low * 0.999 && at <= high * 1.001;
	const powers: number[] = [];
	for (let power = first; power <= last; power++) powers.push(10 ** power);
	let ticks = powers.filter(within);
	if (ticks.length < 3) {
		for (const steps of [[1, 2, 5], [1, 3]]) {
			const finer = powers.flatMap((power) => steps.map((step) => step * power)).filter(within);
			if (finer.length > most) continue;
			ticks = finer;
			break;
		}
	}
	if (!ticks.length) ticks = [Number(low.toPrecision(2)), Number(high.toPrecision(2))].filter(within);
	const step = Math.ceil(ticks.length / most);
	return ticks.filter((_, i) => i % step === 0);
}

export function ratio(value: Known): string {
	if (!known(value)) return UNKNOWN;
	if (value >= 9999.5) return number(value) + "×";
	return (value < 0.01 ? plain(value) : fixed(value)) + "×";
}

/* "30.7–31.1" */
export function interval(low: Known, high: Known): string {
	if (!known(low) && !known(high)) return UNKNOWN;
	return `${ratio(low).replace("×", "")}–${ratio(high)}`;
}

export function percent(share: Known): string {
	if (!known(share)) return UNKNOWN;
	const hundred = share * 100;
	if (hundred === 0 || hundred >= 9.95) return Math.round(hundred) + SPACE + "%";
	return (hundred < 0.001 ? hundred.toExponential(0) : Number(hundred.toPrecision(2))) + SPACE + "%";
}

/* How a counter moved. `null`: there was nothing before. */
export function factor(value: Known, before: Known, after: Known): string {
	if (value === null && before === 0 && known(after) && after > 0) return "new";
	if (!known(value)) return UNKNOWN;
	return ratio(value);
}

export function probability(value: Known): string {
	if (!known(value)) return UNKNOWN;
	return value === 0 || value >= 1e-4 ? String(Number(value.toPrecision(2))) : value.toExponential(1);
}

export function bytes(value: Known): string {
	if (!known(value) || value <= 0) return UNKNOWN;
	for (const [size, unit] of [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]] as const)
		if (value >= size) return plain(value / size) + SPACE + unit;
	return plain(value) + SPACE + "bytes";
}

/* "1 run", "3 runs" */
export function plural(value: number, noun: string): string {
	return `${count(value)}${SPACE}${noun}${value === 1 ? "" : "s"}`;
}

/*
 * Sentences are written for terminals: "29.3x", "15.6 us -> 456 us". Numbers outside of quotes get
 * their proper signs; names in quotes stay as they are.
 */
export function typeset(text: string): string {
	return text.split(/("[^"]*")/).map((part, i) => i % 2 ? part : part
		.replace(/(?<![\w.])(\d[\d.]*[kMG]?)x(?!\w)/g, "$1×")
		.replace(/(?<![\w.])(\d[\d.]*) us(?!\w)/g, "$1\u00a0µs")
		.replace(/(?<![\w.])(\d[\d.]*) (ns|ms|s|%)(?!\w)/g, "$1\u00a0$2")
		.replace(/ -> /g, " → ")).join("");
}

export function sentence(text: string): string {
	const first = typeset(text.charAt(0).toUpperCase() + text.slice(1));
	return /[.!?]$/.test(first) ? first : first + ".";
}
