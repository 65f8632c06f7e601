#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How often the verdict is right: pairs of programs with known problems, see pairs.csv.

usage: run.py BUILD_DIR [--source sim|perf] [--only WORD,...] [--json FILE] ...

Of each pair the good variant is learnt from. Fresh runs of it and runs of a harmless refactoring
are to pass; runs of the bad variant are to be flagged, and explained by what was put in. All is
judged a second time by --method original where autoperf has that.

Profiles and models are kept in BUILD_DIR/bench/accuracy/results-SOURCE (--scratch); --reuse judges
what is there and records only what is missing. The exit status says whether all bounds hold that
apply.

Columns: verdict on the bad variant and the time of an execution, relative to the good one's; the
wall time of its whole run, likewise (on the simulator that is of no interest); cause; name.

With --source perf, a bad variant counts as slower when its run takes at least 10 % longer here than
the good one's, in the median over rounds of recording and by the fastest run of each (a busy
machine moves either, seldom both), whatever pairs.csv expects of a machine with two cores; and as
not slower when neither takes 5 % longer. Between the two it is neither counted; nor is a refactoring
that is no such thing by the clock. In each round all variants take turns, every other round
backwards, so that what else happens on the machine hits all alike.
"""
import argparse
import concurrent.futures
import csv
import json
import os
import statistics
import subprocess
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))

SLOWER = 1.10       # wall time of bad by good from which it must be flagged on real hardware
NOT_SLOWER = 1.05   # up to which it must not be
CAUSE_BOUND = 0.95
FALSE_ALARM_BOUND = 0.01
SETTLED = (0, 3, 4)  # exit statuses of detect that come with findings

# Where findings name no cause, the first counter that moved names one by its role.
ROLE_CAUSES = {
    "instructions": "more instructions", "loads": "more instructions",
    "stores": "more instructions", "branches": "more instructions",
    "branch_miss": "branch mispredictions", "l1d_miss": "cache misses",
    "l2_miss": "cache misses", "llc_miss": "cache misses", "l1i_miss": "cache misses",
    "hitm": "true sharing", "false_sharing": "false sharing", "true_sharing": "true sharing",
    "remote_dram": "remote memory", "dtlb_miss": "TLB misses", "itlb_miss": "TLB misses",
    "page_fault": "page faults", "lock_wait": "waiting", "context_switch": "waiting",
    "system_call": "system calls",
}
MEMORY_SHARING = ("false sharing", "true sharing")


class Failure(Exception):
    """A command of ours that should have worked."""


def autoperf(bench, *arguments, settled=(0,)):
    """Standard output of one command."""
    done = subprocess.run([bench.autoperf, *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          env=dict(os.environ, LC_ALL="C", NO_COLOR="1"))
    if done.returncode not in settled:
        raise Failure(f"autoperf {' '.join(arguments)}: exit status {done.returncode}\n"
                      + done.stderr.decode(errors="replace"))
    return done.stdout.decode(errors="replace")


class Pair:
    """One line of pairs.csv, and where its programs and profiles are."""

    def __init__(self, bench, line):
        self.bench = bench
        self.name = line["pair"]
        self.causes = [cause for cause in line["cause"].split("|") if cause]
        self.symbol = line["symbol"]
        self.machine = line["machine"]
        self.visible = bench.source not in line["not_visible"].split()
        self.slower_here = line["slower_here"] == "yes"
        simulated = bench.source == "sim"
        self.threads = line["sim_threads"] if simulated else "2"
        self.rounds = line["sim_rounds"] if simulated else line["perf_rounds"]
        self.wall = {}  # of what is tested but by the same program: see compare_wall()

    def program(self, variant):
        return os.path.join(self.bench.programs, f"bench-accuracy-{self.name}-{variant}")

    def has(self, variant):
        return os.path.exists(self.program(variant))

    def path(self, what, ending="apdb"):
        return os.path.join(self.bench.results, f"{self.name}-{what}.{ending}")

    def sets(self):
        """What is recorded: name, variant, runs."""
        bench = self.bench
        sets = [("normal", "good", bench.runs)]
        sets += [(f"fresh{i + 1}", "good", bench.new_runs) for i in range(bench.fresh)]
        sets += [("bad", "bad", bench.new_runs)]
        if self.has("harmless"):
            sets += [("harmless", "harmless", bench.new_runs)]
        return sets

    def tested(self):
        return [name for name, _, _ in self.sets() if name != "normal"]

    def record(self, name, variant, runs, first=0):
        """Adds runs to a set that has `first`."""
        arguments = ["record", "--quiet", "--source", self.bench.source, "-n", str(runs),
                     "-o", self.path(name)]
        if self.bench.seed is not None:
            layout = zlib.crc32(f"{self.bench.seed} {self.name} {name}".encode())
            arguments += ["--seed", str(layout + first)]
        if first:
            arguments += ["--append"]
        elif self.machine and self.bench.source == "sim":
            arguments += ["--machine", self.machine]
        autoperf(self.bench, *arguments, "--", self.program(variant), self.threads, self.rounds)

    def record_missing(self):
        """All sets in turns, in steps that end together; every other step of all goes backwards,
        so that what drifts is as long ago for each."""
        missing = [each for each in self.sets() if not os.path.exists(self.path(each[0]))]
        if self.bench.source == "sim":  # nothing else on the machine is seen
            for name, variant, runs in missing:
                self.record(name, variant, runs)
            return
        steps = max((runs for _, _, runs in missing), default=0)
        backwards = False
        for step in range(steps):
            turn = [(name, variant, step * runs // steps) for name, variant, runs in missing
                    if (step + 1) * runs // steps > step * runs // steps]
            for name, variant, done in reversed(turn) if backwards else turn:
                self.record(name, variant, 1, done)
            backwards ^= len(turn) > 1

    def wall_times(self, name):
        """Of the program's runs, in ns."""
        runs = json.loads(autoperf(self.bench, "info", "--json", self.path(name)))["runs"]
        return [run["wall_ns"] for run in runs if run["status"] == "ok"]

    def compare_wall(self, name):
        """How much longer these take than the good variant: median over rounds of recording, in
        each of which they are compared with the good one's run in that round; and the fastest run
        of all these rounds by the fastest."""
        after, before = self.wall_times(name), self.wall_times("normal")
        in_round = [before[max(0, (i + 1) * len(before) // len(after) - 1)]
                    for i in range(len(after))]
        return (statistics.median(new / good for new, good in zip(after, in_round)),
                min(after) / min(in_round))

    def is_slower(self, name="bad"):
        return min(self.wall[name]) >= SLOWER

    def is_not_slower(self, name="bad"):
        return max(self.wall[name]) <= NOT_SLOWER

    def judge(self, method):
        """Findings of each set that is tested, by its name."""
        bench = self.bench
        model = self.path(method, "safetensors")
        train, detect = bench.methods[method]
        autoperf(bench, "train", "--quiet", "--force", *train, self.path("normal"), "-o", model)
        return {name: outcome(json.loads(autoperf(
            bench, "detect", "--quiet", *detect, "--format", "json", model, self.path(name),
            settled=SETTLED)), self) for name in self.tested()}

    def work(self):
        self.record_missing()
        self.wall = {name: self.compare_wall(name) for name in self.tested()
                     if name in ("bad", "harmless")}
        return {method: self.judge(method) for method in self.bench.methods}


def cause_of(region):
    """The cause that the findings name, else what lines or the first counter say."""
    cause = region.get("cause")
    if isinstance(cause, dict):
        cause = cause.get("name") or cause.get("kind")
    if cause:
        return cause
    for line in region.get("lines", [])[:1]:
        return line["sharing"] + ("" if "sharing" in line["sharing"] else " sharing")
    for counter in region.get("counters", []):
        if counter["moved"] and counter["role"] in ROLE_CAUSES:
            return ROLE_CAUSES[counter["role"]]
    return None


def outcome(findings, pair):
    """What the benchmark wants to know of findings."""
    regions = findings["regions"]
    first = regions[0] if regions else {}
    said = " ".join(line["contended"] for line in first.get("lines", [])[:1])
    time = first.get("time_per_execution") or {}
    cause = cause_of(first) if first else None
    return {"verdict": findings["verdict"], "region": first.get("name"),
            "cause": cause, "cause_right": cause in pair.causes,
            "named": said, "named_right": bool(pair.symbol) and pair.symbol in said,
            "ratio": time.get("ratio"), "low": time.get("low"), "reason": first.get("reason")}


class Totals:
    """Counts over all pairs, by one method."""

    def __init__(self, pairs, outcomes, source):
        must, must_not = [], []
        self.missed, self.alarms = [], []
        for pair in pairs:
            judged = outcomes[pair.name]
            flagged = judged["bad"]["verdict"] == "regression"
            if expected_slower(pair, source):
                must.append((pair, judged["bad"], flagged))
                if not flagged:
                    self.missed.append(pair.name)
            elif not pair.visible or pair.is_not_slower():
                must_not.append((f"{pair.name} bad", flagged))
            must_not += [(f"{pair.name} {name}", found["verdict"] == "regression")
                         for name, found in judged.items()
                         if name != "bad" and not slower_by_chance(pair, name, source)]
        self.alarms = [name for name, flagged in must_not if flagged]
        sharing = [found for pair, found, _ in must if pair.symbol]
        self.positives = len(must)
        self.negatives = len(must_not)
        self.hits = sum(flagged for _, _, flagged in must)
        self.causes = sum(found["cause_right"] for _, found, flagged in must if flagged)
        self.sharing = len(sharing)
        self.named = sum(found["named_right"] for found in sharing)

    def summary(self):
        alarms = len(self.alarms)
        recall = share(self.hits, self.positives)
        precision = share(self.hits, self.hits + alarms)
        both = recall + precision if recall is not None and precision is not None else 0
        return {"positives": self.positives, "hits": self.hits, "recall": recall,
                "negatives": self.negatives, "false_alarms": alarms,
                "false_alarm_rate": share(alarms, self.negatives), "precision": precision,
                "f1": 2 * recall * precision / both if both else 0.0,
                "causes_right": self.causes, "cause_accuracy": share(self.causes, self.positives),
                "sharing_pairs": self.sharing, "named_right": self.named,
                "missed": self.missed, "alarms": self.alarms}


def share(part, whole):
    return part / whole if whole else None


def expected_slower(pair, source):
    return pair.visible and (source == "sim" or pair.is_slower())


def slower_by_chance(pair, name, source):
    """A refactoring of which the compiler makes something slower is not harmless."""
    return source == "perf" and name in pair.wall and min(pair.wall[name]) > NOT_SLOWER


class Bench:
    """Options, places, and what this autoperf can do."""

    def __init__(self, options):
        build = os.path.abspath(options.build)
        self.source = options.source
        self.seed = options.seed
        self.runs = options.runs
        self.new_runs = options.new_runs
        self.fresh = options.fresh
        self.programs = os.path.join(build, "bench", "accuracy")
        self.results = options.scratch or os.path.join(self.programs, f"results-{self.source}")
        self.autoperf = os.path.join(build, "src", "cli", "autoperf")
        self.methods = {"default": ([], [])}
        original = [self.knows(command) for command in ("train", "detect")]
        if any(original):
            choice = ["--method", "original"]
            self.methods["original"] = tuple(choice if has else [] for has in original)

    def knows(self, command):
        return "--method" in autoperf(self, command, "--help")

    def pairs(self, words):
        with open(os.path.join(HERE, "pairs.csv"), encoding="ascii", newline="") as file:
            pairs = [Pair(self, line) for line in csv.DictReader(file)]
        return [pair for pair in pairs if any(word in pair.name for word in words.split(","))]

    def clear(self, pairs):
        os.makedirs(self.results, exist_ok=True)
        for pair in pairs:
            for name, _, _ in pair.sets():
                if os.path.exists(pair.path(name)):
                    os.remove(pair.path(name))


def print_pair(pair, judged, method):
    """One line: verdict, cause and name of the bad variant, and what was a false alarm."""
    bad = judged["bad"]
    expected = expected_slower(pair, pair.bench.source)
    cause = bad["cause"] or "-"
    if expected and not bad["cause_right"]:
        cause += f" (not {' or '.join(pair.causes) or 'known'})"
    named = ""
    if pair.symbol:
        named = pair.symbol if bad["named_right"] else f"not {pair.symbol}: {bad['named'] or '-'}"
    others = [f"{name} {found['verdict']}" for name, found in judged.items()
              if name != "bad" and found["verdict"] != "normal"]
    verdict = bad["verdict"] + ("" if expected else " (not visible)" if not pair.visible
                                else " (not slower)")
    ratio = f"{bad['ratio']:.2f}x" if bad["ratio"] else "-"
    print(f"{pair.name if method == 'default' else '  by ' + method:<18} {verdict:<12} "
          f"{ratio:>8} {pair.wall['bad'][0]:7.2f}  {cause:<24} {named:<20} {', '.join(others)}")


def print_totals(totals):
    columns = list(totals)
    print(f"\n{'totals':<34}" + "".join(f"{column:>14}" for column in columns))

    def line(title, value):
        print(f"{title:<34}" + "".join(f"{value(totals[column]):>14}" for column in columns))

    def number(value):
        return "-" if value is None else f"{value:.3f}"

    line("bad variants flagged", lambda t: f"{t['hits']} of {t['positives']}")
    line("recall", lambda t: number(t["recall"]))
    line("false alarms, fresh and harmless", lambda t: f"{t['false_alarms']} of {t['negatives']}")
    line("precision", lambda t: number(t["precision"]))
    line("F1", lambda t: number(t["f1"]))
    line("cause right", lambda t: f"{t['causes_right']} of {t['positives']}")
    line("variable or allocation site named",
         lambda t: f"{t['named_right']} of {t['sharing_pairs']}")
    for column in columns:
        for what in ("missed", "alarms"):
            if totals[column][what]:
                print(f"{what} ({column}): {', '.join(totals[column][what])}")


def bounds(totals, source):
    """Each bound in words, and whether it holds."""
    ours = totals["default"]
    held = [("recall 1.0", ours["hits"] == ours["positives"]),
            ("at most 1 false alarm in 100",
             (ours["false_alarm_rate"] or 0) <= FALSE_ALARM_BOUND)]
    if source == "sim":
        held += [("cause right in 95 %", (ours["cause_accuracy"] or 0) >= CAUSE_BOUND),
                 ("a name in every sharing pair", ours["named_right"] == ours["sharing_pairs"])]
    if "original" in totals:
        held.append(("better F1 than the original method, or perfect",
                     ours["f1"] > totals["original"]["f1"] or ours["f1"] == 1))
    return held


def work_all(pairs, jobs):
    """Outcomes by method and pair; pairs that failed are told, and left out."""
    results, failures = {}, []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        pending = {pool.submit(pair.work): pair for pair in pairs}
        for done in concurrent.futures.as_completed(pending):
            pair = pending[done]
            try:
                results[pair.name] = done.result()
            except Failure as failure:
                failures.append(pair.name)
                print(f"{pair.name}: {failure}", file=sys.stderr)
    return results, failures


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", help="build directory")
    parser.add_argument("--source", choices=("sim", "perf"), default="sim")
    parser.add_argument("--only", metavar="WORD,...", default="",
                        help="pairs with one of the words in the name")
    parser.add_argument("--runs", type=int, default=10, help="to learn from (default 10)")
    parser.add_argument("--new-runs", type=int, default=5, help="in each set to judge (default 5)")
    parser.add_argument("--fresh", type=int, default=2, help="sets of fresh normal runs a pair")
    parser.add_argument("--seed", type=int,
                        help="of the layouts of runs (default: others each time)")
    parser.add_argument("--jobs", type=int, help="pairs at once (default: sim 2, perf 1)")
    parser.add_argument("--reuse", action="store_true", help="judge the recordings of last time")
    parser.add_argument("--scratch", metavar="DIR", help="where profiles and models are kept")
    parser.add_argument("--json", metavar="FILE", help="all outcomes and the totals")
    return parser.parse_args()


def main():
    options = parse_arguments()
    bench = Bench(options)
    pairs = bench.pairs(options.only)
    built = [pair for pair in pairs if pair.has("good") and pair.has("bad")]
    for pair in pairs:
        if pair not in built:
            print(f"{pair.name}: not built, left out", file=sys.stderr)
    if not options.reuse:
        bench.clear(built)
    os.makedirs(bench.results, exist_ok=True)
    results, failures = work_all(built, options.jobs or (2 if bench.source == "sim" else 1))
    judged = [pair for pair in built if pair.name in results]
    if not judged:
        return 1

    print(f"{'pair':<18} {'verdict':<12} {'time':>8} {'run':>7}  {'cause':<24} {'named':<20} "
          "other sets that are not normal")
    totals = {}
    for pair in judged:
        for method in bench.methods:
            print_pair(pair, results[pair.name][method], method)
    for method in bench.methods:
        outcomes = {pair.name: results[pair.name][method] for pair in judged}
        totals[method] = Totals(judged, outcomes, bench.source).summary()
    print_totals(totals)
    if bench.source == "perf":
        for pair in judged:
            if pair.slower_here != pair.is_slower():
                print(f"not as expected of two cores: {pair.name} takes "
                      f"{pair.wall['bad'][0]:.2f}x, fastest by fastest {pair.wall['bad'][1]:.2f}x")
            if slower_by_chance(pair, "harmless", bench.source) and pair.has("harmless"):
                print(f"not harmless here, so not counted: {pair.name} takes "
                      f"{pair.wall['harmless'][0]:.2f}x, {pair.wall['harmless'][1]:.2f}x")
    held = bounds(totals, bench.source)
    for what, holds in held:
        print(f"{'holds' if holds else 'DOES NOT HOLD'}: {what}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"source": bench.source, "runs": bench.runs, "new_runs": bench.new_runs,
                       "pairs": [{"pair": pair.name, "causes": pair.causes,
                                  "symbol": pair.symbol or None, "visible": pair.visible,
                                  "expected_slower": expected_slower(pair, bench.source),
                                  "wall": pair.wall,
                                  "methods": results[pair.name]} for pair in judged],
                       "totals": totals, "failed": failures,
                       "bounds": {what: holds for what, holds in held}}, file, indent=1)
    return 0 if all(holds for _, holds in held) and not failures else 1


if __name__ == "__main__":
    sys.exit(main())
