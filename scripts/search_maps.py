"""Search the maps of all sets for minima of stress, and measure what people look at."""

from pathlib import Path

from kmeans_convergence.data import Description, read
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.embeddings.run.maps import explore
from kmeans_convergence.studies.embeddings.run.sets import embedded


def main(datasets: list[Description], embeddings: Config, seed: int, outputs: dict[str, Path]) -> None:
    """Write the minima, the measures, and the maps that are shown."""
    rows, made = embeddings["rows"], embeddings["made"]
    sets = embedded([read(dataset, rows=rows, root_seed=seed) for dataset in datasets], made, rows, seed)
    for name, table in explore(sets, seed, embeddings["minima_starts"])._asdict().items():
        write_csv(table, outputs[name])


if __name__ == "__main__":
    run(main, snakemake)
