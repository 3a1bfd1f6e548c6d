"""What correlated features cost gradient methods, beside EM, and what gives it back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from kmeans_convergence.core.optimizer import Optimizer
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.optimizers.adaptive import Adam
from kmeans_convergence.optimizers.batch import CurvatureGradient, NaturalGradient, stable_rate
from kmeans_convergence.optimizers.newton_cg import NewtonCG
from kmeans_convergence.optimizers.quasi_newton import LBFGS
from kmeans_convergence.problems import GaussianMixtureProblem
from kmeans_convergence.starts import streams
from kmeans_convergence.studies.breakdown.run.samples import Sample, at_patterns, collinear, labelled, simulated
from kmeans_convergence.studies.comparison.run.paths import first_within

PATTERNS, FEATURES, CLUSTERS = 100, 3, 2
# The last feature is the sum of the others but for this share of itself.
DELTAS = (1.0, 0.1, 0.01)
# Nats per pattern above the own limit of a run, and passes of EM that take a run there.
TARGET, POLISH = 1e-2, 150.0
# Rates of Adam that are tried, in units of the coordinates.
RATES = (0.01, 0.03, 0.1)

EM, WHITENED = "em", "whitened"
# By their keys in the table. The default rate of Adam, and the one that is best on starts of its own.
METHODS = (EM, "natural", "newton_cg", "lbfgs", "gradient", "adam", "adam_tuned", WHITENED)


def measure(seed: int, sets: int, starts: int, passes: int) -> pd.DataFrame:
    """Minimise from the same starts, on the same data but for an affine map.

    Parameters
    ----------
    seed : int
    sets : int
        Two of them are tables, the others simulated.
    starts, passes : int
        Runs, and the budget of each.

    Returns
    -------
    DataFrame
        One row for each data set, delta, method and run: columns dataset; delta (see `collinear`); condition (of the
        covariance of the data); optimizer; run; passes until the cost is within `TARGET` of where EM takes the run from
        its end, without charge (missing where it never is within the budget, or the run collapses or diverges); setting
        (what was tuned); limit (in nats per pattern, less the logarithm of the map's determinant, so that it compares);
        diverged; budget. "whitened" is the gradient method with a rate from the curvature, on data in units of their
        covariance.
    """
    tables = []
    for sample in _sets(seed, sets):
        for delta in DELTAS:
            tables += list(_of(sample, delta, seed, starts, passes))
    return pd.concat(tables, ignore_index=True)


def _sets(seed: int, sets: int) -> Iterator[Sample]:
    for sample in labelled(seed, PATTERNS):
        if sample.name in ("iris", "wine"):
            yield sample._replace(X=sample.X[:, :FEATURES], clusters=CLUSTERS)
    for number in range(max(sets - 2, 1)):
        yield simulated(seed, number, PATTERNS, FEATURES, CLUSTERS)


def _of(sample: Sample, delta: float, seed: int, starts: int, passes: int) -> Iterator[pd.DataFrame]:
    A = collinear(FEATURES, delta)
    X = sample.X @ A
    condition = float(np.linalg.cond(X - X.mean(axis=0)) ** 2)
    volume = float(np.linalg.slogdet(A)[1])
    rate = _tuned(X, sample, seed, starts, passes)
    for key in METHODS:
        data, offset = (whitened(X), _log_volume(X)) if key == WHITENED else (X, 0.0)
        problem = GaussianMixtureProblem(data)
        begin = at_patterns(
            problem, sample.clusters, streams(seed, sample.name, sample.clusters, range(starts), "conditioned")
        )
        # what diverges may end at infinity
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            trace = minimize(problem, _optimizer(key, rate, passes), begin, passes=float(passes))
            ends = minimize(problem, MajorizeMinimize(), trace.w, passes=POLISH)
        # where EM has converged, its cost may rise by rounding errors
        limit = np.where(trace.diverged | ~np.isfinite(ends.cost[-1]), np.nan, ends.cost[-1])
        yield pd.DataFrame(
            {
                "dataset": sample.name,
                "delta": delta,
                "condition": condition,
                "optimizer": key,
                "run": np.arange(starts),
                "passes": first_within(trace, problem.gap.level(limit, TARGET), passes),
                "setting": rate if key == "adam_tuned" else np.nan,
                "limit": limit / problem.size + offset - volume,
                "diverged": np.isnan(limit),
                "budget": passes,
            }
        )


def whitened(X: np.ndarray) -> np.ndarray:
    """Return the patterns in units of their covariance, turned as the singular vectors are."""
    deviations = X - X.mean(axis=0)
    left, _, right = np.linalg.svd(deviations, full_matrices=False)
    # turned back: rotations are no matter of conditioning
    return np.asarray(np.sqrt(len(X)) * left @ right)


def _log_volume(X: np.ndarray) -> float:
    """Return the logarithm of the volume of the unit of `whitened`."""
    return float(np.log(np.linalg.svd(X - X.mean(axis=0), compute_uv=False) / np.sqrt(len(X))).sum())


def _tuned(X: np.ndarray, sample: Sample, seed: int, starts: int, passes: int) -> float:
    """Return the rate of Adam with the lowest mean cost on starts of its own."""
    problem = GaussianMixtureProblem(X)
    begin = at_patterns(problem, sample.clusters, streams(seed, sample.name, sample.clusters, range(starts), "tuning"))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        ends = [minimize(problem, Adam(rate, passes), begin, passes=float(passes)).cost[-1].mean() for rate in RATES]
    return RATES[int(np.nanargmin(ends))] if np.isfinite(ends).any() else RATES[0]


def _optimizer(key: str, rate: float, passes: int) -> Optimizer:
    """Return a new optimizer by its key."""
    found: dict[str, Optimizer] = {
        EM: MajorizeMinimize(),
        "natural": NaturalGradient(),
        "newton_cg": NewtonCG(),
        "lbfgs": LBFGS(passes),
        "gradient": CurvatureGradient(stable_rate),
        "adam": Adam(passes=passes),
        "adam_tuned": Adam(rate, passes),
        WHITENED: CurvatureGradient(stable_rate),
    }
    return found[key]
