"""Measure runs of optimizers with and without remembering passes, on one shape."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.performance.run import measuring
from kmeans_convergence.studies.performance.run.alone import alone

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(shape: str, seed: int, share: float, rounds: int, threads: int, output: Path) -> None:
    """Write the table, measured in a fresh process."""
    write_csv(alone(measuring.remember, threads, shape, seed, share, rounds), output)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(shape=snakemake.wildcards.shape, output=Path(snakemake.output.remembering), **snakemake.params)
