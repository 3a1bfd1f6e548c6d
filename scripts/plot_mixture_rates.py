"""Draw the rate of EM."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.mixtures.show import rates


def main(
    separations: pd.DataFrame,
    datasets: pd.DataFrame,
    parameters: pd.DataFrame,
    deviations: pd.DataFrame,
    predicted: list[Path],
    limit: list[Path],
) -> None:
    """Write both figures."""
    save(rates.predicted(separations, datasets, parameters), *predicted)
    save(rates.limit(deviations), *limit)


if __name__ == "__main__":
    run(main, snakemake)
