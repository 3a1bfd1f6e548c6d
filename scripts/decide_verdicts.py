"""Give each reported statement its verdict."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.analysis import verdicts
from kmeans_convergence.analysis.original import Original
from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    described: Path,
    candidate: Path,
    conventions: Path,
    original: Path,
    dataset: Description,
    features: list[str],
    prototypes: int,
    table: Path,
) -> None:
    """Write the verdicts."""
    tried = pd.read_csv(conventions)
    data = read(dataset)
    here = verdicts.as_described(tried, data, prototypes)
    there = verdicts.likeliest(tried, data.select(tuple(features)), prototypes)
    claims = pd.read_csv(described), pd.read_csv(candidate)
    write_csv(verdicts.combine(*claims, here, there, Original(original)), table)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            **{name: Path(snakemake.input[name]) for name in ("described", "candidate", "conventions", "original")},
            table=Path(snakemake.output.verdicts),
            **snakemake.params,
        )
