"""Draw predicted against measured rates of all objectives."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.overview.show import rates


def main(table: pd.DataFrame, figure: list[Path]) -> None:
    """Write the figure."""
    save(rates(table), *figure)


if __name__ == "__main__":
    run(main, snakemake)
