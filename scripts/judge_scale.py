"""Hold what passes are worth against what was predicted."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.statistics.predictions import read_predictions, score
from kmeans_convergence.studies.scale import analysis


def main(
    sources: pd.DataFrame,
    modes: pd.DataFrame,
    excess: pd.DataFrame,
    passes: pd.DataFrame,
    predictions: Path,
    seed: int,
    resamples: int,
    outputs: dict[str, Path],
) -> None:
    """Write how well theory and measurement agree, the passes that are of use, and the verdicts."""
    agreement = analysis.agreement(sources, modes, excess, passes, seed, resamples)
    useful = analysis.useful_passes(modes, passes)
    findings = analysis.Findings(agreement, useful, analysis.theories(sources, modes), seed, resamples)
    write_csv(agreement, outputs["agreement"])
    write_csv(useful, outputs["useful"])
    stated = read_predictions(predictions, analysis.STATISTICS)
    write_csv(score(stated, analysis.STATISTICS, findings), outputs["verdicts"])


if __name__ == "__main__":
    run(main, snakemake)
