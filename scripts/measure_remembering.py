"""Measure runs of optimizers with and without remembering passes, on one shape."""

from pathlib import Path

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.performance.run import measuring
from kmeans_convergence.studies.performance.run.alone import alone


def main(shape: str, seed: int, share: float, rounds: int, threads: int, remembering: Path) -> None:
    """Write the table, measured in a fresh process."""
    write_csv(alone(measuring.remember, threads, shape, seed, share, rounds), remembering)


if __name__ == "__main__":
    run(main, snakemake)
