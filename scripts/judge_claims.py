"""Decide each reported statement on the traces of one convention."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.statistics.runs import Runs
from kmeans_convergence.studies.replication.analysis import claims as analysis
from kmeans_convergence.studies.replication.analysis.original import Original


def main(trace: pd.DataFrame, limits: pd.DataFrame, original: Path, seed: int, resamples: int, claims: Path) -> None:
    """Write one row for each statement."""
    write_csv(analysis.judge(Runs.of(trace, limits), Original(original), seed, resamples), claims)


if __name__ == "__main__":
    run(main, snakemake)
