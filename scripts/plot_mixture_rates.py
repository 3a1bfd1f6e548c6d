"""Draw the rate of EM."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.mixtures import show as mixture_rates

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(separations: Path, datasets: Path, deviations: Path, predicted: list[Path], limit: list[Path]) -> None:
    """Write both figures."""
    save(mixture_rates.predicted(pd.read_csv(separations), pd.read_csv(datasets)), *predicted)
    save(mixture_rates.limit(pd.read_csv(deviations)), *limit)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            **{name: Path(snakemake.input[name]) for name in ("separations", "datasets", "deviations")},
            **{name: [Path(path) for path in snakemake.output[name]] for name in ("predicted", "limit")},
        )
