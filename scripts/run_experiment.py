"""Run the experiment of section 5 of the paper under one convention."""

from pathlib import Path

from kmeans_convergence.data import Description, read
from kmeans_convergence.optimizers import Rate
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.replication.run import experiment as paper


def main(dataset: Description, features: list[str], experiment: Config, seed: int, trace: Path, limits: Path) -> None:
    """Write the trace and where each run ends."""
    protocol = paper.Protocol(seed, experiment["prototypes"], experiment["epochs"], experiment["polish_epochs"])
    data, rate = read(dataset).select(tuple(features)), Rate(experiment["rate"])
    tables = paper.run(data, protocol, experiment["optimizers"], rate, experiment["runs"])
    for table, path in zip(tables, (trace, limits), strict=True):
        write_csv(table, path)


if __name__ == "__main__":
    run(main, snakemake)
