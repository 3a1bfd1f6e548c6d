"""Measure what a constant on the diagonal of covariances costs, in other units and on other features."""

from pathlib import Path

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.breakdown.run.constant import measure


def main(breakdown: Config, seed: int, constant: Path) -> None:
    """Write the loss of likelihood of each method."""
    write_csv(measure(seed, breakdown["sets"]), constant)


if __name__ == "__main__":
    run(main, snakemake)
