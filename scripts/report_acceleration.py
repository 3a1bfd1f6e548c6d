"""Judge, draw and tabulate the methods that make batch K-means faster."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.analysis import paired
from kmeans_convergence.analysis.acceleration import METHOD, judge, problems
from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import read_all, write_csv
from kmeans_convergence.reporting import acceleration
from kmeans_convergence.reporting.style import save
from kmeans_convergence.reporting.text import write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(results: list[Path], compared: list[Path], seed: int, resamples: int, output: dict[str, list[Path]]) -> None:
    """Write the verdicts, the figure and one LaTeX file for each table; `results`: problems, summary."""
    table, summary = (pd.read_csv(path) for path in results)
    runs = read_all(compared)
    runs = runs[runs["budget"] == paired.main_budget(runs)]
    wide = runs[runs["optimizer"].isin((paired.REFERENCE, METHOD))]
    goals = judge(table, problems(wide, RELATIVE), seed, resamples)
    write_csv(goals, output["judged"][0])
    save(acceleration.against_lloyd(table), *output["figure"])
    write(acceleration.ratios(summary), output["ratios"][0])
    write(acceleration.goals(goals), output["goals"][0])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            [Path(snakemake.input.problems), Path(snakemake.input.summary)],
            [Path(path) for path in snakemake.input.compared],
            output={name: [Path(path) for path in paths] for name, paths in snakemake.output.items()},
            **snakemake.params,
        )
