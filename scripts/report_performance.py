"""Make tables and numbers of the performance supplement."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.report.text import macros, write
from kmeans_convergence.studies.performance.show import tables as report

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(threads: int, share: float, results: dict[str, Path], output: dict[str, Path]) -> None:
    """Write one LaTeX file for each table, and the macros."""
    measured = {name: pd.read_csv(path) for name, path in results.items()}
    texts = report.tables(measured) | {"numbers": macros(report.numbers(measured, threads, share))}
    for name, path in output.items():
        write(texts[name], path)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        names = ("runs", "passes", "profile", "memory", "remembering", "verdicts", "growth", "machine")
        main(
            results={name: Path(snakemake.input[name]) for name in names},
            output={name: Path(path) for name, path in snakemake.output.items()},
            **snakemake.params,
        )
