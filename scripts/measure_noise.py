"""Measure how far from their limit online methods stay, and predict it."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.rates.run.noise import ROWS, noise


def main(datasets: list[Description], seed: int, excess: Path) -> None:
    """Write the excess on each set."""
    sets = [read(dataset, rows=ROWS, root_seed=seed) for dataset in datasets]
    write_csv(pd.concat([noise(dataset, seed) for dataset in sets], ignore_index=True), excess)


if __name__ == "__main__":
    run(main, snakemake)
