"""Count how often EM collapses: on simulated data, on data sets, and step by step."""

from pathlib import Path

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.breakdown.run import collapse


def main(datasets: list[Description], breakdown: Config, seed: int, outputs: dict[str, Path]) -> None:
    """Write the end of each run, and the steps of some."""
    starts, passes = breakdown["starts"], breakdown["passes"]
    sets = (read(dataset, rows=breakdown["rows"], root_seed=seed) for dataset in datasets)
    write_csv(collapse.sweep(seed, breakdown["sets"], starts, passes), outputs["sweep"])
    write_csv(collapse.on_sets(sets, seed, starts, passes), outputs["sets"])
    write_csv(collapse.traces(seed, starts, passes), outputs["traces"])


if __name__ == "__main__":
    run(main, snakemake)
