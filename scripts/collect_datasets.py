"""Put what the data sets of the comparison are like into one table."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv


def main(rows: pd.DataFrame, datasets: Path) -> None:
    """Write one row for each data set."""
    write_csv(rows, datasets)


if __name__ == "__main__":
    run(main, snakemake)
