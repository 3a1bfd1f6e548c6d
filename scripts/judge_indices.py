"""Find ill-conditioned data sets by Belsley's condition indices."""

from pathlib import Path

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.breakdown.analysis.indices import ROWS, longley, tabulate


def main(datasets: list[Description], seed: int, indices: Path) -> None:
    """Write one row for each data set, and for Longley's."""
    sets = (read(dataset, rows=ROWS, root_seed=seed) for dataset in datasets)
    write_csv(tabulate([*sets, longley()]), indices)


if __name__ == "__main__":
    run(main, snakemake)
