#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What recording costs a program, against the budget that it was given (record --max-overhead).

usage: overhead.py BUILD_DIR [--pairs N] [--budget PCT] [--only WORD] [--source SOURCE]

Pairs of runs, one recorded and one not, in turns: the examples, with rounds for about a second
each, and ten million executions of a region of 200 ns. Prints the medians over the pairs of what
recording adds to wall time and to CPU time, which other load on the machine disturbs less, and what
`autoperf info` says that markers took. The bound is on wall time: the budget and one percentage
point. The exit status says whether all bounds hold.

In the medians and in no budget is what the kernel takes to switch counters with threads (compare
--source none). Programs that contend for locks or cache lines need many pairs: on a busy machine
two plain runs of one differ by more than the budget.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

BOUND_POINTS = 1
REGION_NS = 200
EXECUTIONS = 10_000_000
EXAMPLES = {  # threads, rounds
    "fresh_buffer-good": (2, 16000), "fresh_buffer-bad": (2, 4000),
    "hash_table-good": (2, 40000), "hash_table-bad": (2, 12000),
    "linear_regression-good": (2, 200000), "linear_regression-bad": (2, 30000),
    "shared_counter-good": (2, 200000), "shared_counter-bad": (2, 40000),
}


class Bench:
    """Runs programs, recorded or not; remembers whether the bounds hold."""

    def __init__(self, build, scratch, arguments):
        self.build = build
        self.profile = os.path.join(scratch, "overhead.apdb")
        self.pairs = arguments.pairs
        self.budget = arguments.budget
        self.source = arguments.source
        self.holds = True
        self.environment = dict(os.environ, LC_ALL="C", PERFPOINT_LIBRARY_DIR=os.path.join(
            build, "src", "perfpoint"))

    def plain(self, command):
        """Wall and CPU seconds."""
        start = time.monotonic()
        pid = os.posix_spawn(command[0], command, self.environment, file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
        _, status, usage = os.wait4(pid, 0)
        wall = time.monotonic() - start
        if status:
            sys.exit(f"overhead.py: {command[0]} ended with status {status}")
        return wall, usage.ru_utime + usage.ru_stime

    def autoperf(self, *arguments):
        return subprocess.run([os.path.join(self.build, "src", "cli", "autoperf"), *arguments],
                              env=self.environment, stdout=subprocess.PIPE, check=True).stdout

    def recorded(self, command):
        """Wall and CPU seconds, marker seconds, executions and those measured."""
        self.autoperf("record", "--quiet", "--force", "-n", "1", "--source", self.source,
                      "--max-overhead", str(self.budget), "-o", self.profile, "--", *command)
        told = json.loads(self.autoperf("info", "--json", self.profile))
        run = told["runs"][0]
        overhead = told["overhead"]
        return (run["wall_ns"] / 1e9, (run["user_ns"] + run["system_ns"]) / 1e9,
                overhead["share"], overhead["executions"], overhead["measured"])

    def compare(self, name, command):
        self.plain(command)
        walls, cpus, told = [], [], []
        for _ in range(self.pairs):
            plain = self.plain(command)
            recorded = self.recorded(command)
            walls.append(100 * (recorded[0] / plain[0] - 1))
            cpus.append(100 * (recorded[1] / plain[1] - 1))
            told.append(recorded)
        wall = statistics.median(walls)
        bound = self.budget + BOUND_POINTS
        holds = wall <= bound
        self.holds = self.holds and holds
        one_in = statistics.median(t[3] / max(t[4], 1) for t in told)
        print(f"{name:24} wall {wall:+6.1f} %  CPU {statistics.median(cpus):+6.1f} %  "
              f"info says {100 * statistics.median(t[2] or 0 for t in told):4.1f} %  "
              f"measured 1 in {one_in:<5.3g} (wall at most {bound:g} %: "
              f"{'holds' if holds else 'DOES NOT HOLD'})", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--budget", type=float, default=4)
    parser.add_argument("--only", default="")
    parser.add_argument("--source", default="perf")
    arguments = parser.parse_args()
    build = os.path.abspath(arguments.build)
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(build, scratch, arguments)
        short = os.path.join(build, "bench", "short_region")
        steps = subprocess.run([short, "--steps", str(REGION_NS)], stdout=subprocess.PIPE,
                               check=True, text=True).stdout.strip()
        programs = {f"{REGION_NS} ns region": [short, str(EXECUTIONS), steps]}
        for name, (threads, rounds) in EXAMPLES.items():
            programs[name] = [os.path.join(build, "examples", name), str(threads), str(rounds)]
        for name, command in programs.items():
            if arguments.only in name:
                bench.compare(name, command)
    return not bench.holds


if __name__ == "__main__":
    sys.exit(main())
