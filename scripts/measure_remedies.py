"""Compare remedies against the breakdown on patterns that are held out."""

from pathlib import Path

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.breakdown.run.remedies import on_embeddings, on_tables


def main(breakdown: Config, seed: int, outputs: dict[str, Path]) -> None:
    """Write the scores of each fit, on tables and where components have fewer patterns than features."""
    sets, splits, starts = breakdown["samples"], breakdown["splits"], breakdown["fits"]
    write_csv(on_tables(seed, sets, splits, starts), outputs["tables"])
    write_csv(on_embeddings(seed, sets, starts), outputs["embeddings"])


if __name__ == "__main__":
    run(main, snakemake)
