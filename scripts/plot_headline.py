"""Draw the figure of the first page."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.overview.show import headline


def main(curves: pd.DataFrame, growth: pd.DataFrame, figure: list[Path]) -> None:
    """Write the figure."""
    save(headline(curves, growth), *figure)


if __name__ == "__main__":
    run(main, snakemake)
