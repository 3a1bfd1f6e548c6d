"""Predicted rates of convergence against those that are measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import binom

from kmeans_convergence.data import Dataset
from kmeans_convergence.optimizers import MajorizeMinimize, Trace, minimize
from kmeans_convergence.optimizers.batch import CurvatureGradient, stable_rate
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans.faces import find
from kmeans_convergence.starts import draw, stream, streams
from kmeans_convergence.theory.rates import (
    extrapolated,
    frozen_ratio,
    gradient_rate,
    largest,
    lloyd_rate,
    middle_ratio,
    predicted_repeated,
    repeated,
    uniform_rate,
)

STARTS = 3
# Patterns of a larger set that are drawn: more than in the comparison, because few of them are near faces.
ROWS = 20_000
# Half-widths of the kernel: what a choice costs in bias and in noise.
WIDTHS = (0.05, 0.1, 0.2)
# A prediction is informative when this many patterns for each coordinate are near faces and its interval is no longer.
FEWEST = 5.0
LONGEST = 0.2
# Steps in the middle of a run at which the next one is predicted, and the quantile of their interval.
MIDDLE = 10
NORMAL = 1.645
GRADIENT_STEPS = 1000


def contraction(dataset: Dataset, seed: int) -> pd.DataFrame:
    """Predict and measure rates of batch K-means and of batch gradient with the rate 1/N_max.

    Returns
    -------
    DataFrame
        One row for each method, half-width (0 for the gradient) and start: columns dataset, family, clusters,
        optimizer, width, run, measured, predicted, low, high, patterns (near faces), informative. What is predicted and
        measured is the ratio of two successive residuals of the cost for batch K-means, from the faces at its end; the
        share of a step that the next one repeats for "lloyd_steps", from the faces at each of the steps; and the ratio
        of two norms of the gradient for the other. It is blank where a run was too short.
    """
    K, problem = dataset.clusters[0], QuantizationProblem(dataset.X)
    starts = draw(dataset.X, K, streams(seed, dataset.name, K, range(STARTS), "starts"))
    lloyd = minimize(problem, MajorizeMinimize(), starts, passes=math.inf)
    gradient = minimize(problem, CurvatureGradient(stable_rate), starts, epochs=GRADIENT_STEPS)
    rows = [
        {"run": run} | row
        for run in range(STARTS)
        for row in [
            *_lloyd(problem, dataset.name, lloyd, run, seed),
            *_steps_of_lloyd(problem, starts[run : run + 1], lloyd.cost[:, run]),
            _gradient(problem, gradient, run),
        ]
    ]
    about = {"dataset": dataset.name, "family": dataset.family or dataset.name, "clusters": K}
    return pd.DataFrame([about | row for row in rows])


def _lloyd(problem: QuantizationProblem, name: str, trace: Trace, run: int, seed: int) -> list[dict[str, object]]:
    cost = trace.cost[:, run]
    # a run that has ended repeats its last row
    steps = int(np.argmax(cost == cost[-1]))
    measured = middle_ratio(cost[: steps + 1] - cost[-1])
    end = problem.evaluate(trace.w[run : run + 1])
    rows = []
    for width in WIDTHS:
        rng = stream(seed, name, len(trace.w[run]), run, "resampled patterns")
        rho = lloyd_rate(problem.X, trace.w[run], end.assignments[0], width, rng)
        rate, low, high = (max(value, 0.0) ** 2 for value in (rho.rate, rho.low, rho.high))
        rows.append(
            {
                "optimizer": "batch_kmeans",
                "width": width,
                "measured": measured,
                "predicted": rate,
                "low": low,
                "high": high,
                "patterns": rho.patterns,
                "informative": rho.patterns >= FEWEST * trace.w[run].size and high - low <= LONGEST,
            }
        )
    return rows


def _steps_of_lloyd(problem: QuantizationProblem, start: np.ndarray, cost: np.ndarray) -> list[dict[str, object]]:
    steps = int(np.argmax(cost == cost[-1]))
    chosen = set(np.linspace(steps // 3, 2 * steps // 3 - 1, MIDDLE).astype(int)) if steps >= MIDDLE else set()
    found: dict[float, list[tuple[float, float, int]]] = {width: [] for width in WIDTHS}
    measured = []
    here = problem.evaluate(start)
    for step in range(steps):
        there = problem.evaluate(here.means)
        if step in chosen:
            measured.append(float(repeated(here, there)[0]))
            for width in WIDTHS:
                faces = find(problem.X, here.w[0], here.assignments[0], width)
                found[width].append((*predicted_repeated(problem.X, here, faces), len(faces.rows)))
        here = there
    rows = []
    for width, steps_found in found.items():
        share, error, patterns = np.mean(steps_found, axis=0) if steps_found else (math.nan, math.nan, 0)
        rows.append(
            {
                "optimizer": "lloyd_steps",
                "width": width,
                "measured": float(np.mean(measured)) if measured else math.nan,
                "predicted": share,
                # mostly the same patterns at each of the steps: averages are no more certain
                "low": share - NORMAL * error,
                "high": share + NORMAL * error,
                "patterns": int(patterns),
                "informative": patterns >= FEWEST * start.size and 2 * NORMAL * error <= LONGEST,
            }
        )
    return rows


def _gradient(problem: QuantizationProblem, trace: Trace, run: int) -> dict[str, object]:
    end = problem.evaluate(trace.w[run : run + 1])
    predicted = gradient_rate(end.counts[0], float(stable_rate(end)[0]))
    measured = frozen_ratio(trace.gradient_norm[:, run], trace.diagnostics["changed"][:, run])
    return {
        "optimizer": "gradient_nmax",
        "width": 0.0,
        "measured": measured,
        "predicted": predicted,
        "low": predicted,
        "high": predicted,
        "patterns": problem.size,
        "informative": True,
    }


# Half-width where a sample is so large that noise does not matter.
KNOWN = 0.05
# Densities on which the kernel is examined, with K prototypes.
DENSITIES: dict[str, tuple[Callable[[np.random.Generator, int], np.ndarray], int]] = {
    "uniform, 1-d": (lambda rng, n: rng.random((n, 1)), 6),
    "uniform, 2-d": (lambda rng, n: rng.random((n, 2)), 10),
    "Gaussian, 5-d": (lambda rng, n: rng.normal(size=(n, 5)), 10),
}


def kernels(
    seed: int,
    n: int = 20_000,
    large: int = 1_000_000,
    widths: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.3),
    samples: int = 20,
) -> pd.DataFrame:
    """Estimate rho with kernels of several widths, on samples of densities at prototypes that stay the same.

    The prototypes are where batch K-means ends on one sample; the others know nothing of that.

    Parameters
    ----------
    seed : int
    n : int
        Patterns of a sample.
    large : int
        Patterns of the sample whose faces are as good as known, with a narrow extrapolated kernel.
    widths : tuple of float
    samples : int

    Returns
    -------
    DataFrame
        Columns density, kernel ("flat", "extrapolated"), width, rate (mean over samples), deviation (of a sample),
        known, n, large.
    """
    rows = []
    for name, (make, K) in DENSITIES.items():
        rng = stream(seed, "kernels", name)
        X = make(rng, n)
        w = minimize(QuantizationProblem(X), MajorizeMinimize(), draw(X, K, [rng]), passes=math.inf).w
        known = _estimates(make(rng, large), w, KNOWN, flat=False)
        each = [make(rng, n) for _ in range(samples)]
        for kernel in ("flat", "extrapolated"):
            for width in widths:
                rates = [_estimates(X, w, width, kernel == "flat") for X in each]
                rows.append({"density": name, "kernel": kernel, "width": width, "rate": np.mean(rates)})
                rows[-1] |= {"deviation": np.std(rates, ddof=1), "known": known, "n": n, "large": large}
    return pd.DataFrame(rows)


def _estimates(X: np.ndarray, w: np.ndarray, width: float, flat: bool) -> float:
    owners = QuantizationProblem(X).evaluate(w).assignments[0]
    faces = find(X, w[0], owners, width)
    return largest(X, w[0], owners, faces if flat else extrapolated(faces, width))


# Densities whose samples grow, with K.
GROWING: tuple[tuple[str, Callable[[np.random.Generator, int], np.ndarray], int], ...] = (
    *((f"interval, K = {K}", DENSITIES["uniform, 1-d"][0], K) for K in (2, 3, 6)),
    ("square, K = 5", DENSITIES["uniform, 2-d"][0], 5),
)
# Of this many patterns and more there are fewer samples: they differ less, and cost more.
LARGE, FEW = 100_000, 7
SIZES = (100, 316, 1000, 3162, 10_000, 31_623, 100_000, 316_228, 1_000_000)


def growth(seed: int, datasets: Sequence[Dataset] = (), most: int = 1_000_000, runs: int = 15) -> pd.DataFrame:
    """Count Lloyd's steps until it ends, on samples of densities and of large data sets.

    Parameters
    ----------
    seed : int
    datasets : sequence of Dataset
        Patterns are drawn from them without replacement, with the second of their numbers of prototypes.
    most : int
        Patterns of the largest sample: samples have half a decade more from 100 on.
    runs : int

    Returns
    -------
    DataFrame
        Columns source, real, n, steps (median over samples, each with a start of its own), low, high (95 % interval of
        the median), rate (rho at the ends of the largest samples; that of an interval is known), predicted
        (log n / -log rho, plus a constant that fits the mean over sizes).
    """
    sources = [(name, make, K, False) for name, make, K in GROWING]
    for dataset in datasets:
        sources.append((f"{dataset.name}, K = {dataset.clusters[1]}", _drawn(dataset.X), dataset.clusters[1], True))
    return pd.concat(
        [_grown(seed, *source, [n for n in SIZES if n <= most], runs) for source in sources], ignore_index=True
    )


def _drawn(X: np.ndarray) -> Callable[[np.random.Generator, int], np.ndarray]:
    return lambda rng, n: X[rng.choice(len(X), n, replace=False)] if n <= len(X) else X[:0]


def _grown(
    seed: int,
    name: str,
    make: Callable[[np.random.Generator, int], np.ndarray],
    clusters: int,
    real: bool,
    sizes: Sequence[int],
    runs: int,
) -> pd.DataFrame:
    rows, largest_ends = [], []
    for n in sizes:
        ends = []
        for run in range(min(runs, FEW) if n >= LARGE else runs):
            rng = stream(seed, "growth", name, n, run)
            X = make(rng, n)
            if len(X) == n:
                start = draw(X, clusters, [rng])
                ends.append((X, minimize(QuantizationProblem(X), MajorizeMinimize(), start, passes=math.inf)))
        if ends:
            steps = [len(trace.cost) - 1 for _, trace in ends]
            low, high = np.quantile(steps, _median_interval(len(steps)))
            rows.append({"n": n, "steps": float(np.median(steps)), "low": low, "high": high})
            largest_ends = ends[:FEW]
    table = pd.DataFrame(rows)
    rate = (
        uniform_rate(clusters)
        if name.startswith("interval")
        else float(np.median([_estimates(X, trace.w, KNOWN, flat=False) for X, trace in largest_ends]))
    )
    table["predicted"] = np.log(table["n"]) / -math.log(rate)
    table["predicted"] += (table["steps"] - table["predicted"]).mean()
    columns = ["source", "real", "n", "steps", "low", "high", "rate", "predicted"]
    return table.assign(source=name, real=real, rate=rate)[columns]


def unrounded(dataset: Dataset, seed: int) -> Dataset:
    """Return whole numbers as they may have been before they were rounded: with uniform noise of one unit."""
    noise = stream(seed, dataset.name, "unrounded").uniform(-0.5, 0.5, dataset.X.shape)
    return replace(dataset, name=f"{dataset.name} unrounded", X=dataset.X + noise)


def _median_interval(runs: int) -> tuple[float, float]:
    """Return the quantiles of a sample between which the median lies with 95 %, by the sign test."""
    rank = binom.ppf(0.025, runs, 0.5)
    return rank / (runs - 1), 1 - rank / (runs - 1)
