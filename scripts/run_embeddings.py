"""Run all optimizers on maps of all sets."""

from pathlib import Path

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.comparison.run.tuning import Tuning
from kmeans_convergence.studies.embeddings.run.comparison import Protocol, compare
from kmeans_convergence.studies.embeddings.run.sets import embedded


def main(datasets: list[Description], embeddings: Config, seed: int, outputs: dict[str, Path]) -> None:
    """Write the tables of runs, of curves and of tuning."""
    rows, made = embeddings["rows"], embeddings["made"]
    sets = embedded([read(dataset, rows=rows, root_seed=seed) for dataset in datasets], made, rows, seed)
    protocol = Protocol(seed, embeddings["passes"], embeddings["starts"], Tuning(**embeddings["tuning"]))
    for name, table in compare(sets, protocol)._asdict().items():
        write_csv(table, outputs[name])


if __name__ == "__main__":
    run(main, snakemake)
