#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How well strange rows are told from normal ones, beside the usual methods, in the same run.

Each set (sets.py) is learnt from normal rows only: `autoperf import --raw`, `train`, `detect
--scores`, as anybody would call them. The peers are scikit-learn's, on standardised columns. Prints
the area under the ROC curve of every set, and mean, median and average rank of every method; fails
when the mean of autoperf is not the highest, or not above 0.88.

With --public the sets are public ones (public.py) that are on this machine; there are none in the
project, and nothing is tuned on them. The exit status is 0 if there are none.

Usage: compare.py BUILD [--seed N] [--repeats N] [--word WORD] [--public [DIR]] [--csv FILE]
"""
import argparse
import csv
import os
import subprocess
import sys
import tempfile

import numpy as np
from scipy.stats import rankdata
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.svm import OneClassSVM

from public import public_sets
from sets import sets

LEAST = 0.88


def isolation_forest(training, test):
    return -IsolationForest(random_state=0).fit(training).score_samples(test)


def one_class_svm(training, test):
    return -OneClassSVM(gamma="scale").fit(training).score_samples(test)


def local_outlier_factor(training, test):
    return -LocalOutlierFactor(20, novelty=True).fit(training).score_samples(test)


def fifth_neighbour(training, test):
    return NearestNeighbors(n_neighbors=5).fit(training).kneighbors(test)[0][:, -1]


def pca_residual(training, test):
    components = PCA(0.9).fit(training)
    return ((test - components.inverse_transform(components.transform(test))) ** 2).sum(1)


def mahalanobis(training, test):
    return LedoitWolf().fit(training).mahalanobis(test)


def robust_z(training, test):
    median = np.median(training, 0)
    spread = 1.4826 * np.median(np.abs(training - median), 0)
    return (np.abs(test - median) / np.where(spread > 0, spread, 1)).mean(1)


PEERS = (fifth_neighbour, local_outlier_factor, mahalanobis, isolation_forest, one_class_svm,
         pca_residual, robust_z)


def write(path, rows):
    header = ",".join(f"f{column}" for column in range(rows.shape[1]))
    np.savetxt(path, rows, "%.9g", ",", header=header, comments="")


def autoperf(program, training, test):
    with tempfile.TemporaryDirectory() as directory:
        write(os.path.join(directory, "training.csv"), training)
        write(os.path.join(directory, "test.csv"), test)
        for arguments in (["import", "--raw", "training.csv", "-o", "training.apdb"],
                          ["import", "--raw", "test.csv", "-o", "test.apdb"],
                          ["train", "training.apdb", "-o", "model.safetensors"],
                          ["detect", "--scores", "scores.csv", "model.safetensors", "test.apdb"]):
            done = subprocess.run([program, "--quiet", *arguments], cwd=directory, text=True,
                                  capture_output=True, check=False)
            if done.returncode not in (0, 3, 4):
                sys.exit(f"{arguments[0]} failed: {done.stderr}")
        with open(os.path.join(directory, "scores.csv"), encoding="utf-8", newline="") as file:
            return np.array([float(row["score"]) for row in csv.DictReader(file)])


def measure(program, names, chosen):
    """A row of areas and a name for each set."""
    areas, labels = [], []
    print(f"{'set':<20} {'rows':>6} {'columns':>7} " + " ".join(f"{name[:10]:>10}" for name in names))
    for name, training, test, truth in chosen:
        mean, spread = training.mean(0), training.std(0)
        spread[spread == 0] = 1
        scaled = (training - mean) / spread, (test - mean) / spread
        scores = [autoperf(program, training, test)] + [peer(*scaled) for peer in PEERS]
        areas.append([roc_auc_score(truth, score) for score in scores])
        labels.append(name)
        print(f"{name:<20} {len(training):>6} {training.shape[1]:>7} "
              + " ".join(f"{area:>10.3f}" for area in areas[-1]), flush=True)
    return np.array(areas), labels


def print_methods(names, areas):
    ranks = rankdata(-areas, axis=1).mean(0)
    print(f"\n{'method':<22} {'mean':>6} {'median':>7} {'rank':>5}")
    for i in np.argsort(-areas.mean(0)):
        print(f"{names[i]:<22} {areas[:, i].mean():>6.3f} {np.median(areas[:, i]):>7.3f} {ranks[i]:>5.1f}")


def write_areas(path, names, labels, areas):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["set", *names])
        writer.writerows([label, *(f"{area:.4f}" for area in row)]
                         for label, row in zip(labels, areas))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", help="the build directory")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=2, help="sets of each kind (2)")
    parser.add_argument("--word", default="", help="only kinds with this in their name")
    parser.add_argument("--public", nargs="?", const="", metavar="DIR",
                        help="public sets: the .npz of a directory, or scikit-learn's own")
    parser.add_argument("--csv", metavar="FILE", help="all areas")
    options = parser.parse_args()
    if options.public is None:
        chosen = sets(options.seed, options.word, options.repeats)
    else:
        chosen = public_sets(options.public, options.seed, options.word, options.repeats)
    program = os.path.abspath(os.path.join(options.build, "src", "cli", "autoperf"))
    names = ["autoperf"] + [peer.__name__ for peer in PEERS]
    areas, labels = measure(program, names, chosen)
    if not len(areas):
        if options.public is not None:
            print("skipped: no public set is here")
            return 0
        sys.exit("no set of that name")
    print_methods(names, areas)
    if options.csv:
        write_areas(options.csv, names, labels, areas)
    leads = areas[:, 0].mean() == areas.mean(0).max() and areas[:, 0].mean() > LEAST
    return 0 if leads else 1


if __name__ == "__main__":
    sys.exit(main())
