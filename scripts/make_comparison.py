"""Make the tables of the comparison, and the paragraph that answers the question."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import read_all
from kmeans_convergence.reporting import comparison_tables as report
from kmeans_convergence.reporting.answer import answer, tuned
from kmeans_convergence.reporting.contenders import enlist
from kmeans_convergence.reporting.text import macros, write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    summary: Path, ledger: Path, datasets: Path, tuning: list[Path], own: list[Path], output: dict[str, Path]
) -> None:
    """Write one LaTeX file for each table, and the macros of the answer."""
    enlist(own)
    judged = pd.read_csv(summary)
    texts = {
        "costs": report.final_costs(judged),
        "passes": report.passes(judged),
        "running_times": report.running_times(judged),
        "ledger": report.ledger(pd.read_csv(ledger), r"\caption{\ledgercaption}\label{tab:ledger}"),
        "datasets": report.datasets(pd.read_csv(datasets), r"\caption{\datasetscaption}\label{tab:datasets}"),
        "answer": macros(answer(judged) | tuned(read_all(tuning))),
    }
    for name, path in output.items():
        write(texts[name], path)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            *(Path(snakemake.input[name]) for name in ("summary", "ledger", "datasets")),
            *([Path(path) for path in snakemake.input[name]] for name in ("tuning", "own")),
            output={name: Path(path) for name, path in snakemake.output.items()},
        )
