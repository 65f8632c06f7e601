#!/bin/sh
# SPDX-License-Identifier: MIT
# Scenarios with many threads in a program that has the runtime linked in, all of it built with
# ThreadSanitizer. Any data race fails.
#
# usage: tsan.sh PROGRAM
set -u
failed=0
for scenario in thousand_threads thread_storm threads_end_inside cancel_storm many_names \
	markers_in_handlers longjmps nested many_short fork_then_threads; do
	session=$(mktemp -d)
	printf 'perfpoint-session 1\nsource perf\nmax-overhead 28\nevent 1 1 0 0 0 task-clock\n' >"$session/session"
	if ! PERFPOINT_SESSION=$session TSAN_OPTIONS="halt_on_error=0 exitcode=66 ${TSAN_OPTIONS:-}" \
		"$1" "$scenario" >"$session/output" 2>&1; then
		failed=1
		echo "$scenario:"
		head -60 "$session/output"
	fi
	rm -rf "$session"
done
exit $failed
