"""Time EM and SMACOF beside scikit-learn's."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.performance.run import objectives
from kmeans_convergence.studies.performance.run.alone import alone


def main(seed: int, share: float, rounds: int, threads: int, results: Path) -> None:
    """Write the measurements, each comparison's in a fresh process."""
    measured = [alone(objectives.compare, threads, name, seed, share, rounds) for name in objectives.COMPARISONS]
    write_csv(pd.concat(measured, ignore_index=True), results)


if __name__ == "__main__":
    run(main, snakemake)
