"""Judge the optimizers on mixtures, and the claims about them."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.statistics import ledger
from kmeans_convergence.studies.mixtures.analysis import comparison
from kmeans_convergence.studies.mixtures.analysis.evidence import Evidence
from kmeans_convergence.studies.mixtures.analysis.predicates import PREDICATES


def main(
    runs: pd.DataFrame,
    tuning: pd.DataFrame,
    rates: pd.DataFrame,
    claims: Path,
    seed: int,
    resamples: int,
    outputs: dict[str, Path],
) -> None:
    """Write the summary of all optimizers, and the ledger of claims."""
    evidence = Evidence(runs, tuning, rates, seed, resamples)
    write_csv(comparison.summarize(evidence), outputs["summary"])
    write_csv(ledger.judge(ledger.read_claims(claims, PREDICATES), PREDICATES, evidence), outputs["ledger"])


if __name__ == "__main__":
    run(main, snakemake)
