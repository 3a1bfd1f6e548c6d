"""Hold conventions against the ends of the axes of the paper's first figure."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.replication.analysis import axes
from kmeans_convergence.studies.replication.analysis.original import Original

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(rows: Path, drawn: Path, original: Path, seed: int, resamples: int, table: Path) -> None:
    """Write one row for each convention."""
    ends = axes.Ends.of(Original(original))
    write_csv(axes.judge(pd.read_csv(rows), np.load(drawn), ends, seed, resamples), table)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            rows=Path(snakemake.input.rows),
            drawn=Path(snakemake.input.drawn),
            original=Path(snakemake.input.original),
            table=Path(snakemake.output.table),
            **snakemake.params,
        )
