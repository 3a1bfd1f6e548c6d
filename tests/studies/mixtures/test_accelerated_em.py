"""Accelerations of EM: what is measured, and that no verdict depends on the unit of the data."""

import math

import numpy as np
import pandas as pd
import pytest

from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.optimizers import minimize
from kmeans_convergence.problems import GaussianMixtureProblem
from kmeans_convergence.problems.mixture import Mixture
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS
from kmeans_convergence.studies.comparison.run.paths import first_within
from kmeans_convergence.studies.mixtures.analysis.accelerated_em import summarize
from kmeans_convergence.studies.mixtures.run.accelerated_em import EM, TARGETS

METHODS = (EM, "nesterov", "anderson")
RNG = np.random.default_rng(5)
X = RNG.normal(size=(120, 2)) + np.outer(np.arange(120) >= 60, [2.0, 1.0])
MOST = 400


def verdicts(unit, gap=None):
    """Run methods on the data in another unit, and return passes and which methods are faster than EM."""
    problem = GaussianMixtureProblem(unit * X)
    rng = np.random.default_rng(3)
    means = X[rng.choice(len(X), size=(6, 2), replace=False)]
    factors = np.broadcast_to(np.linalg.cholesky(np.cov(X.T)), (6, 2, 2, 2))
    starts = Mixture(np.full((6, 2), 0.5), unit * means, unit * factors)
    tables = []
    for key in METHODS:
        trace = minimize(problem, CONTENDERS[key].optimizer(MOST, math.nan), starts, passes=MOST)
        limit = trace.cost.min(axis=0)
        for target in TARGETS:
            passes = first_within(trace, (gap or problem.gap).level(limit, target), MOST)
            about = {"mixture": "two", "separation": 2.2, "rate": 0.5, "optimizer": key, "target": target}
            tables.append(pd.DataFrame(about | {"run": range(6), "passes": passes, "limit": limit / problem.size}))
    table = summarize(pd.concat(tables, ignore_index=True))
    return table[["optimizer", "target", "passes"]].assign(faster=table["ratio_high"] < 1)


@pytest.mark.parametrize("unit", [1e-3, 7.0, 1e5])
def test_the_unit_of_the_data_changes_no_verdict(unit):
    expected = verdicts(1.0)
    assert expected["faster"].any()
    assert (expected["passes"] > 1).all()
    pd.testing.assert_frame_equal(verdicts(unit), expected)


def test_relative_gaps_would_change_with_the_unit():
    one, other = (verdicts(unit, RELATIVE)["passes"] for unit in (1.0, 1e5))
    assert (one != other).any()
