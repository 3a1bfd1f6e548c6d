"""Test the real results: the report is not built on broken ones."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.reporting.text import write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(tests: list[str], passed: Path) -> None:
    """Run the tests of the results and leave a mark when they pass."""
    status = pytest.main([*tests, "-p", "no:cacheprovider"])
    if status:
        raise RuntimeError("The results break an invariant.")
    write("all invariants of the results hold\n", passed)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(list(snakemake.input.tests), Path(snakemake.output.passed))
