"""Methods that make batch K-means faster, where it is slow: on larger samples and with a larger budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from kmeans_convergence.data import Dataset
from kmeans_convergence.studies.comparison.run.comparison import SIZES, Protocol, compare
from kmeans_convergence.studies.comparison.run.tuning import Tuning

# None of them has a setting to tune.
METHODS = (
    "batch_kmeans",
    "hybrid",
    "overrelaxed_15",
    "overrelaxed_19",
    "anderson",
    "lbfgs",
    "face_newton",
    "online_face_newton",
)


def accelerate(
    datasets: Sequence[Dataset], seed: int, passes: int, starts: int, report: Callable[[str], None] = print
) -> pd.DataFrame:
    """Run the methods on each data set from the same starts, which are drawn from its patterns.

    Parameters
    ----------
    datasets : sequence of Dataset
        Scaled and cut down.
    seed : int
    passes : int
        Budget of a run.
    starts : int
        For each data set and number of prototypes.
    report : callable
        See `comparison.compare`.

    Returns
    -------
    DataFrame
        The table `runs` of the comparison.
    """
    tables = []
    for dataset in datasets:
        rows, untuned = len(dataset.X), Tuning(1, 2, 0)
        protocol = Protocol(seed, passes, (passes,), ("patterns",), {}, rows, 1, starts, starts, SIZES, untuned)
        tables.append(compare(dataset, protocol, METHODS, report).runs)
    return pd.concat(tables, ignore_index=True)
