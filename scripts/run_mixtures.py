"""Run optimizers on some of the mixtures that are fitted to data."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.mixtures.run.comparison import compare
from kmeans_convergence.studies.mixtures.run.fits import Protocol, fits


def main(
    datasets: list[Description], mixtures: Config, seed: int, part: str, parts: int, outputs: dict[str, Path]
) -> None:
    """Write the runs and the settings of each of so many parts of the fits."""
    protocol = Protocol.of(mixtures, seed)
    sets = [read(dataset, rows=protocol.rows, root_seed=seed) for dataset in datasets]
    found = [compare(fit, protocol) for fit in fits(sets, protocol)[int(part) :: parts]]
    for name, path in outputs.items():
        write_csv(pd.concat([getattr(tables, name) for tables in found], ignore_index=True), path)


if __name__ == "__main__":
    run(main, snakemake)
