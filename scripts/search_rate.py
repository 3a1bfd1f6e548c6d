"""Search the initial rate of the gradient methods on starts of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.analysis.rates import curve
from kmeans_convergence.experiments.paper import Protocol
from kmeans_convergence.experiments.rate_search import RateGrid, search
from kmeans_convergence.pipeline.configuration import Config, read_dataset
from kmeans_convergence.pipeline.tables import write_csv

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(experiment: Config, rate_search: Config, seed: int, resamples: int, registry: Path, rates: Path) -> None:
    """Write the average residual for each method, schedule and rate."""
    protocol = Protocol(seed, experiment["prototypes"], experiment["epochs"], experiment["polish_epochs"])
    grid = RateGrid(rate_search["smallest"], rate_search["largest"], rate_search["points"])
    runs = search(read_dataset(experiment["dataset"], registry), protocol, grid, rate_search["runs"])
    write_csv(curve(runs, seed, resamples), rates)


if __name__ == "__main__":
    main(
        registry=Path(snakemake.input.datasets),
        rates=Path(snakemake.output.rates),
        **snakemake.params,
    )
