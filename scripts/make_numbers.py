"""Make the numbers of the prose."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.analysis.runs import Runs
from kmeans_convergence.analysis.verdicts import as_described, likeliest
from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.configuration import Config
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.reporting import numbers
from kmeans_convergence.reporting.text import macros, write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(dataset: Description, config: Config, results: dict[str, Path], output: Path) -> None:
    """Write one macro for each number."""
    tables = {name: pd.read_csv(path) for name, path in results.items()}
    data, K = read(dataset), config["experiment"]["prototypes"]
    described = as_described(tables["conventions"], data, K)
    candidate = likeliest(tables["conventions"], data.select(tuple(config["candidate"]["features"])), K)
    values = numbers.settings(config) | numbers.verdict_counts(tables["verdicts"])
    values |= numbers.claim_figures(tables["verdicts"]) | numbers.traces(Runs(tables["trace"], tables["ends"]), 20)
    values |= numbers.endings(tables["limits"], tables["speed"])
    values |= numbers.rate_search(tables["rates"], config["experiment"]["rate"])
    values |= numbers.conventions(tables["summary"], tables["conventions"], K, described, candidate)
    write(macros(values), output)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        names = ("conventions", "verdicts", "trace", "ends", "limits", "speed", "rates", "summary")
        main(
            results={name: Path(snakemake.input[name]) for name in names},
            output=Path(snakemake.output.numbers),
            **snakemake.params,
        )
