#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a small git repository to try `autoperf check` on:
#
#	main		a program that adds numbers up with two threads, and how to check it
#	harmless	a branch that renames and rearranges: no slower
#	false-sharing	a branch that packs the threads' totals onto one cache line
#
# The same each time: names, dates, and so commits. usage: make.sh DIRECTORY [SOURCE]
# SOURCE: of counters (sim).
set -eu
directory=$1
source=${2:-sim}
here=$(cd "$(dirname "$0")" && pwd)

# git that does what it does here, whoever runs it.
GIT_CONFIG_NOSYSTEM=1
GIT_CONFIG_GLOBAL=/dev/null
GIT_AUTHOR_NAME="Gate Demo"
GIT_AUTHOR_EMAIL=demo@example.org
GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME
GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
export GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL
export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

if [ -e "$directory" ]; then
	echo "make.sh: '$directory' is there already" >&2
	exit 1
fi
mkdir -p "$directory"
cd "$directory"

# commit DAY MESSAGE
commit()
{
	GIT_AUTHOR_DATE="2026-01-0$1T12:00:00Z"
	GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
	export GIT_AUTHOR_DATE GIT_COMMITTER_DATE
	git add -A
	git commit -q -m "$2"
}

git init -q .
git symbolic-ref HEAD refs/heads/main
git config user.name "$GIT_AUTHOR_NAME"
git config user.email "$GIT_AUTHOR_EMAIL"
cp "$here/totals.c" "$here/Makefile" .
mkdir .autoperf
cat >.autoperf/config.ini <<END
[build]
cmd = make

[workload]
cmd = ./totals

[git]
main = main

[check]
source = $source
runs = 5
END
printf 'totals\n' >.gitignore
commit 1 "Add numbers up with two threads"

git checkout -q -b harmless
sed -e 's/for (int i = 0; i < NUMBERS; i++)/for (int n = 0; n < NUMBERS; n++)/' \
	-e 's/numbers\[i\]/numbers[n]/g' -e 's/= i % 97/= n % 97/' totals.c >new
mv new totals.c
printf 'Adds numbers up.\n' >README
commit 2 "Say what it does, and call numbers n"

git checkout -q main
git checkout -q -b false-sharing
sed -e 's/ __attribute__((aligned(CACHE_LINE)))//' totals.c >new
mv new totals.c
commit 2 "Save memory: totals need no padding"
git checkout -q main
