# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # status, output and stderr are set by bats
# Shared by all command-line tests; each file begins with
#
#	load common
#	setup() { common_setup; }
#
# Given by meson (or by hand): $AUTOPERF, path of the built program; $PERFPOINT_LIBRARY_DIR,
# directory of libperfpoint.so.0; $EXAMPLES, directory of the built examples; $PROGRAMS,
# directory of the test programs of tests/cli/programs.
#
# A test runs in a fresh empty directory that bats removes, in the C locale, without any
# PERFPOINT_* or NO_COLOR of the caller.

bats_require_minimum_version 1.5.0

common_setup() {
	local name
	for name in AUTOPERF PERFPOINT_LIBRARY_DIR EXAMPLES PROGRAMS; do
		[ -n "${!name}" ] || { echo "\$$name is not set: run through 'meson test'"; return 1; }
	done
	unset PERFPOINT_SESSION NO_COLOR LD_PRELOAD
	export LC_ALL=C HOME="$BATS_TEST_TMPDIR"
	mkdir -p "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return 1
}

# autoperf STATUS ARGS...: runs the program and fails unless it exits with STATUS. Leaves
# $output (stdout), $stderr, ${lines[@]}, ${stderr_lines[@]} and $status.
autoperf() {
	local expected=$1
	shift
	run --separate-stderr "$AUTOPERF" "$@"
	if [ "$status" -ne "$expected" ]; then
		echo "autoperf $*: exit status $status, expected $expected"
		show_result
		return 1
	fi
}

show_result() {
	echo "--- stdout"
	echo "$output"
	echo "--- stderr"
	# shellcheck disable=SC2154 # set by run --separate-stderr
	echo "$stderr"
}

# The texts (fixed strings, one or more) are all in stdout / stderr; or none of them is.
stdout_has() { _each_in stdout "$output" "$@"; }
stderr_has() { _each_in stderr "$stderr" "$@"; }
stdout_lacks() { _none_in stdout "$output" "$@"; }
stderr_lacks() { _none_in stderr "$stderr" "$@"; }

_each_in() {
	local where=$1 haystack=$2 text
	shift 2
	for text in "$@"; do
		if [[ $haystack != *"$text"* ]]; then
			echo "$where lacks: $text"
			show_result
			return 1
		fi
	done
}

_none_in() {
	local where=$1 haystack=$2 text
	shift 2
	for text in "$@"; do
		if [[ $haystack == *"$text"* ]]; then
			echo "$where has: $text"
			show_result
			return 1
		fi
	done
}

# json FILTER: what jq-like python expression says of stdout's JSON, e.g. json 'd["runs"][0]'.
json() {
	python3 -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1" <<<"$output"
}

# sql FILE STATEMENT: one value (or lines of a|b|c) out of a profile.
sql() {
	python3 - "$1" "$2" <<-'PYTHON'
		import sqlite3, sys
		connection = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
		for row in connection.execute(sys.argv[2]):
		    print("|".join("" if value is None else str(value) for value in row))
	PYTHON
}

# small_disk NAME BYTES: a file system of that size mounted on ./NAME; skips the test where
# that is not allowed. Unmounted by common_teardown.
small_disk() {
	mkdir -p "$1"
	mount -t tmpfs -o "size=$2" autoperf-test "$1" 2>/dev/null ||
		skip "needs the right to mount a tmpfs"
	echo "$PWD/$1" >>"$BATS_TEST_TMPDIR/mounts"
}

common_teardown() {
	local mount
	[ -f "$BATS_TEST_TMPDIR/mounts" ] || return 0
	while read -r mount; do
		umount "$mount" || true
	done <"$BATS_TEST_TMPDIR/mounts"
}
