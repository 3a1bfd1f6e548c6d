"""Draw and tabulate the methods that make batch K-means faster."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.reporting import acceleration
from kmeans_convergence.reporting.style import save
from kmeans_convergence.reporting.text import write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(results: dict[str, Path], figure: list[Path], tables: dict[str, Path]) -> None:
    """Write the figure and one LaTeX file for each table."""
    problems, summary, goals = (pd.read_csv(results[name]) for name in ("problems", "summary", "goals"))
    save(acceleration.against_lloyd(problems), *figure)
    write(acceleration.ratios(summary), tables["ratios"])
    write(acceleration.goals(goals), tables["goals"])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            {name: Path(snakemake.input[name]) for name in ("problems", "summary", "goals")},
            [Path(path) for path in snakemake.output.figure],
            {name: Path(snakemake.output[name]) for name in ("ratios", "goals")},
        )
