# SPDX-License-Identifier: MIT
"""Tables of made-up data with anomalies, for compare.py: each kind of set asks another question.

A kind is a function of (random generator, rows, columns) that returns normal and anomalous rows.
None of them is a public collection, so that nothing is tuned on what others measure with.
"""
import glob
import zlib

import numpy as np

KINDS = {}
WINDOW = 512  # bytes of a file that make a row


def kind(function):
    KINDS[function.__name__] = function
    return function


def covariance(random, columns):
    factors = random.normal(size=(columns, columns))
    scales = np.exp(random.normal(0, 1, columns))
    return (factors @ factors.T / columns + 0.1 * np.eye(columns)) * np.outer(scales, scales)


class Mixture:
    """Clusters with covariances of their own."""

    def __init__(self, random, columns, clusters, apart=3.0):
        self.random, self.columns, self.clusters = random, columns, clusters
        self.means = random.normal(0, apart, (clusters, columns))
        self.factors = [np.linalg.cholesky(covariance(random, columns) * 0.3)
                        for _ in range(clusters)]
        self.weights = random.dirichlet(np.ones(clusters) * 3)

    def draw(self, rows, scale=1.0):
        chosen = self.random.choice(self.clusters, rows, p=self.weights)
        return np.stack([self.means[c] + scale * self.factors[c] @ self.random.normal(size=self.columns)
                         for c in chosen])


def few(rows):
    return max(30, rows // 10)


@kind
def dependency(random, rows, columns):
    """Each column as usual, but not together."""
    mixture = Mixture(random, columns, 1)
    odd = mixture.draw(few(rows))
    for column in range(columns):
        odd[:, column] = random.permutation(odd[:, column])
    return mixture.draw(rows), odd


@kind
def between_modes(random, rows, columns):
    mixture = Mixture(random, columns, 4, 5.0)
    first = random.integers(0, 4, few(rows))
    second = (first + random.integers(1, 4, few(rows))) % 4
    share = random.uniform(0.3, 0.7, (few(rows), 1))
    return mixture.draw(rows), (mixture.means[first] * share + mixture.means[second] * (1 - share)
                                + random.normal(0, 0.7, (few(rows), columns)))


@kind
def local_scale(random, rows, columns):
    mixture = Mixture(random, columns, 5)
    return mixture.draw(rows), mixture.draw(few(rows), 2.0)


@kind
def scattered(random, rows, columns):
    normal = Mixture(random, columns, 3).draw(rows)
    return normal, random.uniform(normal.min(0), normal.max(0), (few(rows), columns))


@kind
def shifted_cluster(random, rows, columns):
    mixture = Mixture(random, columns, 3)
    normal = mixture.draw(rows)
    shift = np.zeros(columns)
    moved = random.choice(columns, max(1, columns // 4), replace=False)
    shift[moved] = normal.std(0)[moved] * 1.5 * random.choice([-1, 1], len(moved))
    return normal, mixture.draw(few(rows)) + shift


@kind
def heavy_tails(random, rows, columns):
    mixture = Mixture(random, columns, 2, 1.0)
    odd = mixture.draw(few(rows))
    moved = random.choice(columns, max(1, columns // 3), replace=False)
    odd[:, moved] += random.choice([-1, 1], len(moved)) * 2.0 * odd[:, moved].std(0)
    return np.exp(mixture.draw(rows) / 2), np.exp(odd / 2)


@kind
def student(random, rows, columns):
    factor = np.linalg.cholesky(covariance(random, columns))

    def draw(count):
        return (random.normal(size=(count, columns)) @ factor.T
                / np.sqrt(random.chisquare(4, (count, 1)) / 4))
    normal, odd = draw(rows), draw(few(rows))
    return normal, odd + random.normal(size=odd.shape) * normal.std(0)


@kind
def irrelevant_columns(random, rows, columns):
    useful = max(2, columns // 5)
    mixture = Mixture(random, useful, 3)

    def pad(values):
        return np.hstack([values, random.normal(size=(len(values), max(0, columns - useful)))])
    return pad(mixture.draw(rows)), pad(mixture.draw(few(rows), 2.5))


@kind
def few_columns(random, rows, columns):
    mixture = Mixture(random, columns, 2)
    normal, odd = mixture.draw(rows), mixture.draw(few(rows))
    for row in odd:
        moved = random.choice(columns, min(2, columns), replace=False)
        row[moved] += random.choice([-1, 1], len(moved)) * 3.0 * normal.std(0)[moved]
    return normal, odd


@kind
def counts(random, rows, columns):
    rates = np.exp(random.normal(0.5, 1.2, (3, columns)))
    factor = np.ones(columns)
    moved = random.choice(columns, max(1, columns // 4), replace=False)
    factor[moved] = np.exp(random.choice([-1.0, 1.0], len(moved)))

    def draw(count, by):
        mode = random.integers(0, 3, count)
        return random.poisson(random.gamma(3, 1 / 3, (count, columns)) * rates[mode] * by).astype(float)
    return draw(rows, 1.0), draw(few(rows), factor)


@kind
def flags_and_numbers(random, rows, columns):
    chances = random.beta(0.4, 0.4, (4, columns))
    numbers = max(1, columns // 3)
    means = random.normal(0, 2, (4, numbers))

    def draw(count, mixed):
        mode = random.integers(0, 4, count)
        values = (random.uniform(size=(count, columns)) < chances[mode]).astype(float)
        other = random.permutation(mode) if mixed else mode
        values[:, :numbers] = means[other] + random.normal(size=(count, numbers))
        return values
    odd = draw(few(rows), True)
    flips = random.uniform(size=odd.shape) < 0.15
    flips[:, :numbers] = False
    odd[flips] = 1 - odd[flips]
    return draw(rows, False), odd


@kind
def curved_surface(random, rows, columns):
    inner = max(1, min(4, columns // 4))
    first, second = random.normal(size=(inner, 16)), random.normal(size=(16, columns)) / 4

    def draw(count, noise):
        return (np.tanh(random.normal(size=(count, inner)) @ first) @ second
                + noise * random.normal(size=(count, columns)))
    return draw(rows, 0.05), draw(few(rows), 0.17)


@kind
def other_class(random, rows, columns):
    means = random.normal(0, 1.3, (6, columns))
    factors = [np.linalg.cholesky(covariance(random, columns)) for _ in range(6)]

    def draw(count, classes):
        return np.stack([means[c] + factors[c] @ random.normal(size=columns)
                         for c in random.choice(classes, count)])
    return draw(rows, [0, 1, 2, 3]), draw(few(rows), [4, 5])


@kind
def proportions(random, rows, columns):
    """Rows of any size; their proportions are what counts."""
    base = np.exp(random.normal(0, 1, (3, columns)))
    factor = np.ones(columns)
    moved = random.choice(columns, max(1, columns // 5), replace=False)
    factor[moved] = np.exp(random.choice([-1, 1], len(moved)) * 0.6)

    def draw(count, by):
        return (base[random.integers(0, 3, count)] * np.exp(random.normal(0, 0.6, (count, 1)))
                * np.exp(0.15 * random.normal(size=(count, columns))) * by)
    return draw(rows, 1.0), draw(few(rows), factor)


@kind
def slight_everywhere(random, rows, columns):
    """Something behind all columns that moves each by less than they vary, as an illness does."""
    factor = np.linalg.cholesky(covariance(random, columns))
    bend = random.choice([0.0, 0.5], columns)
    loading = random.normal(size=columns)

    def draw(count, strength):
        values = (random.normal(size=(count, columns)) @ factor.T / np.sqrt(np.diag(factor @ factor.T))
                  + strength * np.abs(random.normal(size=(count, 1))) * loading)
        return np.where(bend > 0, np.exp(bend * values), values)
    return draw(rows, 0.5), draw(few(rows), 3.0)


@kind
def rare_flags(random, rows, columns):
    """Flags that are rare for normal rows, set too often; nothing else tells."""
    chances = random.beta(0.3, 1.5, columns)
    often = np.where(random.uniform(size=columns) < 0.3, np.minimum(1, 0.15 + 2 * chances), chances)

    def draw(count, raised):
        joint = random.uniform(size=(count, 1)) * 0.5 + random.uniform(size=(count, columns)) * 0.5
        return (joint < raised).astype(float)
    return draw(rows, chances), draw(few(rows), often)


@kind
def coarse_values(random, rows, columns):
    """Grades from 1 to 10, most of them low."""
    base = random.uniform(0.5, 2.5, columns)
    moved = random.uniform(size=columns) < 0.5

    def draw(count, by):
        grade = random.gamma(1.5, 1 / 1.5, (count, 1)) ** 0.5
        return np.clip(1 + random.poisson(base * grade * by, (count, columns)), 1, 10).astype(float)
    return draw(rows, 1.0), draw(few(rows), np.where(moved, 3.0, 1.0))


@kind
def few_rows(random, rows, columns):
    """Less than a hundred rows, of numbers and flags."""
    rows, columns = 60 + rows % 40, min(columns, 20)
    flags = columns // 2
    loading = random.normal(size=columns)

    def draw(count, strength):
        hidden = strength + random.normal(size=(count, 1))
        values = hidden * loading * 0.6 + random.normal(size=(count, columns))
        values[:, :flags] = values[:, :flags] > 0.8
        values[:, -1] = np.exp(values[:, -1])
        return values
    return draw(rows, 0.0), draw(30, 3.0)


@kind
def inside(random, rows, columns):
    """A class of its own in the midst of others that are wider, as of land seen from above."""
    mixture = Mixture(random, columns, 5, 2.0)
    odd = mixture.means.mean(0) + 0.4 * random.normal(size=columns)
    factor = mixture.factors[0] * 0.6
    return mixture.draw(rows, 1.3), odd + random.normal(size=(few(rows), columns)) @ factor.T


FILES = {
    "headers": "/usr/include/**/*.h",
    "python": "/usr/lib/python3*/**/*.py",
    "programs": "/usr/bin/*",
    "licences": "/usr/share/doc/**/copyright",
    "perl": "/usr/share/perl/**/*.p[ml]",
}


def describe(window):
    """Counts of kinds of characters and what follows what, of some bytes."""
    counted = np.bincount(window, minlength=256)
    shares = counted[counted > 0] / len(window)
    lengths = np.diff(np.flatnonzero(np.r_[True, window == 10, True]))
    steps = np.abs(np.diff(window.astype(int)))
    singles = [counted[c] for c in b" \n\t;=_.,*/et\0\xff"]
    return np.array([counted[97:123].sum(), counted[65:91].sum(), counted[48:58].sum(),
                     counted[:32].sum(), counted[128:].sum(), counted[40] + counted[41],
                     counted[123] + counted[125], counted[34] + counted[39], *singles, steps.mean(),
                     (steps == 0).sum(), -(shares * np.log(shares)).sum(), len(shares),
                     lengths.mean(), lengths.max()], float)


def rows_of_files(random, name, limit):
    found = []
    paths = sorted(glob.glob(FILES[name], recursive=True))
    random.shuffle(paths)
    for path in paths:
        try:
            with open(path, "rb") as file:
                content = np.frombuffer(file.read(200000), np.uint8)
        except OSError:
            continue
        for start in random.choice(max(1, len(content) - WINDOW), 4):
            if start + WINDOW <= len(content):
                found.append(describe(content[start:start + WINDOW]))
        if len(found) >= limit:
            break
    return found[:limit]


def of_files(normal, odd):
    def make(random, rows, _):
        wanted = rows // len(normal)
        return (np.array([row for name in normal for row in rows_of_files(random, name, wanted)]),
                np.array(rows_of_files(random, odd, few(rows))))
    return make


KINDS["files_python"] = of_files(["headers"], "python")
KINDS["files_perl"] = of_files(["python"], "perl")
KINDS["files_programs"] = of_files(["headers", "python", "licences"], "programs")
KINDS["files_licences"] = of_files(["programs", "perl"], "licences")


def sets(seed, word, repeats):
    """(name, training rows, test rows, 1 where the test row is anomalous) of each set."""
    for name, make in KINDS.items():
        if word not in name:
            continue
        for repeat in range(repeats):
            random = np.random.default_rng([seed, repeat, zlib.crc32(name.encode())])
            rows = int([400, 1500, 5000][repeat % 3] * random.uniform(0.7, 1.3))
            normal, odd = make(random, rows, int(random.choice([4, 8, 16, 30, 60])))
            if len(normal) < 60 or len(odd) < 5:
                continue  # this machine has no such files
            normal = normal[random.permutation(len(normal))]
            training = len(normal) * 7 // 10
            test = np.vstack([normal[training:], odd])
            truth = np.r_[np.zeros(len(normal) - training), np.ones(len(odd))]
            yield name, normal[:training], test, truth
