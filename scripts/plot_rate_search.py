"""Draw the rate search."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.replication.show import rate_search


def main(rates: pd.DataFrame, rate: float, unit: str, figure: list[Path]) -> None:
    """Write the figure."""
    save(rate_search.search(rates, rate, unit), *figure)


if __name__ == "__main__":
    run(main, snakemake)
