"""See that everything is committed before the fresh data are looked at."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.provenance import committed
from kmeans_convergence.report.text import write
from kmeans_convergence.studies.confirmation.analysis import read_predictions

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(predictions: Path, commit: Path) -> None:
    """Write the commit that predictions, protocol and code are at."""
    read_predictions(predictions)
    write(committed(Path()) + "\n", commit)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(Path(snakemake.input.predictions), Path(snakemake.output.commit))
