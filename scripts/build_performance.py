"""Typeset the performance supplement."""

from pathlib import Path

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.latex import typeset


def main(source: Path, pdf: Path) -> None:
    """Write the PDF."""
    typeset(source, pdf)


if __name__ == "__main__":
    run(main, snakemake)
