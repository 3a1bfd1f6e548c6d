"""Run the user's own optimizers on one data set, from the starts that the others had."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.comparison.run.comparison import Protocol, compare
from kmeans_convergence.studies.comparison.run.contenders import enlist


def main(
    own: Path, others: pd.DataFrame, dataset: Description, comparison: Config, seed: int, outputs: dict[str, Path]
) -> None:
    """Write runs, curves and settings tuned; the best known cost is that of the other optimizers."""
    protocol = Protocol.of(comparison, dataset["name"], seed)
    patterns = read(dataset, rows=protocol.rows, root_seed=seed)
    best = others.groupby("clusters")["limit"].min().to_dict()
    tables = compare(patterns, protocol, enlist(own), best=best)._asdict()
    for name, path in outputs.items():
        write_csv(tables[name], path)


if __name__ == "__main__":
    run(main, snakemake)
