"""Execute a notebook and make it a page."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.notebooks import execute

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(notebook: Path, html: Path) -> None:
    """Write the page."""
    execute(notebook, html)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(Path(snakemake.input.notebook), Path(snakemake.output.html))
