"""Make the tables and numbers of rates, noise and acceleration."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.report.text import macros, write
from kmeans_convergence.studies.rates.show import acceleration as accelerated
from kmeans_convergence.studies.rates.show import contraction, noise


def main(
    rates: pd.DataFrame,
    excess: pd.DataFrame,
    scatter: pd.DataFrame,
    summary: pd.DataFrame,
    goals: pd.DataFrame,
    acceleration: Config,
    outputs: dict[str, Path],
) -> None:
    """Write one LaTeX file for each table, and the macros; `rates` and `scatter` say how well predictions agree."""
    texts = {
        "contraction_agreement": contraction.agreements(rates),
        "noise_agreement": noise.table(scatter),
        "acceleration_ratios": accelerated.ratios(summary),
        "acceleration_goals": accelerated.goals(goals),
        "numbers": macros(accelerated.settings(acceleration) | noise.numbers(excess, scatter)),
    }
    for name, path in outputs.items():
        write(texts[name], path)


if __name__ == "__main__":
    run(main, snakemake)
