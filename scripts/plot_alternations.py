"""Draw how the steps of alternation and Newton's method compare."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.alternations.show import newton_or_not


def main(near: pd.DataFrame, figure: list[Path]) -> None:
    """Write the figure in both forms."""
    save(newton_or_not(near), *figure)


if __name__ == "__main__":
    run(main, snakemake)
