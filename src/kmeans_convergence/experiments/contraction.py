"""Predicted rates of convergence against those that are measured."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from kmeans_convergence.data import Dataset
from kmeans_convergence.optimizers import MajorizeMinimize, Trace, minimize
from kmeans_convergence.optimizers.batch import CurvatureGradient, stable_rate
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, stream, streams
from kmeans_convergence.theory.rates import (
    frozen_ratio,
    gradient_rate,
    lloyd_rate,
    middle_ratio,
    uniform_rate,
)

STARTS = 3
# Patterns of a larger set that are drawn: more than in the comparison, because few of them are near faces.
ROWS = 20_000
# Half-widths of the kernel: what a choice costs in bias and in noise.
WIDTHS = (0.05, 0.1, 0.2)
# A prediction says something when so many patterns for each coordinate are near faces and its interval is no longer.
FEWEST = 5.0
LONGEST = 0.2
GRADIENT_STEPS = 2000


def contraction(dataset: Dataset, seed: int) -> pd.DataFrame:
    """Predict and measure rates of batch K-means and of batch gradient with the rate 1/N_max.

    Returns
    -------
    DataFrame
        One row for each method, half-width (0 for the gradient) and start: columns dataset, clusters, optimizer, width,
        run, measured, predicted, low, high, patterns (near faces), informative. What is predicted and measured is the
        ratio of two successive residuals of the cost for batch K-means, of two norms of the gradient for the other; it
        is blank where a run was too short.
    """
    K, problem = dataset.clusters[0], QuantizationProblem(dataset.X)
    starts = draw(dataset.X, K, streams(seed, dataset.name, K, range(STARTS), "starts"))
    lloyd = minimize(problem, MajorizeMinimize(), starts, passes=math.inf)
    gradient = minimize(problem, CurvatureGradient(stable_rate), starts, epochs=GRADIENT_STEPS)
    rows = [
        {"run": run} | row
        for run in range(STARTS)
        for row in [*_lloyd(problem, dataset.name, lloyd, run, seed), _gradient(problem, gradient, run)]
    ]
    return pd.DataFrame([{"dataset": dataset.name, "clusters": K} | row for row in rows])


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


def _gradient(problem: QuantizationProblem, trace: Trace, run: int) -> dict[str, object]:
    end = problem.evaluate(trace.w[run : run + 1])
    predicted = gradient_rate(end.counts[0], float(stable_rate(end)[0]))
    measured = frozen_ratio(trace.gradient_norm[:, run], trace.changed[:, run])
    return {
        "optimizer": "gradient_nmax",
        "width": 0.0,
        "measured": measured,
        "predicted": predicted,
        "low": predicted,
        "high": predicted,
        "patterns": problem.n,
        "informative": True,
    }


def growth(
    seed: int,
    clusters: tuple[int, ...] = (2, 3, 6),
    sizes: tuple[int, ...] = (100, 316, 1000, 3162, 10_000, 31_623, 100_000),
    runs: int = 20,
) -> pd.DataFrame:
    """Count Lloyd's steps until it ends, on samples of the uniform density on an interval.

    Returns
    -------
    DataFrame
        Columns clusters, n, steps (mean over samples, each with a start of its own), low, high (95 % interval of the
        mean), predicted (log n / -log rho, plus a constant that fits the mean over sizes).
    """
    rows = []
    for K in clusters:
        for n in sizes:
            steps = np.array([_steps(seed, K, n, run) for run in range(runs)], dtype=float)
            error = 1.96 * steps.std(ddof=1) / math.sqrt(runs)
            rows.append({"clusters": K, "n": n, "steps": steps.mean(), "low": steps.mean() - error})
            rows[-1] |= {"high": steps.mean() + error, "predicted": math.log(n) / -math.log(uniform_rate(K))}
    table = pd.DataFrame(rows)
    means = table.groupby("clusters")[["steps", "predicted"]].transform("mean")
    return table.assign(predicted=table["predicted"] - means["predicted"] + means["steps"])


def _steps(seed: int, clusters: int, n: int, run: int) -> int:
    rng = stream(seed, "uniform interval", clusters, n, run)
    X = rng.random((n, 1))
    trace = minimize(QuantizationProblem(X), MajorizeMinimize(), draw(X, clusters, [rng]), passes=math.inf)
    return len(trace.cost) - 1
