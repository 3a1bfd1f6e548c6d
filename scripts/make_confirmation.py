"""Make the table of the predictions for fresh data."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.text import caption, write
from kmeans_convergence.studies.confirmation import show


def main(scores: list[Path], table: Path, counts: Path) -> None:
    """Write the table, and how the predictions came out; `scores` is empty before the confirmation."""
    scored = pd.read_csv(scores[0]) if scores else None
    write(show.predictions(scored, caption("predictions")), table)
    write(show.counts(scored), counts)


if __name__ == "__main__":
    run(main, snakemake)
