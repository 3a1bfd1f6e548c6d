"""Draw the rate search."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.replication.show import rate_search as rates

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(curves: Path, rate: float, unit: str, figure: list[Path]) -> None:
    """Write the figure."""
    save(rates.search(pd.read_csv(curves), rate, unit), *figure)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(curves=Path(snakemake.input.rates), figure=[Path(p) for p in snakemake.output.figure], **snakemake.params)
