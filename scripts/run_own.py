"""Run the user's own optimizers on one data set, from the starts that the others had."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.comparison.run.comparison import Protocol, compare
from kmeans_convergence.studies.comparison.run.contenders import enlist

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(own: Path, runs: Path, dataset: Description, comparison: Config, seed: int, output: dict[str, Path]) -> None:
    """Write runs, curves and settings tuned; the best known cost is that of the other optimizers."""
    protocol = Protocol.of(comparison, dataset["name"], seed)
    patterns = read(dataset, rows=protocol.rows, root_seed=seed)
    best = pd.read_csv(runs).groupby("clusters")["limit"].min().to_dict()
    tables = compare(patterns, protocol, enlist(own), best=best)._asdict()
    for name, path in output.items():
        write_csv(tables[name], path)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.own),
            Path(snakemake.input.runs),
            output={name: Path(path) for name, path in snakemake.output.items()},
            **snakemake.params,
        )
