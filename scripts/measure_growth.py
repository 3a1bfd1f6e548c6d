"""Measure how the cost of a pass grows, and describe the machine."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.performance.run import machine, measuring
from kmeans_convergence.studies.performance.run.alone import alone

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(seed: int, share: float, threads: int, growth: Path, description: Path) -> None:
    """Write both tables; each is made in a fresh process."""
    write_csv(alone(machine.describe, threads, threads), description)
    write_csv(alone(measuring.growth, threads, seed, share), growth)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            growth=Path(snakemake.output.growth),
            description=Path(snakemake.output.machine),
            **snakemake.params,
        )
