"""Count the digits that EM loses where features are nearly dependent."""

from pathlib import Path

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.breakdown.run.digits import measure


def main(breakdown: Config, seed: int, digits: Path) -> None:
    """Write the digits of each arithmetic at each condition number."""
    write_csv(measure(seed, breakdown["sets"]), digits)


if __name__ == "__main__":
    run(main, snakemake)
