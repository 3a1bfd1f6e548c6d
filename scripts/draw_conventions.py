"""Repeat the paper's experiment under the conventions that agree with its final costs."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.optimizers import Rate
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_array, write_csv
from kmeans_convergence.studies.replication.analysis import axes
from kmeans_convergence.studies.replication.analysis.chosen import pick
from kmeans_convergence.studies.replication.run.conventions import REDRAWN, residuals
from kmeans_convergence.studies.replication.run.experiment import Protocol

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(conventions: Path, rows: Path, drawn: Path, datasets: list[Description], config: Config) -> None:
    """Write the conventions and what the first figure shows under each of them."""
    experiment, runs = config["experiment"], min(REDRAWN, config["conventions"]["runs"])
    variants, table = {dataset.name: dataset for dataset in map(read, datasets)}, pd.read_csv(conventions)
    table = axes.tested(table, pick(table, variants[experiment["dataset"]], experiment["prototypes"]))
    values = {}
    for _, row in table.drop_duplicates("combination").iterrows():
        lengths = experiment["epochs"], experiment["polish_epochs"]
        protocol = Protocol(config["seed"], row["clusters"], *lengths, row["start"])
        convention = variants[row["variant"]], row["features"].split(" + "), row["unit"] == "standardised"
        values[row["combination"]] = residuals(*convention, protocol, Rate(experiment["rate"]), runs)
    write_csv(table, rows)
    write_array(np.stack([values[index] for index in table["combination"]]), drawn)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(Path(snakemake.input.conventions), *map(Path, snakemake.output), **snakemake.params)
