"""Hold the predictions against what the fresh data sets say."""

import json
from pathlib import Path

import pandas as pd

from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.data import Description
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.provenance import provenance as provenance_of
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.report.text import write
from kmeans_convergence.studies.comparison.analysis.evidence import Evidence
from kmeans_convergence.studies.comparison.analysis.summary import summarize
from kmeans_convergence.studies.confirmation.analysis import Fresh, read_predictions, score


def main(
    runs: pd.DataFrame,
    tuning: pd.DataFrame,
    sets: pd.DataFrame,
    accelerated: pd.DataFrame,
    rates: pd.DataFrame,
    excess: pd.DataFrame,
    commit: Path,
    predictions: Path,
    datasets: list[Description],
    seed: int,
    resamples: int,
    outputs: dict[str, Path],
) -> None:
    """Write the scores, the table of all optimizers, and where they come from."""
    evidence = Evidence(RELATIVE, runs, sets, seed, resamples, tuning)
    fresh = Fresh(evidence, accelerated, rates, excess)
    write_csv(score(read_predictions(predictions), fresh), outputs["scores"])
    write_csv(summarize(evidence), outputs["summary"])
    about = provenance_of(commit.read_text().strip(), predictions, datasets)
    write(json.dumps(about, indent=2) + "\n", outputs["provenance"])


if __name__ == "__main__":
    run(main, snakemake)
