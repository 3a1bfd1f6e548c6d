"""Make the tables of the report."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.analysis.verdicts import pick
from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.reporting import contraction, noise
from kmeans_convergence.reporting import tables as report
from kmeans_convergence.reporting.text import write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

OF_ONE_RESULT = (report.derivation, report.theorems, report.verdicts, report.limits)


def main(results: dict[str, Path], dataset: Description, prototypes: int, output: dict[str, Path]) -> None:
    """Write one LaTeX file for each table."""
    tables = {name: pd.read_csv(path) for name, path in results.items()}
    described = pick(tables["conventions"], read(dataset), prototypes)
    texts = {table.__name__: table(tables[table.__name__]) for table in OF_ONE_RESULT}
    texts |= {"readings": report.readings(), "conventions": report.conventions(tables["conventions"], described)}
    texts["noise_agreement"] = noise.table(tables["noise_agreement"])
    texts["contraction_agreement"] = contraction.agreements(tables["contraction_agreement"])
    for name, path in output.items():
        write(texts[name], path)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        output = {name: Path(path) for name, path in snakemake.output.items()}
        main(
            results={name: Path(snakemake.input[name]) for name in output if name != "readings"},
            output=output,
            **snakemake.params,
        )
