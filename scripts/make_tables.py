"""Make the tables of the report."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.report.text import write
from kmeans_convergence.studies.rates.show import contraction, noise
from kmeans_convergence.studies.replication.show import tables as report

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

# of one result each
ONE = (report.derivation, report.theorems, report.verdicts, report.limits, report.certainty, report.conventions)


def main(results: dict[str, Path], output: dict[str, Path]) -> None:
    """Write one LaTeX file for each table."""
    tables = {name: pd.read_csv(path) for name, path in results.items()}
    texts = {table.__name__: table(tables[table.__name__]) for table in ONE}
    texts["readings"] = report.readings()
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
        )
