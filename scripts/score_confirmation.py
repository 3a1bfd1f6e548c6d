"""Hold the predictions against what the fresh data sets say."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.analysis.evidence import Evidence
from kmeans_convergence.analysis.predictions import Fresh, read_predictions, score
from kmeans_convergence.analysis.summary import summarize
from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.data import Description
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.provenance import provenance
from kmeans_convergence.pipeline.tables import read_all, write_csv
from kmeans_convergence.reporting.text import write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


TABLES = ("runs", "tuning", "datasets", "accelerated", "rates", "excess")


def main(given: dict[str, list[Path]], output: dict[str, Path], datasets: list[Description], **bootstrap: int) -> None:
    """Write the scores, the table of all optimizers, and where they come from; `bootstrap`: seed and repeats."""
    runs, tuning, sets, accelerated, rates, excess = (read_all(given[name]) for name in TABLES)
    (commit,), (predictions,) = given["commit"], given["predictions"]
    evidence = Evidence(RELATIVE, runs, sets, tuning=tuning, **bootstrap)
    write_csv(score(read_predictions(predictions), Fresh(evidence, accelerated, rates, excess)), output["scores"])
    write_csv(summarize(evidence), output["summary"])
    about = provenance(commit.read_text().strip(), predictions, datasets)
    write(json.dumps(about, indent=2) + "\n", output["provenance"])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            {name: [Path(path) for path in snakemake.input[name]] for name in (*TABLES, "commit", "predictions")},
            {name: Path(path) for name, path in snakemake.output.items()},
            **snakemake.params,
        )
