"""Measure rates of convergence on all sets of the comparison, and predict them."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.rates.analysis.contraction import agreement
from kmeans_convergence.studies.rates.run.contraction import ROWS, contraction, kernels

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(datasets: list[Description], seed: int, largest: int, resamples: int, output: dict[str, Path]) -> None:
    """Write rates for each start, how well they agree, and what the width of the kernel does."""
    sets = [read(dataset, rows=ROWS, root_seed=seed) for dataset in datasets]
    rates = pd.concat([contraction(dataset, seed) for dataset in sets], ignore_index=True)
    write_csv(rates, output["rates"])
    write_csv(agreement(rates, seed, resamples), output["agreement"])
    write_csv(kernels(seed, min(ROWS, largest), largest), output["kernels"])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(output={name: Path(path) for name, path in snakemake.output.items()}, **snakemake.params)
