"""Run batch K-means to the end under every convention, for one variant of the data."""

from pathlib import Path

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_array, write_csv
from kmeans_convergence.studies.replication.run.conventions import limits


def main(dataset: Description, conventions: Config, seed: int, combinations: Path, ends: Path) -> None:
    """Write the combinations and where each of their runs ends."""
    table, costs = limits(read(dataset), seed, conventions["runs"], conventions["prototypes"], conventions["starts"])
    write_csv(table, combinations)
    write_array(costs, ends)


if __name__ == "__main__":
    run(main, snakemake)
