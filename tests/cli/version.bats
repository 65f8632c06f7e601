#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load common
setup() { common_setup; }

@test "version, --version and COMMAND --version print one line with the version" {
	autoperf 0 version
	[[ $output =~ ^autoperf\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	local line=$output
	autoperf 0 --version
	[ "$output" = "$line" ]
	autoperf 0 help --version
	[ "$output" = "$line" ]
	[ -z "$stderr" ]
}

@test "version --json is an object, wherever --json stands" {
	autoperf 0 version --json
	[ "$(json 'd["name"]')" = autoperf ]
	local text=$output
	autoperf 0 --json version
	[ "$output" = "$text" ]
}

@test "version takes no argument" {
	autoperf 2 version 1
	stderr_has "takes no argument, not '1'"
}

@test "what follows -- is no global option" {
	autoperf 2 version -- --json
	stderr_has "takes no argument"
}

@test "a full standard output is a failure" {
	run --separate-stderr sh -c '"$AUTOPERF" version >/dev/full'
	[ "$status" -eq 1 ]
	stderr_has "No space left on device"
}
