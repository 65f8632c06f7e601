# SPDX-License-Identifier: MIT
# autoperf evaluate: what is found, false alarms, splits, refusals.

load common
load judging

# new_profile FILE RUNS SEED [TIME [FAULTS [ROWS]]]
new_profile() {
	local file=$1
	shift
	make_csv new.csv "$@"
	"$AUTOPERF" --quiet import --force new.csv -o "$file"
}

# told EXPRESSION: of `all`, the JSON in $output
told() {
	/usr/bin/python3 -c 'import json, sys
all = json.loads(sys.argv[1])
print(eval(sys.argv[2]))' "$output" "$1"
}

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	new_profile train.apdb 12 1
	new_profile normal.apdb 6 2
	new_profile anomalous.apdb 5 3 2 10
}

setup() {
	common_setup
	cp "$BATS_FILE_TMPDIR"/*.apdb .
}

@test "anomalous runs are told from normal ones, over all regions and in each" {
	autoperf 0 evaluate train.apdb normal.apdb anomalous.apdb
	[[ ${lines[0]} == "Learnt from 12 normal runs (method default)"* ]]
	[[ $output == *"(all regions)"*"5 of 5"*"1.000"*"normal, regression"* ]]
	[[ $output == *"update "*"5 of 5"* ]]
}

@test "JSON has the counts, the areas and the sweep, and they agree" {
	autoperf 0 evaluate --json train.apdb normal.apdb anomalous.apdb
	/usr/bin/python3 - <<-PYTHON
		import json
		told = json.loads('''$output''')
		assert told["training_runs"] == 12 and told["alarm_rate"] == 0.01
		for row in [told["all_regions"], *told["regions"]]:
		    assert row["anomalous"] == 5 and row["normal"] == 6, row
		    assert row["recall"] == row["found"] / 5
		    last = row["sweep"][-1]
		    assert (last["found"], last["false_alarms"]) == (5, 6)
		    scores = [point["score"] for point in row["sweep"]]
		    assert scores == sorted(scores, reverse=True)
		assert told["all_regions"]["region"] is None
		assert told["all_regions"]["roc_area"] == 1
		assert told["all_regions"]["verdict_on_anomalous"] == "regression"
	PYTHON
}

@test "a model that has been trained does as well" {
	autoperf 0 evaluate --json train.apdb normal.apdb anomalous.apdb
	expected=$output
	autoperf 0 train --quiet train.apdb -o model.safetensors
	autoperf 0 evaluate --json model.safetensors normal.apdb anomalous.apdb
	[ "$output" = "$expected" ]
}

@test "normal runs on both sides are not told apart" {
	new_profile other.apdb 6 4
	autoperf 0 evaluate --json train.apdb normal.apdb other.apdb
	[ "$(told 'all["all_regions"]["verdict_on_anomalous"]')" = normal ]
	[ "$(told 'all["all_regions"]["roc_area"] < 1')" = True ]
}

@test "the sweep is shown on request, the result can go to a file" {
	autoperf 0 evaluate -v -o out.txt train.apdb normal.apdb anomalous.apdb
	[ -z "$output" ]
	grep -q 'If an execution was found from a score on: update' out.txt
	autoperf 1 evaluate -o out.txt train.apdb normal.apdb anomalous.apdb
	stderr_has "out.txt"
	autoperf 0 evaluate --force -o out.txt train.apdb normal.apdb anomalous.apdb
	run ! grep -q 'If an execution' out.txt
}

@test "--aa judges normal runs against each other, the same for the same seed" {
	autoperf 0 evaluate --aa train.apdb -k 6 --json
	first=$output
	[ "$(told '[all[key] for key in ("splits", "training_runs", "test_runs")]')" = "[6, 8, 4]" ]
	[ "$(told '0 <= all["sure"] <= 6')" = True ]
	[ "$(told 'sum(all["verdicts"].values())')" = 6 ]
	[ "$(told 'all["false_alarms"] == all["verdicts"]["regression"]')" = True ]
	autoperf 0 evaluate --aa train.apdb -k 6 --json
	[ "$output" = "$first" ]
	autoperf 0 evaluate --aa train.apdb -k 2 --training-runs 7 --test-runs 2
	[[ $output == *"Each split learnt from 7 runs and judged 2 others"* ]]
}

@test "too few runs to split are refused with the way out" {
	new_profile few.apdb 3 6
	autoperf 1 evaluate --aa few.apdb --training-runs 3
	stderr_has "3 runs that ended well cannot be split into 3"
	stderr_has "record --append"
	autoperf 1 evaluate --aa train.apdb --training-runs 10 --test-runs 9
	stderr_has "cannot be split into 10"
}

@test "wrong usage and missing files are named" {
	autoperf 2 evaluate train.apdb normal.apdb
	stderr_has "evaluate TRAIN NORMAL ANOMALOUS"
	autoperf 2 evaluate --aa train.apdb normal.apdb
	stderr_has "evaluate --aa PROFILE"
	autoperf 2 evaluate -k 5 train.apdb normal.apdb anomalous.apdb
	stderr_has "need --aa"
	autoperf 2 evaluate --aa -k 0 train.apdb
	stderr_has "--splits takes a number from 1"
	autoperf 2 evaluate --method best train.apdb normal.apdb anomalous.apdb
	stderr_has "--method takes default or original"
	autoperf 1 evaluate nothing.apdb normal.apdb anomalous.apdb
	stderr_has "nothing.apdb"
	autoperf 1 evaluate train.apdb nothing.apdb anomalous.apdb
	stderr_has "nothing.apdb"
	echo nonsense >nonsense
	autoperf 1 evaluate nonsense normal.apdb anomalous.apdb
	stderr_has "nonsense"
}

@test "CI systems are told of false alarms and of what is missed, and of nothing else" {
	autoperf 0 evaluate train.apdb normal.apdb anomalous.apdb --format junit -o all.xml
	# What is normal is called anomalous, and the other way round.
	autoperf 0 evaluate train.apdb anomalous.apdb normal.apdb --format junit -o swapped.xml
	autoperf 0 evaluate train.apdb anomalous.apdb normal.apdb --format sarif -o swapped.sarif
	/usr/bin/python3 - <<-'PYTHON'
		import json
		import xml.etree.ElementTree as tree
		def faults(path):
		    suite = tree.parse(path).getroot().find("testsuite")
		    found = {case.get("name"): case.find("failure") for case in suite.findall("testcase")}
		    assert len(found) == int(suite.get("tests")) >= 2, found
		    told = {name: fault.get("type") for name, fault in found.items() if fault is not None}
		    assert len(told) == int(suite.get("failures"))
		    return told
		assert faults("all.xml") == {}
		swapped = faults("swapped.xml")
		assert swapped["all regions"] == swapped["update"] == "false-alarm", swapped
		run, = json.load(open("swapped.sarif"))["runs"]
		rules = run["tool"]["driver"]["rules"]
		assert [rules[r["ruleIndex"]]["id"] for r in run["results"]] \
		    == [r["ruleId"] for r in run["results"]] == ["false-alarm"] * len(swapped)
	PYTHON
	autoperf 0 evaluate train.apdb normal.apdb anomalous.apdb --format github
	stdout_has "5 of 5 anomalous executions found"
	stdout_lacks "::warning"
	autoperf 0 evaluate train.apdb normal.apdb normal.apdb --format github
	[ "$(grep -c '^::warning title=AutoPerf evaluation%3A all regions::' <<<"$output")" -eq 1 ]
	stdout_has "Anomalous runs are not judged a regression"
	autoperf 0 evaluate train.apdb anomalous.apdb anomalous.apdb --format markdown
	stdout_has "| \`all regions\` | **no** |" "| \`update\` | **no** |"
	autoperf 0 evaluate --aa train.apdb -k 5 --format junit
	stdout_has 'tests="1" failures="0"' "of 5 splits raise an alarm"
	autoperf 2 evaluate train.apdb normal.apdb anomalous.apdb --format pdf
}
