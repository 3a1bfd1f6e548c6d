"""Compare methods that make batch K-means faster with it, and judge the goals of one of them."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.data import Description
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.statistics import paired
from kmeans_convergence.studies.rates.analysis import acceleration


def main(
    runs: pd.DataFrame,
    compared: pd.DataFrame,
    datasets: list[Description],
    seed: int,
    resamples: int,
    problems: Path,
    summary: Path,
    goals: Path,
) -> None:
    """Write the comparison on each problem, averages, and verdicts on the goals."""
    family = {dataset["name"]: dataset["family"] for dataset in datasets}
    table = acceleration.problems(runs, RELATIVE).assign(family=lambda some: some["dataset"].map(family))
    compared = compared[compared["budget"] == paired.main_budget(compared)]
    wide = compared[compared["optimizer"].isin((paired.REFERENCE, acceleration.METHOD))]
    write_csv(table, problems)
    write_csv(acceleration.summarize(table, seed, resamples), summary)
    write_csv(acceleration.judge(table, acceleration.problems(wide, RELATIVE), seed, resamples), goals)


if __name__ == "__main__":
    run(main, snakemake)
