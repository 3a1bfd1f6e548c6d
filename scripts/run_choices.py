"""Run optimizers on the data sets of one model with other hard choices."""

from pathlib import Path

from kmeans_convergence.data import Description
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.choices.run.comparison import Protocol, compare
from kmeans_convergence.studies.choices.run.sets import MODELS


def main(
    model: str,
    names: list[str],
    described: dict[str, Description],
    choices: Config,
    seed: int,
    outputs: dict[str, Path],
) -> None:
    """Write all runs, and what was tuned."""
    cases = MODELS[model].cases(names, seed, described)
    tables = compare(model, cases, Protocol.of(choices, seed))
    write_csv(tables.runs, outputs["runs"])
    write_csv(tables.tuning, outputs["tuning"])


if __name__ == "__main__":
    run(main, snakemake)
