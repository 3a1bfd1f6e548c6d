"""What passes over n patterns are worth on new ones, where the curvature of the population is known or estimated."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from kmeans_convergence.core import Optimizer, Trace
from kmeans_convergence.data import Dataset
from kmeans_convergence.data.synthetic import around, separated
from kmeans_convergence.optimizers import MajorizeMinimize, OnlineKMeans, minimize
from kmeans_convergence.optimizers.face_newton import FaceNewton
from kmeans_convergence.optimizers.online import OnlineAveraged
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans.faces import find
from kmeans_convergence.starts import draw, stream, streams
from kmeans_convergence.studies.rates.run.contraction import unrounded
from kmeans_convergence.theory.efficiency import best_factor, lloyd_passes, minimiser_excess, uniform_modes
from kmeans_convergence.theory.rates import Modes, extrapolated, modes

# c of the rate c/n_k.
FACTORS = (1.0, 2.0, 4.0, 8.0, 16.0)
# A start that is kept counts as so many patterns of each prototype for each unit of c: the first rate is 1/4.
KEPT = 4
# How far from the population's minimum a run begins, in standard deviations of the patterns within the cells: so near
# that it stays in the basin, and much farther than the statistical error.
OFFSET = 0.25
# Half-width of the kernel of the face terms, and the starts whose best end is the minimum.
WIDTH = 0.1
STARTS = 4
# Patterns that are held out, for each of a sample.
HELD = 4
# The least number of samples of each size, the coordinates for which their number is given, and passes that a method
# which goes on until it ends may take.
FEWEST = 8
COORDINATES = 40
PASSES = 2000.0
# Passes after which the largest samples are looked at: of online methods within the one that they make.
EARLY = (1 / 16, 1 / 8, 1 / 4, 1 / 2)
GRID = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)

# Of methods that go on until they end.
ENDING: dict[str, Optimizer] = {"batch_kmeans": MajorizeMinimize(), "face_newton": FaceNewton()}
# The uniform density on an interval, with K prototypes.
UNIFORM = (2, 6)
# Mixtures of as many Gaussians as prototypes, which overlap: K, d and the separation.
MIXTURES = ((6, 2, 2.0), (10, 8, 2.0))

# From prototypes (R, K, d) to their cost per pattern less the least one, shape (R,).
Excess = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Source:
    """A population, and what is known of it.

    Attributes
    ----------
    name, family : str
    kind : str
        "exact", where minimum, curvature and cost are known; "sampled", where they are those of a large sample of a
        density; "real", where they are those of a data set.
    draw : callable
        From a stream and numbers n and m to n patterns and m others, shapes (n, d) and (m, d).
    minimum : ndarray of shape (K, d)
    shares : ndarray of shape (K,)
        Of the patterns, those of each prototype.
    modes : Modes
        Of batch K-means at the minimum.
    excess : Excess, optional
        Where it is known.
    """

    name: str
    family: str
    kind: str
    draw: Callable[[np.random.Generator, int, int], tuple[np.ndarray, np.ndarray]]
    minimum: np.ndarray
    shares: np.ndarray
    modes: Modes
    excess: Excess | None = None

    @property
    def offset(self) -> float:
        """Standard deviation of each coordinate of a start about the minimum."""
        return OFFSET * math.sqrt(self.modes.noise.mean())

    def start(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a start off the minimum, shape (1, K, d)."""
        return np.asarray(self.minimum + self.offset * rng.standard_normal(self.minimum.shape))[None]

    def squares(self) -> np.ndarray:
        """Return the expected squares of a start's error along the modes, shape (K d,)."""
        shares = np.repeat(self.shares, self.minimum.shape[1])
        return np.asarray(self.offset**2 * shares @ self.modes.vectors**2)

    def error(self, w: np.ndarray) -> np.ndarray:
        """Return the distance of prototypes (K, d) from the minimum along each mode, shape (K d,)."""
        return np.asarray(self.modes.vectors.T @ (np.sqrt(self.shares)[:, None] * (w - self.minimum)).ravel())

    def is_left(self, w: np.ndarray) -> bool:
        """Say whether a prototype of `w` (K, d) is farther from its minimum than half the way to another one's."""
        between = np.linalg.norm(self.minimum[:, None] - self.minimum, axis=2)
        np.fill_diagonal(between, np.inf)
        return bool((np.linalg.norm(w - self.minimum, axis=1) > between.min(axis=1) / 2).any())

    def held(self, n: int, most: int) -> float:
        """Return how many patterns are held out beside a sample of n, infinite where the population is known."""
        return math.inf if self.excess else min(most, HELD * n)


def uniform(clusters: int) -> Source:
    """Return the uniform density on [0, 1], where everything is known."""
    name, minimum = f"interval, K = {clusters}", ((np.arange(clusters) + 0.5) / clusters)[:, None]
    return Source(
        name,
        name,
        "exact",
        lambda rng, n, m: (rng.random((n, 1)), np.empty((0, 1))),
        minimum,
        np.full(clusters, 1 / clusters),
        uniform_modes(clusters),
        lambda w: uniform_cost(w) - 1 / (24 * clusters**2),
    )


def uniform_cost(w: np.ndarray) -> np.ndarray:
    """Return the cost per pattern on the uniform density on [0, 1] of prototypes (R, K, 1) within it, shape (R,)."""
    w = np.sort(w[:, :, 0], axis=1)
    edges = np.concatenate([np.zeros((len(w), 1)), (w[:, 1:] + w[:, :-1]) / 2, np.ones((len(w), 1))], axis=1)
    return np.asarray(((edges[:, 1:] - w) ** 3 - (edges[:, :-1] - w) ** 3).sum(axis=1) / 6)


def estimated(
    name: str,
    kind: str,
    draw_patterns: Callable[[np.random.Generator, int, int], tuple[np.ndarray, np.ndarray]],
    X: np.ndarray,
    clusters: int,
    seed: int,
) -> Source:
    """Return a source of which many patterns `X` (N, d) are there.

    Its minimum is the best end of some runs on these patterns, and its modes are those there.
    """
    problem = QuantizationProblem(X)
    starts = draw(X, clusters, streams(seed, name, clusters, range(STARTS), "starts"), "plusplus")
    ends = minimize(problem, FaceNewton(), starts, passes=PASSES)
    minimum = ends.w[ends.cost[-1].argmin()]
    here = problem.evaluate(minimum[None])
    owners = here.assignments[0]
    faces = extrapolated(find(X, minimum, owners, WIDTH), WIDTH)
    spectrum = modes(X, minimum, owners, faces)
    return Source(name, name, kind, draw_patterns, minimum, here.counts[0] / problem.size, spectrum)


def mixture(clusters: int, features: int, separation: float, patterns: int, seed: int) -> Source:
    """Return a mixture of overlapping Gaussians, whose minimum is that of so many patterns."""
    name = f"{clusters} Gaussians, d = {features}"
    centres = separated(stream(seed, "scale", name, "centres"), features, clusters, separation)
    X = around(stream(seed, "scale", name, "patterns"), centres, patterns)[0]

    def draw_patterns(rng: np.random.Generator, n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
        return around(rng, centres, n)[0], around(rng, centres, m)[0]

    return estimated(name, "sampled", draw_patterns, X, clusters, seed)


def photograph(dataset: Dataset, seed: int) -> Source:
    """Return a data set of whole numbers, of which samples and what is held out are drawn together."""
    X = unrounded(dataset, seed).X

    def draw_patterns(rng: np.random.Generator, n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
        rows = rng.choice(len(X), n + m, replace=False)
        return X[rows[:n]], X[rows[n:]]

    return estimated(dataset.name, "real", draw_patterns, X, dataset.clusters[1], seed)


class Tables(NamedTuple):
    """What is measured.

    Attributes
    ----------
    sources : DataFrame
        Columns source, family, kind, clusters, features.
    modes : DataFrame
        Columns source, mode, curvature, noise, start (expected square of a start's error).
    excess : DataFrame
        Columns source, n, run, method, factor (c), passes (blank at the end of a run), excess (of the cost per held-out
        pattern over the least one), gone (whether these prototypes have left the place of the minimum). Methods are
        those in `ENDING`, without a factor; and of one pass "online_kmeans", whose first patterns overwrite the start,
        "kept", where it counts as some of them, "averaged" and "averaged_kept", the mean of the last half of either.
    passes : DataFrame
        Columns source, n, run, heldout (patterns), batch_kmeans, face_newton (passes until what the optimizer still
        gains on its sample is below the statistical error), predicted (for the former, from the modes), left (whether
        batch K-means, or the minimum of what is held out, has left the place of the source's minimum).
    """

    sources: pd.DataFrame
    modes: pd.DataFrame
    excess: pd.DataFrame
    passes: pd.DataFrame


def measure(
    datasets: Sequence[Dataset], seed: int, rows: int, patterns: Sequence[int], heldout: int, runs: int
) -> Tables:
    """Run methods on samples of all sources, from the same start each.

    Parameters
    ----------
    datasets : sequence of Dataset
        Photographs.
    seed : int
    rows : int
        Patterns by which mixtures are known.
    patterns : sequence of int
        Sizes of samples, ascending.
    heldout : int
        The most patterns that are held out.
    runs : int
        Samples of the smallest size for a source with `COORDINATES`; see `samples`.
    """
    made: list[Callable[[], Source]] = [
        *(partial(uniform, clusters) for clusters in UNIFORM),
        *(partial(mixture, *about, rows, seed) for about in MIXTURES),
        *(partial(photograph, dataset, seed) for dataset in datasets),
    ]
    # one after the other, so that one set is in memory at a time
    tables = [_measure(make(), seed, patterns, heldout, runs) for make in made]
    return Tables(*(pd.concat(part, ignore_index=True) for part in zip(*tables, strict=True)))


def _measure(source: Source, seed: int, patterns: Sequence[int], heldout: int, runs: int) -> Tables:
    rows, passes = [], []
    for n in patterns:
        looks = GRID if n == patterns[-1] else ()
        for run in range(samples(runs, n / patterns[0], source.minimum.size)):
            sample = Sample(source, n, run, seed, source.held(n, heldout))
            rows += sample.excess(looks)
            passes.append(sample.passes())
    clusters, features = source.minimum.shape
    about = {"source": source.name, "family": source.family, "kind": source.kind}
    spectrum = {"curvature": source.modes.curvatures, "noise": source.modes.noise, "start": source.squares()}
    return Tables(
        pd.DataFrame([about | {"clusters": clusters, "features": features}]),
        pd.DataFrame({"source": source.name, "mode": np.arange(source.minimum.size)} | spectrum),
        pd.DataFrame(rows),
        pd.DataFrame(passes),
    )


def samples(runs: int, times: float, coordinates: int) -> int:
    """Return the number of samples: with m times the patterns or coordinates there are fewer by the root of m."""
    return max(FEWEST, round(runs * math.sqrt(COORDINATES / (coordinates * times))))


class Sample:
    """A sample of a source, and what the methods do with it.

    Parameters
    ----------
    source : Source
    n, run, seed : int
    held : float
        Patterns that are held out; infinite where the excess is known.
    """

    def __init__(self, source: Source, n: int, run: int, seed: int, held: float) -> None:
        name = "scale", source.name, n, run
        rng = stream(seed, *name)
        X, others = source.draw(rng, n, 0 if source.excess else int(held))
        self._source, self._held = source, held
        self._about = {"source": source.name, "n": n, "run": run}
        self._problem, self._start = QuantizationProblem(X), source.start(rng)
        # all online methods see the patterns in the same order
        self._order = partial(stream, seed, *name, "order")
        self._ends = {method: self._run(optimizer) for method, optimizer in ENDING.items()}
        self._left = source.is_left(self._ends["batch_kmeans"].w[0])
        self._excess = source.excess or self._of_heldout(others)

    def _run(self, method: Optimizer) -> Trace:
        return minimize(self._problem, method, self._start, passes=PASSES, marks=GRID)

    def _of_heldout(self, X: np.ndarray) -> Excess:
        """Return what gives the excess over the minimum of patterns (m, d) that is next to the source's."""
        problem = QuantizationProblem(X)
        end = minimize(problem, FaceNewton(), self._source.minimum[None], passes=PASSES)
        self._left |= self._source.is_left(end.w[0])
        return lambda w: (problem.evaluate(w).cost - end.cost[-1]) / problem.size

    def excess(self, looks: Sequence[float]) -> list[dict[str, object]]:
        """Return the rows of `Tables.excess`: at the end of each method, and after `looks` passes or parts of one."""
        about, points = zip(*self._points(looks), strict=True)
        excess = self._excess(np.concatenate(points))
        gone = [self._source.is_left(w[0]) for w in points]
        columns = zip(about, excess, gone, strict=True)
        return [self._about | row | {"excess": value, "gone": left} for row, value, left in columns]

    def _points(self, looks: Sequence[float]) -> Iterator[tuple[dict[str, object], np.ndarray]]:
        for method, trace in self._ends.items():
            row = {"method": method, "factor": math.nan}
            yield row | {"passes": math.nan}, trace.w
            for passes in looks:
                yield row | {"passes": passes}, trace.marks[passes].w
        for method, count in (("online_kmeans", 0), ("kept", KEPT)):
            for factor in FACTORS:
                row = {"method": method, "factor": factor}
                trace = self._pass(OnlineKMeans(round(count * factor), factor, early=True))
                yield row | {"passes": math.nan}, trace.w
                for passes in EARLY if looks else ():
                    yield row | {"passes": passes}, trace.marks[passes].w
        factor = nearest_factor(self._source.modes)
        for method, count in (("averaged", 0), ("averaged_kept", KEPT)):
            row = {"method": method, "factor": factor, "passes": math.nan}
            yield row, self._pass(OnlineAveraged(round(count * factor), factor)).w

    def _pass(self, method: Optimizer) -> Trace:
        return minimize(self._problem, method, self._start, passes=1.0, rngs=[self._order()], marks=EARLY)

    def passes(self) -> dict[str, object]:
        """Return the row of `Tables.passes`."""
        level = minimiser_excess(self._source.modes, self._problem.size)
        row = self._about | {"heldout": self._held}
        for method, trace in self._ends.items():
            gain = (trace.cost[:, 0] - trace.cost[-1, 0]) / self._problem.size
            row[method] = trace.passes[np.argmax(gain <= level), 0]
        predicted = lloyd_passes(self._source.modes, self._source.error(self._start[0]), level)
        return row | {"predicted": predicted, "left": self._left}


def nearest_factor(spectrum: Modes) -> float:
    """Return the one of `FACTORS` that is nearest to the best factor, of those that do not stall."""
    # it is infinite where a mode has no curvature
    best, least = min(best_factor(spectrum), FACTORS[-1]), float(spectrum.curvatures.min())
    moving = [factor for factor in FACTORS if 2 * factor * least > 1] or [FACTORS[-1]]
    return min(moving, key=lambda factor: abs(math.log(factor / best)))
