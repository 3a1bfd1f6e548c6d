"""Give each reported statement its verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.analysis import verdicts
from kmeans_convergence.analysis.original import Original
from kmeans_convergence.pipeline.configuration import Config, read_dataset
from kmeans_convergence.pipeline.tables import write_csv

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    described: Path,
    candidate: Path,
    conventions: Path,
    original: Path,
    registry: Path,
    experiment: Config,
    features: list[str],
    table: Path,
) -> None:
    """Write the verdicts; as described means all features and the factor 1/2 of equation (1)."""
    tried = pd.read_csv(conventions)
    dataset = read_dataset(experiment["dataset"], registry)
    here = verdicts.pick(tried, dataset.name, list(dataset.features), experiment["prototypes"])
    here = here[here["half"] & (here["unit"] == dataset.unit)].iloc[0]
    there = verdicts.pick(tried, dataset.name, features, experiment["prototypes"]).iloc[0]
    claims = pd.read_csv(described), pd.read_csv(candidate)
    write_csv(verdicts.combine(*claims, here, there, Original(original)), table)


if __name__ == "__main__":
    main(
        **{name: Path(snakemake.input[name]) for name in ("described", "candidate", "conventions", "original")},
        registry=Path(snakemake.input.datasets),
        table=Path(snakemake.output.verdicts),
        **snakemake.params,
    )
