# SPDX-License-Identifier: MIT
# autoperf doctor: what it finds on this machine, with full rights and with fewer.

load common

setup() {
	common_setup
}

needs_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

# check NAME FIELD: of the check of that name in the JSON on stdout.
check() {
	json "[c for c in d['checks'] if c['name'] == '$1'][0]['$2']"
}

@test "doctor says what can be measured and looks at every condition" {
	autoperf 0 doctor
	stdout_has "perf_event_open" "hardware counters" "default events" "perf_event_paranoid" privileges seccomp \
		container hypervisor "NMI watchdog" "user-space reads" "frequency governor" turbo \
		SMT CPUs "open files" tracepoints PAPI valgrind runtime "disk space" \
		"shared memory" "This machine can measure wall time"
}

@test "what is not ok says what it costs" {
	autoperf 0 doctor --json
	[ "$(json 'all((c["state"] == "ok") == (c["cost"] is None) for c in d["checks"])')" = True ]
	[ "$(json 'all(c["state"] in ("ok", "note", "problem") for c in d["checks"])')" = True ]
}

@test "doctor agrees with events about hardware counters" {
	autoperf 0 doctor --json
	hardware=$(json 'd["can_measure"]["hardware_counters"]')
	run --separate-stderr "$AUTOPERF" events --json instructions
	[ "$(json '[e["available"] for e in d["events"] if e["name"] == "instructions"][0]')" = "$hardware" ]
}

@test "doctor names the default events that work, and what a read costs" {
	autoperf 0 doctor --json
	[[ $(check "default events" found) == *" can be counted, in "*"task-clock"* ]]
	[ "$(json 'd["read_ns"]["system_call"] > 10')" = True ]
	[ "$(json '(d["read_ns"]["user_space"] or 0) < d["read_ns"]["system_call"]')" = True ]
	[ "$(json 'd["hardware_slots"] >= 0 and d["fixed_slots"] >= 0 and d["taken_slots"] >= 0')" = True ]
}

@test "the runtime is found, or its absence is a problem" {
	autoperf 0 doctor --json
	[ "$(check runtime state)" = ok ]
	PERFPOINT_LIBRARY_DIR=/nowhere autoperf 0 doctor --json
	[ "$(check runtime state)" = problem ]
	[[ $(check runtime mend) == *PERFPOINT_LIBRARY_DIR* ]]
}

@test "whether programs can be simulated is tried, not guessed" {
	autoperf 0 doctor --json
	[ "$(check valgrind state)" = ok ] || skip "no simulator here"
	[ "$(json 'd["can_measure"]["simulated_machine"]')" = True ]
	[[ $(check valgrind found) == "works: Valgrind 3."*"machines: default, host"* ]]
	mkdir fake
	printf '#!/bin/sh\necho valgrind-3.99.1\n' >fake/valgrind
	chmod +x fake/valgrind
	PATH=$PWD/fake:$PATH autoperf 0 doctor --json
	[ "$(check valgrind state)" = note ]
	[ "$(json 'd["can_measure"]["simulated_machine"]')" = False ]
	[[ $(check valgrind found) == *"is Valgrind 3.99.1"* ]]
	[[ $(check valgrind cost) == "--source sim cannot be used"* ]]
	run --separate-stderr env PATH="$PWD/none" "$AUTOPERF" doctor
	stdout_has "'valgrind' is not on PATH" "apt install valgrind"
}

@test "an ordinary user is told the command that allows kernel mode" {
	needs_root
	[ "$(cat /proc/sys/kernel/perf_event_paranoid)" -ge 2 ] || skip "everybody may here"
	# In a sanitized build the looking for leaks crashes for such a user where LLVM is linked.
	ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" run --separate-stderr \
		setpriv --reuid=65534 --regid=65534 --clear-groups "$AUTOPERF" doctor --json
	[ "$status" -eq 0 ]
	[ "$(check perf_event_paranoid state)" = problem ]
	[[ $(check perf_event_paranoid mend) == "sudo sysctl kernel.perf_event_paranoid=1"* ]]
	[ "$(check privileges state)" = note ]
}

@test "CAP_PERFMON that started programs keep is as good as root" {
	needs_root
	run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups \
		--inh-caps=+perfmon --ambient-caps=+perfmon "$AUTOPERF" doctor --json
	[ "$status" -eq 0 ] || skip "setpriv cannot set ambient capabilities here"
	[ "$(check privileges found)" = CAP_PERFMON ]
	[ "$(check privileges state)" = ok ]
	[ "$(check perf_event_paranoid state)" = ok ]
}

@test "under a seccomp filter the status is 4 and the filter is named" {
	run --separate-stderr "$PROGRAMS/without-perf" "$AUTOPERF" doctor --json
	[ "$status" -ne 77 ] || skip "no seccomp filters here"
	[ "$status" -eq 4 ]
	[ "$(check seccomp state)" = problem ]
	[[ $(check seccomp mend) == *seccomp=unconfined* ]]
	[ "$(json 'd["can_measure"]["software_events"]')" = False ]
	run --separate-stderr "$PROGRAMS/without-perf" "$AUTOPERF" doctor
	stdout_has "This machine can measure wall time ("
}

@test "a low limit on open files is noted with the command that raises it" {
	run --separate-stderr bash -c 'ulimit -S -n 64; exec "$0" doctor --json' "$AUTOPERF"
	[ "$status" -eq 0 ]
	[ "$(check "open files" state)" = note ]
	[[ $(check "open files" found) == "at most 64 open files"* ]]
	[[ $(check "open files" mend) == "ulimit -n "* ]]
}

@test "an affinity mask is noticed" {
	[ "$(nproc)" -gt 1 ] || skip "needs two processors"
	run --separate-stderr taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')" "$AUTOPERF" doctor --json
	[ "$status" -eq 0 ]
	[ "$(check CPUs state)" = note ]
	[[ $(check CPUs found) == *"1 allowed to this process" ]]
}

@test "tracefs is found when it is mounted" {
	needs_root
	run --separate-stderr unshare -m sh -c \
		'mount -t tracefs nodev /sys/kernel/tracing && exec "$0" doctor --json' "$AUTOPERF"
	[ "$status" -eq 0 ] || skip "cannot mount tracefs"
	[ "$(check tracepoints state)" = ok ]
}

@test "wrong usage is status 2" {
	autoperf 2 doctor please
	autoperf 2 doctor --fix
}

@test "a full disk behind stdout is an error" {
	run bash -c '"$0" doctor >/dev/full' "$AUTOPERF"
	[ "$status" -eq 1 ]
}
