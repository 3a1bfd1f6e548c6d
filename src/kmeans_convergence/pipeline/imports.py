"""Which modules of this package does a script or notebook depend on?

Snakemake tracks the inputs of a rule, not what its script imports. So each rule lists these files as inputs,
and a change to the library reruns exactly the jobs that use it.
"""

from __future__ import annotations

import ast
import json
from functools import cache
from pathlib import Path

PACKAGE = "kmeans_convergence"
SOURCE = Path(__file__).parent.parent


def modules(script: Path) -> list[Path]:
    """Return the files of this package that `script` imports, directly or through each other, sorted."""
    found: set[Path] = set()
    pending = [script]
    while pending:
        for file in _imported(pending.pop()):
            if file not in found:
                found.add(file)
                pending.append(file)
    return sorted(found)


@cache
def _imported(file: Path) -> set[Path]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(_source(file))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # "from package import name": the name may be a module too
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {path for name in names if name.split(".")[0] == PACKAGE for path in _files(name)}


def _source(file: Path) -> str:
    if file.suffix != ".ipynb":
        return file.read_text()
    cells = json.loads(file.read_text())["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def _files(name: str) -> list[Path]:
    """Return the files that importing a module of this package executes: its own and its packages'."""
    parts = name.split(".")[1:]
    packages = [SOURCE.joinpath(*parts[:depth], "__init__.py") for depth in range(len(parts) + 1)]
    return [file for file in [*packages, SOURCE.joinpath(*parts).with_suffix(".py")] if parts and file.is_file()] or [
        SOURCE / "__init__.py"
    ]
