"""Draw where the runs end, as described and under the candidate convention."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.replication.analysis.conventions import Reported
from kmeans_convergence.studies.replication.analysis.original import Original
from kmeans_convergence.studies.replication.show import conventions


def main(described: pd.DataFrame, candidate: pd.DataFrame, original: Path, unit: str, figure: list[Path]) -> None:
    """Write the figure; the reported figures have no factor 1/2 under the candidate."""
    ends = [2 * some.query("optimizer == 'batch_kmeans'")["limit"].to_numpy() for some in (described, candidate)]
    save(conventions.limits(*ends, Reported.of(Original(original)), unit), *figure)


if __name__ == "__main__":
    run(main, snakemake)
