"""Count Lloyd's steps against the size of a sample, and predict them."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.rates.run.contraction import growth, unrounded

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(large: list[Description], seed: int, largest: int, output: Path) -> None:
    """Write medians for samples of densities and of large data sets."""
    whole = [read(dataset) for dataset in large]
    write_csv(growth(seed, [*whole, *(unrounded(dataset, seed) for dataset in whole[:1])], largest), output)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(output=Path(snakemake.output.growth), **snakemake.params)
