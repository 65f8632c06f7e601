#!/bin/sh
# SPDX-License-Identifier: MIT
# All benchmarks, one after the other; each prints ratios against a peer of the same run.
#
# usage: run.sh BUILD_DIR
set -eu
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)

echo "== markers: START/END against bare group reads and PAPI"
set -- "$build/src/perfpoint/libperfpoint.so.0"
[ ! -e "$build/tests/runtime/libpapi-any-cpu.so" ] ||
	set -- "$@" "$build/tests/runtime/libpapi-any-cpu.so"
"$build/bench/bench_markers" "$@"

echo "== overhead: recorded runs against others, with a budget of 4 %"
/usr/bin/python3 "$here/overhead.py" "$build" || echo "not all bounds hold"

echo "== recording: ten million samples from eight threads"
"$build/bench/bench_recording" "$build/src/perfpoint/libperfpoint.so.0"

echo "== ingest: a recording into a profile, against zstd -1 of the same file"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$build/bench/bench_ingest" 10 "$scratch"

echo "== training: a denoising autoencoder against PyTorch, one thread each"
"$build/bench/bench_training" /usr/bin/python3 "$here/training/torch_training.py"

echo "== detection: areas under ROC curves on made-up tables, against scikit-learn"
/usr/bin/python3 "$here/detection/compare.py" "$build" || echo "does not lead"

echo "== detection: seconds for 10 runs of 50,000 samples, 40 counters and 20 regions"
"$build/bench/bench_speed" || echo "too slow"

echo "== detection: how often normal runs look changed, by chance"
"$build/bench/bench_honesty" || echo "more often than promised"

echo "== gate: what a check costs beyond builds and runs, at most 20 %"
/usr/bin/python3 "$here/gate.py" "$build" || echo "not all bounds hold"

if [ -e "$build/sim/tool/autoperf-sim-amd64-linux" ]; then
	echo "== simulator: autoperf-sim against cachegrind, callgrind and none"
	/usr/bin/python3 "$here/simulator.py" "$build" || echo "not all bounds hold"
	"$build/bench/bench_machine"
fi
