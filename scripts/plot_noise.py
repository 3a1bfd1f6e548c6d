"""Draw the noise of online methods."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.rates.show import noise

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(excess: Path, figure: list[Path]) -> None:
    """Write the figure."""
    save(noise.predicted(pd.read_csv(excess)), *figure)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(Path(snakemake.input.excess), [Path(path) for path in snakemake.output.figure])
