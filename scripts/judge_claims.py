"""Decide each reported statement on the traces of one convention."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.statistics.runs import Runs
from kmeans_convergence.studies.replication.analysis import predicates as claims
from kmeans_convergence.studies.replication.analysis.original import Original

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(trace: Path, limits: Path, original: Path, seed: int, resamples: int, table: Path) -> None:
    """Write one row for each statement."""
    write_csv(claims.judge(Runs.read(trace, limits), Original(original), seed, resamples), table)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            trace=Path(snakemake.input.trace),
            limits=Path(snakemake.input.limits),
            original=Path(snakemake.input.original),
            table=Path(snakemake.output.claims),
            **snakemake.params,
        )
