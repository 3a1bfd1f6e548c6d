"""Judge the claims about the breakdown of mixtures, and sum the experiments up."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.statistics.ledger import judge, read_claims
from kmeans_convergence.studies.breakdown.analysis import summary
from kmeans_convergence.studies.breakdown.analysis.evidence import Evidence
from kmeans_convergence.studies.breakdown.analysis.predicates import PREDICATES


def main(claims: Path, inputs: dict[str, pd.DataFrame], seed: int, resamples: int, outputs: dict[str, Path]) -> None:
    """Write what is averaged over data sets, and the ledger of claims."""
    evidence = Evidence(seed, resamples, **inputs)
    write_csv(summary.shares(evidence), outputs["shares"])
    write_csv(summary.passes(evidence), outputs["passes"])
    write_csv(summary.compare(evidence, evidence.remedies), outputs["compared"])
    write_csv(judge(read_claims(claims, PREDICATES), PREDICATES, evidence), outputs["ledger"])


if __name__ == "__main__":
    run(main, snakemake)
