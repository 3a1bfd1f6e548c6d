"""Say how well predicted rates of convergence agree with measured ones."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.rates.analysis import contraction


def main(rates: pd.DataFrame, seed: int, resamples: int, agreement: Path) -> None:
    """Write correlations over families."""
    write_csv(contraction.agreement(rates, seed, resamples), agreement)


if __name__ == "__main__":
    run(main, snakemake)
