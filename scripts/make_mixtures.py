"""Make the numbers of the prose on mixtures."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.text import macros, write
from kmeans_convergence.studies.mixtures import show


def main(datasets: pd.DataFrame, numbers: Path) -> None:
    """Write the macros."""
    write(macros(show.numbers(datasets)), numbers)


if __name__ == "__main__":
    run(main, snakemake)
