"""Execute a notebook and make it a page."""

from pathlib import Path

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.notebooks import execute


def main(source: Path, html: Path) -> None:
    """Write the page."""
    execute(source, html)


if __name__ == "__main__":
    run(main, snakemake)
