"""How often EM collapses: a component with a pattern, or a hyperplane, for itself takes the likelihood to infinity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from kmeans_convergence.core import Stop
from kmeans_convergence.core.problem import Evaluation
from kmeans_convergence.data import Dataset
from kmeans_convergence.errors import InputError
from kmeans_convergence.optimizers import MajorizeMinimize, StepRule, minimize
from kmeans_convergence.problems import GaussianMixtureProblem
from kmeans_convergence.starts import streams
from kmeans_convergence.studies.breakdown.run.samples import (
    Sample,
    at_patterns,
    next_variances,
    relative_eigenvalues,
    simulated,
)

FULL = "full"
MODELS = ("spherical", "diagonal", "tied", FULL)

# What is swept, one at a time, from the middle: a pilot has shown that some runs collapse there and others do not.
MIDDLE = {"n": 60, "d": 6, "clusters": 4, "correlation": 0.0}
SWEPT: dict[str, tuple[float, ...]] = {
    "n": (40, 120, 240),
    "d": (2, 4),
    "clusters": (2, 6),
    "correlation": (0.9, 0.999),
}
# Of models with fewer parameters only these.
SWEPT_OF_ALL = ("n", "correlation")

# A component has collapsed when its least variance is below this share of that of the data in the same direction.
# Most have not got there before the next step leaves no variance at all.
SHARE = 1e-10

# A component with fewer patterns has none: it stays where it is, and loses its weight.
EMPTY = 0.5

# How a run has ended.
PATTERN, HYPERPLANE, NONE, REFUSED = "pattern", "hyperplane", "none", "refused"

# The data whose runs are drawn, and the least variance that keeps them from it, as a share of that of the data.
SHOWN = {"number": 0, "patterns": 60, "features": 6, "clusters": 5}
FLOOR = 1e-3


class UntilSingular(StepRule):
    """EM that stays where it is when its next step has no covariance, so that the last iterate can be looked at."""

    def step(self, evaluation: Evaluation, epoch: int) -> np.ndarray:
        """Return T(x) where it is finite, and x elsewhere."""
        image = evaluation.image
        return np.where(np.isfinite(image).all(axis=1, keepdims=True), image, evaluation.x)


class Setting(NamedTuple):
    """What the shares of runs that collapse are measured against."""

    model: str
    n: int
    d: int
    clusters: int
    correlation: float


def settings() -> list[Setting]:
    """Return all settings, each once."""
    found = []
    for model in MODELS:
        found.append(Setting(model, **MIDDLE))  # type: ignore[arg-type]
        for name in SWEPT if model == FULL else SWEPT_OF_ALL:
            found += [Setting(model, **(MIDDLE | {name: value})) for value in SWEPT[name]]  # type: ignore[arg-type]
    return found


def sweep(seed: int, sets: int, starts: int, passes: float) -> pd.DataFrame:
    """Run EM on simulated data, each setting from the same starts as far as it has the same patterns.

    Returns
    -------
    DataFrame
        One row for each setting, data set and run: columns model, n, d, clusters, correlation, dataset, and those of
        `outcomes`.
    """
    tables = []
    for setting in settings():
        for number in range(sets):
            sample = simulated(seed, number, setting.n, setting.d, setting.clusters, setting.correlation)
            table = outcomes(sample, setting.model, seed, starts, passes)
            tables.append(table.assign(**setting._asdict(), dataset=sample.name))
    return pd.concat(tables, ignore_index=True)[[*Setting._fields, "dataset", "run", *COLUMNS]]


COLUMNS = ("outcome", "depth", "owned", "passes")


def outcomes(sample: Sample, model: str, seed: int, starts: int, passes: float) -> pd.DataFrame:
    """Run EM on patterns, and say how the runs end.

    Returns
    -------
    DataFrame
        One row for each run: run; outcome, on what a component collapses ("pattern": none of its variances is left;
        "hyperplane": some are), or "none", or "refused" where the model cannot be estimated; depth, log10 of the
        least variance of a component relative to the data's at the last iterate; owned, the number of patterns that
        the flattest component is responsible for; passes.
    """
    try:
        problem = GaussianMixtureProblem(sample.X, model)
        rngs = streams(seed, sample.name, sample.clusters, range(starts), "collapse")
        begin = at_patterns(problem, sample.clusters, rngs)
    except InputError:
        nothing = {"outcome": REFUSED, "depth": np.nan, "owned": np.nan, "passes": 0.0}
        return pd.DataFrame([{"run": run} | nothing for run in range(starts)])
    trace = minimize(problem, UntilSingular(), begin, passes=passes)
    here = problem.evaluate(problem.pack(trace.w))
    singular = ~np.isfinite(here.image).all(axis=1)
    # a component is flat, or would be after the next step, which may leave nothing at once; one that is flat may then
    # lose its patterns by rounding errors
    now, ahead = relative_eigenvalues(trace.w, sample.X), next_variances(trace.w, sample.X)
    ahead[here.counts < EMPTY] = np.inf
    flat = now.min(axis=2) < SHARE
    least, most = (np.where(flat, of(now, axis=2), of(ahead, axis=2)) for of in (np.min, np.max))
    rows, flattest = np.arange(starts), least.argmin(axis=1)
    collapsed = singular | (least.min(axis=1) < SHARE)
    point = most[rows, flattest] < SHARE
    return pd.DataFrame(
        {
            "run": rows,
            "outcome": np.where(~collapsed, NONE, np.where(point, PATTERN, HYPERPLANE)),
            "depth": np.log10(np.maximum(now.min(axis=(1, 2)), np.finfo(np.float64).tiny)),
            "owned": here.counts[rows, flattest],
            "passes": trace.passes[-1],
        }
    )


def on_sets(datasets: Iterable[Dataset], seed: int, starts: int, passes: float) -> pd.DataFrame:
    """Run EM with full covariances on data sets, each with its first number of prototypes.

    Returns
    -------
    DataFrame
        Columns dataset, family, n, d, clusters and those of `outcomes`.
    """
    tables = []
    for dataset in datasets:
        n, d = dataset.X.shape
        clusters = dataset.clusters[0] if dataset.clusters else 2
        sample = Sample(dataset.name, dataset.X, np.zeros(n, dtype=int), clusters)
        about: dict[str, Any] = {"dataset": dataset.name, "family": dataset.family or dataset.name}
        table = outcomes(sample, FULL, seed, starts, passes)
        tables.append(table.assign(**about, n=n, d=d, clusters=clusters))
    return pd.concat(tables, ignore_index=True)[["dataset", "family", "n", "d", "clusters", "run", *COLUMNS]]


def traces(seed: int, starts: int, passes: int) -> pd.DataFrame:
    """Follow EM with full covariances step by step, without a bound, and with one where that has collapsed.

    Returns
    -------
    DataFrame
        One row for each run and step: columns bound ("none" or "floor"), run, outcome (as in `outcomes`), step, nats
        (log likelihood per pattern) and condition (the largest one of the covariances).
    """
    sample = simulated(seed, **SHOWN)
    found = outcomes(sample, FULL, seed, starts, float(passes))
    return pd.concat(_traces(sample, found, seed, passes), ignore_index=True)


def _traces(sample: Sample, found: pd.DataFrame, seed: int, passes: int) -> Iterator[pd.DataFrame]:
    rngs = streams(seed, sample.name, sample.clusters, range(len(found)), "collapse")
    begin = at_patterns(GaussianMixtureProblem(sample.X), sample.clusters, rngs)
    collapsed = np.flatnonzero(found["outcome"] != NONE)
    floor = FLOOR * float(np.trace(np.cov(sample.X.T))) / sample.X.shape[1]
    for bound, some, options, optimizer in (
        ("none", np.arange(len(found)), {}, UntilSingular()),
        ("floor", collapsed, {"floor": floor}, MajorizeMinimize()),
    ):
        if len(some):
            problem = GaussianMixtureProblem(sample.X, **options)
            trace = minimize(problem, optimizer, begin[some], epochs=passes)
            for place, run in enumerate(some):
                # a run that stays where it is has its last iterate twice
                stays = trace.stop[place] is Stop.FIXED_POINT
                end = trace.ended[place] + (not stays)
                table = {"step": np.arange(end), "nats": -trace.cost[:end, place] / problem.size}
                table["condition"] = trace.diagnostics["condition"][:end, place]
                yield pd.DataFrame(table).assign(bound=bound, run=run, outcome=found["outcome"].iloc[run])
