"""Search the initial rate of the gradient methods on starts of its own."""

from pathlib import Path

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.replication.run.experiment import Protocol
from kmeans_convergence.studies.replication.run.rate_search import RateGrid, search


def main(dataset: Description, experiment: Config, rate_search: Config, seed: int, runs: Path) -> None:
    """Write where each run ends with each rate."""
    protocol = Protocol(seed, experiment["prototypes"], experiment["epochs"], experiment["polish_epochs"])
    grid = RateGrid(rate_search["smallest"], rate_search["largest"], rate_search["points"])
    write_csv(search(read(dataset), protocol, grid, rate_search["runs"]), runs)


if __name__ == "__main__":
    run(main, snakemake)
