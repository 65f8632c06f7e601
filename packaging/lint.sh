#!/bin/sh
# SPDX-License-Identifier: MIT
# One linter over the whole tree; non-zero when it finds something.
#
# usage: lint.sh format|tidy|cppcheck|shell|length
set -eu
cd "$(dirname "$0")/.."
sources=$(git ls-files '*.c' '*.h')

case $1 in
format)
	# shellcheck disable=SC2086
	clang-format --dry-run -Werror $sources
	;;
tidy)
	# compile_commands.json of the clang build: no flag that clang does not know.
	git ls-files 'src/*.c' | xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p build-clang \
		--warnings-as-errors='*'
	;;
cppcheck)
	cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 -j "$(nproc)" \
		--enable=warning,performance,portability --suppressions-list=packaging/cppcheck.txt \
		-Isrc -Iinclude -D__x86_64__ \
		-D"json_array_foreach(a,i,v)=for(i=0;v=json_array_get(a,i);i++)" \
		-D"json_object_foreach(o,k,v)=for(;;)" src
	;;
shell)
	git ls-files '*.sh' .ci/run | xargs shellcheck
	;;
length)
	long=$(git ls-files '*.c' '*.h' '*.cpp' '*.sh' '*.py' '*.bats' | xargs wc -l |
		awk '$2 != "total" && $1 > 800')
	[ -z "$long" ] || { echo "$long"; exit 1; }
	;;
*)
	echo "usage: lint.sh format|tidy|cppcheck|shell|length" >&2
	exit 2
	;;
esac
