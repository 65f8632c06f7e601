#!/bin/sh
# SPDX-License-Identifier: MIT
# All tests: the plain build (gcc), the same under AddressSanitizer and UBSan, the runtime under
# ThreadSanitizer, a build with clang without warnings, formatters and linters, the demo.
# Ends with "N passed, N failed, N skipped"; exit status 1 if anything failed.
set -u
cd "$(dirname "$0")/.." || exit 1
passed=0
failed=0
skipped=0
failures=$PWD/build-failures.log # what failed, and what it said: repeated at the end
: >"$failures"

section()
{
	printf '\n== %s\n' "$1"
}

# one NAME COMMAND...: a step that counts as one test
one()
{
	name=$1
	shift
	if "$@" >build-step.log 2>&1; then
		passed=$((passed + 1))
		echo "ok      $name"
	else
		failed=$((failed + 1))
		echo "FAILED  $name"
		tail -n 60 build-step.log
		{
			echo "failed: $name"
			tail -n 12 build-step.log
		} >>"$failures"
	fi
	rm -f build-step.log
}

# suite NAME DIRECTORY [MESON_TEST_ARGUMENT...]: counts meson's tests one by one
suite()
{
	name=$1
	directory=$2
	shift 2
	meson test -C "$directory" --print-errorlogs "$@" 2>&1 | tee "$directory/test.log"
	counts=$(python3 tests/count.py "$directory/meson-logs/testlog.json" "$failures")
	# shellcheck disable=SC2086 # three numbers
	set -- $counts
	if [ $# -ne 3 ] || [ $(($1 + $2)) -eq 0 ]; then
		echo "FAILED  $name: no test was executed"
		failed=$((failed + 1))
		echo "failed: $name: no test was executed" >>"$failures"
		return
	fi
	passed=$((passed + $1))
	failed=$((failed + $2))
	skipped=$((skipped + $3))
}

setup()
{
	directory=$1
	shift
	[ -e "$directory/build.ninja" ] || meson setup "$directory" "$@"
}

section "plain build"
one "gcc: configures and builds without warnings" \
	sh -c 'setup() { [ -e build/build.ninja ] || meson setup build; }; setup &&
	meson configure build -Dwerror=true && ninja -C build'
suite plain build

section "AddressSanitizer and UndefinedBehaviorSanitizer"
one "builds" sh -c '{ [ -e build-asan/build.ninja ] ||
	meson setup build-asan -Db_sanitize=address,undefined -Db_lundef=false; } && ninja -C build-asan'
suite asan build-asan --suite unit --suite fuzz --suite cli --timeout-multiplier 4

section "clang"
one "clang: builds without warnings" sh -c '{ [ -e build-clang/build.ninja ] ||
	CC=clang CXX=clang++ meson setup build-clang -Dwerror=true; } && ninja -C build-clang'

section "format and lint"
one "clang-format finds nothing to change" sh packaging/lint.sh format
one "clang-tidy finds nothing" sh packaging/lint.sh tidy
one "cppcheck finds nothing" sh packaging/lint.sh cppcheck
one "shellcheck finds nothing" sh packaging/lint.sh shell
one "no file is over 800 lines" sh packaging/lint.sh length

section "front door"
one "make demo ends well" make demo

if [ -s "$failures" ]; then
	section "what failed"
	cat "$failures"
fi
rm -f "$failures"
printf '\n%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
