# SPDX-License-Identifier: MIT
# autoperf events: what is listed, how events divide into passes, and what is said of those that
# cannot be counted. Made for machines with and without hardware counters.

load common

setup() {
	common_setup
}

teardown() {
	common_teardown
}

# Skips where this user may not count kernel mode.
needs_kernel_mode() {
	autoperf 0 events --plan -e task-clock --json
	"$AUTOPERF" events --plan -e context-switches >/dev/null 2>&1 ||
		skip "needs the right to count kernel mode"
}

needs_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

@test "events lists software events as countable, with role and description" {
	autoperf 0 events
	[[ $output =~ task-clock\ +software\ +cpu_time\ +yes\ +time\ the\ thread ]]
	[[ $output =~ minor-faults\ +software\ +page_fault\ +yes ]]
	stdout_has "L1-dcache-load-misses"
}

@test "what cannot be counted carries the number of its reason" {
	autoperf 0 events --json
	[ "$(json 'all(e["available"] == (e["reason"] is None) for e in d["events"])')" = True ]
	if [ "$(json 'all(e["available"] for e in d["events"])')" = True ]; then
		skip "everything can be counted here"
	fi
	autoperf 0 events
	[[ $output =~ no\ \[1\] ]]
	stdout_has $'\n[1] '
}

@test "a pattern is a part of a name, a role, or matches whole names" {
	autoperf 0 events faults --json
	[ "$(json 'all("faults" in e["name"] for e in d["events"]) and len(d["events"]) >= 4')" = True ]
	autoperf 0 events migration --json
	[ "$(json 'all(e["role"] == "migration" for e in d["events"])')" = True ]
	autoperf 0 events 'MAJOR-*' --json
	[ "$(json '[e["name"] for e in d["events"] if ":" not in e["name"]]')" = "['major-faults']" ]
}

@test "a pattern that matches nothing fails and says so" {
	autoperf 1 events xyzzy
	stderr_has "matches 'xyzzy'" "events --all"
}

@test "tracepoints are listed with --all where tracefs can be read" {
	needs_root
	run --separate-stderr unshare -m sh -c \
		'mount -t tracefs nodev /sys/kernel/tracing && exec "$0" events --all --json' "$AUTOPERF"
	[ "$status" -eq 0 ] || skip "cannot mount tracefs"
	[ "$(json '[e["role"] for e in d["events"] if e["name"] == "sched:sched_switch"]')" = "['context_switch']" ]
	[ "$(json 'all(e["available"] for e in d["events"] if e["kind"] == "tracepoint")')" = True ]
}

@test "a tracepoint can be planned with software events" {
	needs_root
	run --separate-stderr unshare -m sh -c \
		'mount -t tracefs nodev /sys/kernel/tracing && exec "$0" events --plan --json -e sched:sched_switch,lock:contention_begin,faults' "$AUTOPERF"
	[ "$status" -eq 0 ] || skip "cannot mount tracefs"
	[ "$(json '[e["name"] for e in d["events"]][-3:]')" = \
		"['sched:sched_switch', 'lock:contention_begin', 'page-faults']" ]
}

@test "a tracepoint without tracefs is answered with the mount command" {
	[ ! -d /sys/kernel/tracing/events ] && [ ! -d /sys/kernel/debug/tracing/events ] ||
		skip "tracefs is mounted here"
	autoperf 4 events --plan -e sched:sched_switch
	stderr_has "sched:sched_switch" "tracefs"
}

@test "the default plan has at least one pass with the clock" {
	autoperf 0 events --plan
	stdout_has "source perf" "pass 1 of " "task-clock"
	autoperf 0 events --plan --json
	[ "$(json 'd["source"]')" = perf ]
	[ "$(json 'len(d["passes"]) >= 1')" = True ]
}

@test "the plan says which counters it was made for and why there is each pass" {
	autoperf 0 events --plan
	stdout_has "hardware counters: "
	autoperf 0 events --plan --json
	[ "$(json 'len(d["pass_details"]) == len(d["passes"])')" = True ]
	[ "$(json 'd["pass_details"][0]["reason"]')" = first ]
	[ "$(json '(d["machine"]["counters"] > 0) == ("instructions" in str(d["passes"]))')" = True ]
	autoperf 0 events --plan --json --source sim
	[ "$(json 'd["machine"]')" = None ]
}

@test "a multiplexed plan is one pass, and is for source perf" {
	autoperf 0 events --plan --multiplex --json
	[ "$(json 'len(d["passes"])')" = 1 ]
	[ "$(json 'd["pass_details"][0]["groups"] >= 1')" = True ]
	autoperf 2 events --plan --multiplex --source papi
	stderr_has "--multiplex is for" "--source perf"
	autoperf 2 events --multiplex
	stderr_has "for --plan"
}

@test "a plan keeps the users order" {
	autoperf 0 events --plan --json -e dummy,page-faults,task-clock
	[ "$(json '[e["name"].split(":")[0] for e in d["events"]][-3:]')" = \
		"['dummy', 'page-faults', 'task-clock']" ]
}

@test "a COUNTERS file may have CRLF, comments, a byte order mark and repeated names" {
	printf '\xef\xbb\xbf# mine\r\nfaults\r\n\r\ntask-clock # time\r\nfaults\r\n' >COUNTERS
	autoperf 0 events --plan --json -c COUNTERS
	[ "$(json '[e["name"].split(":")[0] for e in d["events"]][-2:]')" = "['page-faults', 'task-clock']" ]
	stderr_has "1 repeated name"
}

@test "a COUNTERS file that is empty, missing, a directory or binary is named" {
	: >COUNTERS
	autoperf 1 events --plan -c COUNTERS
	stderr_has "COUNTERS holds no event name"
	autoperf 1 events --plan -c nowhere
	stderr_has "nowhere"
	mkdir folder
	autoperf 1 events --plan -c folder
	stderr_has "folder"
	printf 'faults\n\x00\x01\x02' >COUNTERS
	autoperf 1 events --plan -c COUNTERS
	stderr_has "COUNTERS:2"
}

@test "500 names are planned in several passes" {
	for i in $(seq 500); do
		echo "software/config=1,config1=$i/"
	done >COUNTERS
	autoperf 0 events --plan --json -c COUNTERS
	[ "$(json 'len(d["passes"]) in (8, 9)')" = True ]
	[ "$(json 'max(len(p) for p in d["passes"]) <= 63')" = True ]
}

@test "an unknown name is a usage error with the nearest name" {
	autoperf 2 events --plan -e page-fault,task-clock
	stderr_has "'page-fault'" "did you mean 'page-faults'?"
}

@test "what this machine cannot count is told by name with a way out, or left out" {
	autoperf 4 events --plan -e task-clock,PAPI_L1_TCA,cs:u
	stderr_has "2 of 3 events cannot be counted here" "PAPI_L1_TCA: " "--source papi" "cs:u: "
	autoperf 0 events --plan -e task-clock,PAPI_L1_TCA,cs:u --skip-unavailable --json
	[ "$(json '[r["name"] for r in d["rejected"]]')" = "['PAPI_L1_TCA', 'cs:u']" ]
	autoperf 0 events --plan -e task-clock,PAPI_L1_TCA --skip-unavailable
	stdout_has "left out" "PAPI_L1_TCA: the kernel has no event like it"
}

@test "two names of one event are counted once" {
	needs_kernel_mode
	autoperf 0 events --plan -e context-switches,software/config=3/
	stdout_has "software/config=3/ = context-switches"
}

@test "a user who may not count kernel mode gets no context switches of 0" {
	needs_root
	[ "$(cat /proc/sys/kernel/perf_event_paranoid)" -ge 2 ] || skip "everybody may here"
	run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups "$AUTOPERF" events --plan -e context-switches
	[ "$status" -eq 4 ]
	stderr_has "always read 0" "sudo sysctl kernel.perf_event_paranoid=1"
	run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups "$AUTOPERF" events --plan
	[ "$status" -eq 0 ]
	stdout_has "context-switches, cpu-migrations: it happens in kernel mode only" "minor-faults:u"
}

@test "under a seccomp filter nothing can be counted: status 4, and wall time is planned" {
	run --separate-stderr "$PROGRAMS/without-perf" "$AUTOPERF" events
	[ "$status" -ne 77 ] || skip "no seccomp filters here"
	[ "$status" -eq 4 ]
	stdout_has "a seccomp filter forbids perf_event_open"
	run --separate-stderr "$PROGRAMS/without-perf" "$AUTOPERF" events --plan
	[ "$status" -eq 0 ]
	stdout_has "source none" "wall time alone" "a seccomp filter"
	run --separate-stderr "$PROGRAMS/without-perf" "$AUTOPERF" events --plan -e task-clock
	[ "$status" -eq 4 ]
}

@test "too few open files are told from missing counters" {
	run --separate-stderr bash -c 'ulimit -n 8; exec "$0" events --plan -e task-clock,faults,minor-faults,major-faults,dummy,bpf-output,cpu-clock,alignment-faults' "$AUTOPERF"
	[ "$status" -eq 4 ]
	stderr_has "ulimit -n"
}

@test "source sim lists the simulated machine's counters, and its plan is one pass" {
	autoperf 0 events --source sim
	stdout_has "hitm_false" "false_sharing" "blocked_cycles"
	stdout_lacks "PAPI_L1_DCM" "no ["
	autoperf 0 events --source sim PAPI_L1_DCM
	stdout_has "counted as l1d_misses"
	autoperf 0 events --source sim --plan
	stdout_has "source sim" "pass 1 of 1" "dram_remote"
}

@test "one COUNTERS file serves source sim too" {
	printf '%s\n' PAPI_TOT_CYC PAPI_L3_TCM cache-misses >COUNTERS
	autoperf 0 --json events --source sim --plan -c COUNTERS
	[ "$(json '[e["name"] for e in d["events"]]')" = "['instructions', 'cycles', 'llc_misses']" ]
	[ "$(json 'd["merged"]')" = "['cache-misses = llc_misses']" ]
	echo context-switches >>COUNTERS
	autoperf 4 events --source sim --plan -c COUNTERS
	stderr_has "context-switches" "simulated machine has no such counter" "--skip-unavailable"
	autoperf 0 events --source sim --plan -c COUNTERS --skip-unavailable
	stdout_has "left out" "context-switches"
	autoperf 2 events --source sim --plan -e branch_mises
	stderr_has "did you mean 'branch_misses'"
}

@test "sources without events say so" {
	autoperf 0 events --plan --source none
	stdout_has "wall time alone"
	autoperf 2 events --source import
	stderr_has "auto, perf, papi, sim or none"
}

@test "source papi lists presets, or says why it cannot" {
	run --separate-stderr "$AUTOPERF" events --source papi
	[ "$status" -eq 0 ] || [ "$status" -eq 4 ]
	[[ $output == *PAPI_TOT_INS* || $stderr == *PAPI* ]]
}

@test "wrong usage is status 2" {
	autoperf 2 events a b
	autoperf 2 events -e cycles
	stderr_has "--plan"
	autoperf 2 events --plan cycles
	autoperf 2 events --plan -e cycles -c COUNTERS
	autoperf 2 events --nonsense
	autoperf 2 events --source
}

@test "a full disk behind stdout is an error" {
	run bash -c '"$0" events >/dev/full' "$AUTOPERF"
	[ "$status" -eq 1 ]
	run bash -c '"$0" events --plan --json >/dev/full' "$AUTOPERF"
	[ "$status" -eq 1 ]
}

@test "the help tells options and exit statuses" {
	autoperf 0 events --help
	stdout_has "--plan" "--skip-unavailable" "Exit status"
}
