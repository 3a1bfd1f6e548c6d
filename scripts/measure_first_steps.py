"""Measure the first patterns and the end of K-means on all data sets."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.comparison.run.comparison import compared
from kmeans_convergence.studies.comparison.run.first_steps import first_steps


def main(datasets: dict[str, tuple[Description, int]], sizes: list[str], seed: int, table: Path) -> None:
    """Write one row for each run."""
    sets = [compared(read(dataset, rows=rows, root_seed=seed), sizes) for dataset, rows in datasets.values()]
    write_csv(pd.concat([first_steps(dataset, seed) for dataset in sets], ignore_index=True), table)


if __name__ == "__main__":
    run(main, snakemake)
