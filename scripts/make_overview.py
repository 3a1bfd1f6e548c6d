"""Make the table of all objectives and the numbers that identify a build."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.text import macros, write
from kmeans_convergence.studies.overview import show


def main(objectives: pd.DataFrame, seed: int, table: Path, numbers: Path) -> None:
    """Write the table and the macros."""
    write(show.objectives(objectives), table)
    write(macros(show.numbers(seed)), numbers)


if __name__ == "__main__":
    run(main, snakemake)
