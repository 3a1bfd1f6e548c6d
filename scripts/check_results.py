"""Test the real results: the report is not built on broken ones."""

import json
from pathlib import Path

import pytest

from kmeans_convergence.atomic import replacing
from kmeans_convergence.pipeline.jobs import run
from kmeans_convergence.pipeline.settings import Config


def main(tests: list[Path], config: Config, passed: Path) -> None:
    """Run the tests of the results and, when they pass, write the names of the files that they have looked at."""
    with replacing(passed) as partial:
        options = [f"--settings={json.dumps(config)}", f"--looked-at={partial}", "-p", "no:cacheprovider"]
        if pytest.main([*map(str, tests), *options]):
            raise RuntimeError("The results break an invariant.")


if __name__ == "__main__":
    run(main, snakemake)
