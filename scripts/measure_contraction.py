"""Measure rates of convergence on all sets of the comparison, and predict them."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.analysis.contraction import agreement
from kmeans_convergence.data import Description, read
from kmeans_convergence.experiments.contraction import ROWS, contraction, growth, kernels, unrounded
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    datasets: list[Description], large: list[Description], seed: int, largest: int, output: dict[str, Path]
) -> None:
    """Write rates for each start, how well they agree, and Lloyd's steps against the size of a sample, and kernels."""
    sets = [read(dataset, rows=ROWS, root_seed=seed) for dataset in datasets]
    rates = pd.concat([contraction(dataset, seed) for dataset in sets], ignore_index=True)
    write_csv(rates, output["rates"])
    write_csv(agreement(rates), output["agreement"])
    whole = [read(dataset) for dataset in large]
    write_csv(growth(seed, [*whole, *(unrounded(dataset, seed) for dataset in whole[:1])], largest), output["growth"])
    write_csv(kernels(seed, min(ROWS, largest), largest), output["kernels"])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(output={name: Path(path) for name, path in snakemake.output.items()}, **snakemake.params)
