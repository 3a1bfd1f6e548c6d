"""Run some optimizers on samples of the same data sets that differ in their size alone."""

from pathlib import Path

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.comparison.run.size import grow


def main(datasets: list[Description], samples: Config, seed: int, runs: Path) -> None:
    """Write all runs."""
    sets = [read(dataset, rows=max(samples["patterns"]), root_seed=seed) for dataset in datasets]
    write_csv(grow(sets, seed, samples["patterns"], samples["starts"], samples["passes"]), runs)


if __name__ == "__main__":
    run(main, snakemake)
