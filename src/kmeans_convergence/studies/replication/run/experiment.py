"""The experiment of section 5 of Bottou and Bengio (1995)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kmeans_convergence.core import Problem
from kmeans_convergence.data import Dataset
from kmeans_convergence.optimizers import MajorizeMinimize, Rate, minimize
from kmeans_convergence.problems import MixtureProblem, QuantizationProblem
from kmeans_convergence.starts import draw, streams
from kmeans_convergence.studies.replication.run.methods import METHODS

# Starts that set the scale of the mixture's inputs; they are separate from those of the experiment.
SCALE_RUNS = 100


@dataclass(frozen=True)
class Protocol:
    """What all methods share.

    Attributes
    ----------
    seed : int
        Root of all random streams.
    clusters : int
        Number of prototypes K.
    epochs : int
        Epochs after each of which E_t is recorded.
    polish_epochs : int
        Further epochs of batch K-means (EM for the mixture), at whose end the cost is E_infinity of the run.
    start : str
        Key of `starts.KINDS`.
    """

    seed: int
    clusters: int
    epochs: int
    polish_epochs: int
    start: str = "patterns"


def run(
    dataset: Dataset, protocol: Protocol, methods: Sequence[str], rate: Rate, runs: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run every method from the same starts.

    Parameters
    ----------
    dataset : Dataset
    protocol : Protocol
    methods : sequence of str
        Keys of `METHODS`.
    rate : Rate
        Of the two gradient methods.
    runs : int

    Returns
    -------
    trace : DataFrame
        One row for each method, run and epoch; see `Trace`.
    limits : DataFrame
        One row for each method and run: E_infinity.
    """
    starts = draw(dataset.X, protocol.clusters, _streams(dataset, protocol, runs, "starts"), protocol.start)
    deviation = cluster_deviation(dataset, protocol)
    problems: dict[str, tuple[Problem, np.ndarray]] = {
        "quantization": (QuantizationProblem(dataset.X), starts),
        "mixture": (MixtureProblem(dataset.X / deviation), starts / deviation),
    }
    traces, limits = [], []
    for key in methods:
        problem, scaled_starts = problems[METHODS[key].problem]
        trace = minimize(
            problem,
            METHODS[key].optimizer(rate),
            scaled_starts,
            epochs=protocol.epochs,
            rngs=_streams(dataset, protocol, runs, "order"),
        )
        polished = minimize(problem, MajorizeMinimize(), trace.w, epochs=protocol.polish_epochs)
        traces.append(pd.DataFrame(trace.columns()).assign(optimizer=key))
        limits.append(pd.DataFrame({"run": np.arange(runs), "limit": polished.cost[-1], "optimizer": key}))
    return _optimizer_first(traces), _optimizer_first(limits)


def cluster_deviation(dataset: Dataset, protocol: Protocol) -> float:
    """Return the deviation by which the mixture's inputs are divided.

    It is the root of the mean squared deviation of a feature from its prototype where batch K-means ends, averaged
    over separate starts: the average cluster then has unit variance in a direction, as section 5 asks.
    """
    starts = draw(dataset.X, protocol.clusters, _streams(dataset, protocol, SCALE_RUNS, "scale"), protocol.start)
    trace = minimize(
        QuantizationProblem(dataset.X),
        MajorizeMinimize(),
        starts,
        epochs=protocol.epochs + protocol.polish_epochs,
    )
    return float(np.sqrt(2 * trace.cost[-1].mean() / dataset.X.size))


def _streams(dataset: Dataset, protocol: Protocol, runs: int, purpose: str) -> list[np.random.Generator]:
    return list(streams(protocol.seed, dataset.name, protocol.clusters, range(runs), purpose))


def _optimizer_first(tables: list[pd.DataFrame]) -> pd.DataFrame:
    table = pd.concat(tables, ignore_index=True)
    return table[["optimizer", *table.columns.drop("optimizer")]]
