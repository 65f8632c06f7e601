#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # output, stderr are set by run
# `autoperf record --source sim`: runs on the simulated machine, and what can stand in its way.
# Needs a build with the simulator ($SIMULATOR, its directory; else empty).
load common
setup() {
	[ -n "$SIMULATOR" ] || skip "this build has no simulator"
	common_setup
	actions=$PROGRAMS/actions
	tool=autoperf-sim-amd64-linux
}
teardown() { common_teardown; }

only() {
	[ "$(ls -A)" = "$(printf '%s\n' "$@")" ] || { ls -la; return 1; }
}

# fake_valgrind SCRIPT: a program of that name, first on PATH from now on.
fake_valgrind() {
	mkdir -p fake
	printf '#!/bin/sh\n%s\n' "$1" >fake/valgrind
	chmod +x fake/valgrind
	PATH=$PWD/fake:$PATH
}

# own_library: a copy of the runtime's directory in ./lib, with a simulator's directory.
own_library() {
	mkdir -p lib/autoperf/valgrind
	cp "$PERFPOINT_LIBRARY_DIR/libperfpoint.so.0" lib
	cp "$SIMULATOR/$tool" lib/autoperf/valgrind
	PERFPOINT_LIBRARY_DIR=$PWD/lib
}

# simulates: at the head of a test that really runs something under Valgrind, which takes no
# program or runtime that is instrumented itself.
simulates() {
	[ -z "$SANITIZED" ] || skip "Valgrind cannot run sanitized programs"
}

installed_version() {
	valgrind --version | sed 's/valgrind-//'
}

# ---- what it does ----

@test "source sim measures marked regions on the simulated machine" {
	simulates
	autoperf 0 record --source sim -n 2 -o x.apdb -- "$actions" work 20 mark 7 threads 4
	stderr_has "source sim, 2 runs" "simulating 'generic' (64 cores, 1 socket)" "2 runs: 122 samples; 3 regions in 'x.apdb'" \
		"autoperf info --lines x.apdb"
	[ -z "$output" ]
	only x.apdb
	[ "$(sql x.apdb 'select status, count(*), sum(samples) from run')" = "ok|2|122" ]
	[ "$(sql x.apdb "select value from fact where key = 'source'")" = sim ]
	[[ "$(sql x.apdb "select value from machine where key = 'cpu_model'")" == \
		"simulated machine generic ("*")" ]]
	[ "$(sql x.apdb "select value from machine where key = 'cores'")" = 64 ]
	[[ "$(sql x.apdb "select value from fact where key = 'simulated_machine'")" == \
		*"l1d_bytes = 32 KiB"* ]]
	[[ "$(sql x.apdb "select value from fact where key = 'simulated_on'")" == *", Linux "* ]]
}

@test "runs of one program count the same instructions" {
	simulates
	autoperf 0 record --source sim -n 3 -e instructions,loads -o x.apdb -- "$actions" work 10
	autoperf 0 export --format csv x.apdb
	[ "$(python3 -c '
import csv, sys
rows = list(csv.DictReader(sys.stdin))
per_run = {}
for row in rows:
    per_run[row["run"]] = per_run.get(row["run"], 0) + int(float(row["instructions"]))
print(len(per_run), len(set(per_run.values())), min(per_run.values()) > 10 * 2000)' <<<"$output")" = "3 1 True" ]
}

@test "false sharing is seen in each run, also of threads that wait until recording starts" {
	simulates
	autoperf 0 record --quiet --source sim -n 16 -o p.apdb -- "$PROGRAMS/neighbours"
	autoperf 0 export --format csv p.apdb -o p.csv
	/usr/bin/python3 - <<-'PYTHON'
		import collections, csv
		fetches = collections.Counter()
		for row in csv.DictReader(open("p.csv")):
		    fetches[row["run"]] += int(row["hitm_false"])
		# In each of two pairs of threads they take the line from each other all the time.
		least, most = min(fetches.values()), max(fetches.values())
		assert len(fetches) == 16 and least > 200000 and most < 1.02 * least, fetches
	PYTHON
}

@test "the program's output, exit status, signals and input are its own" {
	simulates
	autoperf 0 record --source sim --quiet -n 1 -o x.apdb -- "$actions" work 1 print out complain err
	[ "$output" = out ]
	[ "$stderr" = err ]
	autoperf 0 record --source sim --quiet -n 1 --env LD_LIBRARY_PATH=/a -o e.apdb -- \
		"$actions" work 1 show LD_LIBRARY_PATH show GLIBCXX_FORCE_NEW
	[ "$output" = $'LD_LIBRARY_PATH=/a\nGLIBCXX_FORCE_NEW=(unset)' ]
	autoperf 1 record --source sim -n 1 -o y.apdb -- "$actions" work 1 exit 7
	stderr_has "exited with status 7"
	autoperf 1 record --source sim -n 1 -o z.apdb -- "$actions" work 1 raise 11
	stderr_has "killed by signal 11"
	stderr_lacks "=="
	echo text >input
	run --separate-stderr "$AUTOPERF" record --source sim --quiet -n 2 -o i.apdb -- "$actions" work 1 echo <input
	[ "$output" = $'text\ntext' ]
}

@test "a program that takes too long is ended" {
	simulates
	autoperf 1 record --source sim -n 1 --timeout 3 -o x.apdb -- "$actions" work 5 sleep 60000
	stderr_has "took longer than 3 s and was ended"
}

@test "what had ended when the program was killed is kept" {
	simulates
	autoperf 1 record --source sim -n 1 -o x.apdb -- "$actions" work 50 raise 9
	stderr_has "killed by signal 9"
	[ "$(sql x.apdb 'select status, exit_code from run')" = "signal|9" ]
	[ "$(sql x.apdb 'select samples from run')" -ge 40 ]
}

@test "calls of a function are a region without markers" {
	simulates
	autoperf 0 record --source sim -n 2 --region-function work --region-function thread \
		-o x.apdb -- "$actions-static" work 3 threads 4
	[ "$(sql x.apdb 'select name from region order by name')" = $'thread\nwork' ]
	[ "$(sql x.apdb 'select samples from run')" = $'7\n7' ]
	stderr_lacks "--region-function"
}

@test "functions of C++ are named with or without their parameters" {
	simulates
	command -v c++ >/dev/null || skip "needs a compiler of C++"
	cat >program.cc <<-SOURCE
		namespace ns {
		struct box {
			volatile int sum = 0;
			[[gnu::noinline]] void work(int n) { sum = sum + n; }
			[[gnu::noinline]] void rest(int n) { sum = sum - n; }
		};
		}
		[[gnu::noinline]] static void work(ns::box &box) { box.work(1); }
		int main(int argc, char **)
		{
			ns::box box;
			work(box);
			box.work(2);
			if (argc > 1)
				box.rest(3);
		}
	SOURCE
	c++ -g -O1 program.cc -o program
	autoperf 0 record --source sim -n 1 --region-function ns::box::work \
		--region-function 'work(ns::box&)' --region-function ns::box::rest -o x.apdb -- ./program
	[ "$(sql x.apdb 'select name from region order by name')" = $'ns::box::work\nwork(ns::box&)' ]
	[ "$(sql x.apdb 'select samples from run')" = 3 ]
	stderr_has "--region-function ns::box::rest: the function was never called"
}

@test "forked processes are simulated, started programs only on request" {
	simulates
	autoperf 0 record --source sim -n 1 -o x.apdb -- "$actions" work 2 fork
	[ "$(sql x.apdb 'select samples from run')" = 7 ]
	autoperf 1 record --source sim -n 1 -o y.apdb -- sh -c "\"$actions\" work 3; true"
	stderr_has "--follow-children"
	autoperf 0 record --source sim -n 1 --follow-children -o y.apdb -- sh -c "\"$actions\" work 3; true"
	[ "$(sql y.apdb 'select samples from run')" = 3 ]
}

@test "cold regions find nothing of what is outside in the caches" {
	simulates
	autoperf 0 record --source sim -n 1 --warm off -e instructions -o x.apdb -- "$actions" work 3
	[[ "$(sql x.apdb "select value from machine where key = 'cpu_model'")" == *"cold outside regions" ]]
	autoperf 1 record --append --warm on -n 1 -o x.apdb -- "$actions" work 3
	stderr_has "another machine" "cold outside regions"
}

@test "a COUNTERS file of the kernel's and PAPI's names works" {
	simulates
	printf '%s\n' PAPI_TOT_CYC PAPI_L1_DCM branch-misses >COUNTERS
	autoperf 0 record --source sim -n 1 -c COUNTERS -o x.apdb -- "$actions" work 2
	[ "$(sql x.apdb 'select name from event order by id')" = \
		$'instructions\ncycles\nl1d_misses\nbranch_misses' ]
	echo context-switches >>COUNTERS
	autoperf 4 record --source sim -n 1 -c COUNTERS -o y.apdb -- "$actions" work 2
	stderr_has "context-switches" "--skip-unavailable"
	autoperf 0 record --source sim -n 1 -c COUNTERS --skip-unavailable -o y.apdb -- "$actions" work 2
	stderr_has "not counted: context-switches"
}

# ---- machines ----

@test "--machine takes names, files and this machine" {
	simulates
	autoperf 0 record --source sim -n 1 --machine skylake-2s -o x.apdb -- "$actions" work 2
	[[ "$(sql x.apdb "select value from machine where key = 'cpu_model'")" == *"Platinum 8180"* ]]
	[ "$(sql x.apdb "select value from machine where key = 'numa_nodes'")" = 2 ]
	printf 'name = tiny\nl1d_bytes = 4 KiB # small\nl1d_ways = 2\n' >tiny.machine
	autoperf 0 record --source sim -n 1 --machine tiny.machine -o y.apdb -- "$actions" work 2
	autoperf 0 record --source sim -n 1 --machine host -o z.apdb -- "$actions" work 2
	[ "$(sql y.apdb "select value from machine where key = 'cpu_model'" | sed 's/(.*//')" = "simulated machine tiny " ]
}

@test "profiles of different simulated machines are not compared" {
	simulates
	autoperf 0 record --source sim -n 3 -o a.apdb -- "$actions" work 40
	autoperf 0 train a.apdb -o m.safetensors
	autoperf 0 record --source sim -n 3 -o b.apdb -- "$actions" work 40
	autoperf 0 detect m.safetensors b.apdb
	autoperf 0 record --source sim -n 3 --machine zen3 -o c.apdb -- "$actions" work 40
	autoperf 1 detect m.safetensors c.apdb
	stderr_has "cannot be compared" "simulated machine generic" "simulated machine"
}

@test "a comment makes no other machine, a value does" {
	simulates
	printf 'name = mine\nl1d_ways = 4\n' >mine.machine
	autoperf 0 record --source sim -n 1 --machine mine.machine -o x.apdb -- "$actions" work 2
	printf '# edited\n\nname=mine\nl1d_ways = 4 # ways\n' >mine.machine
	autoperf 0 record --append --machine mine.machine -n 1 -o x.apdb -- "$actions" work 2
	autoperf 0 record --append -n 1 -o x.apdb -- "$actions" work 2
	[ "$(sql x.apdb 'select count(*) from run')" = 3 ]
	printf 'name = mine\nl1d_ways = 8\n' >mine.machine
	autoperf 1 record --append --machine mine.machine -n 1 -o x.apdb -- "$actions" work 2
	stderr_has "another machine"
}

@test "an impossible machine is told with file and line, before the program runs" {
	printf 'name = odd\nl1d_bytes = 30 KiB\n' >odd.machine
	autoperf 1 record --source sim -n 1 --machine odd.machine -o x.apdb -- "$actions" print RAN
	stderr_has "odd.machine"
	printf 'name = odd\nl1d_size = 32 KiB\n' >odd.machine
	autoperf 1 record --source sim -n 1 --machine odd.machine -o x.apdb -- "$actions" print RAN
	stderr_has "odd.machine" "2" "l1d_size"
	autoperf 1 record --source sim -n 1 --machine pentium -o x.apdb -- "$actions" print RAN
	stderr_has "pentium" "skylake-2s"
	[ -z "$output" ]
	only odd.machine
}

# ---- what stands in the way ----

@test "a missing Valgrind is told, with the package" {
	mkdir empty
	run --separate-stderr env PATH="$PWD/empty" "$AUTOPERF" record --source sim -o x.apdb -- "$actions" work 1
	[ "$status" -eq 4 ]
	stderr_has "'valgrind' is not on PATH" "apt install valgrind"
	only empty
}

@test "a Valgrind that is too old, of another version, or none at all is told" {
	fake_valgrind 'echo valgrind-3.13.0'
	autoperf 4 record --source sim -o x.apdb -- "$actions" work 1
	stderr_has "fake/valgrind" "3.13.0" "too old"
	fake_valgrind 'echo valgrind-3.99.1'
	autoperf 4 record --source sim -o x.apdb -- "$actions" work 1
	stderr_has "3.99.1" "built with Valgrind" "build or install AutoPerf again"
	fake_valgrind 'echo hello'
	autoperf 4 record --source sim -o x.apdb -- "$actions" work 1
	stderr_has "answered 'hello'"
	fake_valgrind 'exit 3'
	autoperf 4 record --source sim -o x.apdb -- "$actions" work 1
	stderr_has "cannot ask" "fake/valgrind"
	only fake
}

@test "a simulator that was not installed is told" {
	[ ! -e "/usr/local/lib/x86_64-linux-gnu/autoperf/valgrind/$tool" ] || skip "it is installed"
	mkdir bin
	cp "$AUTOPERF" bin/autoperf
	run --separate-stderr bin/autoperf record --source sim -o x.apdb -- "$actions" work 1
	[ "$status" -eq 4 ]
	stderr_has "cannot find the simulator $tool" "install AutoPerf again"
}

@test "a simulator whose Valgrind was removed or upgraded is told" {
	simulates
	own_library
	autoperf 4 record --source sim -o x.apdb -- "$actions" work 1
	stderr_has "vgpreload_core-amd64-linux.so" "Valgrind was removed"
	# Behind the link is a newer Valgrind, which --version does not tell.
	mkdir newer
	cp "$SIMULATOR/vgpreload_core-amd64-linux.so" newer
	cp "$SIMULATOR/default.supp" lib/autoperf/valgrind
	printf 'x valgrind-3.99.1\n' >newer/none-amd64-linux
	ln -s "$PWD/newer/vgpreload_core-amd64-linux.so" lib/autoperf/valgrind
	autoperf 1 record --source sim -n 1 -o x.apdb -- "$actions" work 1
	stderr_has "built with valgrind $(installed_version), but valgrind 3.99.1 is installed"
}

@test "an AVX-512 instruction is told, with the compiler's options" {
	simulates
	autoperf 4 record --source sim -n 5 -o x.apdb -- "$actions" work 3 illegal avx512
	stderr_has "cannot execute an instruction" "execute_illegal" "AVX-512" "-mno-avx512f"
	[ "$(sql x.apdb 'select count(*), sum(samples) from run')" = "1|3" ]
	autoperf 4 record --source sim -n 5 -o y.apdb -- "$actions" work 3 illegal other
	stderr_has "cannot execute an instruction" "-march=native"
	stderr_lacks "AVX-512"
}

@test "a program without regions is told of --region-function" {
	simulates
	autoperf 1 record --source sim -n 5 -o x.apdb -- "$actions" print once
	[ "$output" = once ]
	stderr_has "executed no region" "--region-function NAME" "PERFPOINT_SCOPE"
	only ""
}

@test "functions that do not exist or are never called are told" {
	simulates
	autoperf 1 record --source sim -n 1 --region-function nonesuch -o x.apdb -- "$actions" print once
	stderr_has "--region-function nonesuch: no program or library" "executed no region"
	autoperf 0 record --source sim -n 2 --region-function execute_illegal --region-function work \
		-o x.apdb -- "$actions-static" work 2
	stderr_has "--region-function execute_illegal: the function was never called"
	stderr_lacks "--region-function work"
}

@test "a static program is simulated by its functions, a 32-bit one is refused" {
	simulates
	autoperf 4 record --source sim -o x.apdb -- "$actions-static" work 1
	stderr_has "statically linked" "--region-function"
	autoperf 0 record --source sim -n 1 --region-function work -o x.apdb -- "$actions-static" work 3
	[ "$(sql x.apdb 'select samples from run')" = 3 ]
	python3 -c '
import struct, sys
sys.stdout.buffer.write(b"\x7fELF\1\1\1" + bytes(9) + struct.pack("<HHI", 2, 3, 1) + bytes(40))' >old
	chmod +x old
	autoperf 4 record --source sim -o y.apdb -- ./old
	stderr_has "'./old'" "32 bits"
}

@test "a directory for recordings that cannot be written is named" {
	simulates
	autoperf 1 record --source sim --scratch nowhere -o x.apdb -- "$actions" work 1
	stderr_has "nowhere"
	small_disk disk 64k
	autoperf 1 record --source sim -n 1 --scratch disk -o x.apdb -- "$actions" work 20 print RAN
	stderr_has "disk"
}

@test "a directory with a percent sign and blanks will do" {
	simulates
	mkdir '100 %p done'
	autoperf 0 record --source sim -n 1 --scratch '100 %p done' -o x.apdb -- "$actions" work 2
	[ -z "$(ls -A '100 %p done')" ]
}

@test "settings of other tools of Valgrind are not taken" {
	simulates
	export VALGRIND_OPTS="--leak-check=full"
	echo "--leak-check=full" >"$HOME/.valgrindrc"
	autoperf 0 record --source sim -n 1 -o x.apdb -- "$actions" work 2
}

@test "--append keeps source and machine, and refuses others" {
	simulates
	autoperf 0 record --source sim --machine zen3 -n 1 -o x.apdb -- "$actions" work 2
	autoperf 0 record --append -n 1 -o x.apdb -- "$actions" work 2
	[ "$(sql x.apdb 'select count(*) from run')" = 2 ]
	autoperf 1 record --append --machine default -n 1 -o x.apdb -- "$actions" work 2
	stderr_has "another machine"
	autoperf 1 record --append --source perf -n 1 -o x.apdb -- "$actions" work 2
	stderr_has "source sim, not perf"
	autoperf 0 record --source none -n 1 -o y.apdb -- "$actions" work 2
	autoperf 1 record --append --source sim -n 1 -o y.apdb -- "$actions" work 2
	stderr_has "source none, not sim"
}

@test "options of source sim are refused for other sources" {
	for option in --machine=host --warm=off --region-function=f --follow-children; do
		autoperf 2 record "$option" -o x.apdb -- "$actions" work 1
		stderr_has "${option%%=*} is about the simulated machine" "--source sim"
	done
	autoperf 2 record --source sim --warm=maybe -o x.apdb -- "$actions" work 1
	stderr_has "--warm takes on or off"
	autoperf 2 record --source sim --region-function= -o x.apdb -- "$actions" work 1
	only ""
}
