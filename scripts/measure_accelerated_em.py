"""Run EM and its accelerations on overlapping mixtures."""

from pathlib import Path

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.mixtures.run.accelerated_em import measure, mixtures
from kmeans_convergence.studies.replication.run.experiment import Protocol


def main(dataset: Description, experiment: Config, starts: int, seed: int, runs: Path) -> None:
    """Write the passes of each run."""
    protocol = Protocol(seed, experiment["prototypes"], experiment["epochs"], experiment["polish_epochs"])
    write_csv(measure(mixtures(read(dataset), protocol), protocol, starts), runs)


if __name__ == "__main__":
    run(main, snakemake)
