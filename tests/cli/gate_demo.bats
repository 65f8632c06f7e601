#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The gate on examples/gate-demo, on the simulated machine.

load common
load git

setup() {
	common_setup
	git_setup
	[ -n "$SIMULATOR" ] || skip "no simulator in this build"
	[ -z "$SANITIZED" ] || skip "Valgrind cannot run what is sanitized"
	"$SOURCES/examples/gate-demo/make.sh" demo
	cd demo || return 1
}

@test "the demo repository is the same each time" {
	"$SOURCES/examples/gate-demo/make.sh" ../again
	[ "$(git rev-parse main harmless false-sharing)" = \
		"$(git -C ../again rev-parse main harmless false-sharing)" ]
}

@test "the harmless branch passes" {
	git checkout -q harmless
	autoperf 0 check
	stdout_has "NORMAL" "add_up"
}

@test "false sharing is found: function, cause and variable; the repository stays as it is" {
	git checkout -q false-sharing
	local before
	before=$(fingerprint .)
	autoperf 3 check
	stdout_has 'REGRESSION: region "add_up"' "false sharing of totals+0" "changed totals.c:15" \
		"git diff db459a1360..d926779485"
	stderr_has "a fresh batch of 5 + 5 runs confirms it"
	[ "$(fingerprint .)" = "$before" ]
	autoperf 3 check --json
	[ "$(json 'd["regions"][0]["name"], d["regions"][0]["cause"]')" = "('add_up', 'false sharing')" ]
	[ "$(json 'd["regions"][0]["changes"]')" = "[{'path': 'totals.c', 'first': 15, 'count': 1}]" ]
	[ "$(json 'd["regions"][0]["lines"][0]["contended"]')" = "totals+0" ]
	waits_in_totals add_up
}

# waits_in_totals FUNCTION: the places of the findings in $output are lines of the commit that is
# checked out, in a file that is named as the repository has it.
waits_in_totals() {
	local place
	for place in waits_at waits_for; do
		place=$(json "d['regions'][0]['lines'][0]['$place']")
		echo "$place"
		[[ $place =~ ^totals\.c:([0-9]+)\ \($1\)$ ]] || return 1
		sed -n "${BASH_REMATCH[1]}p" totals.c | grep -qE 'total->(sum|squares) \+=' || return 1
	done
}

@test "a program without markers gets them in the copies, and lines keep their numbers" {
	sed -i '/PERFPOINT_SCOPE/d; /perfpoint\.h/d' totals.c
	commit "No markers"
	git checkout -q -b mine
	sed -i 's/ __attribute__((aligned(CACHE_LINE)))//' totals.c
	commit "Save memory"
	# The change is in no function.
	autoperf 1 check
	stderr_has "executed no marked region" "--also"
	autoperf 3 check --also add_up --json
	stderr_has "with 1 and 1 markers"
	[ "$(json 'd["regions"][0]["name"], d["regions"][0]["cause"]')" = "('add_up', 'false sharing')" ]
	waits_in_totals add_up
}
