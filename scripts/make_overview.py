"""Make the numbers that identify a build."""

from pathlib import Path

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.text import macros, write
from kmeans_convergence.studies.overview import show


def main(seed: int, numbers: Path) -> None:
    """Write the macros."""
    write(macros(show.numbers(seed)), numbers)


if __name__ == "__main__":
    run(main, snakemake)
