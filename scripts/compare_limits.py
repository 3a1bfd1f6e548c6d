"""Compare where the methods end, and how fast those that terminate do so."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.analysis import quality
from kmeans_convergence.analysis.runs import Runs
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.reporting.convergence import OURS

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(trace: Path, limits: Path, seed: int, resamples: int, ends: Path, speed: Path) -> None:
    """Write both comparisons; the paired reference is batch K-means."""
    runs = Runs.read(trace, limits)
    write_csv(quality.compare(runs, list(OURS), "batch_kmeans", seed, resamples), ends)
    write_csv(quality.speed(runs, ["batch_kmeans", "hybrid"], seed, resamples), speed)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            trace=Path(snakemake.input.trace),
            limits=Path(snakemake.input.limits),
            ends=Path(snakemake.output.ends),
            speed=Path(snakemake.output.speed),
            **snakemake.params,
        )
