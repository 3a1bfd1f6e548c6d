"""Draw the noise of online methods."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.rates.show import noise


def main(excess: pd.DataFrame, figure: list[Path]) -> None:
    """Write the figure."""
    save(noise.predicted(excess), *figure)


if __name__ == "__main__":
    run(main, snakemake)
