"""Make the numbers of the prose on mixtures."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.text import macros, write
from kmeans_convergence.studies.mixtures import show


def main(datasets: pd.DataFrame, accelerated: pd.DataFrame, numbers: Path, table: Path) -> None:
    """Write the macros, and the table of accelerations."""
    write(macros(show.numbers(datasets) | show.accelerated_numbers(accelerated)), numbers)
    write(show.accelerated_em(accelerated), table)


if __name__ == "__main__":
    run(main, snakemake)
