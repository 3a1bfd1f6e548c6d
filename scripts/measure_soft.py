"""Run Viterbi training and Baum and Welch's method from the same starts."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.data import Description
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.choices.run.comparison import Protocol
from kmeans_convergence.studies.choices.run.soft import SOFT, pairs, soften


def main(names: list[str], described: dict[str, Description], choices: Config, seed: int, soft: Path) -> None:
    """Write where both end."""
    protocol = Protocol.of(choices, seed)
    tables = [soften(model, pairs(model, names, seed, described), protocol) for model in SOFT]
    write_csv(pd.concat(tables, ignore_index=True), soft)


if __name__ == "__main__":
    run(main, snakemake)
