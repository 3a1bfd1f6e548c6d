"""Draw the comparison."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.comparison.show import figures
from kmeans_convergence.studies.comparison.show.labels import enlist


def main(
    runs: pd.DataFrame,
    curves: pd.DataFrame,
    datasets: pd.DataFrame,
    summary: pd.DataFrame,
    own: list[Path],
    seed: int,
    outputs: dict[str, list[Path]],
) -> None:
    """Write all figures."""
    enlist(own)
    drawn = figures.draw(runs, curves, datasets, summary, seed)
    for name, paths in outputs.items():
        save(drawn[name], *paths)


if __name__ == "__main__":
    run(main, snakemake)
