"""Measure what the conditioning of the data costs gradient methods, beside EM."""

from pathlib import Path

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.breakdown.run.conditioned import measure


def main(breakdown: Config, seed: int, conditioned: Path) -> None:
    """Write the passes of each run."""
    write_csv(measure(seed, breakdown["sets"], breakdown["runs"], breakdown["passes"]), conditioned)


if __name__ == "__main__":
    run(main, snakemake)
