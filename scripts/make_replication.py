"""Make the tables and numbers of the replication."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.report.text import macros, write
from kmeans_convergence.statistics.runs import Runs
from kmeans_convergence.studies.replication.analysis.original import Original
from kmeans_convergence.studies.replication.analysis.predicates import read_claims
from kmeans_convergence.studies.replication.show import tables
from kmeans_convergence.studies.replication.show.numbers import collect


def main(
    inputs: dict[str, pd.DataFrame],
    claims: Path,
    original: Path,
    dataset: Description,
    settings: Config,
    outputs: dict[str, Path],
) -> None:
    """Write one LaTeX file for each table, and the macros."""
    runs, paper = Runs.of(inputs["trace"], inputs["ends"]), Original(original)
    texts = {
        "verdicts": tables.verdicts(inputs["ledger"]),
        "limits": tables.limits(inputs["limits"]),
        "certainty": tables.certainty(inputs["certainty"]),
        "conventions": tables.conventions(inputs["axes"]),
        "readings": tables.readings(read_claims(claims, paper)),
        "numbers": macros(collect(settings, read(dataset), paper, runs, inputs)),
    }
    for name, path in outputs.items():
        write(texts[name], path)


if __name__ == "__main__":
    run(main, snakemake)
