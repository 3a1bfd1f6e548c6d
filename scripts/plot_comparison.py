"""Draw the comparison."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import read_all
from kmeans_convergence.report.style import save
from kmeans_convergence.studies.comparison.show import figures as comparison_figures
from kmeans_convergence.studies.comparison.show.labels import enlist

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(tables: list[list[Path]], own: list[Path], seed: int, output: dict[str, list[Path]]) -> None:
    """Write all figures."""
    enlist(own)
    runs, curves, datasets, summary = (read_all(paths) for paths in tables)
    figures = comparison_figures.draw(runs, curves, datasets, summary, seed)
    for name, paths in output.items():
        save(figures[name], *paths)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            [[Path(path) for path in snakemake.input[name]] for name in ("runs", "curves", "datasets", "summary")],
            [Path(path) for path in snakemake.input.own],
            output={name: [Path(path) for path in paths] for name, paths in snakemake.output.items()},
            **snakemake.params,
        )
