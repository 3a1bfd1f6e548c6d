"""Typeset the performance supplement."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.pipeline.latex import typeset
from kmeans_convergence.pipeline.logs import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(source: Path, pdf: Path) -> None:
    """Write the PDF."""
    typeset(source, pdf)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(Path(snakemake.input.source), Path(snakemake.output.pdf))
