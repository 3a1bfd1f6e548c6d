"""Judge the comparison: how good and how fast each optimizer is, and what is to be said of every claim."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmeans_convergence.analysis import ledger, methods, summary
from kmeans_convergence.analysis.evidence import Evidence
from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import read_all, write_csv

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(tables: dict[str, list[Path]], claims: Path, seed: int, resamples: int, output: dict[str, Path]) -> None:
    """Write the summary of all optimizers, what is robust about each, and the ledger of claims."""
    evidence = Evidence(
        RELATIVE, seed=seed, repeats=resamples, **{name: read_all(paths) for name, paths in tables.items()}
    )
    write_csv(summary.summarize(evidence), output["summary"])
    write_csv(methods.judge(evidence), output["methods"])
    write_csv(ledger.judge(ledger.read_claims(claims), evidence), output["ledger"])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        names = ("runs", "datasets", "tuning", "derivation", "first_steps")
        inputs = {"size": "samples"} | {name: name for name in names}
        main(
            {name: [Path(path) for path in snakemake.input[source]] for name, source in inputs.items()},
            Path(snakemake.input.claims),
            output={name: Path(path) for name, path in snakemake.output.items()},
            **snakemake.params,
        )
