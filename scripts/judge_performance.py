"""Put the measurements of all shapes together and give each target its verdict."""

from pathlib import Path

import pandas as pd

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.performance.analysis import judge


def main(
    runs: pd.DataFrame,
    passes: pd.DataFrame,
    profile: pd.DataFrame,
    memory: pd.DataFrame,
    remembering: pd.DataFrame,
    accelerated: pd.DataFrame,
    objectives: pd.DataFrame,
    outputs: dict[str, Path],
) -> None:
    """Write one table for each kind of measurement, and the verdicts."""
    measured = {"runs": runs, "passes": passes, "profile": profile, "memory": memory, "remembering": remembering}
    verdicts = judge(runs, passes, memory, remembering, accelerated, objectives)
    for name, table in (measured | {"verdicts": verdicts}).items():
        write_csv(table, outputs[name])


if __name__ == "__main__":
    run(main, snakemake)
