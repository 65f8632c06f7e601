# SPDX-License-Identifier: MIT
"""Public tables with known anomalies, for compare.py --public: a last look, nothing is tuned on it.

None of them is part of this project. A directory has them as files NAME.npz with the arrays `X`
(rows) and `y` (1: anomalous), as the collection ADBench does (adbench/datasets/Classical: 47 sets
that most papers measure with). Without a directory there is what scikit-learn brings along: each
class of its tables is normal once, and the others are anomalous.
"""
import glob
import os
import sys
import zipfile

import numpy as np
from sklearn import datasets

ROWS_MAX = 5000  # of either kind; so many are drawn
TRAINING = 0.7   # of the normal rows
BUNDLED = {"iris": datasets.load_iris, "wine": datasets.load_wine,
           "breast_cancer": datasets.load_breast_cancer, "digits": datasets.load_digits}


def of_directory(directory):
    """(name, rows, 1 where anomalous) of each file."""
    paths = sorted(glob.glob(os.path.join(directory, "*.npz")))
    if not paths:
        print(f"skipped: there is no .npz in {directory}", file=sys.stderr)
    for path in paths:
        try:
            with np.load(path) as file:
                rows, truth = file["X"].astype(float), file["y"].astype(int).ravel()
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            print(f"skipped: {path}: {error}", file=sys.stderr)
            continue
        if len(rows) == len(truth) and 0 < truth.sum() < len(truth):
            yield os.path.splitext(os.path.basename(path))[0], rows, truth
        else:
            print(f"skipped: {path}: rows and anomalies do not fit", file=sys.stderr)


def of_scikit_learn():
    for name, load in BUNDLED.items():
        rows, classes = load(return_X_y=True)
        for normal in np.unique(classes):
            yield f"{name}_{normal}", rows, (classes != normal).astype(int)


def split(random, rows, truth):
    """(training rows, test rows, 1 where the test row is anomalous): most of the normal rows, and
    the others with all anomalies."""
    normal, odd = (random.permutation(np.flatnonzero(truth == kind))[:ROWS_MAX] for kind in (0, 1))
    training = int(len(normal) * TRAINING)
    test = np.r_[normal[training:], odd]
    return rows[normal[:training]], rows[test], truth[test]


def public_sets(directory, seed, word, repeats):
    """As sets.sets(); each set is split `repeats` times."""
    for number, (name, rows, truth) in enumerate(of_directory(directory) if directory
                                                 else of_scikit_learn()):
        if word not in name:
            continue
        for repeat in range(repeats):
            yield name, *split(np.random.default_rng([seed, repeat, number]), rows, truth)
