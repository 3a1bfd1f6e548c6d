"""Hold accelerations of EM against EM."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.mixtures.analysis.accelerated_em import summarize


def main(runs: pd.DataFrame, summary: Path) -> None:
    """Write medians and intervals."""
    write_csv(summarize(runs), summary)


if __name__ == "__main__":
    run(main, snakemake)
