"""The rate of EM on mixtures of Gaussians: predicted from the information that assignments hide, and measured."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from kmeans_convergence.core import Problem
from kmeans_convergence.data import Dataset
from kmeans_convergence.data.synthetic import mixture
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.optimizers.newton_cg import dual_norm
from kmeans_convergence.problems import MixtureProblem, QuantizationProblem
from kmeans_convergence.starts import draw, stream, streams
from kmeans_convergence.studies.mixtures.run.fits import Fit, evaluation, polish, starting
from kmeans_convergence.theory.information import alternation_rate, em_rate
from kmeans_convergence.theory.rates import frozen_ratio

# Patterns of a data set, and of a mixture whose separation is swept.
ROWS = 1000
PATTERNS = 3000
# Mean distances of a centre from its nearest neighbour, in standard deviations, and components and features.
SEPARATIONS = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0)
SHAPES = ((2, 1), (3, 2), (6, 4))
# Deviations of the components, in units of that within the clusters of batch K-means.
SHARES = (1.0, 0.5)
# EM begins so far from where batch K-means ends, in standard deviations, so that there is a way to go.
DISPLACEMENT = 0.1
MOST_STEPS = 500
# Steps over which the ratio is taken, and the share of the first gradient at which rounding begins.
LAST = 5
FLOOR = 1e-10
# A run whose gradient has not fallen to this share of the first is too far from its end to be measured.
NEAR = 1e-4
# In all parameters EM makes so many passes from the start before Newton's method looks for its end, and then begins so
# far from that end; it is slower, and may take more steps.
FIRST_PASSES = 50
NATS = 1e-4
MOST_SLOW_STEPS = 1500

# The limit of small variances: prototypes on an interval, and their deviations in units of the gap between two.
CLUSTERS = 3
DEVIATIONS = tuple(float(f"{value:.3g}") for value in np.geomspace(0.4, 0.001, 14))
# Numbers of patterns, and of samples of each size: the larger ones differ less.
SAMPLES = {100: 40, 1000: 20, 10_000: 6, 100_000: 1}
# Steps from the fixed point of one deviation to that of the next end with a move below this share of the gap.
REST = 1e-6


def by_separation(seed: int) -> pd.DataFrame:
    """Predict and measure the rate of EM on mixtures of Gaussians whose separation is swept.

    Returns
    -------
    DataFrame
        Columns clusters, features, separation (in standard deviations), predicted, measured (see `follow`).
    """
    rows = []
    for clusters, features in SHAPES:
        for separation in SEPARATIONS:
            rng = stream(seed, "separation", clusters, features)
            X, centres, _ = mixture(rng, PATTERNS, features, clusters, separation)
            predicted, measured = follow(X, centres + DISPLACEMENT * rng.standard_normal(centres.shape))
            rows.append({"clusters": clusters, "features": features, "separation": separation})
            rows[-1] |= {"predicted": predicted, "measured": measured}
    return pd.DataFrame(rows)


def on_dataset(dataset: Dataset, seed: int) -> pd.DataFrame:
    """Predict and measure the rate of EM on a data set, from near the end of batch K-means.

    Returns
    -------
    DataFrame
        Columns dataset, clusters, share (the components' deviation, in units of that within clusters), predicted,
        measured (see `follow`).
    """
    K = dataset.clusters[0]
    starts = draw(dataset.X, K, streams(seed, dataset.name, K, range(1), "starts"))
    trace = minimize(QuantizationProblem(dataset.X), MajorizeMinimize(), starts, passes=math.inf)
    within = math.sqrt(2 * trace.cost[-1, 0] / dataset.X.size)
    noise = DISPLACEMENT * stream(seed, dataset.name, K, "displacement").standard_normal(trace.w[0].shape)
    rows = []
    for share in SHARES:
        deviation = share * within
        predicted, measured = follow(dataset.X / deviation, trace.w[0] / deviation + noise)
        rows.append({"dataset": dataset.name, "clusters": K, "share": share})
        rows[-1] |= {"predicted": predicted, "measured": measured}
    return pd.DataFrame(rows)


def follow(X: np.ndarray, w: np.ndarray) -> tuple[float, float]:
    """Run EM for the means from `w` (K, d); return its rate as predicted at the end, and as measured on the way."""
    problem = MixtureProblem(X)
    x, ratio = descend(problem, problem.pack(w[None]))
    return em_rate(X, problem.unpack(x)[0]), ratio


def descend(problem: Problem, x: np.ndarray, most: int = MOST_STEPS) -> tuple[np.ndarray, float]:
    """Run the alternation from one point (1, P); return where it ends, and its rate as measured on the way.

    What is measured is by what the norm of the gradient in the metric of P falls in a step, over the last steps before
    rounding, because in that metric the alternation is symmetric near its end; NaN where it was too fast for that many,
    or too slow to come near its end in `most` steps.
    """
    norms: list[float] = []
    while len(norms) <= most and (not norms or norms[-1] > FLOOR * norms[0]):
        here = problem.evaluate(x)
        x = here.image
        norms.append(float(dual_norm(here)[0]))
    arrived = norms[-1] < NEAR * norms[0]
    return x, frozen_ratio(np.array(norms), np.zeros(len(norms)), LAST, FLOOR) if arrived else math.nan


def in_all_parameters(fit: Fit, seed: int) -> pd.DataFrame:
    """Predict and measure the rate of EM for weights, means and covariances, at the end of one run from k-means.

    EM begins `NATS` per pattern from the end, as the majoriser measures it, in a random direction.

    Returns
    -------
    DataFrame
        One row: dataset, family, clusters, covariance; parameters, their number; degenerate, whether there is no end;
        predicted, the largest share of information that is hidden; measured (see `descend`).
    """
    problem, K, name = fit.problem(), fit.clusters, fit.dataset.name
    start = starting(problem, K, "kmeans", streams(seed, name, K, range(1), "starts")).mixtures
    end = polish(problem, minimize(problem, MajorizeMinimize(), start, passes=FIRST_PASSES).w)
    row = fit.names | {"parameters": problem.pack(start).shape[1], "degenerate": bool(end.degenerate[0])}
    row |= {"predicted": math.nan, "measured": math.nan}
    if not end.degenerate[0]:
        here = evaluation(problem, end.mixtures)
        rng = stream(seed, name, K, fit.covariance, "displacement")
        direction = here.precondition(rng.standard_normal(here.x.shape))
        length = math.sqrt(2 * NATS * problem.size) / here.norm(direction)[:, None]
        row["predicted"] = alternation_rate(problem.centred, here.x)
        row["measured"] = descend(problem.centred, here.x + length * direction, MOST_SLOW_STEPS)[1]
    return pd.DataFrame([row])


def by_deviation(seed: int, samples: dict[int, int] = SAMPLES) -> pd.DataFrame:
    """Predict the rate of EM from its fixed points for ever smaller variances, on samples of the uniform density.

    Returns
    -------
    DataFrame
        Columns n, deviation (in units of the gap between two prototypes), patterns (expected where the log odds of two
        neighbours are within a unit around a face), rate, low, high (median, least and largest over the samples).
    """
    rows = []
    for n, number in samples.items():
        rates = np.array([_along(stream(seed, "deviation", n, sample).random((n, 1))) for sample in range(number)])
        for deviation, some in zip(DEVIATIONS, rates.T, strict=True):
            # log odds rise by gap / sigma^2 for each unit of length, and n patterns fall on a unit of length
            row = {"n": n, "deviation": deviation, "patterns": n * deviation**2 / CLUSTERS}
            rows.append(row | {"rate": np.median(some), "low": some.min(), "high": some.max()})
    return pd.DataFrame(rows)


def _along(X: np.ndarray) -> list[float]:
    """Return the rate of EM for each deviation, on a sample of the unit interval."""
    w, rates = ((np.arange(CLUSTERS) + 0.5) / CLUSTERS)[:, None], []
    for deviation in DEVIATIONS:
        sigma = deviation / CLUSTERS
        problem = MixtureProblem(X / sigma)
        for _ in range(MOST_STEPS):
            before, w = w, sigma * problem.evaluate(w[None] / sigma).means[0]
            if abs(w - before).max() < REST / CLUSTERS:
                break
        rates.append(em_rate(problem.X, w / sigma))
    return rates
