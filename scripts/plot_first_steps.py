"""Draw what the first patterns bring."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.comparison.show.first_steps import first_patterns


def main(table: pd.DataFrame, figure: list[Path]) -> None:
    """Write the figure."""
    save(first_patterns(table), *figure)


if __name__ == "__main__":
    run(main, snakemake)
