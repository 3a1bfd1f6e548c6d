"""Make the tables and the numbers of the section on the breakdown of mixtures."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.text import macros, write
from kmeans_convergence.studies.breakdown import show


def main(
    ledger: pd.DataFrame,
    shares: pd.DataFrame,
    passes: pd.DataFrame,
    compared: pd.DataFrame,
    sets: pd.DataFrame,
    traces: pd.DataFrame,
    digits: pd.DataFrame,
    constant: pd.DataFrame,
    embedded: pd.DataFrame,
    tabulated: pd.DataFrame,
    outputs: dict[str, Path],
) -> None:
    """Write one file for each table, and the macros."""
    texts = {
        "claims": show.ledger(ledger),
        "remedies": show.remedies_table(compared),
        "embeddings": show.embeddings_table(embedded),
        "collapses": show.shares_table(shares),
        "conditioned": show.passes_table(passes),
        "indices": show.indices_table(tabulated),
        "numbers": macros(show.numbers(ledger, shares, sets, traces, digits, passes, constant, compared, tabulated)),
    }
    for name, path in outputs.items():
        write(texts[name], path)


if __name__ == "__main__":
    run(main, snakemake)
