# SPDX-License-Identifier: MIT
# Data for the tests of commands that end in a verdict: CSV tables of a program with two
# regions, `parse` and `update`, drawn by a seed.

# make_csv FILE RUNS SEED [TIME [FAULTS [ROWS]]]: what is wrong with `update` - its time and its
# page faults are multiplied, it is executed ROWS times a run (60). Runs scatter by 1 %.
make_csv() {
	awk -v runs="$2" -v seed="$3" -v slower="${4:-1}" -v faulty="${5:-1}" -v rows="${6:-60}" '
		# Sum of 12 uniform numbers: nearly normal, in every awk.
		function normal(  i, sum) {
			for (i = 0; i < 12; i++)
				sum += rand()
			return sum - 6
		}
		function row(region, run, drift, time, faults,  instructions) {
			instructions = 1e6 * exp(0.03 * normal())
			printf "%s,%d,%d,%.0f,%.0f,%.0f,%.0f\n", region, int(rand() * 4), run,
				2e5 * exp(0.04 * normal() + drift) * time, instructions,
				instructions / 1e3 * 5 * exp(0.1 * normal()) * faults,
				instructions / 1e3 * 40 * exp(0.1 * normal())
		}
		BEGIN {
			srand(seed)
			print "region,thread,run,wall_ns,instructions,page-faults,branch-misses"
			for (run = 1; run <= runs; run++) {
				drift = 0.01 * normal()
				for (i = 0; i < 60; i++)
					row("parse", run, drift, 1, 1)
				for (i = 0; i < rows; i++)
					row("update", run, drift, slower, faulty)
			}
		}' >"$1"
}

# make_original DIRECTORY RUNS SEED [FACTOR]: the original's layout, two counters; FACTOR
# multiplies the cache misses.
make_original() {
	local run
	for ((run = 0; run < $2; run++)); do
		mkdir -p "$1/run_$run"
		awk -v seed="$3$run" -v factor="${4:-1}" -v directory="$1/run_$run" '
			function normal(  i, sum) {
				for (i = 0; i < 12; i++)
					sum += rand()
				return sum - 6
			}
			function write(number, event, rate,  file, i, instructions) {
				file = directory "/event_" number "_perf_data.csv"
				print "INPUT: ./program --threads 4" >file
				print "TIME: 1.5" >file
				print "Mark_id, NTHREADS,PAPI_TOT_INS, " event >file
				for (i = 0; i < 60; i++) {
					instructions = 1e6 * exp(0.03 * normal())
					printf "3, 4, %.0f, %.0f\n", instructions,
						instructions / 1e3 * rate * exp(0.1 * normal()) >file
				}
			}
			BEGIN {
				srand(seed)
				write(0, "PAPI_L3_TCM", 5 * factor)
				write(1, "PAPI_BR_MSP", 3)
			}'
	done
}
