# SPDX-License-Identifier: MIT
# autoperf diagnose: the original's one shot, on CSV, profiles and the original's layout.

load common
load judging

setup() {
	common_setup
}

@test "CSV files are learnt, judged and explained, and the results are left" {
	make_csv train.csv 10 1
	make_csv test.csv 5 2 2 10
	autoperf 3 diagnose train.csv test.csv out
	[[ ${lines[0]} == 'REGRESSION: region "update" takes '* ]]
	stderr_has "wrote accuracy.out, network_training.log and more to out"
	for file in accuracy.out network_training.log findings.json model.safetensors \
		train.apdb test.apdb; do
		[ -s "out/$file" ]
	done
	# The model is one: detect says the same.
	autoperf 3 detect out/model.safetensors out/test.apdb
}

@test "accuracy.out has the words that the original's users look for" {
	make_csv train.csv 10 3
	make_csv test.csv 5 4 3 10
	autoperf 3 diagnose --quiet train.csv test.csv out
	[ "$(grep -c '^Anomaly found in execution [1-5] in [0-9]* samples' out/accuracy.out)" -ge 5 ]
	grep -qx 'Total run 5' out/accuracy.out
	grep -qx 'Total anomalous run found 5' out/accuracy.out
	grep -qx 'Actual Positive 5' out/accuracy.out
	grep -qx 'True Positive 5' out/accuracy.out
	grep -qx 'False Negative 0' out/accuracy.out
	grep -qx 'Actual Negative 10' out/accuracy.out
	grep -qx 'Recall 1' out/accuracy.out
	grep -q '^Fscore ' out/accuracy.out
	grep -q '1. page-faults: ' out/accuracy.out
	grep -q 'error' out/network_training.log
}

@test "fresh normal runs are normal" {
	make_csv train.csv 10 5
	make_csv test.csv 5 6
	autoperf 0 diagnose train.csv test.csv out
	stdout_has "NORMAL"
	[ "$(grep -c '^Anomaly found' out/accuracy.out)" -le 2 ]
}

@test "profiles are taken as they are" {
	make_csv train.csv 10 7
	make_csv test.csv 5 8 2
	"$AUTOPERF" --quiet import train.csv -o a.apdb
	"$AUTOPERF" --quiet import test.csv -o b.apdb
	autoperf 3 diagnose a.apdb b.apdb out
	[ ! -e out/train.apdb ]
	[ ! -e out/test.apdb ]
}

@test "the original's layout is read; without time, counters decide" {
	make_original train 10 1
	make_original fresh 8 2
	make_original slow 8 3 4
	autoperf 0 diagnose train fresh out
	stdout_has "NORMAL"
	autoperf 3 diagnose train slow out2
	stdout_has "REGRESSION" "time was not measured" "mark-3" "PAPI_L3_TCM"
	grep -qx 'Total run 8' out2/accuracy.out
	grep -qx 'Total anomalous run found 8' out2/accuracy.out
}

@test "passes with other events are left out when forced" {
	make_original train 10 4
	make_original test 8 5 4
	sed -i 's/PAPI_BR_MSP/PAPI_TLB_DM/' test/*/event_1_perf_data.csv
	autoperf 1 diagnose train test out
	stderr_has "only the model has PAPI_BR_MSP" "only the profile has PAPI_TLB_DM" "--force"
	autoperf 3 diagnose --force train test out
	stdout_has "compared although they counted different events" "PAPI_L3_TCM"
	sed -i 's/PAPI_L3_TCM/PAPI_L2_TCM/' test/*/event_0_perf_data.csv
	autoperf 1 diagnose --force train test out
	stderr_has "PAPI_L2_TCM"
	stderr_lacks "--force"
}

@test "an output directory with something in it is refused unless forced" {
	make_csv train.csv 10 9
	make_csv test.csv 5 10 2
	mkdir out
	touch out/mine
	autoperf 1 diagnose train.csv test.csv out
	stderr_has "out is not empty" "--force"
	[ "$(ls out)" = mine ]
	autoperf 3 diagnose --force train.csv test.csv out
	[ -e out/mine ]
	[ -s out/accuracy.out ]
	autoperf 1 diagnose train.csv test.csv train.csv
	autoperf 1 diagnose train.csv test.csv no/such/place
	stderr_has "no/such/place"
}

@test "an empty output directory is used" {
	make_csv train.csv 10 11
	make_csv test.csv 5 12 2
	mkdir out
	autoperf 3 diagnose train.csv test.csv out
	[ -s out/accuracy.out ]
}

@test "bad input leaves no output directory" {
	make_csv test.csv 5 13
	autoperf 1 diagnose nothing.csv test.csv out
	stderr_has "nothing.csv"
	[ ! -e out ]
	mkdir empty
	autoperf 1 diagnose empty test.csv out
	stderr_has "empty"
	[ ! -e out ]
}

@test "too few normal runs are refused with the number that is needed" {
	make_csv train.csv 2 14
	make_csv test.csv 5 15
	autoperf 1 diagnose train.csv test.csv out
	stderr_has "3"
}

@test "the same input gives the same results" {
	make_csv train.csv 6 16
	make_csv test.csv 6 17 1.5
	autoperf 3 diagnose --quiet train.csv test.csv out
	cp -r out first
	autoperf 3 diagnose --quiet --force train.csv test.csv out
	for file in accuracy.out findings.json model.safetensors; do
		cmp "first/$file" "out/$file"
	done
}

@test "wrong usage is told" {
	autoperf 2 diagnose
	stderr_has "diagnose TRAIN TEST OUTDIR"
	autoperf 2 diagnose a b
	autoperf 2 diagnose --seed x a b c
	stderr_has "--seed"
	autoperf 2 diagnose --alarm-rate 1 a b c
	autoperf 0 diagnose --help
	stdout_has "accuracy.out" "Exit status"
}
