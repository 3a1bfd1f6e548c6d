"""The optimizers of the wide comparison, all on the quantisation problem.

They are imported from their own modules and not from the package: so that a new one reruns the comparison alone, and
not the experiment of the paper.
"""

from __future__ import annotations

import math
import re
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from kmeans_convergence.core import CountingOracle, check_fit
from kmeans_convergence.errors import InputError, shown
from kmeans_convergence.names import check_name
from kmeans_convergence.optimizers import (
    MajorizeMinimize,
    OnlineGradient,
    OnlineKMeans,
    Optimizer,
    Rate,
    Switch,
)
from kmeans_convergence.optimizers.accelerated import Anderson, HeavyBall, Nesterov, OverRelaxation
from kmeans_convergence.optimizers.adaptive import Adam
from kmeans_convergence.optimizers.batch import CurvatureGradient, MeanRate, best_rate, stable_rate
from kmeans_convergence.optimizers.exchange import Hartigan
from kmeans_convergence.optimizers.face_newton import FaceNewton
from kmeans_convergence.optimizers.line_search import ArmijoGradient
from kmeans_convergence.optimizers.minibatch import (
    FACTOR,
    MiniBatchAveraged,
    MiniBatchCounts,
    MiniBatchEstimated,
    MiniBatchRoot,
    MovingAverage,
)
from kmeans_convergence.optimizers.momentum import (
    BarzilaiBorwein,
    HeavyBallGradient,
    NesterovGradient,
    PolyaksMomentum,
)
from kmeans_convergence.optimizers.nested import NestedMiniBatch
from kmeans_convergence.optimizers.packaged import ScikitLearnMiniBatch
from kmeans_convergence.optimizers.quasi_newton import LBFGS
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import streams

# What moves a prototype: the means of all patterns, the gradient of all patterns, or some patterns at a time.
Family = Literal["alternation", "gradient", "noisy"]


@dataclass(frozen=True)
class Contender:
    """An optimizer of the comparison.

    Attributes
    ----------
    label : str
        Its name in the report.
    family : Family
    optimizer : callable
        Makes it from the budget of a run in passes, for schedules that end with it, and the value of its setting; of
        some also from one value for each run, (R, 1).
    settings : pair of float, or None
        Between these lie the values of a setting that are tried first, on separate starts; None: nothing is tuned.
    horizon : bool
        Whether the budget decides from the first step on what it does. Another budget is then a run of its own; of all
        others, a run with a small budget is the beginning of one with a large budget.
    """

    label: str
    family: Family
    optimizer: Callable[[int, Any], Optimizer]
    settings: tuple[float, float] | None = None
    horizon: bool = False


# What Bottou and Bengio (1995) call optimal on Iris, taken everywhere.
PAPER_RATE = 0.03

CONTENDERS = {
    "batch_kmeans": Contender("batch K-means", "alternation", lambda passes, value: MajorizeMinimize()),
    "hybrid": Contender(
        "online, then batch", "alternation", lambda passes, value: Switch(OnlineKMeans(), 1, MajorizeMinimize())
    ),
    "overrelaxed_15": Contender("over-relaxed, 1.5", "alternation", lambda passes, value: OverRelaxation(1.5)),
    "overrelaxed_19": Contender("over-relaxed, 1.9", "alternation", lambda passes, value: OverRelaxation(1.9)),
    "heavy_ball": Contender("K-means, heavy ball", "alternation", lambda passes, value: HeavyBall()),
    "nesterov": Contender("K-means, Nesterov", "alternation", lambda passes, value: Nesterov()),
    "anderson": Contender("Anderson", "alternation", lambda passes, value: Anderson()),
    "face_newton": Contender("Newton with face terms", "alternation", lambda passes, value: FaceNewton()),
    "online_face_newton": Contender(
        "online, then face terms",
        "alternation",
        lambda passes, value: Switch(OnlineKMeans(factor=4.0), 1, FaceNewton()),
    ),
    "hartigan": Contender("Hartigan", "alternation", lambda passes, value: Hartigan()),
    "gradient_nmax": Contender("gradient, 1/N", "gradient", lambda passes, value: CurvatureGradient(stable_rate)),
    "gradient_fixed": Contender("gradient, 2/N", "gradient", lambda passes, value: CurvatureGradient(best_rate)),
    "gradient_tuned": Contender(
        "gradient, tuned", "gradient", lambda passes, value: CurvatureGradient(MeanRate(value)), settings=(0.2, 3.2)
    ),
    "gradient_armijo": Contender("gradient, line search", "gradient", lambda passes, value: ArmijoGradient()),
    "gradient_nesterov": Contender("gradient, Nesterov", "gradient", lambda passes, value: NesterovGradient()),
    "gradient_nesterov_tuned": Contender(
        "gradient, Nesterov, tuned",
        "gradient",
        lambda passes, value: NesterovGradient(MeanRate(value)),
        settings=(0.2, 3.2),
    ),
    "gradient_heavy_ball": Contender("gradient, heavy ball", "gradient", lambda passes, value: HeavyBallGradient()),
    "gradient_heavy_ball_tuned": Contender(
        "gradient, heavy ball, tuned",
        "gradient",
        lambda passes, value: HeavyBallGradient(PolyaksMomentum(MeanRate(value))),
        settings=(0.2, 3.2),
    ),
    "gradient_bb": Contender("gradient, Barzilai-Borwein", "gradient", lambda passes, value: BarzilaiBorwein()),
    "lbfgs": Contender("L-BFGS", "gradient", lambda passes, value: LBFGS(passes)),
    "adam": Contender("Adam", "gradient", lambda passes, value: Adam(passes=passes), horizon=True),
    "adam_tuned": Contender(
        "Adam, tuned", "gradient", lambda passes, value: Adam(value, passes=passes), settings=(0.05, 2.5), horizon=True
    ),
    "online_kmeans": Contender("online K-means", "noisy", lambda passes, value: OnlineKMeans(early=True)),
    "online_kmeans_one": Contender(
        "online K-means from 1", "noisy", lambda passes, value: OnlineKMeans(initial_count=1, early=True)
    ),
    "online_c4": Contender("online K-means, 4/n", "noisy", lambda passes, value: OnlineKMeans(factor=4.0, early=True)),
    "online_gradient": Contender(
        "online gradient", "noisy", lambda passes, value: OnlineGradient(Rate(PAPER_RATE), early=True)
    ),
    "online_gradient_tuned": Contender(
        "online gradient, tuned",
        "noisy",
        lambda passes, value: OnlineGradient(Rate(value), early=True),
        settings=(0.01, 1.0),
    ),
    "minibatch_counts": Contender("mini-batch", "noisy", lambda passes, value: MiniBatchCounts()),
    "minibatch_c4": Contender("mini-batch, 4/n", "noisy", lambda passes, value: MiniBatchCounts(factor=FACTOR)),
    "minibatch_c_rho": Contender("mini-batch, c/n", "noisy", lambda passes, value: MiniBatchEstimated()),
    "minibatch_averaged": Contender("mini-batch, averaged", "noisy", lambda passes, value: MiniBatchAveraged()),
    "minibatch_root": Contender("mini-batch, square root", "noisy", lambda passes, value: MiniBatchRoot()),
    "minibatch_ema": Contender(
        "mini-batch, EMA", "noisy", lambda passes, value: MovingAverage(epochs=passes), horizon=True
    ),
    "minibatch_ema_tuned": Contender(
        "mini-batch, EMA, tuned",
        "noisy",
        lambda passes, value: MovingAverage(value, epochs=passes),
        settings=(0.05, 1.0),
        horizon=True,
    ),
    "minibatch_nested": Contender("mini-batch, nested", "noisy", lambda passes, value: NestedMiniBatch()),
    "minibatch_sklearn": Contender(
        "mini-batch, scikit-learn", "noisy", lambda passes, value: ScikitLearnMiniBatch(epochs=passes), horizon=True
    ),
}

# Those of this file, whatever a file of the user's adds.
SHIPPED = tuple(CONTENDERS)


def enlist(file: Path) -> list[str]:
    """Let the optimizers of a user's file take part: add them to `CONTENDERS`.

    Parameters
    ----------
    file : Path
        A Python file that defines a mapping `CONTENDERS` of its own, as here.

    Returns
    -------
    list of str
        Their keys.

    Raises
    ------
    InputError
        If the file cannot be run, has no such mapping, a name or label in it is not allowed or taken, or an optimizer
        in it does not fit the problem, or cannot make a step.
    """
    try:
        own = runpy.run_path(str(file)).get("CONTENDERS")
    # whatever goes wrong in somebody else's file
    except Exception as problem:
        raise InputError(f"{file} cannot be run: {problem!r}.") from problem
    if not isinstance(own, Mapping) or not own or not all(isinstance(value, Contender) for value in own.values()):
        raise InputError(f"{file} has to define CONTENDERS, a mapping from names to Contender, and does not.")
    labels = [CONTENDERS[key].label for key in SHIPPED]
    for key, contender in own.items():
        check_name(key, f"An optimizer of {file}")
        if key in SHIPPED or contender.label in labels:
            raise InputError(f"{file} calls an optimizer {key!r} with the label {contender.label!r}, which is taken.")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 ,.()/+-]{0,23}", contender.label):
            raise InputError(
                f"{file} has the label {shown(contender.label)}: a label begins with a letter or digit, and up to 24 "
                "letters, digits, spaces, ,.()/+- are allowed."
            )
        labels.append(contender.label)
        _try(file, key, contender)
    CONTENDERS.update(own)
    return list(own)


def _try(file: Path, key: str, contender: Contender) -> None:
    """Let an optimizer make one step on a few patterns: what cannot run is refused before any work."""
    problem = QuantizationProblem(np.arange(6.0).reshape(6, 1))
    starts = problem.pack(np.array([[[0.0], [5.0]]]))
    value = math.nan if contender.settings is None else math.sqrt(math.prod(contender.settings))
    try:
        optimizer = contender.optimizer(1, value)
        check_fit(problem, optimizer)
        oracle = CountingOracle(problem, 1)
        oracle.measure(next(iter(optimizer.iterates(oracle, starts, streams(0, key, 2, range(1), "trial")))))
    except InputError as refusal:
        raise InputError(f"{file} has an optimizer {key!r} that cannot take part ({str(refusal)[:-1]}).") from refusal
    # whatever goes wrong in somebody else's file
    except Exception as problem_of_theirs:
        raise InputError(
            f"{file} has an optimizer {key!r} that cannot make a step ({problem_of_theirs!r}); what optimizers and "
            "evaluations offer is in config/README.md."
        ) from problem_of_theirs
