#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2030,SC2031 # status, output and stderr are set by run
# The simulator when something is broken or runs out: it says so, keeps what it has, and the program
# runs on with its own exit status. Given by meson: $SIMULATOR, its directory; $PROGRAMS, directory
# of the programs beside this file; $AUTOPERF.

bats_require_minimum_version 1.5.0

setup() {
	export LC_ALL=C
	cd "$BATS_TEST_TMPDIR" || return 1
	ulimit -c "$(ulimit -H -c)" # a core would be seen
	mkdir session
	printf '%s\n' "perfpoint-session 1" "source sim" \
		"event 0 0 0 0 0 instructions" "event 0 0 0 0 0 loads" >session/session
}

teardown() {
	if [ -d full ]; then
		umount full 2>/dev/null || true
	fi
}

# simulate STATUS ARGS...: leaves $output and $stderr; fails at another exit status, a crash of the
# simulator or a core.
simulate() {
	local expected=$1
	shift
	run --separate-stderr env VALGRIND_LIB="$SIMULATOR" timeout -k 1 120 \
		valgrind --command-line-only=yes -q --tool=autoperf-sim "$@"
	if [ "$status" -ne "$expected" ] || compgen -G '*core*' ||
		[[ "$stderr" == *"INTERNAL ERROR"* || "$stderr" == *"impossible"* ]]; then
		printf 'exit status %s, expected %s\n%s\n%s\n' "$status" "$expected" "$output" "$stderr"
		return 1
	fi
}

# work ARGS...: simulates the program `work`, whose exit status is 7, with its region recorded.
work() {
	simulate 7 --session=session --region-function=work "$PROGRAMS/work" "$@"
	[ "$output" = "done" ]
}

# samples: how many the one recording has.
samples() {
	"$AUTOPERF" info session/*.aprec | sed -n 's/,//g; s/^samples *\([0-9]*\).*/\1/p'
}

says() {
	[[ "$stderr" == *"$1"* ]] || { printf 'not said: %s\n%s\n' "$1" "$stderr"; return 1; }
}

# ---- programs that tell nonsense ----

@test "nonsense about markers, starts and frames harms nobody" {
	local what
	for what in markers start frames; do
		simulate 0 --session=session --summary=yes "$PROGRAMS/hostile" "$what"
		[ "$output" = survived ]
	done
}

@test "recordings that are none are refused" {
	mkdir files
	simulate 0 --session=session "$PROGRAMS/hostile" recordings files
	[ "$output" = survived ]
}

@test "wild pointers to the C library's objects end the program only" {
	simulate 0 --session=session "$PROGRAMS/hostile" objects
	[ "$output" = survived ]
}

# ---- ends ----

@test "samples that were finished survive SIGKILL" {
	VALGRIND_LIB=$SIMULATOR valgrind -q --tool=autoperf-sim --session=session \
		--region-function=work "$PROGRAMS/work" -1 1000 >/dev/null 2>&1 3>&- &
	local child=$! tries=0
	until [ "$(samples 2>/dev/null || echo 0)" -gt 100 ] 2>/dev/null; do
		sleep 0.2
		tries=$((tries + 1))
		[ "$tries" -lt 150 ] || { kill -9 "$child"; return 1; }
	done
	kill -9 "$child"
	wait "$child" || [ $? -eq 137 ]
	[ "$(samples)" -gt 100 ]
	"$AUTOPERF" info session/*.aprec | grep -q "still running, or killed"
}

# ---- what runs out ----

@test "a file-size limit ends the recording, not the program" {
	ulimit -f 320
	work 20000 10
	says "file-size limit"
	[ "$(samples)" -gt 500 ]
	"$AUTOPERF" info session/*.aprec | grep -q "samples not stored: no space"
	[ $(("$(samples)" + "$("$AUTOPERF" info session/*.aprec |
		sed -n 's/,//g; s/^lost *\([0-9]*\).*/\1/p')")) -eq 20000 ]
}

@test "without room for a header nothing is left behind" {
	ulimit -f 64
	work 20 10
	says "cannot create session/"
	says "file-size limit"
	[ "$(ls session)" = session ]
}

@test "a full disk ends the recording, not the program" {
	mkdir full
	mount -t tmpfs -o size=400k none full 2>/dev/null || skip "cannot mount a small disk here"
	mv session/session full
	rmdir session
	ln -s full session
	work 20000 10
	says "disk full"
	[ "$(samples)" -gt 500 ]
}

@test "few file descriptors, little memory and any stack are enough" {
	local stack
	(ulimit -n 24 && work 20 10)
	(ulimit -v 500000 && work 20 10)
	for stack in 64 "$(ulimit -H -s)"; do
		(ulimit -s "$stack" && work 20 10)
	done
}

@test "a machine that is too large for the memory is refused" {
	printf 'llc_bytes = 4 GiB\n' >large.machine
	ulimit -v 500000
	simulate 1 --machine=large.machine "$PROGRAMS/work" 1 1
	says "no memory for the simulated machine"
	[ -z "$output" ]
}

# peak ARGS...: the largest resident set of `work` under the simulator, in KiB.
peak() {
	VALGRIND_LIB=$SIMULATOR /usr/bin/python3 -c '
import resource, subprocess, sys
subprocess.run(["valgrind", "-q", "--tool=autoperf-sim"] + sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' \
		--session=session --region-function=work "$PROGRAMS/work" "$@"
}

@test "memory does not grow with the accesses of a region" {
	local threads short long
	for threads in 1 3; do
		short=$(peak 1 200000 "$threads")
		long=$(peak 1 1600000 "$threads")
		echo "$threads threads: $short KiB for 400000 accesses each, $long KiB for eight times as many"
		[ "$long" -lt $((short + 8192)) ]
		[ "$long" -lt 200000 ]
	done
}

# ---- what is given to it ----

@test "without a usable session the program runs unrecorded" {
	local directory
	for directory in /nonexistent /proc /dev/null; do
		simulate 7 --session="$directory" --region-function=work "$PROGRAMS/work" 20 10
		[ "$output" = "done" ]
		says "cannot read $directory/session; not recording"
	done
	printf 'perfpoint-session 1\nevent 0 0\n' >session/session
	work 20 10
	says "cannot understand an event in session/session; not recording"
	printf 'perfpoint-session 1\nevent 0 0 0 0 0 unheard_of\n' >session/session
	work 20 10
	says 'no counter "unheard_of"; not recording'
	head -c 2000000 /dev/urandom >session/session
	work 20 10
	says "cannot understand session/session; not recording"
}

# refused TEXT REASON: a machine description with that text.
refused() {
	printf '%b' "$1" >my.machine
	simulate 1 --machine=my.machine "$PROGRAMS/work" 1 1
	says "autoperf-sim: my.machine"
	says "$2"
	[ -z "$output" ]
}

@test "a machine that cannot be is refused before the program starts" {
	refused 'l1d_bytes = 48 KiB\n' "l1d_bytes = 49152 does not make a power of two of sets"
	refused 'sockets = 2\nl2_size = 1\n' ", line 2: unknown key 'l2_size'"
	refused 'sockets = 0\n' "sockets = 0 is outside 1 to 32"
	refused '\0\0\0\0' ", line 1: expected 'key = value'"
	simulate 1 --machine=/nonexistent "$PROGRAMS/work" 1 1
	says "cannot read the machine description /nonexistent"
	simulate 1 --machine=/ "$PROGRAMS/work" 1 1
	says "cannot read the machine description /"
	head -c 2000000 /dev/zero | tr '\0' '\n' >my.machine
	simulate 1 --machine=my.machine "$PROGRAMS/work" 1 1
	says "more than 1 MiB"
}
