"""Make the table of the protocol's history, and that of the predictions for fresh data."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.pipeline.history import read_history
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.report.text import write
from kmeans_convergence.studies.comparison.show import history as protocol

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(history: Path, scores: list[Path], output: dict[str, Path]) -> None:
    """Write both tables, and how the predictions came out; `scores` is empty before the confirmation."""
    scored = pd.read_csv(scores[0]) if scores else None
    write(protocol.history(read_history(history), r"\caption{\historycaption}\label{tab:history}"), output["history"])
    write(protocol.predictions(scored, r"\caption{\predictionscaption}\label{tab:predictions}"), output["predictions"])
    write(protocol.counts(scored), output["counts"])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.history),
            [Path(path) for path in snakemake.input.scores],
            {name: Path(path) for name, path in snakemake.output.items()},
        )
