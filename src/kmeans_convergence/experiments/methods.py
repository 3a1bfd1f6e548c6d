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


@dataclass(frozen=True)
class Contender:
    """An optimizer of the wide comparison, on the quantisation problem.

    Attributes
    ----------
    label : str
        Its name in the report.
    optimizer : callable
        Makes it; from the value of its setting, when it has one that is tuned.
    settings : pair of float, or None
        The least and the largest value of the setting that are tried on separate starts; None: nothing is tuned.
    """

    label: str
    optimizer: Callable[..., Optimizer]
    settings: tuple[float, float] | None = None


COMPARED = {
    "batch_kmeans": Contender("batch K-means", MajorizeMinimize),
    "hybrid": Contender("online, then batch", lambda: Switch(OnlineKMeans(), 1, MajorizeMinimize())),
    "online_kmeans": Contender("online K-means", OnlineKMeans),
    "online_gradient": Contender("online gradient", lambda: OnlineGradient(Rate(0.03))),
    "online_gradient_tuned": Contender(
        "online gradient, tuned", lambda rate: OnlineGradient(Rate(rate)), settings=(0.01, 1.0)
    ),
}
