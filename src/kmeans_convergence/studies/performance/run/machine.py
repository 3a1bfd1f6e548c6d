"""The machine that the times are about: the only place where a result may name it."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_info

from kmeans_convergence.studies.performance.run.methods import METHODS, load, missing

LIBRARIES = ("numpy", "scipy", "numba", "scikit-learn", "faiss-cpu", "superkmeans", "scikit-learn-intelex")


def describe(threads: int) -> pd.DataFrame:
    """Return processor, cores, memory, versions and kernels of linear algebra: columns what and value."""
    for method in METHODS.values():
        if not missing(method):
            load(method.module)
    rows = {
        "processor": _field(Path("/proc/cpuinfo"), "model name") or platform.processor() or platform.machine(),
        "processors": str(os.cpu_count()),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "Python": platform.python_version(),
        "threads": str(threads),
    }
    rows |= {library: _version(library) for library in LIBRARIES}
    blas = sorted({_kernel(library) for library in threadpool_info() if library["user_api"] == "blas"})
    rows["linear algebra"] = ", ".join(blas)
    return pd.DataFrame({"what": rows.keys(), "value": rows.values()})


def _kernel(library: dict[str, str]) -> str:
    return f"{library['internal_api']} {library['version']} for {library.get('architecture', 'any processor')}"


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"


def _field(file: Path, name: str) -> str:
    """Return the first value of a field of a file of Linux's /proc; nothing on other systems."""
    lines = file.read_text().splitlines() if file.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")


def _memory() -> str:
    kibibytes = _field(Path("/proc/meminfo"), "MemTotal").split()
    return f"{int(kibibytes[0]) / 2**20:.0f} GiB" if kibibytes else "unknown"
