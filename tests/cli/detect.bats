# SPDX-License-Identifier: MIT
# autoperf detect: verdicts, formats, outputs, refusals.

load common
load judging

# A model of ten normal runs is made once; new profiles by new_profile.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	make_csv train.csv 10 1
	make_csv fresh.csv 5 2
	"$AUTOPERF" diagnose --quiet train.csv fresh.csv out >/dev/null
}

setup() {
	common_setup
	cp "$BATS_FILE_TMPDIR/out/model.safetensors" "$BATS_FILE_TMPDIR/out/train.apdb" .
}

# new_profile FILE RUNS SEED [TIME [FAULTS [ROWS]]]
new_profile() {
	local file=$1
	shift
	make_csv new.csv "$@"
	"$AUTOPERF" --quiet import new.csv -o "$file"
}

valid_findings() {
	local schema=$BATS_TEST_DIRNAME/../../doc/findings.schema.json
	/usr/bin/python3 - "$schema" "$1" <<-'PYTHON'
		import json, sys, jsonschema
		schema = json.load(open(sys.argv[1]))
		jsonschema.Draft202012Validator.check_schema(schema)
		jsonschema.Draft202012Validator(schema).validate(json.load(open(sys.argv[2])))
	PYTHON
}

@test "fresh runs of the same program are normal and exit with 0" {
	new_profile fresh.apdb 5 3
	autoperf 0 detect model.safetensors fresh.apdb
	[ "${lines[0]}" = "NORMAL: 2 regions behave as in training (5 new runs against 10)" ]
	stdout_lacks "What next" $'\033'
	[ -z "$stderr" ]
}

@test "a slower region is a regression, named with its counters, and exits with 3" {
	new_profile slow.apdb 5 4 2 10
	autoperf 3 detect model.safetensors slow.apdb
	[[ ${lines[0]} == 'REGRESSION: region "update" takes '* ]]
	stdout_has "page-faults" "sure?" "What next" "regression" "normal"
	[[ $output =~ page-faults\ .*\ (9\.[0-9]+|10\.[0-9])x ]]
}

@test "a faster region is an improvement and exits with 0" {
	new_profile fast.apdb 5 5 0.5
	autoperf 0 detect model.safetensors fast.apdb
	[[ ${lines[0]} == 'IMPROVEMENT: region "update" takes 0.'* ]]
}

@test "counters that moved while time did not are a change and exit with 0" {
	new_profile changed.apdb 5 6 1 3
	autoperf 0 detect model.safetensors changed.apdb
	[[ ${lines[0]} == 'CHANGED: region "update" behaves differently: page-faults '* ]]
}

@test "more executions are a regression of the total" {
	new_profile more.apdb 5 7 1 1 180
	autoperf 3 detect model.safetensors more.apdb
	stdout_has "as much time per run" "as often" "60 -> 180 in a run" "x*"
}

@test "too few runs cannot tell, say how many are missing, and exit with 4" {
	new_profile few.apdb 2 8 3
	autoperf 4 detect model.safetensors few.apdb
	[[ ${lines[0]} == 'CANNOT TELL: region "update" looks slower'* ]]
	stdout_has "are too few to be sure" "more new run" "and ask again"
	# One false alarm in ten comparisons is less to ask for.
	autoperf 3 detect --alarm-rate 0.1 model.safetensors few.apdb
}

@test "a sure difference below the effect floor is normal" {
	new_profile slow.apdb 8 9 1.2
	autoperf 3 detect model.safetensors slow.apdb
	autoperf 0 detect --effect-floor 0.5 model.safetensors slow.apdb
	stdout_has "NORMAL"
}

@test "findings as JSON follow their schema and repeat the exit status" {
	new_profile slow.apdb 5 10 2
	autoperf 3 detect --json model.safetensors slow.apdb
	[ "$(json 'd["verdict"], d["exit_status"], d["regions"][0]["name"]')" = \
		"('regression', 3, 'update')" ]
	[ "$(json '1.9 < d["regions"][0]["time_per_execution"]["ratio"] < 2.1')" = True ]
	printf '%s' "$output" >findings.json
	valid_findings findings.json
	autoperf 3 detect --format json model.safetensors slow.apdb
	[ "$output" = "$(cat findings.json)" ]
}

@test "findings tell how scores are distributed, and -v draws it" {
	new_profile slow.apdb 5 10 2
	autoperf 3 detect --json model.safetensors slow.apdb
	[ "$(json 'd["regions"][0]["score_histogram"]["threshold_bin"]')" = 8 ]
	[ "$(json '[round(sum(d["regions"][0]["score_histogram"][side]), 6) for side in ("before", "after")]')" = "[1.0, 1.0]" ]
	# What is right of the threshold is the share that the findings tell elsewhere.
	[ "$(json 'all(abs(sum(r["score_histogram"]["after"][8:]) - r["anomalous_share"]["after"]) < 1e-6 for r in d["regions"])')" = True ]
	[ "$(json 'all(abs(sum(r["score_histogram"]["before"][8:]) - r["anomalous_share"]["before"]) < 0.01 for r in d["regions"])')" = True ]
	autoperf 3 detect -v model.safetensors slow.apdb
	[ "$(grep -cE '^  scores  normal \[[ .:=+*%#-]{8}\|[ .:=+*%#-]{16}\] new \[[ .:=+*%#-]{8}\|[ .:=+*%#-]{16}\]$' <<<"$output")" = 2 ]
	LC_ALL=C.UTF-8 autoperf 3 detect -v model.safetensors slow.apdb
	stdout_has "█"
	autoperf 3 detect model.safetensors slow.apdb
	stdout_lacks "scores  normal"
}

@test "findings that cannot tell follow the schema too" {
	new_profile few.apdb 1 11
	autoperf 4 detect --alarm-rate 0.0001 --json model.safetensors few.apdb ||
		autoperf 0 detect --alarm-rate 0.0001 --json model.safetensors few.apdb
	printf '%s' "$output" >findings.json
	valid_findings findings.json
}

@test "-o writes the findings to a file and leaves stdout empty" {
	new_profile slow.apdb 5 12 2
	autoperf 3 detect --json -o findings.json model.safetensors slow.apdb
	[ -z "$output" ]
	stderr_has "regression; findings in findings.json"
	valid_findings findings.json
	autoperf 1 detect --json -o findings.json model.safetensors slow.apdb
	stderr_has "findings.json" "--force"
	autoperf 3 detect --force -o findings.json model.safetensors slow.apdb
	grep -q '^REGRESSION: ' findings.json
}

# other_events FACTOR: a model of two passes, and other.apdb of which only the second one has
# known events: its branch mispredictions are multiplied by FACTOR, the unknown events by 4.
other_events() {
	make_original train 10 31
	make_original other 8 32 4
	sed -i 's/PAPI_L3_TCM/PAPI_L2_TCM/' other/*/event_0_perf_data.csv
	for file in other/*/event_1_perf_data.csv; do
		awk -v factor="$1" -F ', *' 'NF == 4 && $1 == 3 {
			$4 = sprintf("%.0f", $4 * factor) } { $1 = $1; print }' OFS=', ' "$file" >new
		mv new "$file"
	done
	"$AUTOPERF" --quiet import train -o passes.apdb
	"$AUTOPERF" --quiet import other -o other.apdb
	"$AUTOPERF" --quiet train passes.apdb -o passes.safetensors
}

@test "one pass in common: refused, or judged alone and said so" {
	other_events 1
	autoperf 1 detect passes.safetensors other.apdb
	stderr_has "only the model has PAPI_L3_TCM" "only the profile has PAPI_L2_TCM" "--force"
	autoperf 0 detect --force --json passes.safetensors other.apdb
	printf '%s' "$output" >findings.json
	valid_findings findings.json
	/usr/bin/python3 - <<-'PYTHON'
		import json
		findings = json.load(open("findings.json", encoding="utf-8"))
		assert any("different events" in text and "PAPI_L3_TCM" in text
		           for text in findings["warnings"]), findings["warnings"]
		counters = {counter["name"] for counter in findings["regions"][0]["counters"]}
		assert counters == {"PAPI_TOT_INS", "PAPI_BR_MSP"}, counters
	PYTHON
}

@test "what is worse in the one pass in common is found" {
	other_events 4
	autoperf 3 detect --force passes.safetensors other.apdb
	stdout_has "compared although they counted different events" "PAPI_BR_MSP" "mark-3"
	[[ $output != *PAPI_L2_TCM*PAPI_L2_TCM* ]]
}

@test "--quiet leaves only the findings" {
	new_profile slow.apdb 5 13 2
	autoperf 3 detect --quiet -o findings.txt model.safetensors slow.apdb
	[ -z "$output$stderr" ]
}

@test "-v lists every run and counter" {
	new_profile slow.apdb 5 14 2
	autoperf 3 detect -v model.safetensors slow.apdb
	stdout_has "run 5: 60 samples" "branch-misses" "parse"
}

@test "another number of threads is a warning" {
	make_csv new.csv 5 25
	awk -F, -v OFS=, 'NR > 1 { $2 = NR % 9 } { print }' new.csv >more.csv
	"$AUTOPERF" --quiet import more.csv -o more.apdb
	autoperf 0 detect model.safetensors more.apdb
	stdout_has '"update" was executed by 4 threads in training and by 9 now'
}

# edit_csv PROGRAM FROM TO: awk on lines after the header; $1 is the region, $3 the run, $4 the time.
edit_csv() {
	awk -F, -v OFS=, "NR == 1 { print; next } $1 { print }" "$2" >"$3"
}

@test "a clock that was set in one new run is a run like others, in every one it is said" {
	make_csv fresh.csv 5 13
	edit_csv '$1 == "update" && $3 == 2 && !seen++ { $4 = 3600e9 }' fresh.csv one.csv
	"$AUTOPERF" --quiet import one.csv -o one.apdb
	autoperf 0 detect model.safetensors one.apdb
	[[ ${lines[0]} == NORMAL:* ]]
	stdout_lacks "a clock that was set"
	edit_csv '$1 == "update" && !seen[$3]++ { $4 = 3600e9 }' fresh.csv every.csv
	"$AUTOPERF" --quiet import every.csv -o every.apdb
	autoperf 3 detect model.safetensors every.apdb
	[[ ${output//$'\n'/ } =~ "in 5 of 5 new runs of \"update\" one execution took longer than"\ +"all" ]]
}

@test "a clock that was set in the training is set aside with its run, or said" {
	make_csv normal.csv 10 1
	make_csv fresh.csv 5 14
	make_csv slow.csv 5 15 2
	edit_csv '$1 == "update" && $3 == 4 && !seen++ { $4 = 3600e9 }' normal.csv one.csv
	autoperf 3 diagnose one.csv slow.csv one
	stdout_has "run 4 of the training was set aside"
	edit_csv '$1 == "update" && !seen[$3]++ { $4 = 3600e9 }' normal.csv every.csv
	autoperf 0 diagnose every.csv fresh.csv every
	[[ ${output//$'\n'/ } =~ "in 10 of 10 runs of the training few" ]]
}

@test "counters that are always zero or the same are learnt, and seen when they move" {
	make_csv normal.csv 10 1
	make_csv fresh.csv 5 16
	local flat='{ $6 = 0; $7 = 40000 }'
	edit_csv "$flat" normal.csv flat.csv
	edit_csv "$flat" fresh.csv flat-fresh.csv
	autoperf 0 diagnose flat.csv flat-fresh.csv normal
	[[ ${lines[0]} == NORMAL:* ]]
	edit_csv '{ $6 = $1 == "update" ? 5 : 0; $7 = 40000 }' fresh.csv faults.csv
	autoperf 0 diagnose flat.csv faults.csv faults
	[[ ${lines[0]} == 'CHANGED: region "update" behaves differently: page-faults '* ]]
	edit_csv '{ $6 = 0; $7 = $1 == "update" ? 60000 : 40000 }' fresh.csv more.csv
	autoperf 0 diagnose flat.csv more.csv more
	[[ ${lines[0]} == 'CHANGED: region "update" behaves differently: branch-misses '* ]]
}

@test "a region with three samples in one of five runs is executed less often, and no slower" {
	make_csv fresh.csv 5 17
	awk -F, '$1 != "update" || ++rows <= 3' fresh.csv >three.csv
	"$AUTOPERF" --quiet import three.csv -o three.apdb
	autoperf 0 detect --json model.safetensors three.apdb
	[ "$(json '[(r["name"], r["verdict"], r["samples"]["after"]) for r in d["regions"] if r["name"] == "update"]')" = \
		"[('update', 'improvement', 3)]" ]
	autoperf 0 detect model.safetensors three.apdb
	stdout_has "it is executed 0.05x as often"
}

@test "--scores writes one line per sample" {
	new_profile slow.apdb 5 15 3
	autoperf 3 detect --scores scores.csv model.safetensors slow.apdb
	[ "$(head -n 1 scores.csv)" = \
		"region,pass,run,thread,begin_ns,wall_ns,score,p_value,anomalous" ]
	[ "$(wc -l <scores.csv)" -eq $((1 + 5 * 120)) ]
	[ "$(awk -F, '$1 == "update" && $9' scores.csv | wc -l)" -ge 290 ]
	[ "$(awk -F, '$1 == "parse" && $9' scores.csv | wc -l)" -le 20 ]
}

@test "scores and findings cannot share standard output" {
	new_profile slow.apdb 5 16 2
	autoperf 2 detect --scores - model.safetensors slow.apdb
	stderr_has "--scores"
	autoperf 3 detect --quiet --scores - -o findings.txt model.safetensors slow.apdb
	[ "${#lines[@]}" -eq 601 ]
}

@test "a full disk is an error, not a verdict" {
	new_profile slow.apdb 5 17 2
	local status=0
	"$AUTOPERF" detect model.safetensors slow.apdb >/dev/full 2>message || status=$?
	[ "$status" -eq 1 ]
	grep -q "No space left on device" message
	autoperf 1 detect -o /dev/full model.safetensors slow.apdb
	autoperf 1 detect -o findings.txt --scores /dev/full model.safetensors slow.apdb
	[ ! -e findings.txt ]
}

@test "other events are refused and named" {
	make_csv new.csv 5 18
	sed -i '1s/branch-misses/cache-misses/' new.csv
	"$AUTOPERF" --quiet import new.csv -o other.apdb
	autoperf 1 detect model.safetensors other.apdb
	stderr_has "other.apdb" "only the model has branch-misses" "only the profile has cache-misses"
}

@test "regions of one side are named" {
	make_csv new.csv 5 19
	sed -i 's/^update,/rewrite,/' new.csv
	"$AUTOPERF" --quiet import new.csv -o other.apdb
	autoperf 0 detect model.safetensors other.apdb
	stdout_has "1 region of the model did not run: update" \
		"1 region the model has never seen: rewrite" \
		"update seems to be called rewrite now"
}

@test "a new region that does something else is not taken for a renamed one" {
	make_csv new.csv 5 19 3
	sed -i 's/^update,/rewrite,/' new.csv
	"$AUTOPERF" --quiet import new.csv -o other.apdb
	autoperf 0 detect model.safetensors other.apdb
	stdout_lacks "seems to be called"
}

@test "a region's name cannot reach the terminal as it is" {
	make_csv train2.csv 10 20
	make_csv new.csv 5 21 3
	sed -i $'s/^update,/\xe2\x80\xaeup\xd7\x90date,/' train2.csv new.csv
	autoperf 3 diagnose --quiet train2.csv new.csv out2
	stdout_has '\u202eup\u05d0date'
	stdout_lacks $'\xe2\x80\xae' $'\xd7\x90'
	valid_findings out2/findings.json
}

@test "wrong usage is told" {
	autoperf 2 detect
	stderr_has "name a model and a profile"
	autoperf 2 detect model.safetensors a.apdb b.apdb
	autoperf 2 detect --format xml model.safetensors train.apdb
	stderr_has "github or markdown, not 'xml'"
	autoperf 2 detect --json --format text model.safetensors train.apdb
	autoperf 2 detect --alarm-rate 5 model.safetensors train.apdb
	stderr_has "--alarm-rate" "'5'"
	autoperf 2 detect --alarm-rate 0 model.safetensors train.apdb
	autoperf 2 detect --effect-floor -1 model.safetensors train.apdb
	autoperf 2 detect --unknown model.safetensors train.apdb
	autoperf 0 detect --help
	stdout_has "Usage: autoperf detect" "Exit status"
}

@test "missing, foreign and swapped files are told apart" {
	autoperf 1 detect nothing.safetensors train.apdb
	stderr_has "nothing.safetensors"
	autoperf 1 detect model.safetensors nothing.apdb
	stderr_has "nothing.apdb"
	autoperf 1 detect train.apdb model.safetensors
	stderr_has "train.apdb"
	head -c 100 model.safetensors >cut.safetensors
	autoperf 1 detect cut.safetensors train.apdb
	stderr_has "cut.safetensors"
}

@test "the training profile itself is normal" {
	autoperf 0 detect model.safetensors train.apdb
	stdout_has "NORMAL"
}
