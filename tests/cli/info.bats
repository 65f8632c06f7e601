#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # output, stderr are set by run
load common
setup() {
	common_setup
	actions=$PROGRAMS/actions
}
teardown() { common_teardown; }

# Every execution is a sample.
record() { autoperf 0 record --quiet --max-overhead 0 "$@"; }

@test "a profile is described" {
	record -n 3 -e page-faults -o x.apdb -- "$actions" work 20 threads 2
	autoperf 0 info x.apdb
	[ -z "$stderr" ]
	stdout_has "profile    x.apdb, " "command    " \
		"source     perf" "events     page-faults" "runs       3, all ended well" \
		"none lost" "machine    "
	echo "$output" | grep -Eq '^work +60 '
	echo "$output" | grep -Eq '^ +3 +1 +ok '
}

@test "a profile is described as JSON" {
	record -n 3 -e page-faults -o x.apdb -- "$actions" work 20
	autoperf 0 info --json x.apdb
	[ "$(json 'd["kind"], len(d["runs"]), d["source"], d["passes"]')" = "('profile', 3, 'perf', [['page-faults']])" ]
	[ "$(json 'd["command"]')" = "['$actions', 'work', '20']" ]
	[ "$(json '[(r["name"], r["samples"]) for r in d["regions"]]')" = "[('work', 60)]" ]
	[ "$(json '0 < d["regions"][0]["wall_median_ns"] <= d["regions"][0]["wall_p95_ns"]')" = True ]
	[ "$(json 'd["machine"]["cores"] > 0')" = True ]
	[ "$(json 'sum(p["samples"] for p in d["processes"])')" = 60 ]
}

@test "what markers took is told, and how many executions were measured" {
	autoperf 0 record --quiet -n 2 -e page-faults -o x.apdb -- "$EXAMPLES/shared_counter-good" 1 40000
	autoperf 0 info x.apdb
	stdout_has "overhead   markers took about " " % of the program's CPU time, at most 4 % were allowed" \
		"80,000 executions of regions, one in "
	autoperf 0 info --json x.apdb
	[ "$(json 'd["overhead"]["executions"], d["overhead"]["allowed"]')" = "(80000, 0.04)" ]
	[ "$(json 'd["overhead"]["measured"] == sum(p["measured"] for p in d["processes"]) == sum(r["samples"] for r in d["runs"])')" = True ]
	[ "$(json '0 < d["overhead"]["share"] < 0.5')" = True ]
	record -n 1 -o y.apdb -- "$actions" work 20
	autoperf 0 info y.apdb
	stdout_has "20 executions of regions, all of them measured"
	stdout_lacks "were allowed"
}

@test "profiles that do not know what markers took say nothing of it" {
	record -n 1 -o x.apdb -- "$actions" work 20
	python3 - <<-'PYTHON'
		import sqlite3
		db = sqlite3.connect("x.apdb")
		for column in "executions", "measured", "marker_ns":
		    db.execute(f"ALTER TABLE process DROP COLUMN {column}")
		db.execute("PRAGMA user_version = 2")
	PYTHON
	autoperf 0 info x.apdb
	stdout_lacks "overhead" "of regions"
	autoperf 0 info --json x.apdb
	[ "$(json 'd["overhead"]')" = None ]
	# It learns to when it is written to.
	autoperf 0 record --quiet --append -n 1 --max-overhead 0 -o x.apdb -- "$actions" work 30
	autoperf 0 info x.apdb
	stdout_has "30 executions of regions, all of them measured"
}

@test "a sample counts for all executions that it stands for" {
	cat >t.csv <<-'CSV'
		region,run,pass,thread,begin_ns,wall_ns,cpu_ns,executions,counters_running,x
		r,0,0,0,0,10,10,1,1,1
		r,0,0,0,0,20,20,1,1,1
		r,0,0,0,0,1000,1000,9,1,1
	CSV
	autoperf 0 import --quiet t.csv -o x.apdb
	autoperf 0 info --json x.apdb
	[ "$(json '[(r["samples"], r["wall_median_ns"], r["wall_total_ns"]) for r in d["regions"]]')" = "[(3, 1000.0, 9030.0)]" ]
}

@test "failed runs are told apart" {
	autoperf 1 record --quiet -n 2 -o x.apdb -- "$actions" work 5 exit 3
	autoperf 0 info x.apdb
	stdout_has "exit 3" "failed and are never learnt from"
}

@test "many runs are summed up unless asked for" {
	awk 'BEGIN { print "run,a,b"; for (i = 0; i < 30; i++) print i ",1,2" }' >t.csv
	autoperf 0 import --quiet t.csv -o x.apdb
	autoperf 0 info x.apdb
	stdout_has "30 runs that ended well and lost nothing; --all lists them" "machine    unknown"
	autoperf 0 info --all x.apdb
	[ "$(echo "$output" | grep -Ec '^ +[0-9]+ +1 +ok ')" = 30 ]
}

@test "a recording is described" {
	record -n 1 -e page-faults --keep-recordings -o x.apdb -- "$actions" work 20 threads 2
	recording=$(find . -name '*.aprec')
	autoperf 0 info "$recording"
	stdout_has "recording  $recording" ", ended, child of " "events     page-faults" \
		"measured   40 of 40 executions; markers took "
	echo "$output" | grep -Eq '^work +20 '
	autoperf 0 info --json "$recording"
	[ "$(json 'd["kind"], d["ended"], d["events"], d["torn"]')" = "('recording', True, ['page-faults'], 0)" ]
	[ "$(json 'sum(r["samples"] for r in d["regions"]) == d["samples"]')" = True ]
}

@test "a recording that is cut short tells what is left" {
	record -n 1 --keep-recordings -o x.apdb -- "$actions" work 2000
	recording=$(find . -name '*.aprec')
	size=$(stat -c %s "$recording")
	head -c $((size - 140000)) "$recording" >cut.aprec
	autoperf 0 info cut.aprec
	stdout_has "truncated" "torn or make no sense"
	head -c 100 "$recording" >cut.aprec
	autoperf 1 info cut.aprec
	stderr_has "cut.aprec"
}

@test "a model is described" {
	record -n 4 -e page-faults -o x.apdb -- "$actions" work 50
	autoperf 0 train x.apdb -o m.safetensors
	autoperf 0 info m.safetensors
	stdout_has "model      m.safetensors, " "on 4 normal runs" "events     page-faults"
	echo "$output" | grep -Eq '^work +1 +200 +4 '
	autoperf 0 info --json m.safetensors
	[ "$(json 'd["kind"], d["units"][0]["region"], d["units"][0]["samples"]')" = "('model', 'work', 200)" ]
}

@test "names of strangers do not reach the terminal" {
	printf 'region,a,b\n"evil\033[31mname",1,2\n' >t.csv
	autoperf 0 import --quiet t.csv -o x.apdb
	autoperf 0 info x.apdb
	stdout_has 'evil\x1b[31mname'
	stdout_lacks $'\033'
	autoperf 0 info --json x.apdb
	[ "$(json 'd["regions"][0]["name"]')" = 'evil\x1b[31mname' ]
}

@test "files that are none of ours are told apart" {
	autoperf 1 info none
	stderr_has "cannot open none: No such file"
	: >empty
	autoperf 1 info empty
	stderr_has "empty is empty"
	echo hello >text
	autoperf 1 info text
	stderr_has "neither a recording, a profile nor a model"
	autoperf 1 info .
	stderr_has ". is a directory"
	autoperf 1 info /dev/null
	stderr_has "no regular file"
	python3 -c 'import sqlite3; c = sqlite3.connect("other.db"); c.execute("create table t(x)"); c.commit()'
	autoperf 1 info other.db
	stderr_has "other.db is an SQLite file, but not a profile"
}

@test "damaged profiles are named, whatever is broken" {
	record -n 3 -o x.apdb -- "$actions" work 200
	size=$(stat -c %s x.apdb)
	head -c $((size / 2)) x.apdb >short.apdb
	autoperf 1 info short.apdb
	stderr_has "short.apdb is cut short"
	cp x.apdb new.apdb
	printf '\177' | dd of=new.apdb bs=1 seek=63 conv=notrunc status=none
	autoperf 1 info new.apdb
	stderr_has "made by a newer AutoPerf"
	cp x.apdb bad.apdb
	dd if=/dev/urandom of=bad.apdb bs=4096 seek=2 count=$((size / 4096 - 3)) conv=notrunc status=none
	autoperf 1 info bad.apdb
	stderr_has "bad.apdb is damaged"
	[ "$(ls -A | grep -c -e -journal -e -wal -e -shm)" = 0 ]
}

@test "a profile in a directory that cannot be written is read" {
	record -n 3 -o x.apdb -- "$actions" work 20
	mkdir ro
	mv x.apdb ro
	mount --bind ro ro 2>/dev/null && mount -o remount,bind,ro ro || skip "needs the right to mount"
	echo "$PWD/ro" >>"$BATS_TEST_TMPDIR/mounts"
	autoperf 0 info ro/x.apdb
	stdout_has "profile    ro/x.apdb"
}

@test "results that cannot be written are an error" {
	record -n 3 -o x.apdb -- "$actions" work 20
	run bash -c '"$AUTOPERF" info x.apdb 2>&1 >/dev/full'
	[ "$status" -eq 1 ]
	[[ $output == *"No space left"* ]]
}

@test "wrong usage is told" {
	autoperf 2 info
	stderr_has "name one file"
	autoperf 2 info a b
	stderr_has "name one file"
	autoperf 2 info --what
	stderr_has "unknown option '--what'"
	autoperf 0 info --help
	stdout_has "Usage: autoperf info"
}
