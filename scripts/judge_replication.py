"""Give each reported statement its verdict, as described and under the candidate convention."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.statistics.ledger import judge
from kmeans_convergence.statistics.runs import Runs
from kmeans_convergence.studies.replication.analysis.chosen import as_described, likeliest
from kmeans_convergence.studies.replication.analysis.evidence import Evidence
from kmeans_convergence.studies.replication.analysis.original import Original
from kmeans_convergence.studies.replication.analysis.predicates import PREDICATES, read_claims


def main(
    described: list[Path],
    candidate: list[Path],
    conventions: pd.DataFrame,
    claims: Path,
    original: Path,
    dataset: Description,
    features: list[str],
    K: int,
    seed: int,
    resamples: int,
    ledger: Path,
) -> None:
    """Write the ledger; `described` and `candidate` are traces and limits."""
    data, reported = read(dataset), Original(original)
    runs = {"described": Runs.read(*described), "candidate": Runs.read(*candidate)}
    rows = {
        "described": as_described(conventions, data, K),
        "candidate": likeliest(conventions, data.select(tuple(features)), K),
    }
    evidence = Evidence(runs, rows, reported, seed, resamples)
    write_csv(judge(read_claims(claims, reported), PREDICATES, evidence), ledger)


if __name__ == "__main__":
    run(main, snakemake)
