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

@test "results that cannot be written are an error" {
	run bash -c '"$AUTOPERF" export x.apdb 2>&1 >/dev/full'
	[ "$status" -eq 1 ]
	[[ $output == *"No space left"* ]]
}

@test "wrong usage is told" {
	autoperf 2 export
	stderr_has "name one profile"
	autoperf 2 export x.apdb --format xml
	stderr_has "csv or original, not 'xml'"
	autoperf 2 export x.apdb --format original
	stderr_has "-o DIRECTORY"
	autoperf 2 export x.apdb --format original -o out --force
	stderr_has "--force"
	autoperf 1 export t.csv
	stderr_has "t.csv is not a profile"
	autoperf 0 export --help
	stdout_has "Usage: autoperf export"
}

@test "--json is refused, not ignored" {
	autoperf 2 export --json some.apdb
	stderr_has "not as JSON"
}
