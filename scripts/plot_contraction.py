"""Draw predicted and measured rates of convergence."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.reporting import contraction
from kmeans_convergence.reporting.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(rates: Path, growth: Path, width: float, predicted: list[Path], finite_sample: list[Path]) -> None:
    """Write both figures."""
    save(contraction.predicted(pd.read_csv(rates), width), *predicted)
    save(contraction.finite_sample(pd.read_csv(growth)), *finite_sample)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            rates=Path(snakemake.input.rates),
            growth=Path(snakemake.input.growth),
            predicted=[Path(path) for path in snakemake.output.predicted],
            finite_sample=[Path(path) for path in snakemake.output.finite_sample],
            **snakemake.params,
        )
