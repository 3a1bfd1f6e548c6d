"""Make the figure, the table and the numbers of the page on other alternations."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.reporting.alternations import newton_or_not, numbers, table
from kmeans_convergence.reporting.style import save
from kmeans_convergence.reporting.text import macros, write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(steps: Path, near: Path, figures: list[Path], examples: Path, prose: Path) -> None:
    """Write all of them."""
    from_starts, near_ends = pd.read_csv(steps), pd.read_csv(near)
    save(newton_or_not(near_ends), *figures)
    write(table(from_starts, near_ends), examples)
    write(macros(numbers(from_starts)), prose)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            steps=Path(snakemake.input.steps),
            near=Path(snakemake.input.near),
            figures=[Path(path) for path in snakemake.output.figure],
            examples=Path(snakemake.output.examples),
            prose=Path(snakemake.output.prose),
        )
