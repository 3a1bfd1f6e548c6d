"""Make the numbers of the prose."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.report.text import macros, write
from kmeans_convergence.statistics.runs import Runs
from kmeans_convergence.studies.replication.analysis.original import Original
from kmeans_convergence.studies.replication.show.numbers import collect

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(dataset: Description, config: Config, results: dict[str, Path], original: Path, output: Path) -> None:
    """Write one macro for each number."""
    tables = {name: pd.read_csv(path) for name, path in results.items()}
    runs = Runs.of(tables["trace"], tables["ends"])
    write(macros(collect(config, read(dataset), Original(original), runs, tables)), output)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        names = ("proved", "conventions", "verdicts", "trace", "ends", "limits", "speed", "rates", "summary")
        names += ("axes", "certainty", "first_steps")
        names += ("mixture_datasets", "noise", "noise_agreement")
        main(
            results={name: Path(snakemake.input[name]) for name in names},
            original=Path(snakemake.input.original),
            output=Path(snakemake.output.numbers),
            **snakemake.params,
        )
