#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # output, stderr are set by run
load common
setup() {
	common_setup
	cat >t.csv <<-CSV
		run,region,thread,begin_ns,wall_ns,cpu_ns,executions,counters_running,instructions,a,b
		0,"x, y",0,10,1.5,,1,1,1000,1,
		0,mark-3,1,20,2,1,2,0.5,2000,2,
		1,mark-3,0,30,3,2,1,1,3000,,7
	CSV
	autoperf 0 import --quiet t.csv -o x.apdb
}
teardown() { common_teardown; }

@test "CSV goes to standard output, ready for an import" {
	autoperf 0 export x.apdb
	[ -z "$stderr" ]
	[ "$output" = 'region,run,pass,thread,begin_ns,wall_ns,cpu_ns,executions,counters_running,instructions,a,b
mark-3,0,0,1,20,2,1,2,0.5,2000,2,
"x, y",0,0,0,10,1.5,,1,1,1000,1,
mark-3,1,1,0,30,3,2,1,1,3000,,7' ]
	echo "$output" >again.csv
	autoperf 0 import --quiet again.csv -o again.apdb
	autoperf 0 export again.apdb
	[ "$output" = "$(cat again.csv)" ]
}

@test "CSV goes to a file, which is not overwritten" {
	autoperf 0 export x.apdb --format csv -o out.csv
	stderr_has "3 samples of 2 runs in 1 file"
	[ "$(wc -l <out.csv)" = 4 ]
	autoperf 1 export x.apdb -o out.csv
	stderr_has "out.csv" "--force"
	autoperf 0 export x.apdb -o out.csv --force
}

@test "the original's layout comes back with the same numbers" {
	autoperf 0 export x.apdb --format original -o out
	stderr_has "3 samples of 2 runs in 2 files"
	[ "$(find out -type f | sort)" = 'out/marks.csv
out/run_0/event_0_perf_data.csv
out/run_0/event_1_perf_data.csv' ]
	[ "$(cat out/marks.csv)" = 'mark,region
3,mark-3
4,"x, y"' ]
	[ "$(tail -n +3 out/run_0/event_0_perf_data.csv)" = 'Mark_id, NTHREADS,instructions, a
3, 2, 2000, 2
4, 2, 1000, 1' ]
	autoperf 0 import --quiet out -o again.apdb
	autoperf 0 export again.apdb --format original -o again
	diff -r out/run_0 again/run_0
}

@test "a directory in use is refused" {
	mkdir out
	touch out/mine
	autoperf 1 export x.apdb --format original -o out
	stderr_has "out exists and is no empty directory"
	[ "$(ls -A out)" = mine ]
	[ "$(ls -A)" = $'out\nt.csv\nx.apdb' ]
}

@test "what the layout cannot express is told" {
	printf 'wall_ns,a\n1,2\n' >n.csv
	autoperf 0 import --quiet n.csv -o n.apdb
	autoperf 1 export n.apdb --format original -o out
	stderr_has "pass 1 does not count instructions" "--format csv"
	[ ! -e out ]
}

@test "runs that failed are left out and said" {
	autoperf 1 record --quiet -n 2 -o f.apdb -- "$PROGRAMS/actions" work 5 exit 3
	autoperf 1 export f.apdb
	stderr_has "no sample of a run that ended well"
}

# ---- JSON ----

@test "JSON is one document with events, passes, regions, runs and samples" {
	autoperf 0 export x.apdb --format json
	[ -z "$stderr" ]
	[ "$(json 'd["format"], d["version"], d["source"]')" = "('autoperf-samples', 1, 'import')" ]
	[ "$(json '[e["name"] for e in d["events"]], d["passes"]')" = "(['instructions', 'a', 'b'], [['instructions', 'a'], ['instructions', 'b']])" ]
	[ "$(json 'd["regions"], [(r["run"], r["pass"]) for r in d["runs"]]')" = "(['mark-3', 'x, y'], [(0, 0), (1, 1)])" ]
	[ "$(json 'd["runs"][0]["samples"]')" = "[{'region': 0, 'thread': 1, 'begin_ns': 20, 'wall_ns': 2, 'cpu_ns': 1, 'executions': 2, 'counters_running': 0.5, 'values': [2000, 2]}, {'region': 1, 'thread': 0, 'begin_ns': 10, 'wall_ns': 1.5, 'cpu_ns': None, 'executions': 1, 'counters_running': 1, 'values': [1000, 1]}]" ]
}

@test "--json is --format json, and contradicts the others" {
	autoperf 0 export --json x.apdb
	mv x.apdb y.apdb
	autoperf 0 export y.apdb --format json -o out.json
	stderr_has "3 samples of 2 runs in 1 file"
	autoperf 0 export y.apdb --json
	[ "$output" = "$(cat out.json)" ]
	autoperf 2 export y.apdb --json --format csv
	stderr_has "--json and --format csv contradict each other"
}

@test "JSON has the samples of a recording as the table has them" {
	record_nested
	autoperf 0 export n.apdb -o n.csv
	autoperf 0 export n.apdb --json -o n.json
	/usr/bin/python3 - <<-'PYTHON'
		import csv, json
		document = json.load(open("n.json"))
		rows = list(csv.DictReader(open("n.csv")))
		samples = []
		for run in document["runs"]:
		    events = document["passes"][run["pass"]]
		    for sample in run["samples"]:
		        row = {"region": document["regions"][sample["region"]], "run": run["run"], "pass": run["pass"]}
		        row.update((key, sample[key]) for key in ("thread", "begin_ns", "wall_ns", "executions", "counters_running"))
		        row["cpu_ns"] = "" if sample["cpu_ns"] is None else sample["cpu_ns"]
		        row.update(zip(events, sample["values"], strict=True))
		        samples.append({key: str(value) for key, value in row.items()})
		assert len(samples) > 10000 and samples == rows
		command = document["command"]
		assert command[-1].endswith("/nested"), command
	PYTHON
}

# ---- Perfetto ----

# record_nested [OPTION...]: n.apdb, two runs of regions in regions on three threads.
record_nested() {
	autoperf 0 record --quiet -n 2 --max-overhead 0 "$@" -o n.apdb -- "$PROGRAMS/nested"
}

perfetto() {
	/usr/bin/python3 "$BATS_TEST_DIRNAME/perfetto.py" "$@"
}

@test "a recording becomes a trace in which regions nest, thread by thread" {
	record_nested
	autoperf 0 export n.apdb -o n.csv
	autoperf 0 export n.apdb --format perfetto -o n.perfetto
	stderr_has "15,120 samples of 2 runs in 1 file"
	run perfetto n.perfetto n.csv
	[ "$status" -eq 0 ]
	[ "$(grep -v ^counter <<<"$output")" = 'process run 1 (pass 1)
process run 2 (pass 1)
threads 6
slices 120 outer
slices 360 outer;middle
slices 14400 outer;middle;inner;odd
slices 120 outer;tail
slices 120 spin' ]
	stdout_has "counter context-switches per second" "counter task-clock (share of time)"
}

@test "runs have numbers that sort as text" {
	autoperf 0 record --quiet -n 10 --source none -o t.apdb -- "$PROGRAMS/actions" work 1
	autoperf 0 export t.apdb --format perfetto -o t.perfetto
	run perfetto t.perfetto
	[ "$status" -eq 0 ]
	stdout_has "process run 01 (pass 1)" "process run 09 (pass 1)" "process run 10 (pass 1)"
}

@test "without counters a trace has regions alone" {
	record_nested --source none
	autoperf 0 export n.apdb -o n.csv
	autoperf 0 export n.apdb --format perfetto -o n.perfetto
	run perfetto n.perfetto n.csv
	[ "$status" -eq 0 ]
	stdout_has "slices 14400 outer;middle;inner;odd"
	stdout_lacks counter
}

@test "what was thinned is a trace of what was measured" {
	autoperf 0 record --quiet -n 1 --max-overhead 0.01 -o w.apdb -- "$PROGRAMS/actions" work 20000
	autoperf 0 export w.apdb -o w.csv
	[ "$(wc -l <w.csv)" -lt 15000 ]
	autoperf 0 export w.apdb --format perfetto -o w.perfetto
	run perfetto w.perfetto w.csv
	[ "$status" -eq 0 ]
	stdout_has "slices $(($(wc -l <w.csv) - 1)) work"
}

@test "each process of a run is one of the trace" {
	autoperf 0 record --quiet -n 2 -o f.apdb -- "$PROGRAMS/actions" work 5 threads 2 fork
	autoperf 0 export f.apdb --format perfetto -o f.perfetto
	run perfetto f.perfetto
	[ "$status" -eq 0 ]
	[ "$(grep -c '^process run [12] (pass 1): actions [0-9]*$' <<<"$output")" = 4 ]
	stdout_has "threads 8" "slices 10 child" "slices 10 work" "slices 40 thread"
}

@test "a trace has imported tables, whatever is in them" {
	autoperf 0 export x.apdb -o x.csv
	autoperf 0 export x.apdb --format perfetto -o x.perfetto
	run perfetto x.perfetto x.csv
	[ "$status" -eq 0 ]
	[ "$output" = 'process run 1 (pass 1)
process run 2 (pass 2)
threads 3
counter a per second
counter b per second
counter instructions per second
slices 2 mark-3
slices 1 x, y' ]
	hostile_csv >h.csv
	autoperf 0 import --quiet h.csv -o h.apdb
	autoperf 0 export h.apdb --format perfetto -o h.perfetto
	run perfetto h.perfetto
	[ "$status" -eq 0 ]
	stdout_has 'slices 1 a\x0ab' 'slices 1 a\x0ab;c;d "e"' 'slices 1 f 12'
}

@test "more counters than a packet takes are all there" {
	{
		printf 'run,region,thread,begin_ns,wall_ns,cpu_ns,executions,counters_running,pass'
		printf ',c%d' {1..20}
		printf '\n'
		for row in 1 2 3; do
			printf '0,r,0,%d00,50,,1,1,0' "$row"
			printf ',%d' 0 {2..19} "$row"
			printf '\n'
		done
	} >c.csv
	autoperf 0 import --quiet c.csv -o c.apdb
	autoperf 0 export c.apdb -o c.csv --force
	autoperf 0 export c.apdb --format perfetto -o c.perfetto
	run perfetto c.perfetto c.csv
	[ "$status" -eq 0 ]
	[ "$(grep -c ^counter <<<"$output")" = 20 ]
}

@test "regions that overlap without nesting are drawn inside each other" {
	printf 'region,begin_ns,wall_ns\na,0,100\nb,50,100\nc,120,10\nd,200,0\ne,200,10\n' >o.csv
	autoperf 0 import --quiet o.csv -o o.apdb
	autoperf 0 export o.apdb --format perfetto -o o.perfetto
	run perfetto o.perfetto
	[ "$status" -eq 0 ]
	[ "$(grep ^slices <<<"$output")" = 'slices 1 a
slices 1 a;b
slices 1 a;b;c
slices 1 e
slices 1 e;d' ]
}

@test "samples without times have no trace" {
	printf 'region,a\nr,1\nr,2\n' >n.csv
	autoperf 0 import --quiet n.csv -o n.apdb
	autoperf 1 export n.apdb --format perfetto -o n.perfetto
	stderr_has "do not tell when they began" "begin_ns and wall_ns"
	[ ! -e n.perfetto ]
}

@test "samples that no thread can have had are refused" {
	{
		printf 'region,begin_ns,wall_ns\n'
		for i in {1..300}; do printf 'r,%d,1000\n' "$i"; done
	} >d.csv
	autoperf 0 import --quiet d.csv -o d.apdb
	for format in perfetto folded; do
		autoperf 1 export d.apdb --format $format -o d.out
		stderr_has "more than 256 samples of thread 0 in run 1" "--format csv"
		[ ! -e d.out ]
	done
	printf 'region,begin_ns,wall_ns\nr,18446744073709551615,1\n' >l.csv
	autoperf 0 import --quiet l.csv -o l.apdb
	autoperf 1 export l.apdb --format perfetto -o l.out
	stderr_has "more than a century"
}

# ---- folded stacks ----

# Names that would break the lines of other formats.
hostile_csv() {
	printf 'region,thread,begin_ns,wall_ns,cycles\n'
	printf '"a\nb",0,0,10000,5\n"c;d ""e""",0,1000,2000,4\nf 12,0,20000,3000,3\n"  ",1,0,1000,2\n'
}

@test "folded stacks have the time of each stack, less that of what lies inside" {
	printf 'region,thread,begin_ns,wall_ns,executions\n' >s.csv
	printf 'outer,0,0,100000,1\ninner,0,1000,20000,1\ninner,0,30000,20000,1\n' >>s.csv
	printf 'leaf,0,31000,5000,1\nouter,0,200000,50000,2\ninner,0,210000,10000,2\nouter,1,0,7000,1\n' >>s.csv
	autoperf 0 import --quiet s.csv -o s.apdb
	autoperf 0 export s.apdb --format folded
	[ -z "$stderr" ]
	# outer: 100 - 40 + 2 x (50 - 2 x 10); inner: 40 - 5 + 2 x 10
	[ "$output" = 'process;thread 0;outer 120
process;thread 0;outer;inner 55
process;thread 0;outer;inner;leaf 5
process;thread 1;outer 7' ]
}

@test "folded stacks of a recording have its threads and no other stacks" {
	record_nested
	autoperf 0 export n.apdb --format folded
	[ "$(sed 's/ [0-9]*$//; s/thread [012]/T/' <<<"$output" | sort | uniq -c | sed 's/^ *//')" = '3 nested;T;outer
3 nested;T;outer;middle
3 nested;T;outer;middle;inner:odd
3 nested;T;outer;tail
3 nested;T;spin' ]
}

@test "folded stacks can weigh what an event counted" {
	hostile_csv >h.csv
	autoperf 0 import --quiet h.csv -o h.apdb
	autoperf 0 export h.apdb --format folded --weight cycles
	[ "$output" = 'process;thread 0;a\x0ab 1
process;thread 0;a\x0ab;c:d "e" 4
process;thread 0;f_12 3
process;thread 1; _ 2' ]
	autoperf 1 export h.apdb --format folded --weight cycle
	stderr_has "no run in h.apdb counts 'cycle'"
	autoperf 2 export h.apdb --weight cycles
	stderr_has "--weight is for --format folded"
}

@test "samples without times fold by what was counted" {
	printf 'region,a\nr,1\nr,2\ns,4\n' >n.csv
	autoperf 0 import --quiet n.csv -o n.apdb
	autoperf 1 export n.apdb --format folded
	stderr_has "how long" "--weight"
	[ -z "$output" ]
	autoperf 0 export n.apdb --format folded --weight a
	[ "$output" = 'process;thread 0;r 3
process;thread 0;s 4' ]
}

# ---- runs and regions ----

@test "one can choose runs and regions, by names that are there" {
	autoperf 0 export x.apdb --run 2
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[1]} == mark-3,1,1,* ]]
	autoperf 0 export x.apdb --region 'x, y' --region mark-3 --run 1
	[ "${#lines[@]}" = 3 ]
	autoperf 0 export x.apdb --region 'x, y' --json
	[ "$(json '[len(r["samples"]) for r in d["runs"]]')" = "[1]" ]
	autoperf 1 export x.apdb --run 3
	stderr_has "there is no run 3 in x.apdb: it has 2 runs"
	autoperf 1 export x.apdb --region mark
	stderr_has "there is no region 'mark' in x.apdb"
	autoperf 1 export x.apdb --region 'x, y' --run 2
	stderr_has "among those chosen"
	autoperf 2 export x.apdb --run 0
	stderr_has "--run takes the number of a run, from 1 on"
}

# ---- where it goes ----

@test "results that cannot be written are an error in every format" {
	for format in csv json 'folded --weight instructions' perfetto; do
		# shellcheck disable=SC2016 # bash expands it
		run bash -c '"$AUTOPERF" export x.apdb --format $0 2>&1 >/dev/full' "$format"
		[ "$status" -eq 1 ]
		[[ $output == *"No space left"* ]]
	done
	autoperf 1 export x.apdb --format json -o missing/out
	stderr_has "missing/out"
}

@test "who stops reading stops the export, without a word" {
	record_nested
	for format in csv json perfetto; do
		run bash -c '"$AUTOPERF" export n.apdb --format "$0" | head -c 10 >/dev/null; exit "${PIPESTATUS[0]}"' $format
		[ "$status" -eq 141 ]
		[ -z "$output" ]
	done
}

@test "a disk that is full leaves no half of a file" {
	record_nested
	small_disk small 256k
	for format in csv json perfetto; do
		autoperf 1 export n.apdb --format $format -o small/out
		stderr_has "No space left"
		[ -z "$(ls -A small)" ]
	done
}

@test "a trace is not put on a terminal, and progress only there" {
	autoperf 0 export x.apdb --format perfetto
	run script -qec '"$AUTOPERF" export x.apdb --format perfetto' /dev/null
	[ "$status" -eq 2 ]
	[[ $output == *"no text for a terminal"* ]]
	record_nested
	TERM=xterm run script -qec '"$AUTOPERF" export n.apdb -o n.csv' /dev/null
	[ "$status" -eq 0 ]
	[[ $output == *"exporting ["* ]]
	TERM=xterm run script -qec '"$AUTOPERF" export n.apdb --run 1 --region spin' /dev/null
	[[ $output != *exporting* ]]
}

@test "wrong usage is told" {
	autoperf 2 export
	stderr_has "name one profile"
	autoperf 2 export x.apdb --format xml
	stderr_has "csv, folded, json, original or perfetto, not 'xml'"
	autoperf 2 export x.apdb --format original
	stderr_has "-o DIRECTORY"
	autoperf 2 export x.apdb --format original -o out --force
	stderr_has "--force"
	autoperf 1 export t.csv
	stderr_has "t.csv is not a profile"
	autoperf 0 export --help
	stdout_has "Usage: autoperf export"
}
