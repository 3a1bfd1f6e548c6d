"""Count the steps of alternations with other hard choices against the size of the sample."""

from pathlib import Path

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.choices.run.growth import grow


def main(largest: int, starts: int, seed: int, steps: Path) -> None:
    """Write the steps of each run."""
    write_csv(grow(seed, largest, starts), steps)


if __name__ == "__main__":
    run(main, snakemake)
