"""Judge the comparison: how good and how fast each optimizer is, and what is to be said of every claim."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.statistics import ledger
from kmeans_convergence.studies.comparison.analysis import methods, size, summary
from kmeans_convergence.studies.comparison.analysis.evidence import Evidence
from kmeans_convergence.studies.comparison.analysis.predicates import PREDICATES


def main(
    runs: pd.DataFrame,
    datasets: pd.DataFrame,
    tuning: pd.DataFrame,
    derivation: pd.DataFrame,
    first_steps: pd.DataFrame,
    kmeans_start: pd.DataFrame,
    thresholds: pd.DataFrame,
    samples: pd.DataFrame,
    claims: Path,
    seed: int,
    resamples: int,
    outputs: dict[str, Path],
) -> None:
    """Write the summary of all optimizers, what is robust about each, what size does, and the ledger of claims."""
    evidence = Evidence(
        RELATIVE, runs, datasets, seed, resamples, tuning, derivation, samples, first_steps, kmeans_start, thresholds
    )
    write_csv(summary.summarize(evidence), outputs["summary"])
    write_csv(methods.judge(evidence), outputs["methods"])
    write_csv(size.summarize(samples, seed, resamples), outputs["size"])
    write_csv(ledger.judge(ledger.read_claims(claims, PREDICATES), PREDICATES, evidence), outputs["ledger"])


if __name__ == "__main__":
    run(main, snakemake)
