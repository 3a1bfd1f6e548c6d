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
# How far from the population's minimum a run begins, in standard deviations of the patterns within the cells: so near
# that it stays in the basin, and much farther than the statistical error.
OFFSET = 0.25
# Half-width of the kernel of the face terms, and the starts whose best end is the minimum.
WIDTH = 0.1
STARTS = 4
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


@dataclass(frozen=True)
class Source:
    """A population, and what is known of it.

    Attributes
    ----------
    name, family : str
    kind : str
        "exact", where minimum, curvature and cost are known; "sampled", where they are those of a large sample of a
        density; "real", where they are those of the part of a data set that is held out.
    draw : callable
        From a stream and a number to patterns (n, d).
    minimum : ndarray of shape (K, d)
    shares : ndarray of shape (K,)
        Of the patterns, those of each prototype.
    modes : Modes
        Of batch K-means at the minimum.
    heldout : float
        Patterns that stand for the population; infinite where it is known.
    excess : callable
        From prototypes (R, K, d) to their cost per pattern less that of the minimum, shape (R,).
    """

    name: str
    family: str
    kind: str
    draw: Callable[[np.random.Generator, int], np.ndarray]
    minimum: np.ndarray
    shares: np.ndarray
    modes: Modes
    heldout: float
    excess: Callable[[np.ndarray], np.ndarray]

    def start(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a start off the minimum, shape (1, K, d)."""
        deviation = math.sqrt(self.modes.noise.mean())
        return np.asarray(self.minimum + OFFSET * deviation * rng.standard_normal(self.minimum.shape))[None]

    def error(self, w: np.ndarray) -> np.ndarray:
        """Return the distance of prototypes (K, d) from the minimum along each mode, shape (K d,)."""
        return np.asarray(self.modes.vectors.T @ (np.sqrt(self.shares)[:, None] * (w - self.minimum)).ravel())


def uniform(clusters: int) -> Source:
    """Return the uniform density on [0, 1], where everything is known."""
    minimum = ((np.arange(clusters) + 0.5) / clusters)[:, None]
    return Source(
        f"interval, K = {clusters}",
        f"interval, K = {clusters}",
        "exact",
        lambda rng, n: rng.random((n, 1)),
        minimum,
        np.full(clusters, 1 / clusters),
        uniform_modes(clusters),
        math.inf,
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
    draw_patterns: Callable[[np.random.Generator, int], np.ndarray],
    heldout: np.ndarray,
    clusters: int,
    seed: int,
) -> Source:
    """Return a source whose population is represented by patterns (m, d) that are held out.

    Its minimum is the best end of some runs on these patterns, and its modes are those there.
    """
    problem = QuantizationProblem(heldout)
    starts = draw(heldout, clusters, streams(seed, name, clusters, range(STARTS), "starts"), "plusplus")
    ends = minimize(problem, FaceNewton(), starts, passes=PASSES)
    best = ends.cost[-1].argmin()
    minimum = ends.w[best]
    here = problem.evaluate(minimum[None])
    owners = here.assignments[0]
    faces = extrapolated(find(heldout, minimum, owners, WIDTH), WIDTH)
    return Source(
        name,
        name,
        kind,
        draw_patterns,
        minimum,
        here.counts[0] / problem.size,
        modes(heldout, minimum, owners, faces),
        problem.size,
        lambda w: (problem.evaluate(w).cost - here.cost[0]) / problem.size,
    )


def mixture(clusters: int, features: int, separation: float, heldout: int, seed: int) -> Source:
    """Return a mixture of overlapping Gaussians."""
    name = f"{clusters} Gaussians, d = {features}"
    centres = separated(stream(seed, "scale", name, "centres"), features, clusters, separation)
    held = around(stream(seed, "scale", name, "held out"), centres, heldout)[0]
    return estimated(name, "sampled", lambda rng, n: around(rng, centres, n)[0], held, clusters, seed)


def photograph(dataset: Dataset, heldout: int, seed: int) -> Source:
    """Return a data set of whole numbers, cut at random into a part that is drawn from and one that is held out."""
    X = unrounded(dataset, seed).X
    order = stream(seed, "scale", dataset.name, "split").permutation(len(X))
    held, rest = np.split(order, [min(heldout, len(X) // 2)])

    def draw_patterns(rng: np.random.Generator, n: int) -> np.ndarray:
        return X[rng.choice(rest, n, replace=False)]

    return estimated(dataset.name, "real", draw_patterns, X[held], dataset.clusters[1], seed)


class Tables(NamedTuple):
    """What is measured.

    Attributes
    ----------
    sources : DataFrame
        Columns source, family, kind, clusters, features, heldout.
    modes : DataFrame
        Columns source, mode, curvature, noise.
    excess : DataFrame
        Columns source, n, run, method ("batch_kmeans", "face_newton", "online_kmeans", "averaged"), factor (blank for
        the first two), passes (blank at the end of a run), excess (of the cost per held-out pattern over the minimum).
    passes : DataFrame
        Columns source, n, run, batch_kmeans, face_newton (passes until what the optimizer still gains on its sample is
        below the statistical error), predicted (for the former, from the modes), left (whether batch K-means ends
        farther from the minimum than it began).
    """

    sources: pd.DataFrame
    modes: pd.DataFrame
    excess: pd.DataFrame
    passes: pd.DataFrame


def measure(datasets: Sequence[Dataset], seed: int, patterns: Sequence[int], heldout: int, runs: int) -> Tables:
    """Run methods on samples of all sources, from the same start each.

    Parameters
    ----------
    datasets : sequence of Dataset
        Photographs, of each as many rows as are wanted.
    seed : int
    patterns : sequence of int
        Sizes of samples, ascending.
    heldout : int
        Patterns that are held out; at most half of a data set.
    runs : int
        Samples of the smallest size for a source with `COORDINATES`; see `samples`.
    """
    made: list[Callable[[], Source]] = [
        *(partial(uniform, clusters) for clusters in UNIFORM),
        *(partial(mixture, *about, heldout, seed) for about in MIXTURES),
        *(partial(photograph, dataset, heldout, seed) for dataset in datasets),
    ]
    tables: list[Tables] = []
    # one after the other, so that one set is in memory at a time
    for make in made:
        source = make()
        rows, passes = [], []
        for n in patterns:
            for run in range(samples(runs, n / patterns[0], source.minimum.size)):
                sample = Sample(source, n, run, seed)
                looks = GRID if n == patterns[-1] else ()
                rows += sample.excess(looks)
                passes.append(sample.passes())
        about = {"source": source.name, "family": source.family, "kind": source.kind}
        size = dict(zip(("clusters", "features"), source.minimum.shape, strict=True)) | {"heldout": source.heldout}
        spectrum = {"curvature": source.modes.curvatures, "noise": source.modes.noise}
        modes_of_source = pd.DataFrame({"mode": np.arange(source.minimum.size)} | spectrum)
        modes_of_source.insert(0, "source", source.name)
        tables.append(Tables(pd.DataFrame([about | size]), modes_of_source, pd.DataFrame(rows), pd.DataFrame(passes)))
    return Tables(*(pd.concat(part, ignore_index=True) for part in zip(*tables, strict=True)))


def samples(runs: int, times: float, coordinates: int) -> int:
    """Return the number of samples: with m times the patterns or coordinates there are fewer by the root of m."""
    return max(FEWEST, round(runs * math.sqrt(COORDINATES / (coordinates * times))))


class Sample:
    """A sample of a source, and what the methods do with it."""

    def __init__(self, source: Source, n: int, run: int, seed: int) -> None:
        rng = stream(seed, "scale", source.name, n, run)
        self._source, self._about = source, {"source": source.name, "n": n, "run": run}
        self._problem = QuantizationProblem(source.draw(rng, n))
        self._start = source.start(rng)
        # all online methods see the patterns in the same order
        self._order = partial(stream, seed, "scale", source.name, n, run, "order")
        self._ends = {name: self._run(method) for name, method in ENDING.items()}

    def _run(self, method: Optimizer) -> Trace:
        return minimize(self._problem, method, self._start, passes=PASSES, marks=GRID)

    def excess(self, looks: Sequence[float]) -> list[dict[str, object]]:
        """Return the rows of `Tables.excess`: at the end of each method, and after `looks` passes or parts of one."""
        about, points = zip(*self._points(looks), strict=True)
        excess = self._source.excess(np.concatenate(points))
        return [self._about | row | {"excess": value} for row, value in zip(about, excess, strict=True)]

    def _points(self, looks: Sequence[float]) -> Iterator[tuple[dict[str, object], np.ndarray]]:
        for name, trace in self._ends.items():
            row = {"method": name, "factor": math.nan}
            yield row | {"passes": math.nan}, trace.w
            for passes in looks:
                yield row | {"passes": passes}, trace.marks[passes].w
        for factor in FACTORS:
            row = {"method": "online_kmeans", "factor": factor}
            method = OnlineKMeans(factor=factor, early=True)
            trace = minimize(self._problem, method, self._start, passes=1.0, rngs=[self._order()], marks=EARLY)
            yield row | {"passes": math.nan}, trace.w
            for passes in EARLY if looks else ():
                yield row | {"passes": passes}, trace.marks[passes].w
        factor = nearest_factor(self._source.modes)
        row = {"method": "averaged", "factor": factor, "passes": math.nan}
        averaged = minimize(self._problem, OnlineAveraged(factor), self._start, passes=1.0, rngs=[self._order()])
        yield row, averaged.w

    def passes(self) -> dict[str, object]:
        """Return the row of `Tables.passes`."""
        level = minimiser_excess(self._source.modes, self._problem.size)
        row = dict(self._about)
        for name, trace in self._ends.items():
            gain = (trace.cost[:, 0] - trace.cost[-1, 0]) / self._problem.size
            row[name] = trace.passes[np.argmax(gain <= level), 0]
        start, end = self._source.error(self._start[0]), self._source.error(self._ends["batch_kmeans"].w[0])
        row["predicted"] = lloyd_passes(self._source.modes, start, level)
        row["left"] = bool((end**2).sum() > (start**2).sum())
        return row


def nearest_factor(spectrum: Modes) -> float:
    """Return the one of `FACTORS` that is nearest to the best factor, of those that do not stall."""
    best, least = best_factor(spectrum), float(spectrum.curvatures.min())
    moving = [factor for factor in FACTORS if 2 * factor * least > 1] or [FACTORS[-1]]
    return min(moving, key=lambda factor: abs(math.log(factor / best)))
