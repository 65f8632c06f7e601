#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fixtures.py AUTOPERF NORMAL CHANGED FRESH DIRECTORY [OLD=NEW...]: writes the data of five pages.

AUTOPERF is the program; NORMAL, CHANGED and FRESH are the profiles that `make demo` leaves. They
are learnt and judged anew: a regression (CHANGED against NORMAL), an improvement (the other way
round) and normal runs (FRESH against NORMAL); and evaluations of both kinds. What the page shows beside the findings is derived
from what the program tells anyone: exported samples, scores, the training's log, the model file.
OLD=NEW replaces text everywhere, such as the directory that it was built in.

The numbers of the page come from the program; this is independent of it on purpose, so that the
page is tested with data that the code under test has not made.
"""
import csv
import io
import json
import math
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

BINS = 32
SAMPLES = 400  # of each side
LATENT = 200  # of each side
# Cycles that an event typically costs, by counter: only to draw a picture.
COSTS = {"l2_misses": 45, "llc_misses": 250, "branch_misses": 16, "dtlb_walks": 30, "upgrades": 60,
         "hitm_local": 90, "instructions": 0.5}


def run(*words):
    """What a command prints; detect's exit status tells the verdict."""
    result = subprocess.run(words, capture_output=True, check=False, text=True)
    if result.returncode not in (0, 3, 4):
        sys.exit(f"fixtures: {' '.join(map(str, words))}: {result.stderr}")
    return result.stdout


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def thin(rows, most):
    step = max(1, math.ceil(len(rows) / most))
    return rows[::step]


def significant(value, digits=5):
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None


def edges_of(values, log):
    low, high = min(values), max(values)
    if log:
        low, high = math.log(low) - 0.05, math.log(high) + 0.05
    elif low == high:
        high = low + 1
    edges = [low + (high - low) * i / BINS for i in range(BINS + 1)]
    return [significant(math.exp(edge) if log else edge) for edge in edges]


def shares(values, edges):
    counts = [0] * BINS
    for value in values:
        at = next((i for i in range(BINS) if value < edges[i + 1]), BINS - 1)
        counts[at] += 1
    return [significant(count / len(values), 4) for count in counts]


def rate(row, counter):
    """A sample's rate as the findings give it; None where the pass has no such counter."""
    instructions = max(1, float(row["instructions"]))
    if counter["name"] == "cpu_share":
        return float(row["cpu_ns"]) / max(1, float(row["wall_ns"]))
    if counter["name"] in ("wall_ns", "time"):
        return float(row["wall_ns"]) * 1000 / instructions
    if row.get(counter["name"], "") == "":
        return None
    value = float(row[counter["name"]])
    return value if counter["rate"] == "count_per_execution" else value * 1000 / instructions


def counters_of(region, before, after):
    result = []
    for counter in region["counters"]:
        old = [value for value in (rate(row, counter) for row in before) if value is not None]
        new = [value for value in (rate(row, counter) for row in after) if value is not None]
        if not old or not new:
            continue
        positive = min(old + new) > 0 and max(old + new) > 20 * min(old + new)
        edges = edges_of(old + new, positive)
        result.append({"name": counter["name"], "edges": edges,
                       "before": shares(old, edges), "after": shares(new, edges)})
    return result


def roles_of(region, before, after):
    result = []
    totals = {"before": region["time_per_execution"]["before_ns"], "after": region["time_per_execution"]["after_ns"]}
    left = dict(totals)
    for name, cost in COSTS.items():
        counter = next((one for one in region["counters"] if one["name"] == name), None)
        if not counter:
            continue
        part = {"role": counter["role"]}
        for side, rows in (("before", before), ("after", after)):
            part[side] = sum(float(row[name]) for row in rows) / len(rows) * cost / 3
            part[side] = min(part[side], max(0, left[side]))
            left[side] -= part[side]
            part[side] = significant(part[side])
        result.append(part)
    return result + [{"role": "other", "before": significant(left["before"]), "after": significant(left["after"])}]


class Model:
    """A model file: its metadata, and the network of the first unit."""

    def __init__(self, path):
        data = path.read_bytes()
        length = struct.unpack("<Q", data[:8])[0]
        self.header = json.loads(data[8:8 + length])
        self.arrays = data[8 + length:]
        self.unit = json.loads(self.header["__metadata__"]["units"])[0]

    def array(self, name):
        about = self.header[f"unit.0.{name}"]
        first, last = about["data_offsets"]
        width = {"F32": 4, "F64": 8}[about["dtype"]]
        values = struct.unpack(f"<{(last - first) // width}{'f' if width == 4 else 'd'}", self.arrays[first:last])
        if len(about["shape"]) == 1:
            return values
        columns = about["shape"][1]
        return [values[at:at + columns] for at in range(0, len(values), columns)]

    def scaled(self, row):
        result = []
        for feature, resolution, center, scale in zip(
                self.unit["features"], self.array("resolution"), self.array("center"), self.array("scale")):
            value = rate(row, {"name": feature["name"], "rate": feature["kind"]})
            result.append(max(-8, min(8, (math.log1p(value / resolution) - center) / scale)))
        return result

    def latent(self, row):
        """Values of the narrowest hidden layer, and its number of units."""
        x = self.scaled(row)
        best = x
        layers = len(self.unit["activations"])
        for layer, activation in enumerate(self.unit["activations"]):
            weight, bias = self.array(f"layer.{layer}.weight"), self.array(f"layer.{layer}.bias")
            x = [sum(w * value for w, value in zip(line, x)) + b for line, b in zip(weight, bias)]
            if activation == "tanh":
                x = [math.tanh(value) for value in x]
            if layer + 1 < layers and (layer == 0 or len(x) < len(best)):
                best = x
        return best


def principal(points):
    """Coordinates in the first two components by power iteration, and their shares of variance."""
    width = len(points[0])
    mean = [sum(point[i] for point in points) / len(points) for i in range(width)]
    rest = [[point[i] - mean[i] for i in range(width)] for point in points]
    whole = sum(value * value for point in rest for value in point) or 1
    columns, explained = [], []
    for _ in range(2):
        axis = [1 + i / width for i in range(width)]
        for _ in range(60):
            along = [sum(a * value for a, value in zip(axis, point)) for point in rest]
            axis = [sum(at * point[i] for at, point in zip(along, rest)) for i in range(width)]
            size = math.sqrt(sum(value * value for value in axis)) or 1
            axis = [value / size for value in axis]
        along = [sum(a * value for a, value in zip(axis, point)) for point in rest]
        rest = [[value - at * a for value, a in zip(point, axis)] for point, at in zip(rest, along)]
        columns.append(along)
        explained.append(significant(sum(at * at for at in along) / whole, 4))
    return list(zip(*columns)), explained


def training_of(log):
    candidates, chosen, epochs = [], None, {}
    for line in log.splitlines():
        if match := re.match(r"  configuration \d+ of \d+: (\S+),", line):
            current = match[1]
            epochs[current] = []
        elif match := re.match(r"    best validation error (\S+) at", line):
            candidates.append({"topology": current, "error": float(match[1])})
        elif (match := re.match(r" +(\d+) +[\d.]+ +([\d.]+) +([\d.]+)$", line)) and not chosen:
            epochs[current].append({"step": int(match[1]), "training": float(match[2]), "validation": float(match[3])})
        elif match := re.match(r"  chos\w+:? (\S+?),? ", line):
            chosen = match[1]
    if chosen is None:
        chosen = min(candidates, key=lambda one: one["error"])["topology"]
    for one in candidates:
        one["chosen"] = one["topology"] == chosen
    return {"topology": chosen, "candidates": candidates, "epochs": epochs[chosen]}


def page(program, normal, new, directory):
    model, log, scores = directory / "model.safetensors", directory / "train.log", directory / "scores.csv"
    findings_path = directory / "findings.json"
    run(program, "train", normal, "-o", model, "--log", log, "--force")
    run(program, "detect", "--json", "--force", "--scores", scores, "-o", findings_path, model, new)
    findings = json.loads(findings_path.read_text())
    region = findings["regions"][0]
    before = table(run(program, "export", normal))
    after = table(run(program, "export", new))
    scored = table(scores.read_text())
    loaded = Model(model)
    quantiles = [value for value in loaded.array("score_quantiles") if value > 0]
    fresh = [max(1e-6, float(row["score"])) for row in scored]
    edges = edges_of(quantiles + fresh, True)
    samples = [("n", row, "0") for row in thin(before, SAMPLES)]
    samples += [("f", row, row["anomalous"]) for row in thin(scored, SAMPLES)]
    old, late = thin(before, LATENT), thin(after, LATENT)
    points, explained = principal([loaded.latent(row) for row in old + late])
    points = [[significant(x, 4), significant(y, 4)] for x, y in points]
    training = training_of(log.read_text())
    evidence = {
        "name": region["name"],
        "scores": {"edges": edges, "normal": shares(quantiles, edges), "fresh": shares(fresh, edges),
                   "threshold": significant(loaded.unit["threshold"])},
        "counters": counters_of(region, before, after),
        "roles": roles_of(region, before, after),
        "samples": {
            "side": "".join(side for side, _, _ in samples),
            "run": [int(row["run"]) for _, row, _ in samples],
            "thread": [int(row["thread"]) for _, row, _ in samples],
            "at_s": [significant(float(row["begin_ns"]) / 1e9) for _, row, _ in samples],
            "wall_ns": [significant(float(row["wall_ns"]), 6) for _, row, _ in samples],
            "anomalous": "".join(mark for _, _, mark in samples),
        },
        "latent": {"explained": explained, "normal": points[:len(old)], "fresh": points[len(old):],
                   "layer": f"{len(loaded.latent(old[0]))} units of {training['topology']}"},
        "training": training,
    }
    return {"version": 1, "tool": run(program, "version").splitlines()[0].strip(),
            "findings": findings, "regions": [evidence], "notes": []}


def evaluation(program, *arguments):
    """A page about an evaluation alone."""
    return {"version": 1, "tool": run(program, "version").splitlines()[0].strip(),
            "evaluation": json.loads(run(program, "evaluate", "--json", *arguments)), "regions": [],
            "notes": ["Findings were not given: the page is about the evaluation alone."]}


def main():
    program, normal, changed, fresh, output = sys.argv[1:6]
    pages = {}
    for name, learnt, new in (("regression", normal, changed), ("improvement", changed, normal),
                              ("normal", normal, fresh)):
        with tempfile.TemporaryDirectory() as directory:
            text = json.dumps(page(program, learnt, new, Path(directory)), ensure_ascii=False, separators=(",", ":"))
            pages[name] = text.replace(directory + "/", "")
    for name, arguments in (("evaluation", (normal, fresh, changed)),
                            ("splits", ("--aa", normal, "-k", "20"))):
        pages[name] = json.dumps(evaluation(program, *arguments), ensure_ascii=False, separators=(",", ":"))
    for name, text in pages.items():
        for pair in sys.argv[6:]:
            text = text.replace(*pair.split("=", 1))
        path = Path(output, name + ".json")
        path.write_text(text + "\n", encoding="utf-8")
        print(f"{path}: {len(text)} bytes")


main()
