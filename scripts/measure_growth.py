"""Measure how the cost of a pass grows, and describe the machine."""

from pathlib import Path

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.performance.run import machine as here
from kmeans_convergence.studies.performance.run import measuring
from kmeans_convergence.studies.performance.run.alone import alone


def main(seed: int, share: float, threads: int, growth: Path, machine: Path) -> None:
    """Write both tables; each is made in a fresh process."""
    write_csv(alone(here.describe, threads, threads), machine)
    write_csv(alone(measuring.growth, threads, seed, share), growth)


if __name__ == "__main__":
    run(main, snakemake)
