"""Search the initial rate of the gradient methods on starts of its own."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.replication.analysis.rate_search import curve
from kmeans_convergence.studies.replication.run.experiment import Protocol
from kmeans_convergence.studies.replication.run.rate_search import RateGrid, search

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(dataset: Description, experiment: Config, rate_search: Config, seed: int, resamples: int, rates: Path) -> None:
    """Write the average residual for each method, schedule and rate."""
    protocol = Protocol(seed, experiment["prototypes"], experiment["epochs"], experiment["polish_epochs"])
    grid = RateGrid(rate_search["smallest"], rate_search["largest"], rate_search["points"])
    runs = search(read(dataset), protocol, grid, rate_search["runs"])
    write_csv(curve(runs, seed, resamples), rates)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            rates=Path(snakemake.output.rates),
            **snakemake.params,
        )
