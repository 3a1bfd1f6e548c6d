"""Make the table and the numbers of the page on other alternations."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.text import macros, write
from kmeans_convergence.studies.alternations import show


def main(steps: pd.DataFrame, near: pd.DataFrame, examples: Path, numbers: Path) -> None:
    """Write both."""
    write(show.table(steps, near), examples)
    write(macros(show.numbers(steps)), numbers)


if __name__ == "__main__":
    run(main, snakemake)
