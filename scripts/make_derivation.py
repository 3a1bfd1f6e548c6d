"""Make the tables of the derivation and of the theorems."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.text import write
from kmeans_convergence.studies.derivation import show


def main(steps: pd.DataFrame, theorems: pd.DataFrame, outputs: dict[str, Path]) -> None:
    """Write one LaTeX file for each table."""
    write(show.derivation(steps), outputs["steps"])
    write(show.theorems(theorems), outputs["theorems"])


if __name__ == "__main__":
    run(main, snakemake)
