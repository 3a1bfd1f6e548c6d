"""The methods that the study compares: an optimizer, the problem it belongs to, and its name in the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from kmeans_convergence.optimizers import (
    GradientDescent,
    MajorizeMinimize,
    Newton,
    OnlineGradient,
    OnlineKMeans,
    Optimizer,
    Rate,
    Switch,
)


@dataclass(frozen=True)
class Method:
    """An optimizer on a problem; `optimizer` makes it from the learning rate of the gradient methods."""

    label: str
    optimizer: Callable[[Rate], Optimizer]
    problem: Literal["quantization", "mixture"] = "quantization"


METHODS = {
    "online_kmeans": Method("online K-means", lambda rate: OnlineKMeans()),
    "batch_kmeans": Method("batch K-means", lambda rate: MajorizeMinimize()),
    "online_gradient": Method("online gradient", OnlineGradient),
    "batch_gradient": Method("batch gradient", GradientDescent),
    "mixture": Method("EM, mixture", lambda rate: MajorizeMinimize(), problem="mixture"),
    "hybrid": Method("online, then batch", lambda rate: Switch(OnlineKMeans(), 1, MajorizeMinimize())),
    "newton": Method("Newton", lambda rate: Newton()),
}

# The order of legends and tables: that of the paper, then ours.
PAPER = ("online_kmeans", "batch_kmeans", "online_gradient", "batch_gradient")
OURS = (*PAPER, "hybrid")


def label(method: str) -> str:
    """Return the name of a method in figures and tables."""
    return METHODS[method].label
