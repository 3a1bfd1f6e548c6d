"""Give each reported statement its verdict."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.replication.analysis import chosen as verdicts
from kmeans_convergence.studies.replication.analysis.original import Original

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(tables: list[Path], original: Path, dataset: Description, features: list[str], K: int, verdict: Path) -> None:
    """Write the verdicts, as described and under the candidate convention."""
    described, candidate, conventions = map(pd.read_csv, tables)
    data = read(dataset)
    here = verdicts.as_described(conventions, data, K)
    there = verdicts.likeliest(conventions, data.select(tuple(features)), K)
    write_csv(verdicts.combine(described, candidate, here, there, Original(original)), verdict)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            [Path(snakemake.input[name]) for name in ("described", "candidate", "conventions")],
            original=Path(snakemake.input.original),
            verdict=Path(snakemake.output.verdicts),
            **snakemake.params,
        )
