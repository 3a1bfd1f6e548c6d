"""Repeat the paper's experiment under the conventions that agree with its final costs."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_array
from kmeans_convergence.studies.replication.run.conventions import redraw


def main(
    rows: pd.DataFrame, drawn: Path, datasets: list[Description], experiment: Config, conventions: Config, seed: int
) -> None:
    """Write what the first figure shows under each convention."""
    write_array(redraw(rows, list(map(read, datasets)), experiment, conventions["runs"], seed), drawn)


if __name__ == "__main__":
    run(main, snakemake)
