"""Measure one shape: Lloyd to the end by all methods, single passes, and memory."""

from pathlib import Path

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.performance.run import measuring
from kmeans_convergence.studies.performance.run.alone import alone


def main(shape: str, seed: int, share: float, rounds: int, threads: int, outputs: dict[str, Path]) -> None:
    """Write the tables of a shape; each is measured in a fresh process."""
    write_csv(alone(measuring.compare, threads, shape, seed, share, rounds, threads), outputs["runs"])
    write_csv(alone(measuring.single_passes, threads, shape, seed, share, threads), outputs["passes"])
    write_csv(alone(measuring.profile, 1, shape, seed, share), outputs["profile"])
    write_csv(measuring.memory(shape, seed, share, threads), outputs["memory"])


if __name__ == "__main__":
    run(main, snakemake)
