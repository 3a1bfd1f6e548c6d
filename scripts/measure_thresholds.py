"""Run hard and soft thresholds side by side, on data sets and on mixtures whose separation is swept."""

from itertools import chain
from pathlib import Path

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.mixtures.run.fits import Protocol, components
from kmeans_convergence.studies.mixtures.run.thresholds import measure, on_dataset, synthetic


def main(datasets: list[Description], mixtures: Config, seed: int, table: Path) -> None:
    """Write one row for each run."""
    protocol = Protocol.of(mixtures, seed)
    sets = [read(dataset, rows=protocol.rows, root_seed=seed) for dataset in datasets]
    cases = chain(synthetic(seed), *(on_dataset(some, components(some, protocol), seed) for some in sets))
    write_csv(pd.concat([measure(case, seed) for case in cases], ignore_index=True), table)


if __name__ == "__main__":
    run(main, snakemake)
