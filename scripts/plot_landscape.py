"""Draw the cost along a line."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.derivation.show import slice_through_kinks

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(figure: list[Path]) -> None:
    """Write the figure."""
    save(slice_through_kinks(), *figure)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(figure=[Path(p) for p in snakemake.output.figure])
