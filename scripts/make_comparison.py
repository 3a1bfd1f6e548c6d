"""Make the tables of the comparison, the paragraph that answers the question, and the numbers of the prose."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.history import read_history
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.report.text import caption, macros, write
from kmeans_convergence.studies.comparison.show import answer, first_steps, numbers, tables
from kmeans_convergence.studies.comparison.show import history as protocol
from kmeans_convergence.studies.comparison.show.labels import enlist


def main(
    summary: pd.DataFrame,
    methods: pd.DataFrame,
    ledger: pd.DataFrame,
    datasets: pd.DataFrame,
    tuning: pd.DataFrame,
    steps: pd.DataFrame,
    history: Path,
    own: list[Path],
    comparison: Config,
    outputs: dict[str, Path],
) -> None:
    """Write one LaTeX file for each table, and the macros."""
    enlist(own)
    texts = tables.everything(summary, ledger, datasets) | {
        "history": protocol.history(read_history(history), caption("history"))
    }
    texts["answer"] = macros(answer.answer(ledger, methods, summary, datasets) | answer.tuned(tuning))
    texts["numbers"] = macros(numbers.settings(comparison) | first_steps.numbers(steps))
    for name, path in outputs.items():
        write(texts[name], path)


if __name__ == "__main__":
    run(main, snakemake)
