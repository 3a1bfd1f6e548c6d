"""Make the tables and the numbers of the section on other hard choices."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.text import macros, write
from kmeans_convergence.studies.choices import show


def main(
    runs: pd.DataFrame,
    summary: pd.DataFrame,
    ledger: pd.DataFrame,
    soft: pd.DataFrame,
    steps: pd.DataFrame,
    outputs: dict[str, Path],
) -> None:
    """Write all of them."""
    write(show.optimizers(summary), outputs["optimizers"])
    write(show.claims(ledger), outputs["ledger"])
    write(macros(show.numbers(runs, summary, ledger, soft, steps)), outputs["numbers"])


if __name__ == "__main__":
    run(main, snakemake)
