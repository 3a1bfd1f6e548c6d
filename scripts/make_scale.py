"""Make the tables and the numbers of the section on passes that are worth making."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.text import macros, write
from kmeans_convergence.studies.scale import show


def main(
    sources: pd.DataFrame,
    passes: pd.DataFrame,
    agreement: pd.DataFrame,
    useful: pd.DataFrame,
    verdicts: pd.DataFrame,
    table: Path,
    numbers: Path,
) -> None:
    """Write the table of predictions and the macros."""
    write(show.table(verdicts), table)
    write(macros(show.numbers(sources, passes, agreement, useful, verdicts)), numbers)


if __name__ == "__main__":
    run(main, snakemake)
