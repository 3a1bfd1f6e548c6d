"""Draw Figures 1 and 2 in the paper's form and with intervals."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.analysis.original import Original
from kmeans_convergence.analysis.runs import Runs
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.reporting import convergence
from kmeans_convergence.reporting.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    trace: Path, limits: Path, original: Path, unit: str, seed: int, resamples: int, figures: dict[str, list[Path]]
) -> None:
    """Write the four figures; the paper's form has as many runs as the paper."""
    tables = pd.read_csv(trace), pd.read_csv(limits)
    runs = Runs(*tables)
    paper_runs = Original(original).epochs("setting", "runs")
    few = Runs(*(table[table["run"] < paper_runs] for table in tables))
    drawn = {
        "residuals_paper": convergence.residuals(few, unit),
        "ratios_paper": convergence.ratios(few),
        "residuals": convergence.residuals_with_intervals(runs, unit, seed, resamples),
        "ratios": convergence.ratios_with_intervals(runs, seed, resamples),
    }
    for name, figure in drawn.items():
        save(figure, *figures[name])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            trace=Path(snakemake.input.trace),
            limits=Path(snakemake.input.limits),
            original=Path(snakemake.input.original),
            figures={name: [Path(p) for p in paths] for name, paths in snakemake.output.items()},
            **snakemake.params,
        )
