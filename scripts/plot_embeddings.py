"""Draw maps, their Shepard diagrams, convergence and rates."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.embeddings.show import figures


def main(
    points: pd.DataFrame,
    pairs: pd.DataFrame,
    curves: pd.DataFrame,
    table: pd.DataFrame,
    measures: pd.DataFrame,
    maps: list[Path],
    shepard: list[Path],
    convergence: list[Path],
    rates: list[Path],
) -> None:
    """Write the four figures."""
    save(figures.maps(points), *maps)
    save(figures.shepard(pairs), *shepard)
    save(figures.convergence(curves), *convergence)
    save(figures.rates(table, measures), *rates)


if __name__ == "__main__":
    run(main, snakemake)
