"""What is done about the breakdown, compared: on patterns that were held out, by their likelihood and their classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from kmeans_convergence.errors import InputError
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.problems import GaussianMixtureProblem
from kmeans_convergence.problems.mixture import InverseWishart, Mixture
from kmeans_convergence.problems.mixture.estimable import check_components
from kmeans_convergence.starts import stream, streams
from kmeans_convergence.studies.breakdown.run import factor_analyzers, scikit
from kmeans_convergence.studies.breakdown.run.samples import (
    Sample,
    embedded,
    from_kmeans,
    labelled,
    log_joint,
    log_likelihood,
    of_factors,
    simulated,
    triangles,
)

# Strengths are shares of the mean variance of the features; they were chosen before the first run.
RIDGE, FLOOR = 1e-2, 1e-2
# Factors of each component, and of a factor analyser's noise the least share of the mean variance.
RANK, NOISE = 2, 1e-2
# Principal components hold this share of the variance, and are so many at most.
VARIANCE, COMPONENTS = 0.9, 5

# The model that has no covariances between features, and that k-means stands for: what all others are held against.
REFERENCE = "spherical"

# How a fit ends: "fitted"; "collapsed", from all starts; "refused", with a sentence, before any work.
FITTED, COLLAPSED, REFUSED = "fitted", "collapsed", "refused"

# What people call embeddings: patterns, half of which are held out, dimensions and clusters.
EMBEDDED, DIMENSIONS, CLUSTERS = 240, (8, 32, 128), 4
STEPS = 60


@dataclass(frozen=True)
class Fit:
    """What a remedy makes of patterns: one mixture, or none, and why."""

    outcome: str
    mixture: Mixture | None = None
    sentence: str = ""


# From patterns (n, d) and responsibilities (R, n, K) to a fit.
Remedy = Callable[[np.ndarray, np.ndarray], Fit]


def by_em(covariance: str, options: Callable[[np.ndarray, int], dict[str, object]] = lambda X, K: {}) -> Remedy:
    """Return EM on this project's problem as a remedy, with a covariance model and options made from the data."""

    def fit(X: np.ndarray, start: np.ndarray) -> Fit:
        clusters = start.shape[2]
        chosen = options(X, clusters)
        try:
            if not chosen:
                check_components(X, clusters, covariance)
            problem = GaussianMixtureProblem(X, covariance, **chosen)  # type: ignore[arg-type]
        except InputError as refused:
            return Fit(REFUSED, sentence=str(refused))
        trace = minimize(problem, MajorizeMinimize(), problem.from_responsibilities(start), passes=float(STEPS))
        costs = np.where(trace.diverged, np.inf, trace.cost[-1])
        if not np.isfinite(costs).any():
            return Fit(COLLAPSED)
        best = trace.w[[int(costs.argmin())]]
        return Fit(FITTED, Mixture(best.weights, best.means, triangles(best)))

    return fit


def _mean_variance(X: np.ndarray) -> float:
    return float(X.var(axis=0).mean())


def _prior(X: np.ndarray, clusters: int) -> dict[str, object]:
    """Return the prior of Fraley and Raftery (2007) with the variances of the data, which it always has."""
    d = X.shape[1]
    variances = np.maximum(X.var(axis=0), RIDGE * _mean_variance(X))
    return {"prior": InverseWishart(2.0 * d + 3, np.diag(variances) / clusters ** (2 / d))}


def _analyzers(X: np.ndarray, start: np.ndarray) -> Fit:
    """Fit factor analysers."""
    rank = min(RANK, X.shape[1] - 1)
    model, nats = factor_analyzers.fit(X, start, rank, STEPS, NOISE * _mean_variance(X))
    return Fit(FITTED, model.as_mixture()[[int(nats[-1].argmax())]])


def _components_first(X: np.ndarray, start: np.ndarray) -> Fit:
    """Fit full covariances to the first principal components; what is left is one Gaussian for all."""
    mean = X.mean(axis=0)
    _, singular, axes = np.linalg.svd(X - mean, full_matrices=X.shape[1] > len(X))
    variances = np.zeros(X.shape[1])
    variances[: len(singular)] = singular**2 / len(X)
    share = variances.cumsum() / variances.sum()
    q = min(int(np.searchsorted(share, VARIANCE)) + 1, COMPONENTS, X.shape[1])
    found = by_em("full")((X - mean) @ axes[:q].T, start)
    if found.mixture is None:
        return found
    few, d = found.mixture, X.shape[1]
    clusters = few.weights.shape[1]
    covariances = np.zeros((1, clusters, d, d))
    covariances[..., :q, :q] = few.covariances
    rest = np.maximum(variances[q:], NOISE * _mean_variance(X))
    covariances[..., np.arange(q, d), np.arange(q, d)] = rest
    factors = np.linalg.cholesky(axes.T @ covariances @ axes)
    return Fit(FITTED, Mixture(few.weights, mean + few.means @ axes[:q], factors))


def _scikit(X: np.ndarray, start: np.ndarray) -> Fit:
    """Fit scikit-learn's mixture as it comes."""
    fits = [found for r in start if (found := scikit.fit(X, r, STEPS, tolerance=1e-3)) is not None]
    if not fits:
        return Fit(COLLAPSED)
    return Fit(FITTED, max(fits, key=lambda found: float(log_likelihood(found, X)[0])))


REMEDIES: dict[str, Remedy] = {
    "none": by_em("full"),
    "scikit": _scikit,
    "ridge": by_em("full", lambda X, K: {"ridge": RIDGE * _mean_variance(X)}),
    "prior": by_em("full", _prior),
    "floor": by_em("full", lambda X, K: {"floor": FLOOR * _mean_variance(X)}),
    "tied": by_em("tied"),
    "factors": _analyzers,
    "components": _components_first,
    "diagonal": by_em("diagonal"),
    REFERENCE: by_em(REFERENCE),
}


def on_tables(seed: int, sets: int, splits: int, starts: int) -> pd.DataFrame:
    """Compare remedies on tables with known classes, and on simulated ones of three kinds.

    Returns
    -------
    DataFrame
        See `compare`.
    """
    return compare(_tables(seed, sets), seed, splits, starts)


def _tables(seed: int, sets: int) -> Iterator[Sample]:
    yield from labelled(seed)
    for number in range(sets):
        yield of_factors(seed, 200, 20, 3, 2, f"factors {number}")
        yield simulated(seed, number, 200, 8, 3, 0.99)._replace(name=f"correlated {number}")
        yield simulated(seed, number, 200, 20, 3)._replace(name=f"spheres {number}")


def on_embeddings(seed: int, sets: int, starts: int) -> pd.DataFrame:
    """Compare remedies where components have fewer patterns than features; see `compare`."""
    samples = (embedded(seed, number, EMBEDDED, d, CLUSTERS) for d in DIMENSIONS for number in range(sets))
    return compare(samples, seed, 1, starts)


def compare(some: Iterable[Sample], seed: int, splits: int, starts: int) -> pd.DataFrame:
    """Fit each remedy to a random half of the patterns, from the same responsibilities, and hold the others out.

    Returns
    -------
    DataFrame
        One row for each data set, split and remedy: columns dataset, n (patterns of the half), d, clusters, split,
        remedy, outcome, nats (log likelihood of the patterns held out, per pattern), agreement (adjusted Rand index of
        their components and their classes), sentence (why a fit was refused). What was not fitted has no numbers.
    """
    rows = []
    for sample in some:
        n = len(sample.X) // 2
        for split in range(splits):
            order = stream(seed, "breakdown", sample.name, "split", split).permutation(len(sample.X))
            X, held, classes = sample.X[order[:n]], sample.X[order[n:]], sample.labels[order[n:]]
            rngs = streams(seed, sample.name, sample.clusters, range(split * starts, (split + 1) * starts), "remedies")
            start = from_kmeans(X, sample.clusters, rngs)
            about = {"dataset": sample.name, "n": n, "d": sample.X.shape[1], "clusters": sample.clusters}
            for name, remedy in REMEDIES.items():
                rows.append(about | {"split": split, "remedy": name} | _scores(remedy(X, start), held, classes))
    return pd.DataFrame(rows)


def _scores(fit: Fit, held: np.ndarray, classes: np.ndarray) -> dict[str, object]:
    """Return outcome and scores of a fit."""
    found: dict[str, object] = {"outcome": fit.outcome, "nats": np.nan, "agreement": np.nan, "sentence": fit.sentence}
    if fit.mixture is not None:
        found["nats"] = float(log_likelihood(fit.mixture, held)[0])
        found["agreement"] = adjusted_rand_score(classes, log_joint(fit.mixture, held)[0].argmax(axis=1))
    return found
