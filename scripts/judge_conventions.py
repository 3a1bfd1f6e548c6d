"""Judge every convention by the probability of the reported figures."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kmeans_convergence.analysis import conventions
from kmeans_convergence.analysis.original import Original
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    combinations: list[Path],
    ends: list[Path],
    original: Path,
    factors: int,
    seed: int,
    resamples: int,
    table: Path,
    summary: Path,
) -> None:
    """Write the table of conventions and what it amounts to."""
    tried = pd.concat([pd.read_csv(path) for path in combinations], ignore_index=True)
    limits = np.concatenate([np.load(path) for path in ends])
    reported = conventions.Reported.of(Original(original))
    judged = conventions.judge(tried, limits, reported, seed, resamples)
    write_csv(judged, table)
    chance = conventions.chance_agreement(tried, limits, reported, factors)
    agreeing = int((judged["p"] >= conventions.LEVEL).sum())
    write_csv(pd.DataFrame({"tried": [len(judged)], "agreeing": [agreeing], "chance": [chance]}), summary)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            combinations=[Path(p) for p in snakemake.input.combinations],
            ends=[Path(p) for p in snakemake.input.ends],
            original=Path(snakemake.input.original),
            table=Path(snakemake.output.table),
            summary=Path(snakemake.output.summary),
            **snakemake.params,
        )
