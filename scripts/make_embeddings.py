"""Make the tables and the numbers of the section on maps."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.text import macros, write
from kmeans_convergence.studies.embeddings.show import tables


def main(
    summary: pd.DataFrame,
    agreement: pd.DataFrame,
    sets: pd.DataFrame,
    objectives: pd.DataFrame,
    ledger: pd.DataFrame,
    one_step: pd.DataFrame,
    measures: pd.DataFrame,
    outputs: dict[str, Path],
) -> None:
    """Write one LaTeX file for each table, and the macros."""
    texts = {
        "main": tables.main_table(summary),
        "maps": tables.sets(sets),
        "sentence": tables.objectives(objectives),
        "claims": tables.ledger(ledger),
        "numbers": macros(tables.numbers(summary, sets, agreement, one_step, measures)),
    }
    for name, path in outputs.items():
        write(texts[name], path)


if __name__ == "__main__":
    run(main, snakemake)
