"""The tables of a build and the configuration that it was made with: what the tests of results are about."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from kmeans_convergence.data import Description, describe, read_registry
from kmeans_convergence.pipeline.configuration import compared

LOOKED_AT = pytest.StashKey[set[str]]()


def pytest_addoption(parser):
    parser.addoption("--settings", help="the configuration of the build, as JSON; else config/config.yaml")
    parser.addoption("--looked-at", type=Path, help="where to name the files that the tests have looked at")


def pytest_configure(config):
    config.stash[LOOKED_AT] = set()


def settings_of(config) -> dict:
    """Return the configuration of the build."""
    given = config.getoption("--settings")
    return json.loads(given) if given else yaml.safe_load(Path("config/config.yaml").read_text())


def sets_of(config) -> dict[str, Description]:
    """Return the data sets of the comparison by their names, in their order."""
    registry = read_registry(Path("config/datasets.tsv"))
    return {name: describe(name, registry) for name in compared(settings_of(config)["comparison"], registry)}


@pytest.fixture(scope="session")
def settings(pytestconfig):
    return settings_of(pytestconfig)


@pytest.fixture(scope="session")
def sets(pytestconfig):
    return sets_of(pytestconfig)


@pytest.fixture(scope="session")
def contracted(sets):
    """The data sets whose rates are predicted: those that need no download, and no patches."""
    return [
        name
        for name, about in sets.items()
        if about["source"].startswith(("bundled", "synthetic")) and about["kind"] != "patches"
    ]


@pytest.fixture(scope="session")
def read(pytestconfig):
    """Read a file of results and remember that it was looked at; it has rows unless there is nothing to tell."""

    def read(path: str, rows: bool = True) -> pd.DataFrame | np.ndarray:
        found = np.load(path) if path.endswith(".npy") else pd.read_csv(path)
        assert bool(len(found)) == rows, f"{path} has {len(found)} rows"
        pytestconfig.stash[LOOKED_AT].add(path)
        return found

    return read


def pytest_generate_tests(metafunc):
    """Try what is said of a data set of the comparison on each of them."""
    if "dataset" in metafunc.fixturenames:
        metafunc.parametrize("dataset", list(sets_of(metafunc.config)), scope="module")


def pytest_sessionfinish(session, exitstatus):
    """Name what was looked at, if all is as it should be."""
    file = session.config.getoption("--looked-at")
    if file and not exitstatus:
        file.write_text("\n".join(sorted(session.config.stash[LOOKED_AT])) + "\n")
