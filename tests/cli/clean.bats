#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# autoperf clean: what goes, what stays.

load common
load git

setup() {
	common_setup
	git_setup
	pauses_repository
	git checkout -q -b mine
	pause 1
}

@test "clean removes the cache and keeps the configuration" {
	autoperf 0 check
	[ -n "$(ls "$XDG_CACHE_HOME/autoperf")" ]
	autoperf 0 clean
	stderr_has "removed '$XDG_CACHE_HOME/autoperf/work-"
	[ -z "$(ls "$XDG_CACHE_HOME/autoperf")" ]
	[ -f .autoperf/config.ini ]
	autoperf 0 clean
	stderr_has "there was no cache"
}

@test "clean --all removes the configuration as well, and nothing of the user's" {
	autoperf 0 check
	touch .autoperf/mine
	autoperf 0 clean --all --json
	[ "$(json 'd["cache_removed"], d["config_removed"]')" = "(True, True)" ]
	[ -f .autoperf/mine ]
	[ ! -e .autoperf/config.ini ]
	rm .autoperf/mine
	git checkout -q .autoperf
	autoperf 0 clean --all
	[ ! -e .autoperf ]
	[ "$(git status --porcelain)" = " D .autoperf/config.ini" ]
}

@test "the cache of another repository, and a folder that is no cache, are left alone" {
	autoperf 0 check
	local cache
	cache=$(echo "$XDG_CACHE_HOME"/autoperf/work-*)
	mkdir ../other
	(cd ../other && git init -q . && "$AUTOPERF" clean)
	[ -d "$cache" ]
	rm "$cache/CACHEDIR.TAG"
	autoperf 1 clean
	stderr_has "is no cache of AutoPerf's"
	[ -d "$cache/builds" ]
	autoperf 1 check
	stderr_has "is in the way"
}

@test "wrong usage is refused" {
	autoperf 2 clean everything
	autoperf 2 clean --force
	cd "$BATS_TEST_TMPDIR"
	autoperf 1 clean
	stderr_has "is in no git repository"
}
