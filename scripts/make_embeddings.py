"""Make the tables and the numbers of the section on maps."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.report.text import macros, write
from kmeans_convergence.studies.embeddings.show import tables


def main(
    summary: pd.DataFrame,
    agreement: pd.DataFrame,
    sets: pd.DataFrame,
    ledger: pd.DataFrame,
    one_step: pd.DataFrame,
    measures: pd.DataFrame,
    embeddings: Config,
    outputs: dict[str, Path],
) -> None:
    """Write one LaTeX file for each table, and the macros."""
    numbers = tables.numbers(summary, sets, agreement, one_step, measures, ledger) | tables.settings(embeddings)
    texts = {
        "main": tables.main_table(summary),
        "maps": tables.sets(sets),
        "claims": tables.ledger(ledger),
        "numbers": macros(numbers),
    }
    for name, path in outputs.items():
        write(texts[name], path)


if __name__ == "__main__":
    run(main, snakemake)
