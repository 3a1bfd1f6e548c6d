"""Average the runs of the search of the initial rate."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.replication.analysis.rate_search import curve


def main(runs: pd.DataFrame, seed: int, resamples: int, rates: Path) -> None:
    """Write the average residual for each method, schedule and rate."""
    write_csv(curve(runs, seed, resamples), rates)


if __name__ == "__main__":
    run(main, snakemake)
