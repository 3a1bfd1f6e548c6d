"""Judge the comparison: how good and how fast each optimizer is, and what is to be said of every claim."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.analysis import ledger, ranking
from kmeans_convergence.analysis.evidence import Evidence
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import read_all, write_csv

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(tables: dict[str, list[Path]], passes: int, seed: int, resamples: int, output: dict[str, Path]) -> None:
    """Write a summary for each kind of start, and the ledger of claims."""
    runs, tuning, datasets, derivation, first_steps = (
        read_all(tables[name]) for name in ("runs", "tuning", "datasets", "derivation", "first_steps")
    )
    for kind, some in runs.groupby("start"):
        summary = ranking.summarize(some, datasets, passes, seed, resamples)
        write_csv(summary, output[str(kind)])
    claims = ledger.read_claims(tables["claims"][0])
    evidence = Evidence(runs, datasets, passes, seed, resamples, tuning, derivation, first_steps)
    write_csv(ledger.judge(claims, evidence), output["ledger"])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        names = ("runs", "tuning", "datasets", "derivation", "first_steps", "claims")
        main(
            {name: [Path(path) for path in snakemake.input[name]] for name in names},
            output={name: Path(path) for name, path in snakemake.output.items()},
            **snakemake.params,
        )
