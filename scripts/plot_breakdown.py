"""Draw a likelihood without a maximum, and the digits that EM loses."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.breakdown import show


def main(traces: pd.DataFrame, digits: pd.DataFrame, collapses: list[Path], lost: list[Path]) -> None:
    """Write both figures."""
    save(show.collapses(traces), *collapses)
    save(show.lost(digits), *lost)


if __name__ == "__main__":
    run(main, snakemake)
