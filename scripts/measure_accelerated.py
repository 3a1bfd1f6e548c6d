"""Measure passes and seconds of methods that make Lloyd's algorithm faster."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.report.text import write
from kmeans_convergence.studies.performance.run import accelerated
from kmeans_convergence.studies.performance.run.alone import alone

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(seed: int, share: float, rounds: int, threads: int, results: Path, table: Path) -> None:
    """Write the measurements, each problem's in a fresh process, and their table."""
    measured = [alone(accelerated.accelerate, threads, name, seed, share, rounds) for name in accelerated.PROBLEMS]
    whole = pd.concat(measured, ignore_index=True)
    write_csv(whole, results)
    write(accelerated.tabulated(whole), table)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(results=Path(snakemake.output.results), table=Path(snakemake.output.table), **snakemake.params)
