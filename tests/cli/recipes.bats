#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The workflows of doc/ci: what they run is run here, as a CI system would, on examples/gate-demo.
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load common
load git

setup() {
	common_setup
	git_setup
	[ -n "$SIMULATOR" ] || skip "no simulator in this build"
	[ -z "$SANITIZED" ] || skip "Valgrind cannot run what is sanitized"
	mkdir bin
	ln -s "$AUTOPERF" bin/autoperf
	export PATH="$PWD/bin:$PATH"
	"$SOURCES/examples/gate-demo/make.sh" demo
	cd demo || return 1
}

# recipe FILE EXPRESSION: the value of a Python expression over the document d.
recipe() {
	/usr/bin/python3 -c 'import sys, yaml
d = yaml.safe_load(open(sys.argv[1]))
print(eval(sys.argv[2]))' "$SOURCES/doc/ci/$1" "$2"
}

@test "GitHub: summary, annotations beside the changed line, and the verdict" {
	# GitHub's shell for `run` is bash -e.
	recipe github.yml '[s for s in d["jobs"]["check"]["steps"] if s["name"] == "Compare"][0]["run"]' >compare.sh
	git checkout -q false-sharing
	export GITHUB_STEP_SUMMARY="$BATS_TEST_TMPDIR/summary.md" BASE
	BASE=$(git rev-parse main)
	run --separate-stderr bash -e compare.sh
	[ "$status" -eq 3 ]
	stdout_has "::error file=totals.c,line=15,title=AutoPerf%3A regression of add_up::" "false sharing of totals+0"
	grep -q "^### AutoPerf: Regression" "$GITHUB_STEP_SUMMARY"
	grep -q "totals.c:15" "$GITHUB_STEP_SUMMARY"
	rm findings.json
	git checkout -q harmless
	run --separate-stderr bash -e compare.sh
	[ "$status" -eq 0 ]
	run ! grep -q "^::" <<<"$output"
	# What cannot be built is no verdict: the step fails, with nothing in its summary.
	rm findings.json
	echo "#error" >>totals.c
	commit "Break"
	: >"$GITHUB_STEP_SUMMARY"
	run --separate-stderr bash -e compare.sh
	[ "$status" -eq 1 ]
	stderr_has "#error"
	[ ! -s "$GITHUB_STEP_SUMMARY" ]
}

@test "GitHub: no right to write, and nothing of a pull request's is pasted into a shell" {
	[ "$(recipe github.yml 'd["permissions"]')" = "{'contents': 'read'}" ]
	[ "$(recipe github.yml '[s for s in d["jobs"]["check"]["steps"] if "${{" in s.get("run", "")]')" = "[]" ]
	[ "$(recipe github.yml 'd[True]')" = pull_request ]
}

@test "GitLab: a test report, and the verdict" {
	recipe gitlab.yml '"\n".join(d["autoperf"]["script"])' >compare.sh
	git checkout -q false-sharing
	export CI_MERGE_REQUEST_DIFF_BASE_SHA
	CI_MERGE_REQUEST_DIFF_BASE_SHA=$(git rev-parse main)
	run --separate-stderr bash -e compare.sh
	[ "$status" -eq 3 ]
	stdout_has "REGRESSION"
	grep -q '<failure message="takes ' autoperf.xml
	grep -q "^### AutoPerf" autoperf.md
	[ "$(recipe gitlab.yml 'd["autoperf"]["artifacts"]["reports"]["junit"]')" = autoperf.xml ]
}
