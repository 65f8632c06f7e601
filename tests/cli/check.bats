#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# autoperf check: verdicts, what it leaves alone, what can be wrong with a repository.
# shellcheck disable=SC2154 # status, output and stderr are set by bats
# shellcheck disable=SC2016 # what is not to be expanded

load common
load git

setup() {
	common_setup
	git_setup
}

teardown() { common_teardown; }

# The machine need not be quiet: pauses take at least their time.

# A branch `mine` of a repository of pauses, which rests for $1 ms.
branch_of_pauses() {
	pauses_repository
	git checkout -q -b mine
	pause "$1"
}

@test "a slower branch is a regression, and confirmed before it is said" {
	branch_of_pauses 16
	autoperf 3 check
	stdout_has 'REGRESSION: region "rest" takes' "merge base with main" "HEAD"
	stderr_has "building base" "building head" "measuring both sides afresh" "confirms it"
}

@test "a faster branch is none, and nothing is measured twice" {
	branch_of_pauses 1
	autoperf 0 check
	stdout_has 'IMPROVEMENT: region "rest"'
	stderr_lacks "afresh"
}

@test "base against itself is no regression" {
	branch_of_pauses 16
	run --separate-stderr "$AUTOPERF" check --aa
	[ "$status" -ne 3 ]
	[ "$status" -ne 1 ]
	stdout_lacks "REGRESSION"
}

@test "runs take turns: A B, B A, A B" {
	pauses_repository
	sed -i "s|^cmd = ./pauses|cmd = pwd >>'$PWD/runs.log'; ./pauses|" .autoperf/config.ini
	commit "Log runs"
	git checkout -q -b mine
	pause 1
	autoperf 0 check
	local base head order
	base=$(sed -n 1p runs.log)
	head=$(sed -n 2p runs.log)
	[ "$base" != "$head" ]
	order=$(sed "s|^$base\$|A|; s|^$head\$|B|" runs.log | tr -d '\n')
	[ "$order" = ABBAABBAAB ]
	[ ${#base} -eq ${#head} ]
}

@test "what was built and measured is not built and measured again" {
	pauses_repository
	sed -i "s|^cmd = ./pauses|cmd = echo >>'$PWD/runs.log'; ./pauses|" .autoperf/config.ini
	git checkout -q -b mine
	pause 1
	autoperf 0 check
	local said=$output
	[ "$(wc -l <runs.log)" -eq 10 ]
	autoperf 0 check
	[ "$output" = "$said" ]
	stderr_has "base (merge base with main" "is built already" "10 of 10 runs are there already"
	[ "$(wc -l <runs.log)" -eq 10 ]
	run -0 "$AUTOPERF" check --quiet --fresh
	[ "$(wc -l <runs.log)" -eq 20 ]
}

@test "the user's tree, index, stash, branches and configuration stay as they are" {
	branch_of_pauses 16
	echo "/* stashed */" >>pauses.c
	git stash -q
	echo "/* staged */" >>pauses.c
	git add pauses.c
	echo "/* changed */" >>pauses.c
	echo new >"untracked file"
	local before
	before=$(fingerprint .)
	autoperf 3 check
	stderr_has "not committed is not checked"
	[ "$(fingerprint .)" = "$before" ]
	autoperf 3 check --head worktree
	[ "$(fingerprint .)" = "$before" ]
}

@test "a work tree is checked as it is, with new files and without ignored ones" {
	pauses_repository
	cat >new.h <<-'END'
		#undef PAUSE_MS
		#define PAUSE_MS 16
	END
	echo '#include "new.h"' >>pause.h
	echo "#error ignored" >ignored.h
	echo "ignored.h" >.git/info/exclude
	git init -q nested
	(cd nested && echo "#error nested" >new.h && commit "Another program")
	mkfifo "a pipe"
	ln -s nowhere "a link"
	sed -i '1i #if __has_include("ignored.h")\n#include "ignored.h"\n#endif' pauses.c
	autoperf 3 check --head worktree
	stdout_has "worktree" "REGRESSION"
	autoperf 1 check
	stderr_has "nothing to compare" "--head worktree"
}

@test "killed at any stage, it leaves the user's repository alone and goes on" {
	branch_of_pauses 16
	local before stage journal killed=0
	before=$(fingerprint .)
	for stage in "build base" "build head" "annotate" "measure" "train" "judge" "measure again" \
		"train again" "judge again"; do
		"$AUTOPERF" check >/dev/null 2>&1 &
		while kill -0 $! 2>/dev/null; do
			journal=$(cat "$XDG_CACHE_HOME"/autoperf/*/checks/*/journal 2>/dev/null) || true
			if [[ $journal == *"begin $stage" ]]; then
				kill -9 $! && killed=$((killed + 1))
				break
			fi
		done
		wait $! || true
		[ "$(fingerprint .)" = "$before" ]
	done
	echo "killed in $killed stages"
	[ "$killed" -ge 4 ]
	autoperf 3 check
	stdout_has 'REGRESSION: region "rest" takes'
	[ "$(fingerprint .)" = "$before" ]
}

# Whether a process sleeps for so long; a pattern that does not match its own text.
is_sleeping() { grep -qsaz -- "^9[8]\.$1" /proc/[0-9]*/cmdline; }

@test "asked to stop, it ends what it runs, and goes on later" {
	branch_of_pauses 1
	cp .autoperf/config.ini config
	echo go >>.git/info/exclude
	local before signal stage
	for signal in INT TERM; do
		for stage in build workload; do
			cp config .autoperf/config.ini
			sed -i "/\[$stage\]/,/cmd/s|cmd = |cmd = : $signal; [ -e '$PWD/go' ] \|\| (sleep 98.76 \& sleep 98.75); |" \
				.autoperf/config.ini
			before=$(fingerprint .)
			env --default-signal=INT "$AUTOPERF" check --fresh --bisect >/dev/null 2>../said &
			until is_sleeping 76 || ! kill -0 $!; do sleep 0.05; done
			kill "-$signal" $!
			status=0
			wait $! || status=$?
			# From 128 on git bisect gives up.
			[ "$status" -eq 130 ]
			cat ../said
			grep -q "interrupted" ../said
			grep -q "the same command goes on" ../said
			! is_sleeping 7 || return 1
			[ "$(fingerprint .)" = "$before" ]
			touch go
			autoperf 0 check
			rm go
		done
	done
}

@test "after a kill it says in which stage that was" {
	pauses_repository
	sed -i "s|^cmd = ./pauses|cmd = kill -9 \$PPID|" .autoperf/config.ini
	git checkout -q -b mine
	pause 1
	run --separate-stderr "$AUTOPERF" check
	[ "$status" -eq 137 ]
	sed -i "s|^cmd = kill.*|cmd = ./pauses|" .autoperf/config.ini
	# Another workload is another check; the same one tells.
	autoperf 0 check
	stderr_lacks "going on from there"
	sed -i "s|^cmd = ./pauses|cmd = kill -9 \$PPID|" .autoperf/config.ini
	run --separate-stderr "$AUTOPERF" check
	stderr_has "ended in the stage 'measure'; going on from there"
}

@test "functions that a change touches are marked, on both sides, in the copies only" {
	pauses_repository
	sed -i '/PERFPOINT_SCOPE/d' pauses.c
	sed -i 's/usleep(PAUSE_MS \* 1000)/usleep(4000)/' pauses.c
	commit "No markers"
	git checkout -q -b mine
	sed -i 's/usleep(4000)/usleep(16000)/' pauses.c
	commit "Rest for longer"
	local before
	before=$(fingerprint .)
	autoperf 3 check
	stderr_has "with 1 and 1 markers"
	stdout_has 'REGRESSION: region "rest"' "changed pauses.c:"
	[ "$(fingerprint .)" = "$before" ]
	autoperf 1 check --no-annotate
	stderr_has "executed no marked region"
	autoperf 3 check --also main
	stderr_has "with 2 and 2 markers"
	autoperf 2 check --also main --no-annotate
}

@test "a file that cannot be parsed is told, and the markers that are there measure" {
	pauses_repository
	sed -i 's/usleep(PAUSE_MS/later(PAUSE_MS/; s/^#include <unistd.h>/#include "generated.h"/' pauses.c
	sed -i "s/^cmd = cc/cmd = mkdir -p deep; echo '#include <unistd.h>' >deep\/generated.h; echo '#define later usleep' >>deep\/generated.h; cc -Ideep/" \
		.autoperf/config.ini
	commit "A header that only the build finds"
	git checkout -q -b mine
	sed -i 's/later(PAUSE_MS \* 1000)/later(PAUSE_MS * 4000)/' pauses.c
	commit "Rest for longer"
	autoperf 3 check
	stderr_has "head: no markers in a file: pauses.c:1:10" "generated.h"
	stdout_has 'REGRESSION: region "rest"'
}

@test "outside of a repository, and without a configuration, it says what to do" {
	autoperf 1 check
	stderr_has "is in no git repository"
	git init -q .
	autoperf 1 check
	stderr_has "autoperf init"
	mkdir .autoperf
	printf '[build]\ncmd = make\n' >.autoperf/config.ini
	autoperf 1 check
	stderr_has "nothing of what to measure"
	printf '[workload]\ncmd = ./x\n' >.autoperf/config.ini
	autoperf 1 check
	stderr_has "there is no commit yet"
}

@test "mistakes in the configuration are named with their lines" {
	pauses_repository
	printf '[build]\ncommand = make\n' >.autoperf/config.ini
	autoperf 1 check
	stderr_has "config.ini' line 2" "there is no setting 'command' in [build]"
	printf '\n[biuld]\ncmd = make\n' >.autoperf/config.ini
	autoperf 1 check
	stderr_has "line 2" "there is no section [biuld]"
	printf '[workload]\ncmd = ./x\n[check]\nruns = many\n' >.autoperf/config.ini
	autoperf 1 check
	stderr_has "runs of [check]" "not 'many'"
	printf '[workload]\ncmd = ./x\ndir = ../..\n' >.autoperf/config.ini
	git checkout -q -b mine
	pause 1
	autoperf 1 check
	stderr_has "leads out of the repository"
}

@test "a configuration of the original AutoPerf is read" {
	branch_of_pauses 1
	cat >.autoperf/config.ini <<-'END'
		[build]
		  cmd = cc -O1 -o pauses pauses.c
		  dir = .

		[clean]
		  cmd =

		[workload]
		  cmd = ./pauses
		  dir = .

		[git]
		  main = main

		[model]
		  hidden = [16, 8]

		[training]
		  epochs = 12

		[detection]
		  threshold = 0.05
	END
	autoperf 0 check --source none -n 5
}

@test "in a shallow clone the missing history is named" {
	if [ -n "$SANITIZED" ]; then
		ASAN_OPTIONS="$ASAN_OPTIONS:fast_unwind_on_malloc=0"
		export LSAN_OPTIONS="suppressions=$SOURCES/tests/cli/leaks.txt:print_suppressions=0"
	fi
	branch_of_pauses 1
	git checkout -q main
	pause 3
	git clone -q --depth 1 --branch mine "file://$PWD" "$BATS_TEST_TMPDIR/shallow"
	cd "$BATS_TEST_TMPDIR/shallow"
	autoperf 1 check
	stderr_has "shallow clone" "--unshallow"
	git fetch -q --depth 1 origin main:refs/remotes/origin/main
	autoperf 1 check
	stderr_has "where 'HEAD' left 'origin/main'" "shallow clone"
	autoperf 0 check --base origin/main
}

@test "a detached HEAD is as good as a branch, and only origin's main as one of its own" {
	branch_of_pauses 1
	git clone -q . "$BATS_TEST_TMPDIR/clone"
	cd "$BATS_TEST_TMPDIR/clone"
	git checkout -q --detach origin/mine
	git branch -q -D mine
	autoperf 0 check
	stdout_has "merge base with origin/main"
}

@test "base and head that are the same leave nothing to compare" {
	pauses_repository
	autoperf 1 check
	stderr_has "nothing to compare" "--aa"
	git commit -q --allow-empty -m "Nothing"
	autoperf 1 check --base HEAD~1
	stderr_has "hold the same files"
}

@test "a base that is no ancestor is compared, with a warning" {
	branch_of_pauses 1
	git checkout -q main
	pause 3
	git checkout -q mine
	autoperf 0 check --base main
	stderr_has "base is not an ancestor of head"
	git checkout -q --orphan alone
	git commit -q -m "Alone"
	autoperf 1 check
	stderr_has "have no common ancestor" "--base REV"
}

@test "revisions that do not exist, and branches named like options" {
	branch_of_pauses 1
	autoperf 1 check --base nowhere
	stderr_has "'nowhere' is no commit, branch or tag"
	autoperf 1 check --head "\$(touch pwned)"
	git update-ref "refs/heads/--aa" main
	git update-ref "refs/heads/;touch pwned;\$(touch pwned)" mine 2>/dev/null || true
	git update-ref 'refs/heads/;touch-pwned;$(pwned)&"'"'" mine
	autoperf 0 check --base --aa --head ';touch-pwned;$(pwned)&"'"'"
	stdout_has "--aa"
	autoperf 0 check --base=--aa
	[ ! -e pwned ]
}

@test "a build that fails names the side and shows the end of its log" {
	branch_of_pauses 1
	printf 'int x = "\033[31mred";\n#error broken here\n' >>pauses.c
	commit "Break"
	autoperf 1 check
	stderr_has "head (HEAD" "'Break'" "the build ('cc -O1 -o pauses pauses.c') failed" \
		"broken here" "build.log"
	stderr_lacks $'\033'
	git checkout -q main
	git merge -q --no-edit mine
	echo "#define PAUSE_MS 1" >pause.h
	git checkout -q HEAD~1 -- pauses.c
	git commit -q -a -m "Mend"
	autoperf 1 check --base HEAD~1
	stderr_has "base (HEAD~1" "failed"
}

@test "a workload that fails names the side and its status" {
	branch_of_pauses 1
	sed -i 's/return 0/return 7/' pauses.c
	commit "Fail"
	autoperf 1 check
	stderr_has "head (HEAD" "the workload './pauses' failed" "exited with status 7"
}

@test "a workload that prints does not disturb the findings" {
	pauses_repository
	sed -i "s|^cmd = ./pauses|cmd = echo noise; echo noise >\&2; ./pauses|" .autoperf/config.ini
	git checkout -q -b mine
	pause 1
	autoperf 0 check --json
	[ "$(json 'd["verdict"]')" = improvement ]
	stderr_lacks noise
}

@test "a workload without markers says how to mark" {
	pauses_repository
	sed -i '/PERFPOINT_SCOPE/d' pauses.c
	commit "Unmark"
	git checkout -q -b mine
	pause 1
	autoperf 1 check
	stderr_has "executed no marked region" "PERFPOINT_SCOPE" "base ("
}

@test "a workload that executes too little says so, not how to add runs to the cache" {
	pauses_repository
	sed -i 's/i < 10/i < 3/' pauses.c
	commit "Rest less often"
	git checkout -q -b mine
	pause 3
	autoperf 4 check
	stderr_has "often enough to be learnt" "-n RUNS"
	stderr_lacks "--append"
}

@test "the repository of another user says how to trust it, one that libgit2 cannot read why" {
	branch_of_pauses 1
	chown -R nobody . || skip "needs the right to give files away"
	autoperf 1 check
	stderr_has "belongs to another user" "git config --global --add safe.directory '$PWD'"
	git config --file "$HOME/.gitconfig" safe.directory "$PWD"
	autoperf 0 check
	chown -R "$(id -u)" .
	git config core.repositoryformatversion 1
	git config extensions.unheardOf true
	autoperf 1 check
	stderr_has "extensions.unheardof" "git clone"
	rm -rf .git
	git init -q --object-format=sha256 .
	autoperf 1 check
	stderr_has "SHA-256"
}

@test "what a sparse checkout leaves out is not taken for deleted" {
	branch_of_pauses 16
	mkdir away
	sed -i 's|"pause.h"|"away/pause.h"|' pauses.c
	git mv pause.h away
	commit "Put it away"
	git sparse-checkout set --no-cone '/*' '!away'
	[ ! -e away ]
	autoperf 3 check
	stderr_lacks "not committed"
	echo new >new
	autoperf 3 check --head worktree
	stderr_has "building head (worktree"
}

@test "paths with blanks, quotes and UTF-8, of repository, files and cache" {
	mkdir "a b \"ü\" \$(touch pwned)"
	cd "a b \"ü\" \$(touch pwned)"
	pauses_repository
	echo x >"-rf \$(touch pwned)\`touch pwned\`;'\"ü"
	ln -s /etc/passwd "a link"
	commit "Hostile names"
	git checkout -q -b mine
	pause 1
	autoperf 0 check --cache "../c d ü"
	[ -d "../c d ü" ]
	[ -z "$(find "$BATS_TEST_TMPDIR" -name pwned)" ]
}

@test "a link in the repository leads no marker to a file outside" {
	pauses_repository
	git checkout -q -b mine
	sed 's/usleep(PAUSE_MS/usleep(2 * PAUSE_MS/; /PERFPOINT/d' pauses.c >../outside.c
	sed -i "s|pauses pauses.c|pauses -I. pauses.c|" .autoperf/config.ini
	cp ../outside.c before
	ln -sf "$(realpath ../outside.c)" pauses.c
	commit "Link"
	autoperf 1 check
	stderr_has "executed no marked region"
	cmp ../outside.c before
}

@test "line ends of the work tree are no changes where git converts them" {
	pauses_repository
	git config core.autocrlf true
	rm pauses.c
	git checkout -q pauses.c
	grep -q $'\r$' pauses.c
	sed -i 's/i < 10/i < 11/' pauses.c
	run --separate-stderr "$AUTOPERF" check --head worktree --json
	[ "$(json '[(c["first"], c["count"]) for c in d["changes"]]')" = "[(11, 1)]" ]
}

@test "in a partial clone, files that are missing can be fetched" {
	pauses_repository
	git checkout -q -b mine
	seq 1000 >numbers
	pause 3
	rm numbers
	pause 1
	git config uploadpack.allowFilter true
	git config uploadpack.allowAnySHA1InWant true
	git clone -q --filter=blob:none "file://$PWD" "$BATS_TEST_TMPDIR/partial"
	cd "$BATS_TEST_TMPDIR/partial"
	autoperf 1 check --base HEAD~1
	stderr_has "this is a partial clone" "git archive $(git rev-parse HEAD~1) >/dev/null"
	git archive HEAD~1 >/dev/null
	autoperf 0 check --base HEAD~1
}

@test "names in a repository do not drive the terminal" {
	pauses_repository
	git checkout -q -b mine
	printf 'int broken(void) { return }\n' >$'\033[31mred\n.c'
	printf 'int broken(void) { return }\n' >$'\377.c'
	git add -A
	git commit -q -m $'\033[31mRed \302\233'
	run --separate-stderr "$AUTOPERF" check -v
	stdout_lacks $'\033' $'\302\233'
	stderr_lacks $'\033' $'\302\233' $'\377'
	stderr_has "?[31mRed ?" "no markers in a file: ?[31mred"
}

@test "submodules are copied, and one that is missing is named" {
	mkdir library
	(
		cd library
		git init -q .
		echo "#define PAUSE_MS 1" >pause.h
		commit "Library"
	)
	mkdir program
	cd program
	pauses_repository
	git rm -q pause.h
	git submodule --quiet add "$PWD/../library" "the library"
	sed -i 's/"pause.h"/"the library\/pause.h"/' pauses.c
	commit "Rest by a library"
	git checkout -q -b mine
	echo >>pauses.c
	commit "Change nothing"
	run --separate-stderr "$AUTOPERF" check
	[ "$status" -ne 1 ]
	[ "$status" -ne 2 ]
	git clone -q . ../again
	cd ../again
	autoperf 1 check --base HEAD~1
	stderr_has "the submodule 'the library' is not here" "git submodule update --init"
	git submodule --quiet update --init
	run --separate-stderr "$AUTOPERF" check --base HEAD~1
	[ "$status" -ne 1 ]
}

@test "a full disk is an error, and once there is room the check goes on" {
	branch_of_pauses 1
	echo cache >>.git/info/exclude
	small_disk cache 8k
	local size
	# Full in each of the stages.
	for size in 8 16 32 64 96 128 160 192 224 256 288 320 352 384 416 448 480; do
		mount -o "remount,size=${size}k" cache
		run --separate-stderr "$AUTOPERF" check --cache cache
		[ "$status" -ne 0 ] || break
		[ "$status" -eq 1 ]
		echo "$size KiB: $stderr"
		[[ $stderr =~ [Nn]o\ space\ left|ld\ returned|log ]]
	done
	mount -o remount,size=50m cache
	autoperf 0 check --cache cache
}

@test "a cache that cannot be written says so" {
	branch_of_pauses 1
	echo cache >>.git/info/exclude
	small_disk cache 50m
	autoperf 0 check --cache cache
	mount -o remount,ro cache
	autoperf 1 check --cache cache
	stderr_has "Read-only file system" "--cache DIR"
	autoperf 1 check --cache cache/deeper
	stderr_has "Read-only file system" "--cache DIR"
	autoperf 1 clean --cache cache
	stderr_has "Read-only file system"
}

@test "what is damaged in the cache is made again" {
	branch_of_pauses 1
	autoperf 0 check
	local file
	for file in "$XDG_CACHE_HOME"/autoperf/*/checks/*/{base.apdb,head.apdb,model.safetensors,journal}; do
		echo damaged >"$file"
		autoperf 0 check
	done
	rm -r "$XDG_CACHE_HOME"/autoperf/*/builds/*/tree
	autoperf 0 check --fresh
	stderr_has "building base" "building head"
}

@test "files of git-lfs stay pointers, which is told; no filter of the user's runs" {
	pauses_repository
	printf '*.bin filter=lfs diff=lfs merge=lfs -text\n' >.gitattributes
	printf 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n' >a.bin
	commit "Keep a file elsewhere"
	git checkout -q -b mine
	pause 1
	git config filter.lfs.clean "touch '$PWD/../ran'; cat"
	git config filter.lfs.smudge "touch '$PWD/../ran'; cat"
	git config filter.lfs.required true
	echo more >>a.bin
	autoperf 0 check --head worktree
	stderr_has "files of git-lfs are pointers" "lfs.storage='$PWD/.git/lfs'"
	[ ! -e ../ran ]
}

@test "two checks of one repository do not get into each other's way" {
	pauses_repository
	sed -i "s|^cmd = ./pauses|cmd = touch '$PWD/runs.log'; sleep 5|" .autoperf/config.ini
	git checkout -q -b mine
	pause 1
	"$AUTOPERF" check >/dev/null 2>&1 &
	while [ ! -e runs.log ]; do sleep 0.1; done
	autoperf 1 check
	stderr_has "another check of this repository is under way"
	autoperf 1 clean
	kill %1
	wait || true
}

@test "--bisect says what git bisect understands" {
	branch_of_pauses 16
	autoperf 3 check --bisect
	autoperf 125 check --bisect --base nowhere
	autoperf 125 check --bisect --nonsense
	echo "#error" >>pauses.c
	commit "Break"
	autoperf 125 check --bisect
	git checkout -q HEAD~1
	pause 1
	autoperf 0 check --bisect
}

@test "git bisect finds the commit that made it slower, past one that does not build" {
	pauses_repository
	echo a >a && commit "Harmless"
	echo "#error" >>pauses.c && commit "Break"
	sed -i '/#error/d' pauses.c && commit "Mend"
	pause 16
	git tag slow
	echo b >b && commit "Harmless, too"
	git tag good HEAD~5
	git bisect start HEAD good >/dev/null
	git bisect run "$AUTOPERF" check --quiet --bisect --base good >../log 2>&1 || true
	cat ../log
	grep -q "^$(git rev-parse slow) is the first bad commit" ../log
	git bisect reset >../log 2>&1
}

@test "a hook's variables do not lead builds to the user's repository" {
	pauses_repository
	sed -i "s|^cmd = cc|cmd = git rev-parse --show-toplevel >>'$PWD/runs.log'; cc|" .autoperf/config.ini
	git checkout -q -b mine
	pause 1
	GIT_DIR="$PWD/.git" GIT_WORK_TREE="$PWD" autoperf 0 check
	grep -q "$XDG_CACHE_HOME" runs.log
	run ! grep -qx "$PWD" runs.log
}

@test "findings go to a file, as text or JSON that is valid" {
	branch_of_pauses 1
	autoperf 0 check -o found.json --format json
	[ -z "$output" ]
	/usr/bin/python3 - "$SOURCES/doc/findings.schema.json" found.json <<-'PYTHON'
		import json, sys, jsonschema
		schema = json.load(open(sys.argv[1]))
		jsonschema.Draft202012Validator(schema).validate(json.load(open(sys.argv[2])))
	PYTHON
	autoperf 1 check -o found.json
	stderr_has "--force"
	autoperf 0 check -o found.json --force
	grep -q IMPROVEMENT found.json
}

@test "wrong usage is refused" {
	autoperf 2 check -n 2
	stderr_has "from 3 to 100000"
	autoperf 2 check --source magic
	autoperf 2 check main
	stderr_has "--base and --head"
	autoperf 2 check --aa --head HEAD
	autoperf 2 check --json --format text
	branch_of_pauses 1
	autoperf 2 check --machine zen3
	stderr_has "--source sim"
}
