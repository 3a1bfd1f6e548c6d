"""Where committed results come from: which commit, which predictions, which data, which libraries."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from kmeans_convergence.errors import InputError

LIBRARIES = ("numpy", "numba", "scipy", "scikit-learn", "pandas")

# What decides the results: nothing of it may differ from what is committed.
FIXED = ("config", "scripts", "src", "workflow", "Snakefile")


def committed(root: Path) -> str:
    """Return the commit that the working copy is at.

    Raises
    ------
    InputError
        When this is no working copy of git, or code or configuration differ from what is committed.
    """
    try:
        changed = _git(root, "status", "--porcelain", "--", *FIXED)
        commit = _git(root, "rev-parse", "HEAD")
    except (OSError, subprocess.CalledProcessError) as problem:
        raise InputError(
            f"{root.resolve().name} is no working copy of git: a confirmation needs a commit."
        ) from problem
    if changed:
        raise InputError(
            f"{changed.splitlines()[0].split()[-1]} has changes that are not committed: "
            "predictions, protocol and code are committed before a confirmation is run."
        )
    return commit


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def provenance(commit: str, predictions: Path, datasets: Sequence[Mapping[str, str]]) -> dict[str, object]:
    """Return the commit, the SHA-256 of the predictions and of each data set's file, and versions.

    Parameters
    ----------
    commit : str
    predictions : Path
    datasets : sequence of mapping
        As `data.describe` returns them.
    """
    return {
        "commit": commit,
        "predictions": sha256(predictions.read_bytes()).hexdigest(),
        "datasets": {dataset["name"]: dataset["sha256"] for dataset in datasets},
        "versions": {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
    }
