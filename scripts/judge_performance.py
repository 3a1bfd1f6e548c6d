"""Put the measurements of all shapes together and give each target its verdict."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.performance.analysis import judge

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

# What the targets are about.
JUDGED = ("runs", "passes", "memory", "remembering")


def main(measured: dict[str, list[Path]], accelerated: Path, output: dict[str, Path]) -> None:
    """Write one table for each kind of measurement, and the verdicts."""
    tables = {name: pd.concat(map(pd.read_csv, paths), ignore_index=True) for name, paths in measured.items()}
    verdicts = judge(*(tables[name] for name in JUDGED), pd.read_csv(accelerated))
    for name, table in (tables | {"verdicts": verdicts}).items():
        write_csv(table, output[name])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            measured={name: [Path(path) for path in snakemake.input[name]] for name in (*JUDGED, "profile")},
            accelerated=Path(snakemake.input.accelerated),
            output={name: Path(path) for name, path in snakemake.output.items()},
        )
