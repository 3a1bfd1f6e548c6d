"""Run all optimizers on one data set, from the same starts."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.data.summary import describe
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.comparison.run.comparison import Protocol, compare, compared
from kmeans_convergence.studies.comparison.run.overlap import overlap


def main(dataset: Description, comparison: Config, seed: int, outputs: dict[str, Path]) -> None:
    """Write runs, curves, settings tuned, and what the data set is like."""
    protocol = Protocol.of(comparison, dataset["name"], seed)
    patterns = read(dataset, rows=protocol.rows, root_seed=seed)
    for note in patterns.notes:
        print(note)
    tables = compare(patterns, protocol, comparison["optimizers"])._asdict()
    about = describe(compared(patterns, protocol.sizes)) | {"overlap": overlap(patterns, seed)}
    tables["dataset"] = pd.DataFrame([about])
    for name, path in outputs.items():
        write_csv(tables[name], path)


if __name__ == "__main__":
    run(main, snakemake)
