"""Draw the methods that make batch K-means faster."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.rates.show import acceleration


def main(problems: pd.DataFrame, figure: list[Path]) -> None:
    """Write the figure."""
    save(acceleration.against_lloyd(problems), *figure)


if __name__ == "__main__":
    run(main, snakemake)
