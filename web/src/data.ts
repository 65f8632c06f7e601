/* SPDX-License-Identifier: MIT */
import type { Evaluation } from "./evaluation_data";
import type { Findings } from "./findings_data";

// The contract between the C side (src/report/html.c, which builds and embeds this) and the page (web/).
// Embedded as <script type="application/json" id="autoperf-data">, with every '<' of strings written as \u003c.
// Everything optional may be missing: the page then says what it cannot show and why (`notes`), and shows the rest.
// NaN and infinities are null. Names are untrusted text: set as text nodes only.
export interface PageData {
	version: 1;
	tool: string; // "autoperf 0.1.0"
	findings?: Findings; // as doc/findings.schema.json says, unchanged
	evaluation?: Evaluation; // as `autoperf evaluate --json` prints, unchanged
	regions: RegionEvidence[]; // matched with findings.regions by name
	notes: string[]; // what is missing, and why, in sentences: "The profile of normal runs was not given: ..."
}
export interface Sample {
	side: "normal" | "new";
	run: number;
	thread: number; // ordinal in its run, 0...
	at_s: number; // begin, seconds since the run's begin
	wall_ns: number;
	anomalous?: boolean; // only of new ones
}
export interface SampleColumns { // the same in a quarter of the bytes: columns of equal length
	side: string; // one character a sample: "n" normal, "f" fresh
	run: number[];
	thread: number[];
	at_s: number[];
	wall_ns: number[];
	anomalous?: string; // "1" or "0" a sample
}
export interface RegionEvidence {
	name: string;
	scores?: { // reconstruction error (the sample's score), held-out normal samples and new ones
		edges: number[]; // n + 1 ascending edges of bins, log-spaced
		normal: number[]; // n shares of all normal samples, sum <= 1
		fresh: number[]; // n shares of all new samples
		threshold: number; // above it a sample is anomalous
	};
	counters: { // the ranked counters of the findings that have samples, same order
		name: string;
		edges: number[]; // n + 1; the counter's rate, natural units as in the findings
		before?: number[]; // n shares (profile of normal runs given)
		after?: number[];
	}[];
	roles?: { // estimated time by role, per execution, ns; what no role explains is "other"
		role: string;
		before: number;
		after: number;
	}[];
	samples?: Sample[] | SampleColumns; // thinned, at most 2,000 points a region; new runs, and normal ones if given
	latent?: { // first two principal components of the network's latent layer; at most 600 points each
		explained: [number, number]; // shares of variance
		normal: [number, number][];
		fresh: [number, number][];
		layer: string; // "8 units of 33-16-8-16-33", or "33 scaled features: the network has no hidden layer"
	};
	training?: {
		topology: string; // the chosen one
		candidates: { topology: string; error: number; chosen: boolean }[]; // on held-out runs
		epochs: { step: number; training: number; validation: number | null }[]; // of the chosen one
	};
}
