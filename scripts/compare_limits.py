"""Compare where the methods end, how well averages are known, and how fast those that terminate do so."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.analysis import quality
from kmeans_convergence.analysis.original import Original
from kmeans_convergence.analysis.runs import Runs
from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.reporting.convergence import OURS

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(runs: Runs, original: Original, seed: int, resamples: int, ends: Path, speed: Path, certainty: Path) -> None:
    """Write the comparisons; the paired reference is batch K-means."""
    size = original.epochs("setting", "runs")
    write_csv(quality.compare(runs, RELATIVE, list(OURS), "batch_kmeans", seed, resamples), ends)
    write_csv(quality.speed(runs, ["batch_kmeans", "hybrid"], seed, resamples), speed)
    write_csv(quality.certainty(runs.limit["batch_kmeans"], size, seed, resamples), certainty)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Runs.read(Path(snakemake.input.trace), Path(snakemake.input.limits)),
            Original(Path(snakemake.input.original)),
            ends=Path(snakemake.output.ends),
            speed=Path(snakemake.output.speed),
            certainty=Path(snakemake.output.certainty),
            **snakemake.params,
        )
