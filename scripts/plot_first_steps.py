"""Draw what the first patterns bring."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.comparison.show.first_steps import first_patterns

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(table: Path, figures: list[Path]) -> None:
    """Write the figure."""
    save(first_patterns(pd.read_csv(table)), *figures)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(Path(snakemake.input.table), [Path(path) for path in snakemake.output.figure])
