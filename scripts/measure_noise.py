"""Measure how far from their limit online methods stay, and predict it."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.rates.analysis.noise import agreement
from kmeans_convergence.studies.rates.run.noise import ROWS, noise

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(datasets: list[Description], seed: int, resamples: int, output: dict[str, Path]) -> None:
    """Write the excess on each set, and how well predictions agree."""
    sets = [read(dataset, rows=ROWS, root_seed=seed) for dataset in datasets]
    excess = pd.concat([noise(dataset, seed) for dataset in sets], ignore_index=True)
    write_csv(excess, output["excess"])
    write_csv(agreement(excess, seed, resamples), output["agreement"])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(output={name: Path(path) for name, path in snakemake.output.items()}, **snakemake.params)
