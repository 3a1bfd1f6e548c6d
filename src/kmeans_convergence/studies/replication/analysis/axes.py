"""The ends of the axes of the paper's first figure, as a test of conventions that were found without them.

An axis that ends at 2500 with labels every 100 says that the largest average that is drawn lies most likely between
2400 and 2500. What is drawn are averages over a sample of runs, from the first epoch on: the four methods of K-means on
the left axis and the mixture on the right one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kmeans_convergence.statistics import resampling
from kmeans_convergence.studies.replication.analysis.conventions import LEVEL
from kmeans_convergence.studies.replication.analysis.original import Original

AXES = ("left", "right")


@dataclass(frozen=True)
class Ends:
    """For each axis the interval between its last two labels, and the number of runs behind an average."""

    size: int
    left: tuple[float, float]
    right: tuple[float, float]

    @classmethod
    def of(cls, original: Original) -> Ends:
        """Read the labels."""
        (left, a), (right, b) = (original.axis("Figure 1", f"{side} axis") for side in AXES)
        return cls(original.epochs("setting", "runs"), (left - a, left), (right - b, right))


def tested(conventions: pd.DataFrame, described: pd.DataFrame) -> pd.DataFrame:
    """Return the conventions that agree with the reported final costs, after those that are as described."""
    agreeing = conventions[conventions["p"] >= LEVEL].sort_values("likelihood", ascending=False, kind="stable")
    return pd.concat([described, agreeing.drop(described.index, errors="ignore")], ignore_index=True)


def largest(residuals: np.ndarray, size: int, seed: int, repeats: int) -> np.ndarray:
    """Return the largest average that a figure would show, for both axes and many samples of runs, shape (2, B).

    Parameters
    ----------
    residuals : ndarray of shape (5, runs, epochs)
        Of the four methods of K-means and the mixture.
    size, seed, repeats : int
        Of the samples.
    """
    sample = resampling.samples(residuals.shape[1], size, repeats, seed)
    highest = np.stack([resampling.averages(sample, some).max(axis=1) for some in residuals])
    return np.stack([highest[:-1].max(axis=0), highest[-1]])


def judge(rows: pd.DataFrame, residuals: np.ndarray, ends: Ends, seed: int, repeats: int) -> pd.DataFrame:
    """Hold conventions against the ends of the axes.

    Parameters
    ----------
    rows : DataFrame
        Conventions, as `tested` returns them.
    residuals : ndarray of shape (rows, 5, runs, epochs)
        As `studies.replication.run.conventions.residuals` returns them for each row.
    ends : Ends
    seed, repeats : int
        Of the samples.

    Returns
    -------
    DataFrame
        The rows with further columns. For each axis the 5 %, 50 % and 95 % quantiles of the largest average over
        samples of the paper's size, the two-sided probability `p_left`, `p_right` that it is as far off as the interval
        between the last two labels, and the share `in_left`, `in_right` of samples in that interval; `p_axes` for both
        (Bonferroni); `survives`, if that is at least 5 %; `agrees` with the final costs; `weight`, the likelihood of
        final costs and axes together as a share of that of all that agree, 0 for the others.
    """
    columns: dict[str, list[float]] = {}
    for (_, row), some in zip(rows.iterrows(), residuals, strict=True):
        drawn = largest(some, ends.size, seed, repeats)
        for side, values, scale in zip(AXES, drawn, (row["factor"], 1.0), strict=True):
            low, high = getattr(ends, side)
            found = dict(zip(("05", "50", "95"), scale * np.quantile(values, [0.05, 0.5, 0.95]), strict=True))
            found = {f"{side}_{name}": value for name, value in found.items()}
            inside = (scale * values > low) & (scale * values <= high)
            tails = [((scale * values <= high).sum() + 1), ((scale * values > low).sum() + 1)]
            found |= {f"p_{side}": min(2 * min(tails) / (repeats + 1), 1.0), f"in_{side}": float(inside.mean())}
            for name, value in found.items():
                columns.setdefault(name, []).append(value)
    table = rows.assign(**columns)
    table["p_axes"] = np.minimum(2 * table[["p_left", "p_right"]].min(axis=1), 1)
    table["survives"] = table["p_axes"] >= LEVEL
    table["agrees"] = table["p"] >= LEVEL
    joint = table["likelihood"] * table["in_left"] * table["in_right"] * table["agrees"]
    return table.assign(weight=joint / joint.sum() if joint.sum() > 0 else 0.0)
