"""Make tables and numbers of the performance supplement."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.text import macros, write
from kmeans_convergence.studies.performance.show import tables


def main(threads: int, share: float, inputs: dict[str, pd.DataFrame], outputs: dict[str, Path]) -> None:
    """Write one LaTeX file for each table, and the macros."""
    texts = tables.tables(inputs) | {"numbers": macros(tables.numbers(inputs, threads, share))}
    for name, path in outputs.items():
        write(texts[name], path)


if __name__ == "__main__":
    run(main, snakemake)
