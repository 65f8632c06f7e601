#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What `autoperf check` costs beyond building both sides and running them.

A repository is made whose program has no markers and takes about a second, under the simulator as
well (there with less work); a branch of it changes a remark in the function that works. It is
checked with so many runs of each side: copies, parsing, marking, training and judging included, all
caches cold. What the runs take is what the profiles say, what the builds take is measured in the
build command. The rest may be at most 20 % of the runs. The same check again answers from its cache.

The exit status says whether the bound holds for all sources.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BOUND_PERCENT = 20
RUN_SECONDS = 1.0
SOURCES = ("none", "perf", "sim")
GIT = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
       "GIT_AUTHOR_NAME": "Bench", "GIT_AUTHOR_EMAIL": "bench@example.org",
       "GIT_COMMITTER_NAME": "Bench", "GIT_COMMITTER_EMAIL": "bench@example.org"}
# About a millisecond an execution.
PROGRAM = """\
#include <stdio.h>
#include <stdlib.h>

#define STEPS 400000

static unsigned long work(unsigned long x)
{
	/* A remark. */
	for (int i = 0; i < STEPS; i++)
		x = x * 6364136223846793005UL + 1442695040888963407UL;
	return x;
}

int main(int argc, char **argv)
{
	unsigned long x = 1;

	for (long round = argc > 1 ? atol(argv[1]) : 1; round > 0; round--)
		x = work(x);
	printf("%lu\\n", x);
	return 0;
}
"""
CONFIG = """\
[build]
cmd = begin=$(date +%s%N); cc -O1 -g -o work work.c || exit; echo $(($(date +%s%N) - begin)) >>'{log}'
[workload]
cmd = ./work {rounds}
[git]
main = main
"""


class Bench:
    """One source's repository and checks of it."""

    def __init__(self, build, source, scratch):
        self.tool = str(build / "src" / "cli" / "autoperf")
        self.source = source
        self.top = scratch / f"repository-{source}"
        self.cache = scratch / f"cache-{source}"
        self.log = scratch / f"builds-{source}.log"
        self.environment = dict(os.environ, **GIT, LC_ALL="C", PERFPOINT_LIBRARY_DIR=str(
            build / "src" / "perfpoint"))

    def run(self, *command, statuses=(0,)):
        done = subprocess.run(command, cwd=self.top, env=self.environment, text=True,
                              capture_output=True, check=False)
        if done.returncode not in statuses:
            sys.exit(f"gate.py: {' '.join(command)}: exit status {done.returncode}\n{done.stderr}")
        return done.stdout

    def run_seconds(self, profile):
        told = json.loads(self.run(self.tool, "info", "--json", str(profile)))
        return [run["wall_ns"] / 1e9 for run in told["runs"]]

    def recorded(self, rounds):
        """Seconds of a recorded run."""
        profile = self.top / "calibration.apdb"
        self.run(self.tool, "record", "--quiet", "--force", "-n", "1", "--source", self.source,
                 "-o", str(profile), "--", "./work", str(rounds))
        seconds = self.run_seconds(profile)[0]
        profile.unlink()
        return seconds

    def rounds(self):
        """Rounds that take about RUN_SECONDS, starting the program included."""
        marked = PROGRAM.replace("/* A remark. */", 'PERFPOINT_SCOPE("work");')
        (self.top / "work.c").write_text('#include "perfpoint.h"\n' + marked)
        headers = Path(self.tool).parents[3] / "include"
        self.run("cc", "-O1", f"-I{headers}", "-o", "work", "work.c")
        rounds, seconds = 8, 0.0
        while seconds < 0.7 * RUN_SECONDS:
            rounds *= 2
            seconds = min(self.recorded(rounds) for _ in range(2))
        return max(8, round(rounds * RUN_SECONDS / seconds))

    def make(self):
        self.top.mkdir()
        rounds = self.rounds()
        (self.top / ".autoperf").mkdir()
        (self.top / ".autoperf" / "config.ini").write_text(
            CONFIG.format(log=self.log, rounds=rounds))
        (self.top / ".gitignore").write_text("work\n")
        for branch, remark in (("main", "A remark."), ("mine", "Another one.")):
            (self.top / "work.c").write_text(PROGRAM.replace("A remark.", remark))
            if branch == "main":
                self.run("git", "init", "-q", ".")
            self.run("git", "checkout", "-q", "-b", branch)
            self.run("git", "add", "-A")
            self.run("git", "commit", "-q", "-m", remark)

    def check(self, runs):
        """Seconds; whatever the verdict, which noise may change."""
        begin = time.monotonic()
        self.run(self.tool, "check", "--quiet", "-n", str(runs), "--source", self.source,
                 "--cache", str(self.cache), statuses=(0, 3, 4))
        return time.monotonic() - begin

    def measure(self, runs):
        self.make()
        total = self.check(runs)
        seconds = [s for profile in self.cache.rglob("*.apdb") for s in self.run_seconds(profile)]
        builds = [int(line) / 1e9 for line in self.log.read_text().split()]
        rest = total - sum(seconds) - sum(builds)
        percent = 100 * rest / sum(seconds)
        holds = percent <= BOUND_PERCENT
        again = self.check(runs)
        print(f"{self.source:6} {len(seconds):5} {sum(seconds):8.2f} s {len(builds):6} "
              f"{sum(builds):6.2f} s {total:8.2f} s {rest:6.2f} s {percent:6.1f} %  {again:6.2f} s  "
              f"{'holds' if holds else 'DOES NOT HOLD'}", flush=True)
        return holds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path, help="build directory")
    parser.add_argument("--runs", type=int, default=10, help="of each side (%(default)s)")
    parser.add_argument("--source", action="append", choices=SOURCES,
                        help="may be repeated (all: none, perf, sim)")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    sources = arguments.source or [source for source in SOURCES if source != "sim" or (
        build / "sim/tool/autoperf-sim-amd64-linux").exists()]
    print(f"source  runs      they  builds     they     check   rest  share    again  "
          f"(share at most {BOUND_PERCENT} %)")
    with tempfile.TemporaryDirectory() as scratch:
        held = [Bench(build, source, Path(scratch)).measure(arguments.runs) for source in sources]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
