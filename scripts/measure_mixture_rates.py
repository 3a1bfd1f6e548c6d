"""Measure the rate of EM on mixtures of Gaussians, and predict it from the information that assignments hide."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.mixtures.run import ROWS, by_deviation, by_separation, on_dataset

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(datasets: list[Description], seed: int, output: dict[str, Path]) -> None:
    """Write rates over separations, over data sets, and over deviations that go to zero."""
    sets = [read(dataset, rows=ROWS, root_seed=seed) for dataset in datasets]
    write_csv(by_separation(seed), output["separations"])
    write_csv(pd.concat([on_dataset(dataset, seed) for dataset in sets], ignore_index=True), output["datasets"])
    write_csv(by_deviation(seed), output["deviations"])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(output={name: Path(path) for name, path in snakemake.output.items()}, **snakemake.params)
