"""Judge every convention by the probability of the reported figures."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.studies.replication.analysis import conventions
from kmeans_convergence.studies.replication.analysis.original import Original

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(files: list[tuple[Path, Path]], original: Path, factors: int, seed: int, resamples: int, *out: Path) -> None:
    """Write the table of conventions and what it amounts to."""
    tried = pd.concat([pd.read_csv(path) for path, _ in files], ignore_index=True)
    limits = np.concatenate([np.load(path) for _, path in files])
    reported = conventions.Reported.of(Original(original))
    judged = conventions.judge(tried, limits, reported, seed, resamples)
    chance = conventions.chance_agreement(tried, limits, reported, factors)
    for table, path in zip((judged, conventions.summarize(judged, chance)), out, strict=True):
        write_csv(table, path)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        pairs = zip(map(Path, snakemake.input.combinations), map(Path, snakemake.input.ends), strict=True)
        settings = (snakemake.params[name] for name in ("factors", "seed", "resamples"))
        main(list(pairs), Path(snakemake.input.original), *settings, *map(Path, snakemake.output))
