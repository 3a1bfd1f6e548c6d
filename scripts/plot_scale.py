"""Draw the excess on new patterns against passes."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.scale import show


def main(excess: pd.DataFrame, passes: pd.DataFrame, agreement: pd.DataFrame, figure: list[Path]) -> None:
    """Write the figure."""
    save(show.worth(excess, passes, agreement), *figure)


if __name__ == "__main__":
    run(main, snakemake)
