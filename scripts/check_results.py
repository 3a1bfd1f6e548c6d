"""Test the real results: the report is not built on broken ones."""

from pathlib import Path

import pytest

from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.report.text import write


def main(tests: list[Path], passed: Path) -> None:
    """Run the tests of the results and leave a mark when they pass."""
    status = pytest.main([*map(str, tests), "-p", "no:cacheprovider"])
    if status:
        raise RuntimeError("The results break an invariant.")
    write("all invariants of the results hold\n", passed)


if __name__ == "__main__":
    run(main, snakemake)
