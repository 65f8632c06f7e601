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
}
