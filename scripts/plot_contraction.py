"""Draw predicted and measured rates of convergence."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.rates.show import contraction

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

TABLES = ("rates", "agreement", "growth", "kernels")


def main(tables: dict[str, Path], widths: dict[str, float], figures: dict[str, list[Path]]) -> None:
    """Write the figures."""
    rates, agreement, growth, kernels = (pd.read_csv(tables[name]) for name in TABLES)
    save(contraction.predicted(rates, agreement, widths), *figures["predicted"])
    save(contraction.finite_sample(growth), *figures["finite_sample"])
    save(contraction.kernels(kernels), *figures["kernels"])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            tables={name: Path(snakemake.input[name]) for name in TABLES},
            figures={name: [Path(path) for path in paths] for name, paths in snakemake.output.items()},
            **snakemake.params,
        )
