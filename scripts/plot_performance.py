"""Draw the figures of the performance supplement."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.performance.show import figures


def main(runs: pd.DataFrame, slopes: pd.DataFrame, ratios: list[Path], growth: list[Path]) -> None:
    """Write both figures."""
    save(figures.ratio_figure(runs), *ratios)
    save(figures.growth_figure(slopes), *growth)


if __name__ == "__main__":
    run(main, snakemake)
