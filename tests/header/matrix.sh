#!/bin/sh
# SPDX-License-Identifier: MIT
# perfpoint.h with every standard, compiler and kind of executable: compiles without a warning,
# links to nothing, runs, is activated by preloading the runtime (static executables: never),
# and is compiled away by NO_AUTOPERF.
#
# usage: matrix.sh INCLUDE_DIR LIBRARY
set -u
here=$(cd "$(dirname "$0")" && pwd)
include=$1
library=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
count=0
failed=0

fail()
{
	echo "not ok: $1" >&2
	failed=$((failed + 1))
}

# recordings PROGRAM: how many recordings it leaves when the runtime is preloaded
recordings()
{
	session=$(mktemp -d "$work/session.XXXX")
	printf 'perfpoint-session 1\nsource none\n' >"$session/session"
	PERFPOINT_SESSION=$session LD_PRELOAD=$library "$1" || echo "exit $?"
	find "$session" -name '*.aprec' | wc -l
}

# check EXPECTED_RECORDINGS COMPILER FLAG...
check()
{
	expected=$1
	shift
	count=$((count + 1))
	if ! "$@" -I"$include" -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror \
		-o "$work/program" 2>"$work/errors"; then
		fail "$*: $(head -3 "$work/errors")"
		return
	fi
	"$work/program" || fail "$*: exit $? without the runtime"
	seen=$(recordings "$work/program" 2>/dev/null)
	[ "$seen" = "$expected" ] || fail "$*: $seen recordings, expected $expected"
}

cp "$here/markers.c" "$work/markers.cpp"
for compiler in gcc clang; do
	command -v $compiler >/dev/null || { echo "skipped: no $compiler"; continue; }
	for standard in c99 gnu99 c11 c17; do
		for kind in '-fPIE -pie' '-fno-pie -no-pie' '-O2 -fPIE -pie' \
			'-O2 -fno-pie -no-pie' '-O2 -flto -fno-pie -no-pie' '-O2 -fvisibility=hidden'; do
			# Words of $kind are flags.
			# shellcheck disable=SC2086
			check 1 $compiler -std=$standard $kind "$here/markers.c"
		done
		check 0 $compiler -std=$standard -O2 -static "$here/markers.c"
		check 0 $compiler -std=$standard -static-pie -fPIE "$here/markers.c"
		check 0 $compiler -std=$standard -DNO_AUTOPERF "$here/markers.c"
	done
done
for compiler in g++ clang++; do
	command -v $compiler >/dev/null || { echo "skipped: no $compiler"; continue; }
	for standard in c++11 c++14 c++17 c++20; do
		for kind in '-fPIE -pie' '-O2 -fno-pie -no-pie'; do
			# shellcheck disable=SC2086
			check 1 $compiler -std=$standard $kind "$work/markers.cpp"
		done
		check 0 $compiler -std=$standard -O2 -static "$work/markers.cpp"
		check 0 $compiler -std=$standard -DNO_AUTOPERF "$work/markers.cpp"
	done
done
# Linking the library works as well, and a C++ program may include <dlfcn.h> too.
directory=$(dirname "$library")
ln -sf "$library" "$work/libperfpoint.so"
check 1 gcc "$here/markers.c" -L"$work" -lperfpoint -Wl,-rpath,"$directory"
check 1 gcc -fno-pie -no-pie "$here/markers.c" -L"$work" -lperfpoint -Wl,-rpath,"$directory"
# As perfpoint.pc has it: kept although --as-needed thinks that a weak reference needs nothing.
check 1 gcc "$here/markers.c" -L"$work" -Wl,--as-needed -Wl,--push-state,--no-as-needed \
	-lperfpoint -Wl,--pop-state -Wl,-rpath,"$directory"
readelf -d "$work/program" | grep -q 'NEEDED.*libperfpoint.so.0' || fail "perfpoint.pc: not linked"
check 1 g++ -include dlfcn.h "$work/markers.cpp" -ldl

echo "$count kinds of executable, $failed failed"
[ "$failed" -eq 0 ]
