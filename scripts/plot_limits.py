"""Draw where the runs end, as described and under the candidate convention."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.report.style import save
from kmeans_convergence.statistics.runs import Runs
from kmeans_convergence.studies.replication.analysis.conventions import Reported
from kmeans_convergence.studies.replication.analysis.original import Original
from kmeans_convergence.studies.replication.show import conventions

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(traces: list[Path], limits: list[Path], original: Path, unit: str, figure: list[Path]) -> None:
    """Write the figure; the reported figures have no factor 1/2 under the candidate."""
    described, candidate = (
        2 * Runs.read(trace, ends).limit["batch_kmeans"] for trace, ends in zip(traces, limits, strict=True)
    )
    reported = Reported.of(Original(original))
    save(conventions.limits(described, candidate, reported, unit), *figure)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            traces=[Path(p) for p in snakemake.input.traces],
            limits=[Path(p) for p in snakemake.input.limits],
            original=Path(snakemake.input.original),
            figure=[Path(p) for p in snakemake.output.figure],
            **snakemake.params,
        )
