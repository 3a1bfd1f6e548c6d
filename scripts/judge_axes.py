"""Hold conventions against the ends of the axes of the paper's first figure."""

from pathlib import Path

import numpy as np
import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.replication.analysis import axes
from kmeans_convergence.studies.replication.analysis.original import Original


def main(rows: pd.DataFrame, drawn: np.ndarray, original: Path, seed: int, resamples: int, table: Path) -> None:
    """Write one row for each convention."""
    write_csv(axes.judge(rows, drawn, axes.Ends.of(Original(original)), seed, resamples), table)


if __name__ == "__main__":
    run(main, snakemake)
