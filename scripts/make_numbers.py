"""Make the numbers of the prose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.analysis.runs import Runs
from kmeans_convergence.analysis.verdicts import pick
from kmeans_convergence.pipeline.configuration import Config
from kmeans_convergence.reporting import numbers
from kmeans_convergence.reporting.text import macros, write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(config: Config, features: list[str], results: dict[str, Path], output: Path) -> None:
    """Write one macro for each number."""
    read = {name: pd.read_csv(path) for name, path in results.items()}
    dataset, K = config["experiment"]["dataset"], config["experiment"]["prototypes"]
    described = pick(read["conventions"], dataset, features, K)
    described = described[described["half"] & (described["unit"] == "mm")].iloc[0]
    candidate = pick(read["conventions"], dataset, config["candidate"]["features"], K).iloc[0]
    values = numbers.settings(config) | numbers.verdict_counts(read["verdicts"])
    values |= numbers.claim_figures(read["verdicts"]) | numbers.traces(Runs(read["trace"], read["ends"]), 20)
    values |= numbers.endings(read["limits"], read["speed"])
    values |= numbers.rate_search(read["rates"], config["experiment"]["rate"])
    values |= numbers.conventions(read["summary"], read["conventions"], K, described, candidate)
    write(macros(values), output)


if __name__ == "__main__":
    names = ("conventions", "verdicts", "trace", "ends", "limits", "speed", "rates", "summary")
    main(
        results={name: Path(snakemake.input[name]) for name in names},
        output=Path(snakemake.output.numbers),
        **snakemake.params,
    )
