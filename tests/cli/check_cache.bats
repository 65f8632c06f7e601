#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# autoperf check: killed, asked to stop, without room, with damaged leftovers.
# shellcheck disable=SC2154 # status, output and stderr are set by bats
# shellcheck disable=SC2016 # what is not to be expanded

load common
load git

setup() {
	common_setup
	git_setup
}

teardown() { common_teardown; }

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
