"""Draw Figures 1 and 2 in the paper's form and with intervals."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.report.style import save
from kmeans_convergence.statistics.runs import Runs
from kmeans_convergence.studies.replication.analysis.original import Original
from kmeans_convergence.studies.replication.show import convergence

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(runs: Runs, original: Original, unit: str, seed: int, resamples: int, files: dict[str, list[Path]]) -> None:
    """Write the four figures; the paper's form has as many runs as the paper."""
    first = runs.first(original.epochs("setting", "runs"))
    for name, figure in convergence.figures(runs, first, original, unit, seed, resamples).items():
        save(figure, *files[name])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Runs.read(Path(snakemake.input.trace), Path(snakemake.input.limits)),
            Original(Path(snakemake.input.original)),
            files={name: [Path(p) for p in paths] for name, paths in snakemake.output.items()},
            **snakemake.params,
        )
