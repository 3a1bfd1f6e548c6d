"""One verdict for each reported statement, from the traces and from the table of conventions."""

from __future__ import annotations

import pandas as pd

from kmeans_convergence.data import Dataset
from kmeans_convergence.studies.replication.analysis.claims import Verdict, verdict_on_figures
from kmeans_convergence.studies.replication.analysis.original import Original


def pick(conventions: pd.DataFrame, dataset: Dataset, clusters: int) -> pd.DataFrame:
    """Return the conventions with this data set's features and unit, this K, and prototypes drawn from the patterns."""
    return conventions[
        (conventions["variant"] == dataset.name)
        # in any order
        & conventions["features"].map(lambda features: set(features.split(" + ")) == set(dataset.features))
        & (conventions["unit"] == dataset.unit)
        & (conventions["start"] == "patterns")
        & (conventions["clusters"] == clusters)
    ]


def as_described(conventions: pd.DataFrame, dataset: Dataset, clusters: int) -> pd.Series:
    """Return the convention that the paper describes: among those, the one with the factor 1/2 of equation (1)."""
    chosen = pick(conventions, dataset, clusters)
    return chosen[chosen["half"]].iloc[0]


def likeliest(conventions: pd.DataFrame, dataset: Dataset, clusters: int) -> pd.Series:
    """Return among those the convention, with or without the factor, that explains the reported figures better."""
    return pick(conventions, dataset, clusters).sort_values(["likelihood", "p"], kind="stable").iloc[-1]


def combine(
    described: pd.DataFrame,
    candidate: pd.DataFrame,
    convention: pd.Series,
    other: pd.Series,
    original: Original,
) -> pd.DataFrame:
    """Return one row for each reported statement.

    Parameters
    ----------
    described, candidate : DataFrame
        What `claims.judge` says of the experiment as described and under the candidate convention.
    convention, other : Series
        The rows of the table of conventions that belong to them.
    original : Original

    Returns
    -------
    DataFrame
        Columns claim, statement, verdict, and for both conventions the share of samples of the paper's size in which
        the statement holds (for BB-R1 and BB-R2a the probability of the reported figures).
    """
    rows = []
    for claim, chance in (("BB-R1", extremes), ("BB-R2a", average)):
        here, there = chance(convention), chance(other)
        verdict = verdict_on_figures(here, there)
        rows.append({"claim": claim, "share": here, "share_candidate": there, "verdict": verdict.value})
    for (_, here), (_, there) in zip(described.iterrows(), candidate.iterrows(), strict=True):
        verdict = Verdict(here["verdict"])
        if verdict is Verdict.NOT_REPLICATED and Verdict(there["verdict"]) is Verdict.REPLICATED:
            verdict = Verdict.OTHER_CONVENTION
        rows.append(
            here.to_dict()
            | {
                "share_candidate": there["share"],
                "confidence_candidate": there["confidence"],
                "verdict": verdict.value,
            }
        )
    table = pd.DataFrame(rows)
    table.insert(1, "statement", [original.statement(claim.rstrip("ab")) for claim in table["claim"]])
    return table


def extremes(convention: pd.Series) -> float:
    """Return the probability of the reported range, Bonferroni-corrected for its two ends."""
    return float(min(2 * min(convention["p_min"], convention["p_max"]), 1.0))


def average(convention: pd.Series) -> float:
    """Return the probability of the reported average."""
    return float(convention["p_mean"])
