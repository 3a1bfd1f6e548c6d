"""A script is one typed function: what its rule names is handed to it, by the names and types of its parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.pipeline.tables import read_all

# Where the name of a parameter is sought.
PARTS = ("input", "output", "params", "wildcards")
# Inputs that are only waited for, or opened by the library.
WAITED_FOR = ("code", "data", "committed", "checked")


def run(main: Callable[..., None], job: Any) -> None:
    """Call the function of a script with what its rule names; what it prints goes to the log.

    Parameters
    ----------
    main : callable
        Its annotations have to be types and no strings.
    job : snakemake.script.Snakemake
        The object `snakemake` of a script.
    """
    with logged(job.log[0]):
        main(**arguments(main, job))


def arguments(main: Callable[..., None], job: Any) -> dict[str, Any]:
    """Return the arguments of a script's function, each the input, output, parameter or wildcard that has its name.

    The type of a parameter says how files are given: `Path`; `list[Path]`; `pd.DataFrame`, the table in the file, or in
    several one below the other; `np.ndarray`, in the same way. `outputs` are all outputs by name, `inputs` all inputs
    but those that other parameters take and those in `WAITED_FOR`; both are a `dict[str, Path]` and the like.

    Raises
    ------
    TypeError
        When nothing or more than one thing has the name of a parameter (outputs count only where there is no
        `outputs`), or the function takes no notice of an output or a parameter of the rule. Inputs may be there only
        to be waited for.
    """
    signature = inspect.signature(main).parameters
    given = {}
    for name, parameter in signature.items():
        if name in ("inputs", "outputs"):
            files = getattr(job, name.removesuffix("s")).items()
            _, kind = parameter.annotation.__args__
            left_out = {*signature, *WAITED_FOR} if name == "inputs" else {}
            given[name] = {key: _of_kind(kind, some) for key, some in files if key not in left_out}
        else:
            parts = ("input", "params", "wildcards") if "outputs" in signature else PARTS
            given[name] = _argument(name, parameter.annotation, job, parts)
    known = {*signature, *(job.output.keys() if "outputs" in signature else ())}
    ignored = [name for name in (*job.output.keys(), *job.params.keys()) if name not in known]
    if ignored:
        raise TypeError(f"The rule {job.rule} names {', '.join(ignored)}, which its script does not take.")
    return given


def _argument(name: str, kind: Any, job: Any, parts: Sequence[str]) -> Any:
    found = [part for part in parts if name in getattr(job, part).keys()]  # noqa: SIM118
    if len(found) != 1:
        raise TypeError(f"The rule {job.rule} has {' and '.join(found) or 'nothing'} for {name!r}: one is wanted.")
    value = getattr(job, found[0])[name]
    return _of_kind(kind, value) if found[0] in ("input", "output") else value


def _of_kind(kind: Any, files: Any) -> Any:
    """Return a named file, or several, as the type of a parameter."""
    paths = [Path(files)] if isinstance(files, str) else [Path(file) for file in files]
    if kind is pd.DataFrame:
        return read_all(paths)
    if kind is np.ndarray:
        return np.concatenate([np.load(path) for path in paths])
    if kind is Path:
        (path,) = paths
        return path
    return paths
