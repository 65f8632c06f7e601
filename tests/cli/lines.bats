#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # output, stderr are set by run
# Contended cache lines, from the simulated machine to the user's eyes: what `info --lines` shows,
# what findings say, and that each bundled example shows its own cause and no other. Needs a build
# with the simulator ($SIMULATOR, its directory; else empty).
load common
setup() {
	common_setup
}
teardown() { common_teardown; }

# simulates: at the head of a test that runs something under Valgrind, which takes no program or
# runtime that is instrumented itself.
simulates() {
	[ -n "$SIMULATOR" ] || skip "this build has no simulator"
	[ -z "$SANITIZED" ] || skip "Valgrind cannot run sanitized programs"
}

# simulate FILE RUNS EXAMPLE ROUNDS: with two threads.
simulate() {
	"$AUTOPERF" record --quiet --force --source sim -n "$2" -o "$1" -- "$EXAMPLES/$3" 2 "$4" >/dev/null
}

# line_of WORDS FILE: number of the first line of an example's source that has them.
line_of() {
	grep -n -m1 -F "$1" "$SOURCES/examples/$2" | cut -d: -f1
}

validate() {
	/usr/bin/python3 - "$SOURCES/doc/findings.schema.json" "$1" <<-'PYTHON'
		import json, sys, jsonschema
		jsonschema.Draft202012Validator(json.load(open(sys.argv[1]))).validate(json.load(open(sys.argv[2])))
	PYTHON
}

@test "false sharing is found with variable, source line and padding" {
	simulates
	simulate good.apdb 6 linear_regression-good 20
	simulate bad.apdb 4 linear_regression-bad 20
	autoperf 0 train --quiet good.apdb -o m.safetensors
	autoperf 3 detect m.safetensors bad.apdb
	stdout_has "hitm_false from none" "line    false sharing of sums+0, new: 9" \
		"of its cycles" "put 56 bytes between" "False sharing: threads write to different data"
	# Each statement of the loop adds to the sums; one of them waits most.
	[[ ${output//$'\n'/ } =~ linear_regression.c:([0-9]+)\ +\(accumulate\) ]]
	[ "${BASH_REMATCH[1]}" -ge "$(line_of 'mine->n++' linear_regression.c)" ]
	[ "${BASH_REMATCH[1]}" -le "$(line_of 'mine->xy +=' linear_regression.c)" ]

	autoperf 3 detect --json m.safetensors bad.apdb
	echo "$output" >f.json
	validate f.json
	[ "$(json '[(l["sharing"], l["contended"], l["line"]["padding"]) for l in d["regions"][0]["lines"]]')" = \
		"[('false', 'sums+0', 56)]" ]
	[ "$(json 'd["regions"][0]["lines"][0]["cycles_per_execution"]["before"]')" = 0 ]
	[ "$(json 'd["regions"][0]["lines"][0]["cycles_share"] > 0.8')" = True ]
	[ "$(json 'd["regions"][0]["counters"][0]["role"]')" = false_sharing ]
}

@test "true sharing is found with the variable, and no padding is advised" {
	simulates
	simulate good.apdb 6 shared_counter-good 20
	simulate bad.apdb 4 shared_counter-bad 20
	autoperf 0 train --quiet good.apdb -o m.safetensors
	autoperf 3 detect m.safetensors bad.apdb
	stdout_has "line    true sharing of found+0, " "padding does not help" \
		"shared_counter.c:$(line_of 'atomic_fetch_add(&found.count, 1)' shared_counter.c)"
	stdout_lacks "false sharing of"
}

@test "lines that normal runs have too are no news" {
	simulates
	simulate old.apdb 6 linear_regression-bad 20
	simulate new.apdb 4 linear_regression-bad 20
	autoperf 0 train --quiet old.apdb -o m.safetensors
	autoperf 0 detect --json m.safetensors new.apdb
	[ "$(json 'd["verdict"], d["regions"][0]["lines"]')" = "('normal', [])" ]
}

@test "a model that knows no lines claims none to be new" {
	simulates
	simulate good.apdb 6 linear_regression-good 20
	python3 - good.apdb <<-'PYTHON'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		for table in "line_region", "line_run", "line", "region_run":
		    db.execute(f"DROP TABLE {table}")
		for column in "executions", "measured", "marker_ns":
		    db.execute(f"ALTER TABLE process DROP COLUMN {column}")
		db.execute("PRAGMA user_version = 1")
	PYTHON
	simulate bad.apdb 4 linear_regression-bad 20
	autoperf 0 info good.apdb
	autoperf 0 train --quiet good.apdb -o m.safetensors
	autoperf 3 detect m.safetensors bad.apdb
	stdout_has "line    false sharing of sums+0, 9"
	autoperf 3 detect --json m.safetensors bad.apdb
	[ "$(json 'd["regions"][0]["lines"][0]["cycles_per_execution"]["before"]')" = None ]
}

@test "info --lines shows what a line costs, holds, who touches it where, and what to do" {
	simulates
	simulate x.apdb 2 linear_regression-bad 20
	autoperf 0 info --lines x.apdb
	[ -z "$stderr" ]
	stdout_has "2 on the simulated machine; medians over runs" "1. false sharing of sums+0" \
		"of the cycles of accumulate: " "1000 instructions" \
		"thread 2   wwwwwwww" "thread 3   ........................................wwwwwwww" "  waits at examples/linear_regression.c:" \
		"  for      examples/linear_regression.c:" "  advice   put 56 bytes between"
	autoperf 0 info --lines --all --top 1 --region accumulate x.apdb
	stdout_has "1. false sharing of sums+0"
	stdout_lacks "2. "
	autoperf 0 info --lines --json --top 1 x.apdb
	[ "$(json 'd["kind"], d["runs"], [(l["sharing"], l["identity"], l["padding"], l["runs"]) for l in d["lines"]]')" = \
		"('lines', 2, [('false', 'global sums+0', 56, 2)])" ]
	[ "$(json '0.8 < d["lines"][0]["regions"][0]["cycles_share"] < 1')" = True ]
	[ "$(json 'len(d["lines"][0]["threads"]), d["lines"][0]["threads"][0]["written"]')" != "" ]
}

@test "info --lines says why there is nothing to show" {
	autoperf 0 record --quiet -n 1 -e page-faults -o p.apdb -- "$PROGRAMS/actions" work 5
	autoperf 0 info --lines p.apdb
	stdout_has "unknown: source perf does not see them, autoperf record --source sim does"
	autoperf 0 info --lines --json p.apdb
	[ "$(json 'd["runs"], d["lines"]')" = "(0, [])" ]
	autoperf 1 info --lines --region wrok p.apdb
	stderr_has "p.apdb has no region 'wrok'; did you mean 'work'?"
	autoperf 1 info --lines "$BATS_TEST_FILENAME"
	stderr_has "neither a recording, a profile nor a model"
	autoperf 2 info --region work p.apdb
	stderr_has "--region chooses among the lines of --lines"
	autoperf 2 info --lines --top 0 p.apdb
	stderr_has "--top takes a number of lines"
}

# with_lines COMMAND: a program that, by itself, leaves what COMMAND prints as its lines.
with_lines() {
	cat >leave.sh <<-SHELL
		"$PROGRAMS/actions" work 5
		for recording in "\$PERFPOINT_SESSION"/*.aprec; do
			$1 >"\${recording%.aprec}.lines.json"
		done
	SHELL
}

@test "lines that make no sense are a warning, and the run is kept" {
	local command
	for command in "printf ''" "printf '{\"version\": 1, '" "echo '{\"version\": 9}'" \
		"head -c 1000 /dev/urandom" "head -c 17000000 /dev/zero"; do
		with_lines "$command"
		autoperf 0 record -n 1 -e page-faults --force -o x.apdb -- sh leave.sh
		stderr_has "contended cache lines are left out: " ".lines.json"
		[ "$(sql x.apdb 'select status, samples from run')" = "ok|5" ]
		[ "$(sql x.apdb 'select count(*) from line')" = 0 ]
	done
	[ "$(ls -A)" = "$(printf 'leave.sh\nx.apdb')" ]
}

@test "a program that shares nothing has no contended line" {
	simulates
	simulate x.apdb 1 fresh_buffer-good 5
	autoperf 0 info --lines x.apdb
	stdout_has "no cache line was contended"
	autoperf 0 info --lines --json x.apdb
	[ "$(json 'max([0] + [r["cycles_share"] for l in d["lines"] for r in l["regions"]]) < 0.001')" = True ]
}

@test "each example shows its cause's counter, and no other contention counter moves" {
	simulates
	for example in fresh_buffer hash_table shared_counter linear_regression; do
		for variant in good bad; do
			simulate "$example-$variant.apdb" 1 "$example-$variant" 15
			autoperf 0 export --quiet --force --format csv -o "$example-$variant.csv" "$example-$variant.apdb"
		done
	done
	python3 - <<-'PYTHON'
		import csv

		causes = {"fresh_buffer": "first_touches", "hash_table": "blocked_cycles",
		          "shared_counter": "hitm_true", "linear_regression": "hitm_false"}

		def totals(path):
		    rows = list(csv.DictReader(open(path)))
		    return {name: sum(float(row[name]) for row in rows)
		            for name in [*causes.values(), "lock_operations", "instructions"]}

		for example, cause in causes.items():
		    good, bad = totals(f"{example}-good.csv"), totals(f"{example}-bad.csv")
		    print(example, good, bad)
		    assert bad[cause] >= 5 * good[cause] and bad[cause] > 1000, (example, cause)
		    for other in causes.values():
		        # What happens less than once in 10,000 instructions is no contention. Each time
		        # that a lock is handed to who waits for it, its own line moves: once truly, once falsely.
		        noise = bad["instructions"] / 10000
		        if cause == "blocked_cycles":
		            noise += bad["lock_operations"]
		        assert other == cause or bad[other] <= 2 * good[other] + noise, (example, other)
	PYTHON
}
