"""Check each step of the derivation by machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.pipeline.configuration import read_dataset
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.theory.derivation import check_all

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(dataset: str, registry: Path, seed: int, points: int, checks: Path) -> None:
    """Write the table of checks."""
    write_csv(check_all(read_dataset(dataset, registry).X, seed, points), checks)


if __name__ == "__main__":
    main(
        registry=Path(snakemake.input.datasets),
        checks=Path(snakemake.output.checks),
        **snakemake.params,
    )
