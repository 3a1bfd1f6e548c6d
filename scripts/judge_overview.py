"""Put the objectives side by side."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.overview import analysis


def main(
    kmeans: pd.DataFrame,
    mixtures: pd.DataFrame,
    stress: pd.DataFrame,
    kmeans_rates: pd.DataFrame,
    mixture_rates: pd.DataFrame,
    stress_rates: pd.DataFrame,
    passes: int,
    seed: int,
    resamples: int,
    outputs: dict[str, Path],
) -> None:
    """Write the rates of all alternations, and one row for each objective."""
    rates = analysis.rates(kmeans_rates, mixture_rates, stress_rates)
    methods = analysis.methods(kmeans, mixtures, stress, passes)
    write_csv(rates, outputs["rates"])
    write_csv(analysis.objectives(methods, rates, seed, resamples), outputs["objectives"])


if __name__ == "__main__":
    run(main, snakemake)
