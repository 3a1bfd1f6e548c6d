"""Measure what passes over samples are worth on new patterns."""

from pathlib import Path

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.scale.run import measure


def main(datasets: list[Description], scale: Config, seed: int, outputs: dict[str, Path]) -> None:
    """Write sources, their modes, the excess at the ends of all methods, and the passes that are of use."""
    sets = [read(dataset, rows=scale["rows"], root_seed=seed) for dataset in datasets]
    tables = measure(sets, seed, scale["rows"], scale["patterns"], scale["heldout"], scale["runs"])
    for name, table in tables._asdict().items():
        write_csv(table, outputs[name])


if __name__ == "__main__":
    run(main, snakemake)
