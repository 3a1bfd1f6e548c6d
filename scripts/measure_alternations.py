"""Measure how the steps of alternation and Newton's method compare on the examples of the theorem."""

from pathlib import Path

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.theory.alternations.measuring import from_starts, near_ends


def main(seed: int, steps: Path, near: Path) -> None:
    """Write one row for each start, and one for each distance from the ends."""
    write_csv(from_starts(seed), steps)
    write_csv(near_ends(seed), near)


if __name__ == "__main__":
    run(main, snakemake)
