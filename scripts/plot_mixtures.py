"""Draw optimizers on mixtures, and what batch K-means is worth as a start."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.mixtures.show import comparison, starts


def main(
    summary: pd.DataFrame,
    starting: pd.DataFrame,
    thresholds: pd.DataFrame,
    quality_speed: list[Path],
    start: list[Path],
) -> None:
    """Write both figures."""
    save(comparison.quality_against_speed(summary), *quality_speed)
    save(starts.worth(starting, thresholds), *start)


if __name__ == "__main__":
    run(main, snakemake)
