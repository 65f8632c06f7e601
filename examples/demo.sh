#!/bin/sh
# SPDX-License-Identifier: MIT
# The main job, step by step, on a bundled program: learn what normal runs look like, see that
# fresh normal runs pass, see that a slower variant is found, and why.
#
# Where the machine has no hardware counters and Valgrind is there, the simulated machine counts:
# then the demo ends with the variable that threads share falsely. Its counts do not depend on
# what else goes on here, so nothing is ever tried twice.
#
# usage: demo.sh BUILD_DIR OUTPUT_DIR
set -eu
build=$(cd "$1" && pwd)
autoperf=$build/src/cli/autoperf

# step TITLE ARGUMENT...: says and runs one autoperf command; the exit status is in $status.
# What the measured program itself prints on stdout is left out.
step()
{
	printf '\n== %s\n' "$1"
	shift
	printf '   $ autoperf'
	for word in "$@"; do
		printf ' %s' "${word##*/}"
	done
	printf '\n\n'
	status=0
	if [ "$1" = record ]; then
		"$autoperf" "$@" >/dev/null || status=$?
	else
		"$autoperf" "$@" || status=$?
	fi
}

expect()
{
	if [ "$status" -ne "$1" ]; then
		printf '\ndemo: exit status %s, expected %s (%s)\n' "$status" "$1" "$2" >&2
		exit 1
	fi
	printf '\n   exit status %s: %s\n' "$status" "$2"
}

# can WHAT: whether this machine can measure that, as the doctor says.
can()
{
	"$autoperf" doctor --json | grep -q "\"$1\": true"
}

# On the simulated machine: false sharing.
simulated()
{
	program=$build/examples/linear_regression
	step "Measure 8 normal runs on a simulated machine" \
		record --source sim -n 8 -o normal.apdb -- "$program-good" 2 60
	expect 0 "recorded"
	step "Learn what normal is" train normal.apdb -o model.safetensors
	expect 0 "trained"
	step "Fresh runs of the same program" \
		record --source sim -n 5 -o fresh.apdb -- "$program-good" 2 60
	expect 0 "recorded"
	step "Are they normal?" detect model.safetensors fresh.apdb
	expect 0 "nothing anomalous"
	step "Runs after a change that puts the threads' sums side by side" \
		record --source sim -n 5 -o changed.apdb -- "$program-bad" 2 60
	expect 0 "recorded"
	step "Did the change make it slower?" detect model.safetensors changed.apdb
	expect 3 "regression found"
	step "Which variable is it?" info --lines --region accumulate --top 1 changed.apdb
	expect 0 "told"
}

# On this machine: page faults. Normal runs to learn from and fresh ones to judge are taken in
# turns: what else goes on on this machine then hits both alike. When it does not, all is done
# once more.
measured()
{
	program=$build/examples/fresh_buffer
	runs=10
	fresh_runs=6
	for attempt in 1 2 3; do
		step "Measure $runs normal runs, the first half" \
			record --force -n $((runs / 2)) -o normal.apdb -- "$program-good"
		expect 0 "recorded"
		step "Fresh runs of the same program, the first half" \
			record --force -n $((fresh_runs / 2)) -o fresh.apdb -- "$program-good"
		expect 0 "recorded"
		step "The other half of the normal runs" \
			record --append -n $((runs / 2)) -o normal.apdb -- "$program-good"
		expect 0 "recorded"
		step "The other half of the fresh runs" \
			record --append -n $((fresh_runs / 2)) -o fresh.apdb -- "$program-good"
		expect 0 "recorded"
		step "Learn what normal is" train --force normal.apdb -o model.safetensors
		expect 0 "trained"
		step "Are the fresh runs normal?" detect model.safetensors fresh.apdb
		if [ "$status" -eq 0 ] || [ "$attempt" -eq 3 ]; then
			break
		fi
		printf '\n   exit status %s: something else kept this machine busy; once more\n' "$status"
	done
	expect 0 "nothing anomalous"
	step "Runs after a change that maps the buffer anew each time" \
		record -n $fresh_runs -o changed.apdb -- "$program-bad"
	expect 0 "recorded"
	step "Did the change make it slower?" detect model.safetensors changed.apdb
	expect 3 "regression found"
}

rm -rf "$2"
mkdir -p "$2"
cd "$2"
if ! can hardware_counters && can simulated_machine; then
	simulated
else
	measured
fi
step "The same as a page, with the evidence: samples, counters, who touches which byte" \
	detect model.safetensors changed.apdb --normal normal.apdb --format html -o report.html
expect 3 "regression found"
printf '\nThe page is %s/report.html: open it in a browser. Profiles and model are beside it.\n' "$2"
