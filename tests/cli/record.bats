#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # output, stderr are set by run
load common
setup() {
	common_setup
	actions=$PROGRAMS/actions
}
teardown() { common_teardown; }

# Nothing but these files is left in the directory.
only() {
	[ "$(ls -A)" = "$(printf '%s\n' "$@")" ] || { ls -la; return 1; }
}

# The program in a script that fails on its first execution only.
fails_once() {
	cat >once.sh <<-SCRIPT
		#!/bin/sh
		"$actions" work 5
		[ -e ran ] && exit 0
		touch ran
		$1
	SCRIPT
	chmod +x once.sh
}

# wait_for FILE: until it exists, 10 s at most.
wait_for() {
	for _ in {1..200}; do
		[ -e "$1" ] && return 0
		sleep 0.05
	done
	echo "$1 did not appear"
	return 1
}

# ---- what it does ----

@test "runs are recorded into a profile, and nothing else is left" {
	autoperf 0 record -n 3 --max-overhead 0 -o x.apdb -- "$actions" work 20 mark 7 threads 4
	stderr_has "3 runs: 183 samples; 3 regions in 'x.apdb'" "autoperf train x.apdb"
	[ -z "$output" ]
	only x.apdb
	[ "$(sql x.apdb 'select status, count(*), sum(samples) from run')" = "ok|3|183" ]
	[ "$(sql x.apdb 'select name from region order by name')" = $'mark-7\nthread\nwork' ]
}

@test "short regions are measured one time in k, and count for all" {
	# One thread: the threads of the example may share what is known of a region.
	autoperf 0 record --quiet -n 1 -e page-faults -o x.apdb -- "$EXAMPLES/shared_counter-good" 1 40000
	[ "$(sql x.apdb 'select executions, measured < 20000, measured - samples from process')" = "40000|1|0" ]
	autoperf 0 export --quiet x.apdb -o x.csv
	# Executions after the last sample are in none: at most 6144.
	python3 - <<-'PYTHON'
		import csv
		weights = [float(row["executions"]) for row in csv.DictReader(open("x.csv"))]
		assert 40000 - 6144 <= sum(weights) <= 40000, sum(weights)
		assert max(weights) > 1
	PYTHON
	autoperf 0 record --quiet -n 1 --max-overhead 0 -e page-faults -o y.apdb -- "$EXAMPLES/shared_counter-good" 1 40000
	[ "$(sql y.apdb 'select executions, measured, samples from process')" = "40000|40000|40000" ]
	[ "$(sql y.apdb "select value from fact where key = 'max_overhead'")" = 0 ]
}

@test "budget and floor reach the runtime" {
	autoperf 0 record --quiet -n 1 --keep-recordings --max-overhead 2.5 -o x.apdb -- "$actions" work 5
	session=$(find . -name session)
	grep -qx 'max-overhead 19' "$session"
	run ! grep -q running-floor "$session"
	rm -r ./*.recordings
	autoperf 0 record --quiet -n 1 --keep-recordings --max-overhead 0 --multiplex --running-floor 25 -o y.apdb -- "$actions" work 5
	session=$(find . -name session)
	grep -qx 'running-floor fa' "$session"
	run ! grep -q max-overhead "$session"
}

@test "shares that are none, and a floor without turns, are wrong usage" {
	for share in -1 101 nan x ''; do
		autoperf 2 record --max-overhead "$share" -- "$actions" work 1
		stderr_has "--max-overhead takes a percentage from 0 to 100, not '$share'"
	done
	autoperf 2 record --multiplex --running-floor 200 -- "$actions" work 1
	stderr_has "--running-floor takes a percentage from 0 to 100"
	autoperf 2 record --running-floor 20 -- "$actions" work 1
	stderr_has "--running-floor is about counters that take turns; give --multiplex, too"
}

@test "the default is ten runs into autoperf.apdb" {
	autoperf 0 record -- "$actions" work 1
	only autoperf.apdb
	[ "$(sql autoperf.apdb 'select count(*) from run')" = 10 ]
}

@test "what will be measured is said before the first run" {
	run bash -c '"$AUTOPERF" record -n 2 -e page-faults,context-switches -o x.apdb -- "$0" work 1 print RAN 2>&1' "$actions"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "autoperf: measuring (source perf, 2 runs): page-faults, context-switches" ]
	[ "${lines[1]}" = RAN ]
	[ "${lines[2]}" = RAN ]
}

@test "where there are no hardware counters, the simulator is named" {
	autoperf 0 doctor --json
	[ "$(json 'd["can_measure"]["hardware_counters"], d["can_measure"]["simulated_machine"]')" = \
		"(False, True)" ] || skip "there are hardware counters, or there is no simulator"
	autoperf 0 record -n 1 -o x.apdb -- "$actions" work 1
	stderr_has "no hardware counters here; --source sim would also see"
	autoperf 0 record -n 1 -e page-faults -o y.apdb -- "$actions" work 1
	stderr_lacks "--source sim"
	autoperf 0 record -n 1 --source perf -o z.apdb -- "$actions" work 1
	stderr_lacks "--source sim"
}

@test "what to do next is said as a shell takes it" {
	autoperf 0 record -n 1 -o "it's here.apdb" -- "$actions" work 1
	stderr_has "normal: autoperf train 'it'\\''s here.apdb' -o model.safetensors" \
		"judged: autoperf detect model.safetensors 'it'\\''s here.apdb'"
}

@test "with --quiet nothing is said" {
	autoperf 0 record --quiet -n 1 -o x.apdb -- "$actions" work 1
	[ -z "$stderr" ]
	autoperf 0 --quiet record -n 1 --force -o x.apdb -- "$actions" work 1
	[ -z "$stderr" ]
}

@test "the program's stdout and stderr are its own" {
	autoperf 0 record --quiet -n 2 -o x.apdb -- "$actions" work 1 print "to out" complain "to err"
	[ "$output" = $'to out\nto out' ]
	[ "$stderr" = $'to err\nto err' ]
}

@test "a file as input is read by each run, a pipe by the first" {
	echo "line" >input
	run --separate-stderr bash -c '"$AUTOPERF" record -n 3 -o x.apdb -- "$0" work 1 echo <input' "$actions"
	[ "$output" = $'line\nline\nline' ]
	run --separate-stderr bash -c 'cat input | "$AUTOPERF" record -n 3 --force -o x.apdb -- "$0" work 1 echo' "$actions"
	[ "$output" = "line" ]
}

@test "a file as input is read from where it stood" {
	printf 'first\nsecond\n' >input
	run --separate-stderr bash -c '{ read -r line; "$AUTOPERF" record -n 2 -o x.apdb -- "$0" work 1 echo; } <input' "$actions"
	[ "$output" = $'second\nsecond' ]
}

@test "--json prints one object after the program's output" {
	autoperf 0 record --json -n 2 -o x.apdb -- "$actions" work 5 print text
	[ "${lines[0]}" = text ]
	output=${lines[2]}
	[ "$(json '[d[k] for k in ("profile", "runs_ok", "runs_failed", "passes", "samples", "regions", "error")]')" = \
		"['x.apdb', 2, 0, 1, 10, 1, None]" ]
	autoperf 1 --json record -n 1 --force -o x.apdb -- "$actions" work 5 exit 2
	[ "$(json 'd["runs_failed"], d["interrupted"], "status 2" in d["error"]')" = "(1, False, True)" ]
}

@test "--json into a full device is a failure, and the profile is there" {
	run --separate-stderr bash -c '"$AUTOPERF" record --json -n 1 -o x.apdb -- "$0" work 5 >/dev/full' "$actions"
	[ "$status" -eq 1 ]
	stderr_has "No space left on device"
	[ "$(sql x.apdb 'select samples from run')" = 5 ]
}

@test "scripts, launchers and children are recorded through" {
	printf '#!/bin/sh\n"%s" work 3\nexec "%s" fork\n' "$actions" "$actions" >run.sh
	chmod +x run.sh
	autoperf 0 record -n 1 -o x.apdb -- ./run.sh
	[ "$(sql x.apdb 'select count(*), sum(samples) from process')" = "2|8" ]
	autoperf 0 record -n 1 --force -o x.apdb -- env nice sh -c "$actions work 3"
	[ "$(sql x.apdb 'select samples from run')" = 3 ]
}

@test "options after the program are the program's" {
	autoperf 0 record -n 1 -o x.apdb "$actions" work 1 print --json
	[ "$output" = "--json" ]
	autoperf 0 record -n 1 --force -o x.apdb -- "$actions" work 1 print --help
	[ "$output" = "--help" ]
}

@test "command, directory, environment and machine are in the profile" {
	OMP_PROC_BIND=close FOO_NUM_THREADS=3 UNRELATED=1 autoperf 0 record -n 1 \
		--env MINE=x -o x.apdb -- "$actions" work 1
	[ "$(sql x.apdb "select value from fact where key = 'command'")" = "[\"$actions\", \"work\", \"1\"]" ]
	[ "$(sql x.apdb "select value from fact where key = 'directory'")" = "$PWD" ]
	output=$(sql x.apdb "select value from fact where key = 'environment'")
	[ "$(json '[d.get(k) for k in ("FOO_NUM_THREADS", "MINE", "OMP_PROC_BIND", "UNRELATED")]')" = \
		"['3', 'x', 'close', None]" ]
	[ "$(sql x.apdb "select count(*) from fact where key in ('created_utc', 'tool_version', 'source')")" = 3 ]
	[ "$(sql x.apdb "select value from machine where key = 'architecture'")" = "$(uname -m)" ]
}

@test "the git commit is in the profile, and whether files were changed" {
	command -v git || skip "no git"
	commit() { git -c user.name=x -c user.email=x@x -c commit.gpgsign=false commit -qam x; }
	git init -q .
	echo 1 >file
	git add file
	commit
	autoperf 0 record -n 1 -o x.apdb -- "$actions" work 1
	[ "$(sql x.apdb "select value from fact where key = 'git_commit'")" = "$(git rev-parse HEAD)" ]
	[ "$(sql x.apdb "select value from fact where key = 'git_dirty'")" = 0 ]
	echo 2 >file
	autoperf 0 record -n 1 -o y.apdb -- "$actions" work 1
	[ "$(sql y.apdb "select value from fact where key = 'git_dirty'")" = 1 ]
	commit
	autoperf 0 record -n 1 --append -o x.apdb -- "$actions" work 1
	stderr_has "recorded at another commit"
}

@test "without git it records all the same" {
	run -0 env PATH=/nowhere "$AUTOPERF" record -n 1 -o x.apdb -- "$actions" work 1
	[ -z "$(sql x.apdb "select value from fact where key like 'git%'")" ]
}

@test "--env sets variables, the last of a name counts, and an old LD_PRELOAD is kept" {
	export LD_PRELOAD=libm.so.6
	autoperf 0 record -n 1 --env A=1 --env A=2=3 -o x.apdb -- "$actions" work 1 show A show LD_PRELOAD
	[ "${lines[0]}" = "A=2=3" ]
	[[ ${lines[1]} == LD_PRELOAD=*/libperfpoint.so.0*:libm.so.6 ]]
}

# Prints the size of its environment and where its stack is, and records.
layout_program="cat /proc/self/environ | wc -c; grep -o '^.*stack' /proc/self/maps"

@test "each run gets an environment of another size, and its seed is kept" {
	autoperf 0 record -n 5 --seed 77 -o x.apdb -- sh -c "$actions work 1; cat /proc/self/environ | wc -c"
	[ "$(printf '%s\n' "${lines[@]}" | sort -u | wc -l)" = 5 ]
	[ "$(sql x.apdb 'select group_concat(seed) from run')" = 77,78,79,80,81 ]
	third=${lines[2]}
	autoperf 0 info x.apdb
	[[ $output == *"layouts    randomised, seeds 77 to 81"* ]]
	autoperf 0 record -n 1 --seed 79 -o y.apdb -- sh -c "$actions work 1; cat /proc/self/environ | wc -c"
	[ "${lines[0]}" = "$third" ]
}

@test "without a seed each recording has other layouts" {
	autoperf 0 record -n 2 --source none --json -o x.apdb -- "$actions" work 1
	first=$(json 'd["seed"]')
	[ "$(sql x.apdb 'select min(seed) || max(seed) from run')" = "$first$((first + 1))" ]
	autoperf 0 record -n 2 --source none --json -o y.apdb -- "$actions" work 1
	[ "$(json 'd["seed"]')" != "$first" ]
}

@test "--no-randomize gives each run the same environment and addresses" {
	autoperf 0 record -n 2 --no-randomize -o x.apdb -- sh -c "$actions work 1; $layout_program"
	[ "${lines[0]}" = "${lines[2]}" ]
	[ "$(sql x.apdb 'select sum(seed) from run')" = 0 ]
	[[ $stderr == *"does not let us turn off"* ]] || [ "${lines[1]}" = "${lines[3]}" ]
	autoperf 0 info x.apdb
	[[ $output != *layouts* ]]
}

@test "a seed that is none, or for no layout, is wrong usage" {
	autoperf 2 record --seed 0 -- "$actions" work 1
	stderr_has "--seed takes a whole number from 1 to 9007199254740991, not '0'"
	autoperf 2 record --seed 9007199254740992 -- "$actions" work 1
	autoperf 2 record --seed x -- "$actions" work 1
	autoperf 2 record --seed 3 --no-randomize -- "$actions" work 1
	stderr_has "give one of them"
	autoperf 0 record --quiet --seed 3 --no-randomize --randomize -n 1 -o x.apdb -- "$actions" work 1
}

@test "the runtime is found without being told where it is" {
	unset PERFPOINT_LIBRARY_DIR
	autoperf 0 record -n 1 -o x.apdb -- "$actions" work 1
}

@test "source none measures wall time alone" {
	autoperf 0 record -n 1 --source none -o x.apdb -- "$actions" work 4
	stderr_has "wall time alone"
	[ "$(sql x.apdb 'select samples from run')" = 4 ]
	[ "$(sql x.apdb 'select count(*) from event')" = 0 ]
}

# ---- events ----

@test "a COUNTERS file names the events" {
	printf '# what we count\r\npage-faults\r\n\r\ncontext-switches # why not\r\npage-faults\r\n' >COUNTERS
	autoperf 0 record -n 1 -c COUNTERS -o x.apdb -- "$actions" work 1
	stderr_has "page-faults, context-switches" "1 event named twice"
	[ "$(sql x.apdb 'select name from event order by id')" = $'page-faults\ncontext-switches' ]
}

@test "an unknown event is wrong usage, before the program runs" {
	autoperf 2 record -n 1 -e page-fualts -o x.apdb -- "$actions" print RAN
	stderr_has "page-fualts" "page-faults"
	[ -z "$output" ]
	only ""
}

@test "an event that cannot be counted here is named, or left out on request" {
	autoperf 4 record -n 1 --source perf -e page-faults,r0:u -o x.apdb -- "$actions" print RAN && {
		[ "$(sql x.apdb 'select 1' 2>/dev/null)" = 1 ] && skip "this machine counts raw events"
	}
	stderr_has "r0:u"
	[ -z "$output" ]
	autoperf 0 record -n 1 --skip-unavailable -e page-faults,r0:u -o x.apdb -- "$actions" work 1
	stderr_has "warning: not counted: r0:u"
	[ "$(sql x.apdb 'select name from event')" = page-faults ]
}

@test "an empty COUNTERS file is an error that names it" {
	: >COUNTERS
	autoperf 1 record -c COUNTERS -- "$actions" work 1
	stderr_has "COUNTERS"
	only COUNTERS
}

# ---- programs that fail ----

@test "a run whose program fails is kept apart and reported" {
	fails_once "exit 3"
	autoperf 0 record -n 3 -o x.apdb -- ./once.sh
	stderr_has "run 1: the program exited with status 3; the run is kept apart" \
		"2 runs and 1 that failed"
	[ "$(sql x.apdb 'select status, exit_code, samples from run order by ordinal')" = \
		$'exit|3|5\nok|0|5\nok|0|5' ]
}

@test "a run that is killed by a signal is kept apart, with what it recorded" {
	fails_once "kill -SEGV \$\$"
	autoperf 0 record -n 2 -o x.apdb -- ./once.sh
	stderr_has "run 1: the program was killed by signal 11 (Segmentation fault)"
	[ "$(sql x.apdb 'select status, exit_code, samples from run order by ordinal')" = \
		$'signal|11|5\nok|0|5' ]
}

@test "a run that takes too long is ended and kept apart" {
	fails_once "sleep 60"
	autoperf 0 record -n 2 --timeout 0.5 -o x.apdb -- ./once.sh
	stderr_has "run 1: the program took longer than 0.5 s and was ended"
	[ "$(sql x.apdb 'select status, samples from run order by ordinal')" = $'timeout|5\nok|5' ]
}

@test "when no run is fine it gives up after three and says why" {
	autoperf 1 record -n 20 -o x.apdb -- "$actions" work 5 exit 9
	stderr_has "none of 3 runs was fine (20 were planned): the program exited with status 9"
	[ "$(sql x.apdb 'select status, count(*) from run')" = "exit|3" ]
}

@test "when all runs fail without a sample no profile is left in the way" {
	autoperf 1 record -n 2 -o x.apdb -- sh -c 'exit 9'
	stderr_has "exited with status 9"
	only ""
}

@test "a program without markers is an error that explains what to do" {
	autoperf 1 record -n 5 -o x.apdb -- "$actions" print once
	[ "$output" = once ]
	stderr_has "'$actions' executed no marker" "perfpoint.h" "PERFPOINT_SCOPE" "sudo"
	only ""
}

@test "a region that is never closed is an error that says so" {
	autoperf 1 record -n 2 -o x.apdb -- "$actions" open
	stderr_has "opened a region but closed none"
	only ""
}

@test "processes left in the background are reported, and not waited for" {
	SECONDS=0
	autoperf 0 record -n 1 -o x.apdb -- sh -c "sleep 30 >/dev/null 2>&1 3>&- & echo \$! >pid; '$actions' work 2"
	[ "$SECONDS" -lt 20 ]
	kill "$(cat pid)"
	stderr_has "processes left running in the background: 1"
	[ "$(sql x.apdb 'select samples from run')" = 2 ]
	only pid x.apdb
}

@test "a time-out ends everything that the program started" {
	autoperf 1 record -n 1 --timeout 0.5 -o x.apdb -- \
		sh -c 'setsid sh -c "echo \$\$ >pid; exec sleep 60" & sleep 60; true'
	run ! kill -0 "$(cat pid)"
}

# ---- programs that cannot be measured ----

@test "a program that does not exist is named" {
	autoperf 1 record -o x.apdb -- no-such-program
	stderr_has "program 'no-such-program' is not on PATH"
	autoperf 1 record -o x.apdb -- ./no-such-program
	stderr_has "'./no-such-program'" "No such file or directory"
	only ""
}

@test "files that are no programs are named, with the reason" {
	echo "int x;" >text
	: >empty
	touch plain
	chmod +x text empty
	head -c 100 "$actions" >cut
	chmod +x cut
	autoperf 1 record -o x.apdb -- ./text
	stderr_has "'./text'" "neither an ELF program nor a script"
	autoperf 1 record -o x.apdb -- ./empty
	stderr_has "'./empty': the file is empty"
	autoperf 1 record -o x.apdb -- ./plain
	stderr_has "'./plain'" "chmod +x"
	autoperf 1 record -o x.apdb -- ./cut
	stderr_has "'./cut': the file is cut short"
	autoperf 1 record -o x.apdb -- .
	stderr_has "directory"
}

@test "a static program cannot be measured" {
	autoperf 4 record -o x.apdb -- "$actions-static" work 1
	stderr_has "$actions-static" "statically linked" "LD_PRELOAD" "link it dynamically"
	only ""
}

@test "a set-user-ID program cannot be measured" {
	cp "$actions" program
	chown nobody program 2>/dev/null || skip "needs root"
	chmod u+s program
	[ -u program ] || skip "no set-user-ID here"
	autoperf 4 record -o x.apdb -- ./program work 1
	stderr_has "'./program'" "set-user-ID"
}

@test "a runtime whose path cannot stand in LD_PRELOAD is refused" {
	mkdir "with space"
	cp "$PERFPOINT_LIBRARY_DIR/libperfpoint.so.0" "with space/"
	PERFPOINT_LIBRARY_DIR="$PWD/with space" autoperf 1 record -o x.apdb -- "$actions" work 1
	stderr_has "with space/libperfpoint.so.0" "LD_PRELOAD"
}

@test "a missing runtime is named" {
	PERFPOINT_LIBRARY_DIR=$PWD autoperf 1 record -o x.apdb -- "$actions" work 1
	stderr_has "libperfpoint.so.0" "PERFPOINT_LIBRARY_DIR"
}

# ---- the output ----

@test "an existing output is refused without --force, and replaced with it" {
	echo precious >x.apdb
	autoperf 1 record -n 1 -o x.apdb -- "$actions" print RAN
	stderr_has "x.apdb" "--force"
	[ -z "$output" ]
	[ "$(cat x.apdb)" = precious ]
	autoperf 0 record -n 1 --force -o x.apdb -- "$actions" work 1
	[ "$(sql x.apdb 'select count(*) from run')" = 1 ]
}

@test "what goes wrong before the first run leaves the old profile alone" {
	echo precious >x.apdb
	autoperf 2 record --force -e nonsense -o x.apdb -- "$actions" work 1
	autoperf 4 record --force -o x.apdb -- "$actions-static" work 1
	autoperf 1 record --force --scratch /no/where -o x.apdb -- "$actions" work 1
	[ "$(cat x.apdb)" = precious ]
}

@test "--append adds runs with the events that the profile has" {
	autoperf 0 record -n 2 -e page-faults -o x.apdb -- "$actions" work 2
	autoperf 0 record -n 3 --append -o x.apdb -- "$actions" work 2
	stderr_has "measuring (source perf, 3 runs): page-faults" "3 runs: 6 samples"
	stderr_lacks "warning"
	[ "$(sql x.apdb 'select ordinal, samples from run order by id')" = $'0|2\n1|2\n2|2\n3|2\n4|2' ]
}

@test "--append refuses other events, another source, and warns of another command" {
	autoperf 0 record -n 1 -e page-faults -o x.apdb -- "$actions" work 2
	autoperf 1 record -n 1 --append -e context-switches -o x.apdb -- "$actions" work 2
	stderr_has "cannot append to 'x.apdb'" "pass 1 counts page-faults; here it would count context-switches"
	autoperf 1 record -n 1 --append --source none -o x.apdb -- "$actions" work 2
	stderr_has "source perf, not none"
	autoperf 0 record -n 1 --append -o x.apdb -- "$actions" work 3
	stderr_has "recorded with another command"
	[ "$(sql x.apdb 'select count(*) from run')" = 2 ]
}

@test "--append refuses a profile of another machine" {
	autoperf 0 record -n 1 -o x.apdb -- "$actions" work 2
	python3 - <<-PYTHON
		import sqlite3
		connection = sqlite3.connect("x.apdb")
		connection.execute("update machine set value = 'Babbage Engine' where key = 'cpu_model'")
		connection.commit()
	PYTHON
	autoperf 1 record -n 1 --append -o x.apdb -- "$actions" work 2
	stderr_has "another machine" "Babbage Engine"
}

@test "--append to nothing, or to what is no profile, is an error" {
	autoperf 1 record -n 1 --append -o x.apdb -- "$actions" work 2
	stderr_has "x.apdb"
	echo text >y.apdb
	autoperf 1 record -n 1 --append -o y.apdb -- "$actions" work 2
	stderr_has "y.apdb"
	[ "$(cat y.apdb)" = text ]
}

@test "a failed --append keeps the runs that were there" {
	autoperf 0 record -n 2 -o x.apdb -- "$actions" work 2
	autoperf 1 record -n 1 --append -o x.apdb -- "$actions" print nothing
	stderr_has "executed no marker"
	[ "$(sql x.apdb "select count(*) from run where status = 'ok'")" = 2 ]
}

@test "a directory that does not exist or cannot be written is named" {
	autoperf 1 record -o no/where/x.apdb -- "$actions" work 1
	stderr_has "'no/where'" "No such file or directory"
	small_disk readonly 1M
	mount -o remount,ro readonly
	autoperf 1 record -o readonly/x.apdb -- "$actions" work 1
	stderr_has "readonly'" "Read-only file system"
	autoperf 1 record --scratch . -o readonly/x.apdb -- "$actions" work 1
	stderr_has "readonly/x.apdb" "Read-only file system"
	only readonly
}

@test "a disk that fills while a run is stored costs only that run" {
	small_disk disk 400K
	autoperf 1 record -n 50 --max-overhead 0 --scratch . -o disk/x.apdb -- "$actions" work 3000
	stderr_has "disk/x.apdb" "are kept in 'disk/x.apdb'"
	[ "$(sql disk/x.apdb "select count(*) > 0, min(samples), max(samples) from run")" = "1|3000|3000" ]
	[ "$(ls disk)" = x.apdb ]
	only disk
}

@test "recordings that find no space are counted as lost" {
	small_disk disk 300K
	autoperf 0 record -n 1 --max-overhead 0 --scratch disk -o x.apdb -- "$actions" work 20000
	stderr_has "warning: samples not stored: no space"
	[ "$(sql x.apdb 'select samples > 0 and lost > 0, samples + lost from run')" = "1|20000" ]
	[ -z "$(ls disk)" ]
}

@test "--keep-recordings keeps them and says where" {
	autoperf 0 record -n 2 --keep-recordings -o x.apdb -- "$actions" work 2
	stderr_has ".recordings"
	[ "$(find . -name '*.aprec' | wc -l)" -eq 2 ]
	[ "$(find . -name session | wc -l)" -eq 2 ]
	# They are no leftover.
	autoperf 0 record -n 1 -o y.apdb -- "$actions" work 2
	stderr_lacks "left behind"
}

@test "--scratch is where recordings are written" {
	mkdir elsewhere
	autoperf 0 record -n 1 --scratch elsewhere -o x.apdb -- "$actions" work 1 show PERFPOINT_SESSION
	[[ $output == PERFPOINT_SESSION=$PWD/elsewhere/autoperf-*.perfpoint-session/run-00000001 ]]
	[ -z "$(ls elsewhere)" ]
}

# ---- interruption ----

# Starts a recording in the background whose second run waits, and waits until it does. The
# shell has background jobs ignore SIGINT, and nohup SIGHUP; that is undone.
start_waiting() {
	cat >wait.sh <<-SCRIPT
		#!/bin/sh
		"$actions" work 5
		[ -e first ] || { touch first; exit 0; }
		trap 'touch asked; exit 0' INT TERM HUP
		echo \$\$ >pid
		touch waiting
		i=0
		while [ \$i -lt 400 ]; do sleep 0.05; i=\$((i + 1)); done
	SCRIPT
	chmod +x wait.sh
	env --default-signal=INT,HUP "$AUTOPERF" record -n 5 -o x.apdb -- ./wait.sh >out 2>err 3>&- &
	recorder=$!
	wait_for waiting
}

@test "SIGINT, SIGTERM and SIGHUP are passed on and keep the finished runs" {
	local signal
	for signal in INT TERM HUP; do
		rm -f -- *
		start_waiting
		kill -"$signal" "$recorder"
		status=0
		wait "$recorder" || status=$?
		[ "$status" -eq 1 ] || { echo "SIG$signal: $status"; cat err; return 1; }
		[ -e asked ]
		grep -q "interrupted after 1 of 5 runs; they are kept in 'x.apdb'" err
		[ "$(sql x.apdb 'select status, samples from run order by id')" = $'ok|5\ninterrupted|5' ]
		[ "$(echo ./*session)" = "./*session" ]
	done
}

@test "interrupting the first run says what is kept of it" {
	touch first
	start_waiting
	kill -INT "$recorder"
	wait "$recorder" || true
	grep -q "interrupted after 0 of 5 runs; the one that was interrupted is kept apart in 'x.apdb'" err
	[ "$(sql x.apdb 'select status, samples from run')" = "interrupted|5" ]
	rm -f -- *
	printf '#!/bin/sh\ntouch waiting\nexec sleep 20\n' >wait.sh
	chmod +x wait.sh
	env --default-signal=INT "$AUTOPERF" record -o x.apdb -- ./wait.sh 2>err 3>&- &
	recorder=$!
	wait_for waiting
	kill -INT "$recorder"
	wait "$recorder" || true
	grep -q "interrupted after 0 of 10 runs; nothing is kept of 'x.apdb'" err
	only err wait.sh waiting
}

@test "a directory left by a killed autoperf is reported and not removed" {
	start_waiting
	kill -KILL "$recorder"
	wait "$recorder" || true
	autoperf 0 record -n 1 -o y.apdb -- "$actions" work 1
	stderr_has ".perfpoint-session' was left behind by an autoperf that was killed"
	kill "$(cat pid)" # it has lost its recorder
	[ -d ./*.perfpoint-session ]
	[ "$(sql x.apdb "select count(*) from run where status = 'ok'")" = 1 ]
}

@test "a directory that another autoperf uses is not reported" {
	start_waiting
	autoperf 0 record -n 1 -o y.apdb -- "$actions" work 1
	stderr_lacks "left behind"
	kill -TERM "$recorder"
	wait "$recorder" || true
}

@test "the program's own kill of its group does not interrupt the recording" {
	printf '#!/bin/sh\ntrap "" TERM\n"%s" work 2\nkill -TERM 0\nexit 0\n' "$actions" >run.sh
	chmod +x run.sh
	run setsid --wait "$AUTOPERF" record -n 2 -o x.apdb -- ./run.sh
	[ "$status" -eq 0 ]
	[ "$(sql x.apdb 'select status, count(*) from run')" = "ok|2" ]
}

# ---- a terminal ----

@test "on a terminal there is a bar with the time left when stdout goes elsewhere" {
	command -v script || skip "no script(1)"
	run script -qec "'$AUTOPERF' record -n 3 -o x.apdb -- '$actions' work 1 sleep 1100 print x >out" /dev/null
	[ "$status" -eq 0 ]
	[[ $output == *"run 2 of 3 ["*" left"* ]]
	[ "$(cat out)" = $'x\nx\nx' ]
	[ "$(sql x.apdb 'select count(*) from run')" = 3 ]
}

@test "on a terminal that the program writes to nothing is drawn over its output" {
	command -v script || skip "no script(1)"
	run script -qec "'$AUTOPERF' record -n 4 -o x.apdb -- '$actions' work 1 sleep 900 print x" /dev/null
	[ "$status" -eq 0 ]
	[[ $output != *"["[=\>]* ]]
	[[ $output == *"run "[234]" of 4, about"*"left"* ]] # not each is drawn on a busy machine
	[ "$(grep -c '^x' <<<"$output")" -eq 4 ]
}

@test "the program may read the terminal" {
	command -v script || skip "no script(1)"
	run bash -c 'printf "typed\n\004" | script -qec "\"$AUTOPERF\" record -n 1 -o x.apdb -- \"$0\" work 1 echo" /dev/null' "$actions"
	[ "$status" -eq 0 ]
	[[ $output == *typed*typed* ]]
}

# ---- wrong usage ----

@test "wrong usage is told with the argument that is wrong" {
	autoperf 2 record
	stderr_has "name the program to measure"
	autoperf 2 record -n 0 -- true
	stderr_has "-n takes" "'0'"
	autoperf 2 record -n ten -- true
	autoperf 2 record -n -- true
	autoperf 2 record --timeout -1 -- true
	stderr_has "--timeout" "'-1'"
	autoperf 2 record --source tarot -- true
	stderr_has "--source" "'tarot'"
	autoperf 2 record --env NAME -- true
	stderr_has "--env takes NAME=VALUE"
	autoperf 2 record --env =x -- true
	autoperf 2 record -c x -e y -- true
	stderr_has "-c and -e"
	autoperf 2 record --append --force -- true
	stderr_has "--append" "--force"
	autoperf 2 record --frobnicate -- true
	stderr_has "unknown option '--frobnicate'"
	autoperf 2 record -x -- true
	stderr_has "unknown option '-x'"
	autoperf 2 record --force=yes -- true
	stderr_has "'--force' takes no value"
	autoperf 2 record -o
	stderr_has "option '-o' needs a value"
	only ""
}
