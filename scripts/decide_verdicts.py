"""Give each reported statement its verdict."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.replication.analysis import verdicts as analysis
from kmeans_convergence.studies.replication.analysis.original import Original


def main(
    described: pd.DataFrame,
    candidate: pd.DataFrame,
    conventions: pd.DataFrame,
    original: Path,
    dataset: Description,
    features: list[str],
    K: int,
    verdicts: Path,
) -> None:
    """Write the verdicts, as described and under the candidate convention."""
    data = read(dataset)
    here = analysis.as_described(conventions, data, K)
    there = analysis.likeliest(conventions, data.select(tuple(features)), K)
    write_csv(analysis.combine(described, candidate, here, there, Original(original)), verdicts)


if __name__ == "__main__":
    run(main, snakemake)
