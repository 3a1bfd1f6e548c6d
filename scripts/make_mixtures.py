"""Make the tables and the numbers of the prose on mixtures."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.report.text import macros, write
from kmeans_convergence.studies.mixtures.show import comparison, rates, starts


def main(
    datasets: pd.DataFrame,
    parameters: pd.DataFrame,
    accelerated: pd.DataFrame,
    summary: pd.DataFrame,
    ledger: pd.DataFrame,
    tuning: pd.DataFrame,
    starting: pd.DataFrame,
    thresholds: pd.DataFrame,
    mixtures: Config,
    outputs: dict[str, Path],
) -> None:
    """Write the macros, and the tables of accelerations, of all optimizers and of claims."""
    numbers = rates.numbers(datasets) | rates.parameter_numbers(parameters) | rates.accelerated_numbers(accelerated)
    numbers |= comparison.numbers(summary, ledger, tuning, mixtures) | starts.numbers(starting, thresholds)
    texts = {
        "numbers": macros(numbers),
        "accelerated_em": rates.accelerated_em(accelerated),
        "optimizers": comparison.main_table(summary),
        "ledger": comparison.ledger(ledger),
    }
    for name, path in outputs.items():
        write(texts[name], path)


if __name__ == "__main__":
    run(main, snakemake)
