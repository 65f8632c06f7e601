#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# autoperf check: verdicts, what is marked, measured and said, exit statuses.
# shellcheck disable=SC2154 # status, output and stderr are set by bats
# shellcheck disable=SC2016 # what is not to be expanded

load common
load git

setup() {
	common_setup
	git_setup
}

teardown() { common_teardown; }

@test "a slower branch is a regression, and confirmed before it is said" {
	branch_of_pauses 16
	autoperf 3 check
	stdout_has 'REGRESSION: region "rest" takes' "merge base with main" "HEAD"
	stderr_has "building base" "building head" "measuring both sides afresh" "confirms it"
}

@test "a faster branch is none, and nothing is measured twice" {
	branch_of_pauses 1
	autoperf 0 check
	stdout_has 'IMPROVEMENT: region "rest"'
	stderr_lacks "afresh"
}

@test "base against itself is no regression" {
	branch_of_pauses 16
	run --separate-stderr "$AUTOPERF" check --aa
	[ "$status" -ne 3 ]
	[ "$status" -ne 1 ]
	stdout_lacks "REGRESSION"
}

@test "runs take turns: A B, B A, A B" {
	pauses_repository
	sed -i "s|^cmd = ./pauses|cmd = pwd >>'$PWD/runs.log'; ./pauses|" .autoperf/config.ini
	commit "Log runs"
	git checkout -q -b mine
	pause 1
	autoperf 0 check
	local base head order
	base=$(sed -n 1p runs.log)
	head=$(sed -n 2p runs.log)
	[ "$base" != "$head" ]
	order=$(sed "s|^$base\$|A|; s|^$head\$|B|" runs.log | tr -d '\n')
	[ "$order" = ABBAABBAAB ]
	[ ${#base} -eq ${#head} ]
}

@test "what was built and measured is not built and measured again" {
	pauses_repository
	sed -i "s|^cmd = ./pauses|cmd = echo >>'$PWD/runs.log'; ./pauses|" .autoperf/config.ini
	git checkout -q -b mine
	pause 1
	autoperf 0 check
	local said=$output
	[ "$(wc -l <runs.log)" -eq 10 ]
	autoperf 0 check
	[ "$output" = "$said" ]
	stderr_has "base (merge base with main" "is built already" "10 of 10 runs are there already"
	[ "$(wc -l <runs.log)" -eq 10 ]
	run -0 "$AUTOPERF" check --quiet --fresh
	[ "$(wc -l <runs.log)" -eq 20 ]
}

@test "functions that a change touches are marked, on both sides, in the copies only" {
	pauses_repository
	sed -i '/PERFPOINT_SCOPE/d' pauses.c
	sed -i 's/usleep(PAUSE_MS \* 1000)/usleep(4000)/' pauses.c
	commit "No markers"
	git checkout -q -b mine
	sed -i 's/usleep(4000)/usleep(16000)/' pauses.c
	commit "Rest for longer"
	local before
	before=$(fingerprint .)
	autoperf 3 check
	stderr_has "with 1 and 1 markers"
	stdout_has 'REGRESSION: region "rest"' "changed pauses.c:"
	[ "$(fingerprint .)" = "$before" ]
	autoperf 1 check --no-annotate
	stderr_has "executed no marked region"
	autoperf 3 check --also main
	stderr_has "with 2 and 2 markers"
	autoperf 2 check --also main --no-annotate
}

@test "a file that cannot be parsed is told, and the markers that are there measure" {
	pauses_repository
	sed -i 's/usleep(PAUSE_MS/later(PAUSE_MS/; s/^#include <unistd.h>/#include "generated.h"/' pauses.c
	sed -i "s/^cmd = cc/cmd = mkdir -p deep; echo '#include <unistd.h>' >deep\/generated.h; echo '#define later usleep' >>deep\/generated.h; cc -Ideep/" \
		.autoperf/config.ini
	commit "A header that only the build finds"
	git checkout -q -b mine
	sed -i 's/later(PAUSE_MS \* 1000)/later(PAUSE_MS * 4000)/' pauses.c
	commit "Rest for longer"
	autoperf 3 check
	stderr_has "head: no markers in a file: pauses.c:1:10" "generated.h"
	stdout_has 'REGRESSION: region "rest"'
}

@test "mistakes in the configuration are named with their lines" {
	pauses_repository
	printf '[build]\ncommand = make\n' >.autoperf/config.ini
	autoperf 1 check
	stderr_has "config.ini' line 2" "there is no setting 'command' in [build]"
	printf '\n[biuld]\ncmd = make\n' >.autoperf/config.ini
	autoperf 1 check
	stderr_has "line 2" "there is no section [biuld]"
	printf '[workload]\ncmd = ./x\n[check]\nruns = many\n' >.autoperf/config.ini
	autoperf 1 check
	stderr_has "runs of [check]" "not 'many'"
	printf '[workload]\ncmd = ./x\ndir = ../..\n' >.autoperf/config.ini
	git checkout -q -b mine
	pause 1
	autoperf 1 check
	stderr_has "leads out of the repository"
}

@test "a configuration of the original AutoPerf is read" {
	branch_of_pauses 1
	cat >.autoperf/config.ini <<-'END'
		[build]
		  cmd = cc -O1 -o pauses pauses.c
		  dir = .

		[clean]
		  cmd =

		[workload]
		  cmd = ./pauses
		  dir = .

		[git]
		  main = main

		[model]
		  hidden = [16, 8]

		[training]
		  epochs = 12

		[detection]
		  threshold = 0.05
	END
	autoperf 0 check --source none -n 5
}

@test "a build that fails names the side and shows the end of its log" {
	branch_of_pauses 1
	printf 'int x = "\033[31mred";\n#error broken here\n' >>pauses.c
	commit "Break"
	autoperf 1 check
	stderr_has "head (HEAD" "'Break'" "the build ('cc -O1 -o pauses pauses.c') failed" \
		"broken here" "build.log"
	stderr_lacks $'\033'
	git checkout -q main
	git merge -q --no-edit mine
	echo "#define PAUSE_MS 1" >pause.h
	git checkout -q HEAD~1 -- pauses.c
	git commit -q -a -m "Mend"
	autoperf 1 check --base HEAD~1
	stderr_has "base (HEAD~1" "failed"
}

@test "a workload that fails names the side and its status" {
	branch_of_pauses 1
	sed -i 's/return 0/return 7/' pauses.c
	commit "Fail"
	autoperf 1 check
	stderr_has "head (HEAD" "the workload './pauses' failed" "exited with status 7"
}

@test "a workload that prints does not disturb the findings" {
	pauses_repository
	sed -i "s|^cmd = ./pauses|cmd = echo noise; echo noise >\&2; ./pauses|" .autoperf/config.ini
	git checkout -q -b mine
	pause 1
	autoperf 0 check --json
	[ "$(json 'd["verdict"]')" = improvement ]
	stderr_lacks noise
}

@test "a workload without markers says how to mark" {
	pauses_repository
	sed -i '/PERFPOINT_SCOPE/d' pauses.c
	commit "Unmark"
	git checkout -q -b mine
	pause 1
	autoperf 1 check
	stderr_has "executed no marked region" "PERFPOINT_SCOPE" "base ("
}

@test "a workload that executes too little says so, not how to add runs to the cache" {
	pauses_repository
	sed -i 's/i < 10/i < 3/' pauses.c
	commit "Rest less often"
	git checkout -q -b mine
	pause 3
	autoperf 4 check
	stderr_has "often enough to be learnt" "-n RUNS"
	stderr_lacks "--append"
}

@test "--bisect says what git bisect understands" {
	branch_of_pauses 16
	autoperf 3 check --bisect
	autoperf 125 check --bisect --base nowhere
	autoperf 125 check --bisect --nonsense
	echo "#error" >>pauses.c
	commit "Break"
	autoperf 125 check --bisect
	git checkout -q HEAD~1
	pause 1
	autoperf 0 check --bisect
}

@test "git bisect finds the commit that made it slower, past one that does not build" {
	pauses_repository
	echo a >a && commit "Harmless"
	echo "#error" >>pauses.c && commit "Break"
	sed -i '/#error/d' pauses.c && commit "Mend"
	pause 16
	git tag slow
	echo b >b && commit "Harmless, too"
	git tag good HEAD~5
	git bisect start HEAD good >/dev/null
	git bisect run "$AUTOPERF" check --quiet --bisect --base good >../log 2>&1 || true
	cat ../log
	grep -q "^$(git rev-parse slow) is the first bad commit" ../log
	git bisect reset >../log 2>&1
}

@test "findings go to a file, as text or JSON that is valid" {
	branch_of_pauses 1
	autoperf 0 check -o found.json --format json
	[ -z "$output" ]
	/usr/bin/python3 - "$SOURCES/doc/findings.schema.json" found.json <<-'PYTHON'
		import json, sys, jsonschema
		schema = json.load(open(sys.argv[1]))
		jsonschema.Draft202012Validator(schema).validate(json.load(open(sys.argv[2])))
	PYTHON
	autoperf 1 check -o found.json
	stderr_has "--force"
	autoperf 0 check -o found.json --force
	grep -q IMPROVEMENT found.json
}

@test "a page has the samples of both sides, which lie in the cache" {
	pauses_repository
	git checkout -q -b slower
	pause 6
	autoperf 3 check --format html -o found.html
	/usr/bin/python3 - <<-'PYTHON'
		import json
		page = open("found.html").read()
		data = json.loads(page.split('id="autoperf-data">')[1].split("</script>")[0])
		assert data["findings"]["verdict"] == "regression"
		region, = data["regions"]
		assert set(region["samples"]["side"]) == {"n", "f"}, data["notes"]
		assert region["scores"] and region["latent"]["normal"] and region["training"]
		assert data["notes"] == [], data["notes"]
	PYTHON
}

@test "wrong usage is refused" {
	autoperf 2 check -n 2
	stderr_has "from 3 to 100000"
	autoperf 2 check --source magic
	autoperf 2 check main
	stderr_has "--base and --head"
	autoperf 2 check --aa --head HEAD
	autoperf 2 check --json --format text
	branch_of_pauses 1
	autoperf 2 check --machine zen3
	stderr_has "--source sim"
}
