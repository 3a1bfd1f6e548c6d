"""Run methods that make batch K-means faster on larger samples."""

from pathlib import Path

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.rates.run.acceleration import accelerate


def main(datasets: list[Description], acceleration: Config, seed: int, runs: Path) -> None:
    """Write all runs."""
    sets = [read(dataset, rows=acceleration["rows"], root_seed=seed) for dataset in datasets]
    write_csv(accelerate(sets, seed, acceleration["passes"], acceleration["starts"]), runs)


if __name__ == "__main__":
    run(main, snakemake)
