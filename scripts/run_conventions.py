"""Run batch K-means to the end under every convention, for one variant of the data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.experiments.conventions import limits
from kmeans_convergence.pipeline.configuration import Config, read_dataset
from kmeans_convergence.pipeline.tables import write_array, write_csv

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(variant: str, conventions: Config, seed: int, registry: Path, combinations: Path, ends: Path) -> None:
    """Write the combinations and where each of their runs ends."""
    dataset = read_dataset(variant, registry)
    table, costs = limits(dataset, seed, conventions["runs"], conventions["prototypes"], conventions["starts"])
    write_csv(table, combinations)
    write_array(costs, ends)


if __name__ == "__main__":
    main(
        variant=snakemake.wildcards.variant,
        registry=Path(snakemake.input.datasets),
        combinations=Path(snakemake.output.combinations),
        ends=Path(snakemake.output.ends),
        **snakemake.params,
    )
