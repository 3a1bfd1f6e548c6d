"""Measure the rate of EM in all parameters, and predict it from the information that assignments hide."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.mixtures.run.fits import Protocol, fits
from kmeans_convergence.studies.mixtures.run.rates import in_all_parameters


def main(datasets: list[Description], mixtures: Config, seed: int, table: Path) -> None:
    """Write one row for each fit."""
    protocol = Protocol.of(mixtures, seed)
    sets = [read(dataset, rows=protocol.rows, root_seed=seed) for dataset in datasets]
    write_csv(pd.concat([in_all_parameters(fit, seed) for fit in fits(sets, protocol)], ignore_index=True), table)


if __name__ == "__main__":
    run(main, snakemake)
