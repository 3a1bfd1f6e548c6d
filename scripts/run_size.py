"""Run some optimizers on samples of the same data sets that differ in their size alone."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.comparison.analysis.size import summarize
from kmeans_convergence.studies.comparison.run.size import grow

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(datasets: list[Description], samples: Config, seed: int, resamples: int, output: dict[str, Path]) -> None:
    """Write all runs, and how passes depend on the size."""
    sets = [read(dataset, rows=max(samples["patterns"]), root_seed=seed) for dataset in datasets]
    runs = grow(sets, seed, samples["patterns"], samples["starts"], samples["passes"])
    write_csv(runs, output["runs"])
    write_csv(summarize(runs, seed, resamples), output["summary"])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(output={name: Path(path) for name, path in snakemake.output.items()}, **snakemake.params)
