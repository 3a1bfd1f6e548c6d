"""Copies of the project in which the pipeline runs with the smoke configuration."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SNAKEMAKE = (sys.executable, "-m", "snakemake")
SMOKE = ("--configfile", "config/smoke.yaml")


def copy_project(folder: Path) -> Path:
    """Copy what git would, without anything that was built."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    if (ROOT / ".texlive").is_dir():
        (folder / ".texlive").symlink_to(ROOT / ".texlive")
    return folder


def snakemake(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in a copy of the project and return what it said."""
    return subprocess.run(
        [*SNAKEMAKE, *options], cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="session", name="project")
def fresh_copy(tmp_path_factory):
    return copy_project(tmp_path_factory.mktemp("project"))
