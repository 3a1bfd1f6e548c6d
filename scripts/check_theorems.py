"""Check each theorem of the ledger by machine."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.theory.theorems import check_all

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(dataset: Description, seed: int, points: int, theorems: Path) -> None:
    """Write the table of checks."""
    write_csv(check_all(read(dataset).X, seed, points), theorems)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            theorems=Path(snakemake.output.theorems),
            **snakemake.params,
        )
