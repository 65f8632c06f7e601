/* SPDX-License-Identifier: MIT */
/* How it was measured: machine, command, commits, settings, versions; what differs is marked. */
import { type Child, h, section } from "./dom";
import type { Command, Findings, Machine, Side } from "./findings_data";
import { UNKNOWN, bytes, count, percent, plural } from "./format";
import { name, whole } from "./name";
import { type Column, facts, table } from "./table";

const COMMAND_CHARACTERS = 240;

const SOURCES: Record<string, string> = {
	perf: "the processor’s and the kernel’s (perf)", papi: "PAPI", sim: "a simulated machine", import: "imported", none: "none: times only",
};

/* As a shell would take it. */
export function commandText(command: Command): string | null {
	if (!Array.isArray(command)) return command;
	return command.map((word) => {
		const text = word ?? "";
		return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
	}).join(" ");
}

function shown(text: string | null | undefined, limit: number, tag: "bdi" | "code" = "bdi"): Child {
	return text ? whole(text, limit, tag) : UNKNOWN;
}

function yes(value: boolean | null): string | null {
	return value === null ? null : value ? "on" : "off";
}

function machineRows(of: (side: Side) => Machine): { title: string; value: (side: Side) => Child; plain: (side: Side) => string }[] {
	const text = (title: string, key: (machine: Machine) => string | null) => ({
		title, value: (side: Side) => shown(key(of(side)), COMMAND_CHARACTERS), plain: (side: Side) => key(of(side)) ?? "",
	});
	return [
		text("Processor", (machine) => machine.cpu_model),
		text("Architecture", (machine) => machine.architecture),
		text("Cores", (machine) => machine.cores ? count(machine.cores) +
			(machine.cores_allowed && machine.cores_allowed !== machine.cores ? `, ${count(machine.cores_allowed)} allowed` : "") : null),
		text("NUMA nodes", (machine) => machine.numa_nodes ? count(machine.numa_nodes) : null),
		text("SMT", (machine) => yes(machine.smt)),
		text("Turbo", (machine) => yes(machine.turbo)),
		text("Governor", (machine) => machine.governor),
		text("Memory", (machine) => machine.memory_bytes ? bytes(machine.memory_bytes) : null),
		text("Kernel", (machine) => machine.kernel),
		text("Hypervisor", (machine) => machine.hypervisor),
		text("Container", (machine) => machine.container),
		text("Host", (machine) => machine.hostname),
	];
}

export function settingSection(findings: Findings, tool: string): HTMLElement {
	const { before, after } = findings;
	const plainText = (title: string, key: (side: Side) => string | null | undefined, tag: "bdi" | "code" = "bdi") => ({
		title, value: (side: Side) => shown(key(side), COMMAND_CHARACTERS, tag), plain: (side: Side) => key(side) ?? "",
	});
	const rows = [
		plainText("File", (side) => side.model ?? side.profile),
		plainText("Command", (side) => commandText(side.command), "code"),
		plainText("Commit", (side) => side.git_commit, "code"),
		plainText("Runs", (side) => count(side.runs) + (side.runs_failed ? `, ${count(side.runs_failed)} failed` : "")),
		...machineRows((side) => side.machine),
	];
	type Row = (typeof rows)[number];
	const differs = (row: Row): boolean => row.plain(before) !== row.plain(after);
	const known = rows.filter((row) => row.plain(before) || row.plain(after));
	const unknown = rows.filter((row) => !known.includes(row)).map((row) => row.title);
	const columns: Column<Row>[] = [
		{ title: "What", cell: (row) => [row.title, differs(row) && !["File", "Runs"].includes(row.title)
			? h("span", { class: "differs" }, " differs") : null] },
		{ title: "Before", cell: (row) => row.value(before) },
		{ title: "After", cell: (row) => differs(row) ? row.value(after) : h("span", { class: "quiet" }, "the same") },
	];
	return section("setting", "How it was measured",
		table("Both sides of the comparison", columns, known),
		unknown.length ? h("p", { class: "quiet" }, `Not known: ${unknown.join(", ")}.`) : null,
		h("h3", null, "Settings"),
		facts([
			["Counters", `${SOURCES[findings.source ?? ""] ?? findings.source ?? UNKNOWN}; ${plural(findings.events, "event")} in ` +
				plural(findings.passes, "pass").replace(/passs$/, "passes")],
			["Caches, TLBs, branches, sharing", findings.microarchitecture ? "seen by some event" : "no event sees them"],
			["False alarms", `at most ${percent(findings.alarm_rate)} of comparisons`],
			["Effect that counts", `from ${percent(findings.effect_floor)}`],
			["Intervals", percent(findings.confidence)],
			["Exit status", String(findings.exit_status)],
			["Written by", name(tool)],
			["Findings", `format version ${findings.version}`],
		]));
}
