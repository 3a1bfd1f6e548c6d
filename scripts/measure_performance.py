"""Measure one shape: Lloyd to the end by all methods, single passes, and memory."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.performance.run import measuring
from kmeans_convergence.studies.performance.run.alone import alone

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(shape: str, seed: int, share: float, rounds: int, threads: int, output: dict[str, Path]) -> None:
    """Write the tables of a shape; each is measured in a fresh process."""
    write_csv(alone(measuring.compare, threads, shape, seed, share, rounds, threads), output["runs"])
    write_csv(alone(measuring.single_passes, threads, shape, seed, share, threads), output["passes"])
    write_csv(alone(measuring.profile, 1, shape, seed, share), output["profile"])
    write_csv(measuring.memory(shape, seed, share, threads), output["memory"])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            shape=snakemake.wildcards.shape,
            output={name: Path(path) for name, path in snakemake.output.items()},
            **snakemake.params,
        )
