"""Compare where the methods end, how well averages are known, and how fast those that terminate do so."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.statistics import quality
from kmeans_convergence.statistics.runs import Runs
from kmeans_convergence.studies.replication.analysis.original import Original
from kmeans_convergence.studies.replication.run.methods import OURS


def main(
    trace: pd.DataFrame,
    limits: pd.DataFrame,
    original: Path,
    seed: int,
    resamples: int,
    ends: Path,
    speed: Path,
    certainty: Path,
) -> None:
    """Write the comparisons; the paired reference is batch K-means."""
    runs, size = Runs.of(trace, limits), Original(original).epochs("setting", "runs")
    write_csv(quality.compare(runs, RELATIVE, list(OURS), "batch_kmeans", seed, resamples), ends)
    write_csv(quality.speed(runs, ["batch_kmeans", "hybrid"], seed, resamples), speed)
    write_csv(quality.certainty(runs.limit["batch_kmeans"], size, seed, resamples), certainty)


if __name__ == "__main__":
    run(main, snakemake)
