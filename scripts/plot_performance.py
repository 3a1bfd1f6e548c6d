"""Draw the figures of the performance supplement."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.performance.show import tables as report

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(runs: Path, growth: Path, ratios: list[Path], slopes: list[Path]) -> None:
    """Write both figures."""
    save(report.ratio_figure(pd.read_csv(runs)), *ratios)
    save(report.growth_figure(pd.read_csv(growth)), *slopes)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            runs=Path(snakemake.input.runs),
            growth=Path(snakemake.input.growth),
            ratios=[Path(p) for p in snakemake.output.ratios],
            slopes=[Path(p) for p in snakemake.output.growth],
        )
