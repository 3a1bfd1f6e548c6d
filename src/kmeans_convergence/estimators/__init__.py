"""Estimators with scikit-learn's interface and the optimizers of the study.

They take the parameters of scikit-learn's estimators of the same name and have their attributes, so that one changed
import is enough. What they add is `algorithm`, the optimizer that does the work.

A module is loaded when its estimator is asked for, and compiled code with the first fit.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kmeans_convergence.estimators.clustering import KMeans
    from kmeans_convergence.estimators.embedding import MDS
    from kmeans_convergence.estimators.mixture import GaussianMixture

__all__ = ["MDS", "GaussianMixture", "KMeans"]

MODULES = {"KMeans": "clustering", "GaussianMixture": "mixture", "MDS": "embedding"}


def __getattr__(name: str) -> Any:
    if name in MODULES:
        return getattr(import_module(f"{__name__}.{MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
