"""Make the tables of the comparison, and the paragraph that answers the question."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import read_all
from kmeans_convergence.report.text import macros, write
from kmeans_convergence.studies.comparison.show import answer
from kmeans_convergence.studies.comparison.show import tables as comparison_tables
from kmeans_convergence.studies.comparison.show.labels import enlist

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(tables: list[Path], tuning: list[Path], own: list[Path], output: dict[str, Path]) -> None:
    """Write one LaTeX file for each table and the macros of the answer; `tables`: summary, methods, ledger, sets."""
    enlist(own)
    summary, methods, ledger, datasets = (pd.read_csv(path) for path in tables)
    texts = comparison_tables.everything(summary, ledger, datasets)
    texts["answer"] = macros(answer.answer(ledger, methods, summary, datasets) | answer.tuned(read_all(tuning)))
    for name, path in output.items():
        write(texts[name], path)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            [Path(snakemake.input[name]) for name in ("summary", "methods", "ledger", "datasets")],
            *([Path(path) for path in snakemake.input[name]] for name in ("tuning", "own")),
            output={name: Path(path) for name, path in snakemake.output.items()},
        )
