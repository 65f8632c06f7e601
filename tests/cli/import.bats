#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # output, stderr are set by run
load common
setup() { common_setup; }
teardown() { common_teardown; }

# Nothing but these files is left in the directory.
only() {
	[ "$(ls -A)" = "$(printf '%s\n' "$@")" ] || { ls -la; return 1; }
}

# original RUN INDEX EVENT ROWS...: one file of the original AutoPerf.
original() {
	local run=$1 index=$2 event=$3
	shift 3
	mkdir -p "$run"
	{
		printf 'INPUT: ./program 4\nTIME: 0.5\nMark_id, NTHREADS,PAPI_TOT_INS, %s\n' "$event"
		printf '%s\n' "$@"
	} >"$run/event_${index}_perf_data.csv"
}

@test "a table becomes a profile" {
	printf 'region,wall_ns,page-faults\na,100,1\nb,200,2\na,300,3\n' >t.csv
	autoperf 0 import t.csv -o x.apdb
	[ -z "$output" ]
	stderr_has "1 run, 3 samples of 1 event; 2 regions in 'x.apdb'"
	only t.csv x.apdb
	[ "$(sql x.apdb 'select status, samples from run')" = "ok|3" ]
	[ "$(sql x.apdb 'select name from region order by name')" = $'a\nb' ]
	[ "$(sql x.apdb 'select role, unit from event')" = "page_fault|count" ]
	[ "$(sql x.apdb "select value from fact where key = 'source'")" = import ]
}

@test "a bar tells how much is read and written, on a terminal" {
	printf 'a,b\n1,2\n' >t.csv
	# shellcheck disable=SC2016 # the inner shell expands it
	TERM=xterm run script -qec '"$AUTOPERF" import t.csv' /dev/null
	[ "$status" -eq 0 ]
	[[ $output == *"reading ["*"writing ["*"1 run, 1 sample of 2 events"* ]]
	original run_0 0 PAPI_L3_TCM '3, 4, 1000, 2'
	# shellcheck disable=SC2016
	TERM=xterm run script -qec '"$AUTOPERF" import . -o o.apdb' /dev/null
	[ "$status" -eq 0 ]
	[[ $output == *"reading ["*"writing ["* ]]
	# shellcheck disable=SC2016
	TERM=xterm run script -qec '"$AUTOPERF" import --quiet t.csv -o q.apdb' /dev/null
	[ -z "$output" ]
}

@test "the summary is there as JSON" {
	printf 'a,b\n1,2\n' >t.csv
	autoperf 0 import --json t.csv
	[ "$(json 'd["profile"], d["runs"], d["samples"], d["events"]')" = "('autoperf.apdb', 1, 1, 2)" ]
}

@test "quiet is quiet" {
	printf 'a,b\n1,2\n' >t.csv
	autoperf 0 import --quiet t.csv
	[ -z "$output$stderr" ]
}

@test "every file is a run unless a column says otherwise" {
	printf 'a,b\n1,2\n' >1.csv
	printf 'a,b\n3,4\n' >2.csv
	printf 'run,a,b\nx,1,2\ny,3,4\nx,5,6\n' >3.csv
	autoperf 0 import 1.csv 2.csv 3.csv
	[ "$(sql autoperf.apdb 'select ordinal, samples from run')" = $'0|1\n1|1\n2|2\n3|1' ]
}

@test "raw features are taken as they are" {
	printf 'f,g\n-1.5,1e-3\n' >t.csv
	autoperf 1 import t.csv
	stderr_has "--raw"
	autoperf 0 import --raw t.csv
	[ "$(sql autoperf.apdb 'select name, unit from event')" = $'f|raw\ng|raw' ]
}

@test "the original's directories become one run a file" {
	for run in 1 2 3; do
		original "in/run_$run" 0 PAPI_L1_DCM "0, 4, 1000, 1$run" "1, 4, 2000, 2$run"
		original "in/run_$run" 1 PAPI_BR_MSP "0, 4, 1001, 3"
	done
	autoperf 0 import in -o x.apdb
	stderr_has "6 runs, 9 samples of 3 events; 2 regions" "2 groups of events (passes)"
	[ "$(sql x.apdb 'select count(*) from pass')" = 2 ]
	[ "$(sql x.apdb 'select distinct wall_ns from run')" = 500000000 ]
	[ "$(sql x.apdb 'select name from region order by name')" = $'mark-0\nmark-1' ]
	[ "$(sql x.apdb "select value from fact where key = 'command'")" = '["./program 4"]' ]
	autoperf 0 import in/run_2 -o y.apdb
	[ "$(sql y.apdb 'select count(*) from run')" = 2 ]
}

@test "a column without numbers is left out and said" {
	printf 'a,b,c\n1,,2\n' >t.csv
	autoperf 0 import t.csv
	stderr_has "warning: t.csv: column 2 (b) has no number"
	[ "$(sql autoperf.apdb 'select name from event')" = $'a\nc' ]
}

@test "bad tables are refused by file, line and column, and leave nothing" {
	refuse() {
		printf "$1" >t.csv
		autoperf 1 import t.csv
		stderr_has "$2"
		only t.csv
	}
	refuse '' 't.csv is empty'
	refuse 'a,b\n' 't.csv has a header row and no samples'
	refuse '1,2\n3,4\n' 't.csv, line 1: there is no header row'
	refuse 'a\n1\n' 't.csv, line 1: there is only one column'
	refuse 'a;b\n1;2\n' 'another separator?'
	refuse 'a,a\n1,2\n' "t.csv, line 1: columns 1 and 2 are both called 'a'"
	refuse 'a,b\n1,nan\n' "t.csv, line 2, column 2 (b): 'nan' is not a finite number"
	refuse 'a,b\n1,inf\n' "t.csv, line 2, column 2 (b): 'inf' is not a finite number"
	refuse 'a,b\n1,two\n' "t.csv, line 2, column 2 (b): 'two' is not a finite number"
	refuse 'a,b\n1,2\n1\n' 't.csv, line 3: 1 fields, but the header has 2 columns'
	refuse 'a,b\n1,"2\n' 't.csv, line 2: the quote that opens field 2 is never closed'
	refuse 'a,b\n1,\0002\n' 't.csv, line 2: a NUL byte'
}

@test "a missing input is named" {
	autoperf 1 import none.csv
	stderr_has "cannot open none.csv: No such file"
	mkdir empty
	autoperf 1 import empty
	stderr_has "empty holds no measurement of the original AutoPerf"
}

@test "files and directories are not mixed" {
	printf 'a,b\n1,2\n' >t.csv
	original in/r 0 PAPI_L1_DCM "0, 4, 1, 1"
	autoperf 2 import t.csv in
	stderr_has "cannot be imported together"
	autoperf 2 import --raw in
	stderr_has "--raw is for CSV files"
}

@test "an existing output is kept without --force" {
	printf 'a,b\n1,2\n' >t.csv
	echo precious >x.apdb
	autoperf 1 import t.csv -o x.apdb
	stderr_has "x.apdb exists already" "--force"
	[ "$(cat x.apdb)" = precious ]
	printf 'a,b\n1,x\n' >bad.csv
	autoperf 1 import --force bad.csv -o x.apdb
	[ "$(cat x.apdb)" = precious ]
	autoperf 0 import --force t.csv -o x.apdb
	only bad.csv t.csv x.apdb
}

@test "outputs that cannot be written are named" {
	printf 'a,b\n1,2\n' >t.csv
	autoperf 1 import t.csv -o none/x.apdb
	stderr_has "none/x.apdb" "No such file or directory"
	mkfifo pipe
	autoperf 1 import --force t.csv -o pipe
	stderr_has "pipe" "regular file"
	[ -p pipe ]
	mkdir d
	autoperf 1 import --force t.csv -o d
	stderr_has "d: it is a directory"
}

@test "a full disk leaves no half profile" {
	small_disk small 200k
	awk 'BEGIN { srand(1); print "a,b"; for (i = 0; i < 40000; i++) print int(1e9 * rand()) "," int(1e9 * rand()) }' >t.csv
	autoperf 1 import t.csv -o small/x.apdb
	stderr_has "small/x.apdb" "space"
	[ -z "$(ls -A small)" ]
}

@test "wrong usage is told" {
	autoperf 2 import
	stderr_has "name what to import"
	autoperf 2 import --what t.csv
	stderr_has "unknown option '--what'"
	autoperf 2 import -o
	stderr_has "needs a value"
	autoperf 0 import --help
	stdout_has "Usage: autoperf import"
}
