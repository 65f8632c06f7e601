#!/bin/sh
# SPDX-License-Identifier: MIT
# The gate, step by step, on the repository that make.sh makes: a harmless branch passes, one with
# false sharing does not. usage: demo.sh BUILD_DIR OUTPUT_DIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
autoperf=$(cd "$1" && pwd)/src/cli/autoperf

rm -rf "$2"
mkdir -p "$2"
AUTOPERF_CACHE=$(cd "$2" && pwd)/cache
export AUTOPERF_CACHE
"$here/make.sh" "$2/repository"
cd "$2/repository"

# check BRANCH STATUS
check()
{
	printf '\n== %s\n   $ git checkout %s; autoperf check\n\n' "$1" "$1"
	git checkout -q "$1"
	status=0
	"$autoperf" check || status=$?
	if [ "$status" -ne "$2" ]; then
		printf '\ngate-demo: exit status %s, expected %s\n' "$status" "$2" >&2
		exit 1
	fi
	printf '\n   exit status %s\n' "$status"
}

check harmless 0
check false-sharing 3
git checkout -q main
