"""Run the experiment of section 5 of the paper under one convention."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.experiments import paper
from kmeans_convergence.optimizers import Rate
from kmeans_convergence.pipeline.configuration import Config, read_dataset
from kmeans_convergence.pipeline.tables import write_csv

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(experiment: Config, features: list[str] | None, seed: int, registry: Path, trace: Path, limits: Path) -> None:
    """Write the trace and where each run ends."""
    dataset = read_dataset(experiment["dataset"], registry)
    protocol = paper.Protocol(seed, experiment["prototypes"], experiment["epochs"], experiment["polish_epochs"])
    tables = paper.run(
        dataset.select(tuple(features)) if features else dataset,
        protocol,
        experiment["optimizers"],
        Rate(experiment["rate"]),
        experiment["runs"],
    )
    for table, path in zip(tables, (trace, limits), strict=True):
        write_csv(table, path)


if __name__ == "__main__":
    main(
        registry=Path(snakemake.input.datasets),
        trace=Path(snakemake.output.trace),
        limits=Path(snakemake.output.limits),
        **snakemake.params,
    )
