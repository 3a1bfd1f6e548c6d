"""Test the real results: the report is not built on broken ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(tests: Path, passed: Path) -> None:
    """Run the tests of the results and leave a mark when they pass."""
    status = pytest.main([str(tests), "-q", "-p", "no:cacheprovider"])
    if status:
        raise SystemExit(f"The results break an invariant: see the log, and {tests}.")
    passed.write_text("all invariants of the results hold\n")


if __name__ == "__main__":
    main(Path(snakemake.input.tests), Path(snakemake.output.passed))
