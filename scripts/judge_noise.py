"""Say how well the predicted noise of online methods agrees with what was measured."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.rates.analysis import noise


def main(excess: pd.DataFrame, seed: int, resamples: int, agreement: Path) -> None:
    """Write medians, ratios and correlations."""
    write_csv(noise.agreement(excess, seed, resamples), agreement)


if __name__ == "__main__":
    run(main, snakemake)
