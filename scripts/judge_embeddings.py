"""Judge optimizers of maps, the rates, the maps themselves, and each claim about them."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.statistics import ledger
from kmeans_convergence.studies.embeddings.analysis import summary
from kmeans_convergence.studies.embeddings.analysis.evidence import Evidence
from kmeans_convergence.studies.embeddings.analysis.predicates import PREDICATES


def main(
    runs: pd.DataFrame,
    tuning: pd.DataFrame,
    rates: pd.DataFrame,
    minima: pd.DataFrame,
    measures: pd.DataFrame,
    one_step: pd.DataFrame,
    claims: Path,
    seed: int,
    resamples: int,
    outputs: dict[str, Path],
) -> None:
    """Write the summary, the agreement of rates, the sets and the ledger."""
    evidence = Evidence(runs, tuning, rates, minima, measures, one_step, seed, resamples)
    write_csv(summary.summarize(evidence), outputs["summary"])
    write_csv(summary.agreement(rates, seed, resamples), outputs["agreement"])
    write_csv(summary.maps(measures, minima, runs), outputs["sets"])
    write_csv(ledger.judge(ledger.read_claims(claims, PREDICATES), PREDICATES, evidence), outputs["ledger"])


if __name__ == "__main__":
    run(main, snakemake)
