#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load common
setup() { common_setup; }

@test "autoperf alone prints the commands on stdout and is wrong usage" {
	autoperf 2
	stdout_has "Usage: autoperf" "help" "version"
	[ -z "$stderr" ]
}

@test "help, --help and -h print the same list" {
	autoperf 0 help
	local list=$output
	[ -z "$stderr" ]
	autoperf 0 --help
	[ "$output" = "$list" ]
	autoperf 0 -h
	[ "$output" = "$list" ]
}

@test "help lists every command once, with a summary" {
	autoperf 0 help
	local command
	for command in record events doctor train detect diagnose evaluate info import export help version; do
		[ "$(grep -cE "^  $command +[a-z]" <<<"$output")" -eq 1 ] || { echo "$command"; return 1; }
	done
}

@test "each listed command's help is its usage text, which lists exit statuses" {
	autoperf 0 help
	local command usage
	for command in $(sed -nE 's/^  ([a-z]+) .*/\1/p' <<<"$output"); do
		autoperf 0 help "$command"
		usage=$output
		stdout_has "Usage: autoperf $command" "Exit status"
		[ -z "$stderr" ]
		autoperf 0 "$command" --help
		[ "$output" = "$usage" ]
		autoperf 0 --help "$command"
		[ "$output" = "$usage" ]
	done
}

@test "no line of any help text is wider than 80 columns" {
	autoperf 0 help
	local command
	for command in $(sed -nE 's/^  ([a-z]+) .*/\1/p' <<<"$output"); do
		autoperf 0 help "$command"
		run ! grep -nE '.{81}' <<<"$output"
	done
}

@test "an unknown command names the nearest one" {
	autoperf 2 versoin
	stderr_has "'versoin' is not a command; did you mean 'version'?"
	[ -z "$output" ]
	autoperf 2 hel
	stderr_has "did you mean 'help'?"
}

@test "an unknown command without a near one points to help" {
	autoperf 2 xyzzyxyzzy
	stderr_has "'xyzzyxyzzy' is not a command; 'autoperf help' lists them"
}

@test "a very long unknown command is refused like a short one" {
	autoperf 2 "$(printf 'x%.0s' {1..5000})"
	stderr_has "is not a command"
}

@test "help of an unknown command is wrong usage" {
	autoperf 2 help nonsense
	stderr_has "'nonsense' is not a command"
}

@test "help of two commands is wrong usage" {
	autoperf 2 help version help
	stderr_has "one command at most"
}

@test "an unknown global option is wrong usage and is named" {
	autoperf 2 --frobnicate version
	stderr_has "unknown option '--frobnicate'"
}

@test "a full standard output is a failure" {
	run --separate-stderr sh -c '"$AUTOPERF" help >/dev/full'
	[ "$status" -eq 1 ]
	stderr_has "cannot write the results to standard output: No space left on device"
	run --separate-stderr sh -c '"$AUTOPERF" >/dev/full'
	[ "$status" -eq 1 ]
	run --separate-stderr sh -c '"$AUTOPERF" version --help >/dev/full'
	[ "$status" -eq 1 ]
}

@test "a closed standard output is a failure" {
	run --separate-stderr sh -c '"$AUTOPERF" help >&-'
	[ "$status" -eq 1 ]
	stderr_has "cannot write the results to standard output"
}
