"""Make the tables of the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.analysis import verdicts
from kmeans_convergence.reporting import tables
from kmeans_convergence.reporting.text import write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(results: dict[str, Path], dataset: str, features: list[str], clusters: int, output: dict[str, Path]) -> None:
    """Write one LaTeX file for each table."""
    read = {name: pd.read_csv(path) for name, path in results.items()}
    described = verdicts.pick(read["conventions"], dataset, features, clusters)
    texts = {
        "derivation": tables.derivation(read["derivation"]),
        "verdicts": tables.verdicts(read["verdicts"]),
        "readings": tables.readings(),
        "limits": tables.limits(read["limits"]),
        "conventions": tables.conventions(read["conventions"], described[described["unit"] == "mm"]),
    }
    for name, path in output.items():
        write(texts[name], path)


if __name__ == "__main__":
    names = ("derivation", "verdicts", "limits", "conventions")
    main(
        results={name: Path(snakemake.input[name]) for name in names},
        output={name: Path(snakemake.output[name]) for name in (*names, "readings")},
        **snakemake.params,
    )
