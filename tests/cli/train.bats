#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # output, stderr are set by run
load common
load judging
setup() { common_setup; }
teardown() { common_teardown; }

# profile RUNS [ROWS]: base.apdb with regions parse and update.
profile() {
	make_csv base.csv "$1" 1 1 1 "${2:-60}"
	autoperf 0 import --quiet base.csv -o base.apdb
}

@test "a model is written and the regions are summed up" {
	profile 4
	autoperf 0 train base.apdb -o m.safetensors
	stdout_has "parse " "update " "240 " "topology" "threshold" "wrote m.safetensors"
	[ -z "$stderr" ]
	[ -s m.safetensors ]
}

@test "the summary is there as JSON" {
	profile 3
	autoperf 0 train --json base.apdb -o m.safetensors
	[ "$(json 'd["model"], d["runs"], len(d["units"]), d["skipped"]')" = "('m.safetensors', 3, 2, [])" ]
	[ "$(json 'd["units"][1]["region"], d["units"][1]["samples"], d["units"][1]["runs"]')" = "('update', 180, 3)" ]
	[ "$(json 'd["units"][0]["threshold"] > 1 and d["units"][0]["validation_error"] > 0')" = True ]
}

@test "the same profile and seed give the same bytes, another seed does not" {
	profile 3
	autoperf 0 train base.apdb -o 1.safetensors --threads 1 --log 1.log
	autoperf 0 train base.apdb -o 2.safetensors --threads 2 --log 2.log
	autoperf 0 train base.apdb -o 3.safetensors --seed 2
	cmp 1.safetensors 2.safetensors
	cmp 1.log 2.log
	! cmp -s 1.safetensors 3.safetensors
}

@test "the file is safetensors as published" {
	profile 3
	autoperf 0 train base.apdb -o m.safetensors
	/usr/bin/python3 "$BATS_TEST_DIRNAME/safetensors.py" m.safetensors parse update
}

@test "the log tells configurations, errors and thresholds" {
	profile 3
	autoperf 0 train base.apdb -o m.safetensors --log network_training.log
	grep -q "region update, pass 1: 180 samples of 3 runs" network_training.log
	grep -q "configuration 1 of " network_training.log
	grep -Eq "^ +step +epoch +training +validation$" network_training.log
	grep -q "  chosen: " network_training.log
	grep -q "threshold" network_training.log
}

@test "topology, epochs and noise can be given" {
	profile 3
	autoperf 0 train base.apdb -o m.safetensors --topology n-2-n:linear --epochs 7 \
		--noise 0.2 --log net.log
	stdout_has "4-2-4:linear"
	grep -q "noise 0.2, at most 7 epochs" net.log
	autoperf 2 train base.apdb -o n.safetensors --topology 9-9
	stderr_has "9-9" "number of features, here 4"
	autoperf 2 train base.apdb -o n.safetensors --topology four
	stderr_has "cannot be read"
	[ ! -e n.safetensors ]
}

@test "two runs are too few, and the text says what to do" {
	profile 2
	autoperf 1 train base.apdb -o m.safetensors
	stderr_has "3 runs" "it has 2" "import at least 1 more run"
	[ ! -e m.safetensors ]
}

@test "three samples are too few" {
	printf 'run,wall_ns,page-faults\n1,100,1\n2,110,1\n3,90,1\n' >t.csv
	autoperf 0 import --quiet t.csv -o t.apdb
	autoperf 1 train t.apdb -o m.safetensors
	stderr_has "20 samples" "3 runs with 3 samples"
	[ ! -e m.safetensors ]
}

@test "a region with few samples is left out by name" {
	profile 4 2
	autoperf 0 train base.apdb -o m.safetensors
	stdout_has "left out: update: training needs 3 runs and 20 samples of it; the profile has 4 runs with 8 samples"
}

@test "raw features are learnt as they are" {
	awk 'BEGIN { srand(3); print "run,f,g"
		for (i = 0; i < 90; i++) printf "%d,%.6f,-7\n", i % 3, rand() - 0.5 }' >t.csv
	autoperf 0 import --quiet --raw t.csv -o t.apdb
	autoperf 0 train t.apdb -o m.safetensors --epochs 20
	stdout_has "90 "
}

@test "an existing model is not overwritten without --force" {
	profile 3
	echo precious >m.safetensors
	autoperf 1 train base.apdb -o m.safetensors
	stderr_has "m.safetensors" "--force"
	[ "$(cat m.safetensors)" = precious ]
	autoperf 0 train base.apdb -o m.safetensors --force
	[ "$(head -c 8 m.safetensors | wc -c)" = 8 ]
	[ "$(wc -c <m.safetensors)" -gt 1000 ]
}

@test "an interrupted training leaves nothing behind" {
	profile 3
	"$AUTOPERF" train base.apdb -o m.safetensors --log net.log --epochs 100000 >out 2>&1 &
	sleep 0.5
	kill -TERM $!
	run wait $!
	[ "$status" -ne 0 ]
	[ "$(ls -A)" = $'base.apdb\nbase.csv\nout' ]
}

@test "what cannot be read or written is named" {
	profile 3
	autoperf 1 train none.apdb -o m.safetensors
	stderr_has "none.apdb"
	echo nonsense >bad.apdb
	autoperf 1 train bad.apdb -o m.safetensors
	stderr_has "bad.apdb"
	autoperf 1 train base.apdb -o none/m.safetensors
	stderr_has "none/m.safetensors"
	autoperf 1 train base.apdb -o /dev/full
	stderr_has "/dev/full"
	autoperf 1 train base.apdb -o m.safetensors --log /dev/full
	stderr_has "/dev/full"
	[ ! -e m.safetensors ]
}

@test "wrong usage is told" {
	autoperf 2 train
	stderr_has "train PROFILE -o MODEL"
	autoperf 2 train base.apdb
	stderr_has "-o MODEL"
	autoperf 2 train a b -o m
	autoperf 2 train a -o m --epochs 0
	stderr_has "--epochs" "'0'"
	autoperf 2 train a -o m --seed -1
	autoperf 2 train a -o m --noise nan
	stderr_has "--noise"
	autoperf 2 train a -o m --threads 1e3
	autoperf 2 train a -o m --colour
	stderr_has "--colour"
}

@test "a summary that cannot be printed is a failure" {
	profile 3
	run bash -c '"$1" train base.apdb -o m.safetensors >/dev/full' _ "$AUTOPERF"
	[ "$status" -eq 1 ]
}

@test "ready-made features may come in one piece" {
	awk 'BEGIN { srand(3); print "f,g"; for (i = 0; i < 400; i++) print rand() "," rand() - 5 }' >t.csv
	autoperf 0 import --quiet --raw t.csv -o t.apdb
	autoperf 0 train t.apdb -o t.safetensors
	stderr_has "counts as independent"
	awk 'BEGIN { print "f,g"; print "0.5,-4.5"; print "3,-4.5" }' >new.csv
	autoperf 0 import --quiet --raw new.csv -o new.apdb
	autoperf 4 detect --quiet --scores scores.csv t.safetensors new.apdb
	[ "$(awk -F, 'NR > 1 { printf "%s ", $9 }' scores.csv)" = "0 1 " ]
}

@test "a run that is nothing like the others is set aside and named" {
	make_csv t.csv 10 1
	# Run 4 of the region `update` was four times as slow.
	awk -F, -v OFS=, 'NR > 1 && $1 == "update" && $3 == 4 { $4 *= 4 } { print }' t.csv >odd.csv
	autoperf 0 import --quiet odd.csv -o t.apdb
	autoperf 0 train t.apdb -o t.safetensors
	stdout_has "set aside: run 4 for update: its time is"
	make_csv new.csv 5 2 1.5
	autoperf 0 import --quiet new.csv -o new.apdb
	autoperf 3 detect t.safetensors new.apdb
	stdout_has 'run 4 of the training was set aside for "update"'
}

@test "the original's method can be asked for, and judges by a vote of the runs" {
	make_csv t.csv 6 1
	autoperf 0 import --quiet t.csv -o t.apdb
	autoperf 0 train --method original t.apdb -o t.safetensors
	make_csv new.csv 5 2 2 8
	autoperf 0 import --quiet new.csv -o new.apdb
	autoperf 0 detect -v t.safetensors new.apdb || autoperf 3 detect -v t.safetensors new.apdb
	stdout_has "by the original's method"
	autoperf 2 train --method other t.apdb -o u.safetensors
	stderr_has "default or original, not 'other'"
}

@test "a region with few samples shares the model of one like it when asked to" {
	make_csv t.csv 10 1
	awk -F, -v OFS=, 'NR == 1 || $1 == "parse"; $1 == "update" && ++seen[$3] <= 1 { $1 = "rare"; print }
		$1 == "update" { $4 *= 50; $6 *= 90; print }' t.csv >few.csv
	autoperf 0 import --quiet few.csv -o t.apdb
	autoperf 0 train t.apdb -o t.safetensors
	stdout_has "left out: rare"
	autoperf 0 train --clusters t.apdb -o u.safetensors
	stdout_has "shared: rare was taught by parse, too"
	stdout_lacks "left out"
	autoperf 0 detect -v u.safetensors t.apdb
	stdout_has "rare"
}
