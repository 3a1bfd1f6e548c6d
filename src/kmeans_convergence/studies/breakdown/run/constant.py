"""What a constant on the diagonal of covariances costs: neither units nor affine maps leave it as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.problems import GaussianMixtureProblem
from kmeans_convergence.problems.mixture import InverseWishart, Mixture
from kmeans_convergence.studies.breakdown.run import scikit
from kmeans_convergence.studies.breakdown.run.samples import (
    Sample,
    collinear,
    labelled,
    log_joint,
    log_likelihood,
    simulated,
    soft_labels,
)

# Patterns of a set, and features at most: the covariances of the classes then have a maximum of the likelihood nearby.
ROWS, FEATURES, CLUSTERS = 150, 4, 3
# One standard deviation in units of the data: powers of 2 near powers of 10, so that numbers keep their digits.
UNITS = tuple(2.0**power for power in (-13, -10, -7, 0, 13))
# The last feature is the sum of the others but for this share of itself.
DELTAS = (1.0, 0.01, 1e-3, 1e-4)
# EM's steps, and the change of the log likelihood in nats per pattern at which scikit-learn's end.
STEPS, TOLERANCE = 150, 1e-9

# The same constant, as a share of the mean variance of the features.
SHARE = scikit.CONSTANT


def measure(seed: int, sets: int) -> pd.DataFrame:
    """Fit mixtures with full covariances, near the classes, to the same data in other units and with other features.

    Returns
    -------
    DataFrame
        One row for each data set, method, unit and delta: columns dataset; swept ("unit" or "delta"); unit (standard
        deviation of the data); delta (see `collinear`); condition (of their covariance); method ("absolute":
        scikit-learn's constant; "relative": this project's ridge, the same share of the mean variance; "prior": of the
        covariance of the data); loss, by how many nats per pattern the log likelihood is less than at its maximum,
        which does not depend on unit and features; moved, the share of patterns that another component is most
        responsible for than there.
    """
    return pd.DataFrame(row for sample in _sets(seed, sets) for row in _of(sample))


def _sets(seed: int, sets: int) -> Iterator[Sample]:
    for sample in labelled(seed, ROWS):
        if sample.name in ("iris", "wine"):
            yield sample._replace(X=sample.X[:, :FEATURES])
    for number in range(sets):
        yield simulated(seed, number, ROWS, FEATURES, CLUSTERS)


def _of(sample: Sample) -> Iterator[dict[str, object]]:
    """Yield the rows of a data set, none if the likelihood has no maximum near the classes."""
    start, d = soft_labels(sample.labels, sample.clusters), sample.X.shape[1]
    best = likeliest(sample.X, start)
    if best is None:
        return
    most, owners = log_likelihood(best, sample.X)[0], log_joint(best, sample.X)[0].argmax(axis=1)
    for swept, unit, delta in (*(("unit", u, 1.0) for u in UNITS), *(("delta", 1.0, e) for e in DELTAS)):
        A = unit * (collinear(d, delta) if swept == "delta" else np.eye(d))
        X = sample.X @ A
        about = {"dataset": sample.name, "swept": swept, "unit": unit, "delta": delta}
        about["condition"] = float(np.linalg.cond(X - X.mean(axis=0)) ** 2)
        for method, fit in METHODS.items():
            found = fit(X, start)
            if found is None:
                yield about | {"method": method, "loss": np.nan, "moved": np.nan}
                continue
            nats = log_likelihood(found, X)[0] + np.linalg.slogdet(A)[1]
            moved = (log_joint(found, X)[0].argmax(axis=1) != owners).mean()
            yield about | {"method": method, "loss": most - nats, "moved": moved}


def likeliest(X: np.ndarray, start: np.ndarray, **options: object) -> Mixture | None:
    """Return where EM with full covariances ends; None where it collapses."""
    problem = GaussianMixtureProblem(X, **options)  # type: ignore[arg-type]
    trace = minimize(problem, MajorizeMinimize(), problem.from_responsibilities(start), passes=float(STEPS))
    return None if trace.diverged[0] else trace.w


def _absolute(X: np.ndarray, start: np.ndarray) -> Mixture | None:
    return scikit.fit(X, start[0], STEPS, tolerance=TOLERANCE)


def _relative(X: np.ndarray, start: np.ndarray) -> Mixture | None:
    return likeliest(X, start, ridge=SHARE * float(X.var(axis=0).mean()))


def _with_prior(X: np.ndarray, start: np.ndarray) -> Mixture | None:
    return likeliest(X, start, prior=prior_of(X, start.shape[2]))


def prior_of(X: np.ndarray, clusters: int) -> InverseWishart:
    """Return the prior of Fraley and Raftery (2007): d + 2 degrees of freedom, the covariance of the data / K^(2/d)."""
    d = X.shape[1]
    return InverseWishart(2.0 * d + 3, np.cov(X.T, bias=True).reshape(d, d) / clusters ** (2 / d))


METHODS: dict[str, Callable[[np.ndarray, np.ndarray], Mixture | None]] = {
    "absolute": _absolute,
    "relative": _relative,
    "prior": _with_prior,
}
