"""Draw predicted and measured rates of convergence."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.reporting import contraction
from kmeans_convergence.reporting.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(rates: Path, growth: Path, kernels: Path, widths: dict[str, float], figures: dict[str, list[Path]]) -> None:
    """Write the figures."""
    save(contraction.predicted(pd.read_csv(rates), widths), *figures["predicted"])
    save(contraction.finite_sample(pd.read_csv(growth)), *figures["finite_sample"])
    save(contraction.kernels(pd.read_csv(kernels)), *figures["kernels"])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            rates=Path(snakemake.input.rates),
            growth=Path(snakemake.input.growth),
            kernels=Path(snakemake.input.kernels),
            figures={name: [Path(path) for path in paths] for name, paths in snakemake.output.items()},
            **snakemake.params,
        )
