"""Measure the rate of EM on mixtures of Gaussians, and predict it from the information that assignments hide."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.mixtures.run.rates import ROWS, by_deviation, by_separation, on_dataset


def main(datasets: list[Description], seed: int, outputs: dict[str, Path]) -> None:
    """Write rates over separations, over data sets, and over deviations that go to zero."""
    sets = [read(dataset, rows=ROWS, root_seed=seed) for dataset in datasets]
    write_csv(by_separation(seed), outputs["separations"])
    write_csv(pd.concat([on_dataset(dataset, seed) for dataset in sets], ignore_index=True), outputs["datasets"])
    write_csv(by_deviation(seed), outputs["deviations"])


if __name__ == "__main__":
    run(main, snakemake)
