"""The methods that the study compares: an optimizer, the problem it belongs to, and its name in the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from kmeans_convergence.optimizers import (
    GradientDescent,
    MajorizeMinimize,
    MiniBatchAveraged,
    MiniBatchCounts,
    MiniBatchEstimated,
    MovingAverage,
    NestedMiniBatch,
    Newton,
    OnlineGradient,
    OnlineKMeans,
    Optimizer,
    Rate,
    ScikitLearnMiniBatch,
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

# The comparison's own, which see some patterns before they move.
NOISY = {
    "online_kmeans": Method("online K-means", lambda rate: OnlineKMeans(early=True)),
    "online_kmeans_one": Method("online K-means, start counted", lambda rate: OnlineKMeans(1, early=True)),
    "online_c4": Method("online K-means, 4/n", lambda rate: OnlineKMeans(0, 4.0, early=True)),
    "online_gradient": Method("online gradient", lambda rate: OnlineGradient(rate, early=True)),
    "online_gradient_tuned": Method("online gradient, tuned", lambda rate: OnlineGradient(rate, early=True)),
    "minibatch_counts": Method("mini-batch, 1/n", lambda rate: MiniBatchCounts()),
    "minibatch_c4": Method("mini-batch, 4/n", lambda rate: MiniBatchCounts(4.0)),
    "minibatch_c_rho": Method("mini-batch, c/n estimated", lambda rate: MiniBatchEstimated()),
    "minibatch_averaged": Method("mini-batch, 4/n averaged", lambda rate: MiniBatchAveraged()),
    "minibatch_ema": Method("mini-batch, moving average", lambda rate: MovingAverage()),
    "minibatch_ema_tuned": Method("mini-batch, moving average tuned", lambda rate: MovingAverage(rate.initial)),
    "minibatch_nested": Method("mini-batch, nested", lambda rate: NestedMiniBatch()),
    "minibatch_sklearn": Method("mini-batch, scikit-learn", lambda rate: ScikitLearnMiniBatch()),
}
