"""Draw what other hard choices say about alternation and gradient."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.choices.show import quality_speed_and_size


def main(summary: pd.DataFrame, steps: pd.DataFrame, soft: pd.DataFrame, figure: list[Path]) -> None:
    """Write the figure in both forms."""
    save(quality_speed_and_size(summary, steps, soft), *figure)


if __name__ == "__main__":
    run(main, snakemake)
