"""Judge what other hard choices say about alternation and gradient."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.statistics import ledger
from kmeans_convergence.studies.choices import analysis


def main(
    runs: pd.DataFrame,
    tuning: pd.DataFrame,
    soft: pd.DataFrame,
    claims: Path,
    seed: int,
    resamples: int,
    outputs: dict[str, Path],
) -> None:
    """Write the summary of all optimizers, and the ledger of claims."""
    choices = analysis.Choices(runs, tuning, soft, seed, resamples)
    write_csv(analysis.summarize(choices), outputs["summary"])
    claimed = ledger.read_claims(claims, analysis.PREDICATES)
    write_csv(ledger.judge(claimed, analysis.PREDICATES, choices), outputs["ledger"])


if __name__ == "__main__":
    run(main, snakemake)
