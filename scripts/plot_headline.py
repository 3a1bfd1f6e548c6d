"""Draw the figure of the first page."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.overview.show import headline

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(curves: Path, growth: Path, figure: list[Path]) -> None:
    """Write the figure."""
    save(headline(pd.read_csv(curves), pd.read_csv(growth)), *figure)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.curves),
            Path(snakemake.input.growth),
            figure=[Path(p) for p in snakemake.output.figure],
        )
