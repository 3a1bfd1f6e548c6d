"""Measure rates of convergence on all sets of the comparison, and predict them."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.rates.run import contraction


def main(datasets: list[Description], seed: int, largest: int, rates: Path, kernels: Path) -> None:
    """Write rates for each start, and what the width of the kernel does."""
    rows = contraction.ROWS
    sets = [read(dataset, rows=rows, root_seed=seed) for dataset in datasets]
    write_csv(pd.concat([contraction.contraction(dataset, seed) for dataset in sets], ignore_index=True), rates)
    write_csv(contraction.kernels(seed, min(rows, largest), largest), kernels)


if __name__ == "__main__":
    run(main, snakemake)
