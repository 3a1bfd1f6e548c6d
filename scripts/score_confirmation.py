"""Hold the predictions against what the fresh data sets say."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.analysis.evidence import Evidence
from kmeans_convergence.analysis.predictions import Fresh, read_predictions, score
from kmeans_convergence.analysis.summary import summarize
from kmeans_convergence.data import Description
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.provenance import provenance
from kmeans_convergence.pipeline.tables import read_all, write_csv
from kmeans_convergence.reporting.text import write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


# All but the last two are tables.
FILES = ("runs", "tuning", "datasets", "accelerated", "rates", "excess", "commit", "predictions")


def main(files: list[list[Path]], datasets: list[Description], seed: int, resamples: int, output: list[Path]) -> None:
    """Write the scores, the table of all optimizers, and where they come from."""
    *tables, (commit,), (predictions,) = files
    runs, tuning, sets, accelerated, rates, excess = map(read_all, tables)
    evidence = Evidence(runs, sets, seed, resamples, tuning)
    scores, summary, origin = output
    write_csv(score(read_predictions(predictions), Fresh(evidence, accelerated, rates, excess)), scores)
    write_csv(summarize(evidence), summary)
    write(json.dumps(provenance(commit.read_text().strip(), predictions, datasets), indent=2) + "\n", origin)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        files = [[Path(path) for path in snakemake.input[name]] for name in FILES]
        main(files, output=[Path(path) for path in snakemake.output], **snakemake.params)
