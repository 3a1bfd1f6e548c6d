"""Draw the cost along a line."""

from pathlib import Path

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.derivation.show import slice_through_kinks


def main(figure: list[Path]) -> None:
    """Write the figure."""
    save(slice_through_kinks(), *figure)


if __name__ == "__main__":
    run(main, snakemake)
