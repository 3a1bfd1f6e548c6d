"""Run methods that make batch K-means faster on larger samples, and compare them with it."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.analysis.acceleration import problems, summarize
from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.data import Description, read
from kmeans_convergence.experiments.acceleration import accelerate
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(datasets: list[Description], acceleration: Config, seed: int, resamples: int, output: dict[str, Path]) -> None:
    """Write all runs, the comparison on each problem, and averages."""
    sets = [read(dataset, rows=acceleration["rows"], root_seed=seed) for dataset in datasets]
    runs = accelerate(sets, seed, acceleration["passes"], acceleration["starts"])
    family = {dataset["name"]: dataset["family"] for dataset in datasets}
    table = problems(runs, RELATIVE).assign(family=lambda some: some["dataset"].map(family))
    write_csv(runs, output["runs"])
    write_csv(table, output["problems"])
    write_csv(summarize(table, seed, resamples), output["summary"])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(output={name: Path(path) for name, path in snakemake.output.items()}, **snakemake.params)
