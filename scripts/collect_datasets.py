"""Put what the data sets of the comparison are like into one table."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import read_all, write_csv

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(rows: list[Path], datasets: Path) -> None:
    """Write one row for each data set."""
    write_csv(read_all(rows), datasets)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main([Path(path) for path in snakemake.input.rows], Path(snakemake.output.datasets))
