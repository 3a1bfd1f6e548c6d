"""Measure the rate of SMACOF, and where one eigendecomposition is the answer."""

from pathlib import Path

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.embeddings.run.one_step import recover
from kmeans_convergence.studies.embeddings.run.rates import rates as measure
from kmeans_convergence.studies.embeddings.run.sets import embedded


def main(datasets: list[Description], embeddings: Config, seed: int, rates: Path, one_step: Path) -> None:
    """Write predicted and measured rates, and how well distances with errors are recovered."""
    rows, made = embeddings["rows"], embeddings["made"]
    sets = embedded([read(dataset, rows=rows, root_seed=seed) for dataset in datasets], made, rows, seed)
    write_csv(measure(sets, seed), rates)
    write_csv(recover(rows, seed, embeddings["minima_starts"]), one_step)


if __name__ == "__main__":
    run(main, snakemake)
