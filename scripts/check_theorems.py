"""Check each theorem of the ledger by machine."""

from pathlib import Path

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.theory.theorems import check_all


def main(dataset: Description, seed: int, points: int, theorems: Path) -> None:
    """Write the table of checks."""
    write_csv(check_all(read(dataset).X, seed, points), theorems)


if __name__ == "__main__":
    run(main, snakemake)
