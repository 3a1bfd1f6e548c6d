"""Measure what batch K-means is worth as the start of a mixture."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.mixtures.run import kmeans_start
from kmeans_convergence.studies.mixtures.run.fits import Protocol, fits


def main(datasets: list[Description], mixtures: Config, seed: int, table: Path) -> None:
    """Write one row for each run."""
    protocol = Protocol.of(mixtures, seed)
    sets = [read(dataset, rows=protocol.rows, root_seed=seed) for dataset in datasets]
    tables = [kmeans_start.measure(fit, seed) for fit in fits(sets, protocol)]
    write_csv(pd.concat(tables, ignore_index=True), table)


if __name__ == "__main__":
    run(main, snakemake)
