"""Judge every convention by the probability of the reported figures."""

from pathlib import Path

import numpy as np
import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.replication.analysis import axes
from kmeans_convergence.studies.replication.analysis import conventions as analysis
from kmeans_convergence.studies.replication.analysis.chosen import pick
from kmeans_convergence.studies.replication.analysis.original import Original


def main(
    combinations: pd.DataFrame,
    ends: np.ndarray,
    original: Path,
    dataset: Description,
    K: int,
    factors: int,
    seed: int,
    resamples: int,
    outputs: dict[str, Path],
) -> None:
    """Write the table of conventions, what it amounts to, and which of them are tested further."""
    reported = analysis.Reported.of(Original(original))
    judged = analysis.judge(combinations, ends, reported, seed, resamples)
    chance = analysis.chance_agreement(combinations, ends, reported, factors)
    write_csv(judged, outputs["table"])
    write_csv(analysis.summarize(judged, chance), outputs["summary"])
    write_csv(axes.tested(judged, pick(judged, read(dataset), K)), outputs["tested"])


if __name__ == "__main__":
    run(main, snakemake)
