"""Draw predicted and measured rates of convergence."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.rates.show import contraction


def main(
    rates: pd.DataFrame,
    agreement: pd.DataFrame,
    growth: pd.DataFrame,
    kernels: pd.DataFrame,
    widths: dict[str, float],
    outputs: dict[str, list[Path]],
) -> None:
    """Write the figures."""
    save(contraction.predicted(rates, agreement, widths), *outputs["predicted"])
    save(contraction.finite_sample(growth), *outputs["finite_sample"])
    save(contraction.kernels(kernels), *outputs["kernels"])


if __name__ == "__main__":
    run(main, snakemake)
