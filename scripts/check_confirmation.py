"""See that everything is committed before the fresh data are used."""

from pathlib import Path

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.provenance import committed
from kmeans_convergence.report.text import write
from kmeans_convergence.studies.confirmation.analysis import read_predictions


def main(predictions: Path, commit: Path) -> None:
    """Write the commit that predictions, protocol and code are at."""
    read_predictions(predictions)
    write(committed(Path()) + "\n", commit)


if __name__ == "__main__":
    run(main, snakemake)
