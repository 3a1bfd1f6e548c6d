"""Count Lloyd's steps against the size of a sample, and predict them."""

from pathlib import Path

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.rates.run import contraction


def main(large: list[Description], seed: int, largest: int, growth: Path) -> None:
    """Write medians for samples of densities and of large data sets."""
    whole = [read(dataset) for dataset in large]
    whole += [contraction.unrounded(dataset, seed) for dataset in whole[:1]]
    write_csv(contraction.growth(seed, whole, largest), growth)


if __name__ == "__main__":
    run(main, snakemake)
