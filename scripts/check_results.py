"""Test the real results: the report is not built on broken ones."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kmeans_convergence.atomic import replacing
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.settings import Config

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(tests: list[str], config: Config, passed: Path) -> None:
    """Run the tests of the results and, when they pass, write the names of the files that they have looked at."""
    with replacing(passed) as partial:
        options = [f"--settings={json.dumps(config)}", f"--looked-at={partial}", "-p", "no:cacheprovider"]
        if pytest.main([*tests, *options]):
            raise RuntimeError("The results break an invariant.")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(list(snakemake.input.tests), snakemake.params.config, Path(snakemake.output.passed))
