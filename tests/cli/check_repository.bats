#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# autoperf check: kinds of repositories, revisions and names, and what it leaves alone.
# shellcheck disable=SC2154 # status, output and stderr are set by bats
# shellcheck disable=SC2016 # what is not to be expanded

load common
load git

setup() {
	common_setup
	git_setup
}

teardown() { common_teardown; }

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

@test "in a shallow clone the missing history is named" {
	libgit2_leaks
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
	libgit2_leaks
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

@test "a hook's variables do not lead builds to the user's repository" {
	pauses_repository
	sed -i "s|^cmd = cc|cmd = git rev-parse --show-toplevel >>'$PWD/runs.log'; cc|" .autoperf/config.ini
	git checkout -q -b mine
	pause 1
	GIT_DIR="$PWD/.git" GIT_WORK_TREE="$PWD" autoperf 0 check
	grep -q "$XDG_CACHE_HOME" runs.log
	run ! grep -qx "$PWD" runs.log
}
