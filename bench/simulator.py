#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Cost of simulating a program, against the tools that Valgrind comes with.

usage: simulator.py BUILD_DIR [--megabytes N] [--sort-megabytes N] [--rounds N] [--only WORD]

Each comparison runs its tools in turns, so that what disturbs the machine disturbs all of them, and
compares the medians of their CPU time, user and system. The peak memory is compared with that of
the same program under --tool=none, which has the program's memory and Valgrind's translations, but
nothing that is simulated. Prints which bound holds; the exit status says whether all do.

sort has a text of its own: below 128 thousand lines it starts no second thread, whatever
--parallel says, and then there is nothing to see. Programs that are not installed are left out,
which is said.
"""
import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

MEMORY_BOUND_MIB = 200

NONE = ["--tool=none", "--max-threads=1100"]
CACHEGRIND = ["--tool=cachegrind", "--cachegrind-out-file=/dev/null"]
BRANCHES = CACHEGRIND + ["--branch-sim=yes"]
CALLGRIND = ["--tool=callgrind", "--cache-sim=yes", "--callgrind-out-file=/dev/null"]
SIMULATOR = ["--tool=autoperf-sim"]
COLD = SIMULATOR + ["--warm=off"]


def write_text(path, megabytes):
    """Words by Zipf's law, the same each time: compresses about as well as prose."""
    source = random.Random(1)
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    words = ["".join(source.choices(letters, range(26, 0, -1), k=source.randint(1, 11)))
             for _ in range(20000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    size = 0
    with open(path, "w", encoding="ascii") as file:
        while size < megabytes * 1000000:
            line = " ".join(source.choices(words, weights, k=12)) + "\n"
            size += file.write(line)


class Bench:
    """Runs programs under tools; remembers whether the bounds hold."""

    def __init__(self, build, rounds):
        self.build = build
        self.rounds = rounds
        self.holds = True

    def run(self, tool, command):
        """CPU seconds and peak MiB of one run."""
        environment = dict(os.environ, LC_ALL="C")
        if tool in (SIMULATOR, COLD):
            environment["VALGRIND_LIB"] = os.path.join(self.build, "sim", "tool")
        arguments = ["valgrind", "-q"] + tool + command
        with tempfile.TemporaryFile() as complaints:
            child = subprocess.Popen(arguments, env=environment, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=complaints)
            status, usage = os.wait4(child.pid, 0)[1:]
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode:
                complaints.seek(0)
                sys.exit(f"{' '.join(arguments)} ended with {child.returncode}:\n"
                         + complaints.read(2000).decode(errors="replace"))
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

    def measure(self, tools, command):
        """Medians by tool, in turns."""
        runs = [[] for _ in tools]
        for _ in range(self.rounds):
            for results, tool in zip(runs, tools):
                results.append(self.run(tool, command))
        return [tuple(statistics.median(values) for values in zip(*results)) for results in runs]

    def judge(self, holds):
        """What to print of a bound."""
        self.holds = self.holds and holds
        return "holds" if holds else "FALLS SHORT"

    def compare(self, title, command, tool, peers):
        """`peers` are name, tool and bound; no bound: for information."""
        results = self.measure([tool] + [peer[1] for peer in peers], command)
        seconds = results[0][0]
        print(f"{title}: {seconds:.2f} s")
        for (name, _, bound), (other, _) in zip(peers, results[1:]):
            ratio = seconds / other
            verdict = f"at most {bound}: {self.judge(ratio <= bound)}" if bound else ""
            print(f"  {ratio:5.2f} x {name:32} {other:7.2f} s  {verdict}".rstrip())
        sys.stdout.flush()

    def weigh(self, title, command):
        """Peak memory."""
        (_, simulated), (_, plain) = self.measure([SIMULATOR, NONE], command)
        above = simulated - plain
        print(f"{title}: {simulated:.0f} MiB, {above:.0f} MiB above --tool=none;"
              f" at most {MEMORY_BOUND_MIB}: {self.judge(above <= MEMORY_BOUND_MIB)}")
        sys.stdout.flush()


def compare_all(bench, text, long_text, wanted):
    """All comparisons whose title has the wanted word."""
    contention = os.path.join(bench.build, "tests", "sim", "contention")
    many = os.path.join(bench.build, "tests", "sim", "many")
    gzip = ["gzip", "-c", text]
    sort = ["sort", "--parallel=2", "-S", "64M", long_text]
    # Blocks small enough for both threads to get some.
    xz = ["xz", "-T2", "-3", f"--block-size={max(os.path.getsize(text) // 4, 65536)}", "-c", text]
    two = [("callgrind --cache-sim=yes", CALLGRIND, 1.5), ("none", NONE, None)]

    def each(method, title, command, *arguments):
        if wanted not in title:
            return
        if shutil.which(command[0]):
            method(title, command, *arguments)
        else:
            print(f"{title}: left out, {command[0]} is not installed")

    each(bench.compare, "gzip", gzip, SIMULATOR, [
        ("cachegrind", CACHEGRIND, 1.6),
        ("cachegrind --branch-sim=yes", BRANCHES, None),
        ("callgrind --cache-sim=yes", CALLGRIND, 1.0),
        ("none", NONE, None)])
    each(bench.compare, "gzip, no region, --warm=off", gzip, COLD, [("none", NONE, 1.3)])
    each(bench.compare, "sort, 2 threads", sort, SIMULATOR, two)
    each(bench.compare, "pigz, 2 threads", ["pigz", "-p2", "-c", text], SIMULATOR, two)
    each(bench.compare, "xz, 2 threads", xz, SIMULATOR, two)
    each(bench.compare, "2 threads, counters on a line",
         [contention, "false", "2", "2000000"], SIMULATOR, two)
    # So long that starting, which costs about the same everywhere, does not count.
    each(bench.compare, "2 threads, counters on a line, for long",
         [contention, "false", "2", "10000000"], SIMULATOR, two)
    each(bench.compare, "2 threads, padded counters",
         [contention, "padded", "2", "2000000"], SIMULATOR, two)
    each(bench.weigh, "memory, gzip", gzip)
    each(bench.weigh, "memory, sort with 2 threads", sort)
    each(bench.weigh, "memory, 64 threads", [many, "alive", "64"])
    each(bench.weigh, "memory, 1,024 threads", [many, "alive", "1023"])


def main():
    """Parses arguments, measures, reports."""
    parser = argparse.ArgumentParser(description="cost of simulating a program")
    parser.add_argument("build")
    parser.add_argument("--megabytes", type=int, default=5, help="of text for gzip, pigz and xz")
    parser.add_argument("--sort-megabytes", type=int, default=20, help="of text for sort")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each tool")
    parser.add_argument("--only", default="", help="comparisons whose title has this word")
    options = parser.parse_args()
    bench = Bench(os.path.abspath(options.build), options.rounds)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        text, long_text = os.path.join(scratch, "text"), os.path.join(scratch, "long")
        write_text(text, options.megabytes)
        write_text(long_text, options.sort_megabytes)
        compare_all(bench, text, long_text, options.only)
    print(f"medians of {options.rounds}, {options.megabytes} MB of text"
          f" ({options.sort_megabytes} MB for sort), {time.monotonic() - start:.0f} s in all")
    return 0 if bench.holds else 1


if __name__ == "__main__":
    sys.exit(main())
