"""Draw Figures 1 and 2 in the paper's form and with intervals."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.statistics.runs import Runs
from kmeans_convergence.studies.replication.analysis.original import Original
from kmeans_convergence.studies.replication.show import convergence


def main(
    trace: pd.DataFrame,
    limits: pd.DataFrame,
    original: Path,
    unit: str,
    seed: int,
    resamples: int,
    outputs: dict[str, list[Path]],
) -> None:
    """Write the four figures; the paper's form has as many runs as the paper."""
    runs, paper = Runs.of(trace, limits), Original(original)
    first = runs.first(paper.epochs("setting", "runs"))
    for name, figure in convergence.figures(runs, first, paper, unit, seed, resamples).items():
        save(figure, *outputs[name])


if __name__ == "__main__":
    run(main, snakemake)
