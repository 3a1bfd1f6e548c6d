r"""The interface between what is minimised and how.

A point is a flat vector; R points are evaluated together, as an array of shape (R, P). Each problem packs its
parameters into such vectors, and unpacks them again. One evaluation gives the cost E, its gradient and the image T(x)
under the problem's alternation, which for all problems of this project is a preconditioned gradient step,

.. math:: T(x) = x - P(x)\,\nabla E(x).

P is the inverse of the curvature of the complete data: of the majoriser that T minimises. Its metric
:math:`\|v\|^2=v^TP^{-1}v` measures lengths, and :math:`\frac12\|T(x)-x\|^2` is what the alternation is promised.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple, Protocol, Self

import numpy as np

from kmeans_convergence.core.gap import Gap
from kmeans_convergence.errors import InputError


class Curvature(NamedTuple):
    """Bounds and mean of the curvature of the majoriser, each of shape (R,): the spectrum of the inverse of P.

    Directions in which it is flat are left out of `least`.
    """

    least: np.ndarray
    mean: np.ndarray
    most: np.ndarray


class TermCurvature(NamedTuple):
    """Bounds and mean of the curvature of a term of the cost: of one pattern, or one pair."""

    least: float
    mean: float
    most: float


class Evaluation(ABC):
    """What one pass over the data says about R points.

    A problem derives its own, made of arrays with a first axis of R.
    """

    @property
    @abstractmethod
    def x(self) -> np.ndarray:
        """The points, shape (R, P), read-only."""

    @property
    @abstractmethod
    def cost(self) -> np.ndarray:
        """Cost of each run, shape (R,)."""

    @property
    @abstractmethod
    def gradient(self) -> np.ndarray:
        """Gradient of the cost, shape (R, P)."""

    @property
    @abstractmethod
    def image(self) -> np.ndarray:
        """T(x), the minimiser of the majoriser, shape (R, P)."""

    @property
    @abstractmethod
    def curvature(self) -> Curvature:
        """Bounds of the majoriser's curvature; a gradient step of 1 / most cannot raise the cost."""

    @property
    def mean_curvature(self) -> np.ndarray:
        """Mean of the majoriser's curvature, shape (R,), where its bounds are not needed."""
        return self.curvature.mean

    @abstractmethod
    def precondition(self, v: np.ndarray) -> np.ndarray:
        """Return P v for gradients `v` of shape (R, P)."""

    @abstractmethod
    def squared_norm(self, v: np.ndarray) -> np.ndarray:
        """Return the squared length of steps `v` (R, P) in the metric of the majoriser, shape (R,)."""

    @abstractmethod
    def parts(self) -> tuple[np.ndarray | None, ...]:
        """Return the arrays that make an evaluation, each with a first axis of R."""

    @abstractmethod
    def of(self, *parts: Any) -> Self:
        """Return the evaluation that has these parts, and shares with this one what has no axis of runs."""

    @property
    def metric(self) -> np.ndarray:
        """Diagonal of the inverse of P, shape (R, P), for problems with the capability `DIAGONAL_METRIC`.

        Raises
        ------
        InputError
            For other problems.
        """
        raise InputError(f"{type(self).__name__} has no diagonal metric.")

    @property
    def hessian_diagonal(self) -> np.ndarray:
        """Diagonal of the Hessian, shape (R, P), for problems with the capability `SECOND_DERIVATIVES`.

        Raises
        ------
        InputError
            For other problems.
        """
        raise InputError(f"{type(self).__name__} has no diagonal of a Hessian.")

    @property
    def hessian(self) -> np.ndarray:
        """The Hessian, shape (R, P, P), for problems with the capability `HESSIAN`.

        Raises
        ------
        InputError
            For other problems.
        """
        raise InputError(f"{type(self).__name__} has no Hessian.")

    def norm(self, v: np.ndarray) -> np.ndarray:
        """Return the length of steps `v` (R, P) in the metric of the majoriser, shape (R,)."""
        return np.sqrt(self.squared_norm(v))

    @property
    def promised_decrease(self) -> np.ndarray:
        """By how much the majoriser falls from x to T(x), shape (R,): the cost falls by at least as much."""
        return 0.5 * self.squared_norm(self.image - self.x)

    def damped_image(self, rate: float) -> np.ndarray:
        """Return the point (R, P) that lies a share `rate` of the way to T(x), in whatever T is an average of."""
        return (1 - rate) * self.x + rate * self.image

    def lengths(self, v: np.ndarray) -> np.ndarray:
        """Return Euclidean lengths of steps `v` (R, P) for each block of parameters, shape (R, blocks)."""
        return np.sqrt((v**2).sum(axis=1))[:, None]

    def solved_by_image(self, before: Evaluation) -> np.ndarray:
        """Say for which runs T(x) is the minimum of the piece of the cost that x and the point before lie on, (R,).

        Only a cost that is made of pieces on which it equals its majoriser has such runs; then no extrapolation can
        improve on T.
        """
        return np.zeros(len(self.x), dtype=bool)

    def diagnostics(self, before: Evaluation) -> Mapping[str, np.ndarray]:
        """Return further measures of a trace, each of shape (R,), given the evaluation before."""
        return {}

    def select(self, where: np.ndarray) -> Self:
        """Return the evaluation of the runs of a mask (R,)."""
        return self.of(*(None if part is None else part[where] for part in self.parts()))

    def merge(self, other: Self, where: np.ndarray) -> Self:
        """Return this evaluation with the runs of a mask (R,) replaced by those of `other`, which has only these."""
        parts = zip(self.parts(), other.parts(), strict=True)
        return self.of(*(None if a is None or b is None else replaced(a, b, where) for a, b in parts))


def replaced(old: np.ndarray, new: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Return `old` with the rows of a mask replaced by `new`."""
    values = old.copy()
    values[where] = new
    return values


class Capability(Enum):
    """What a problem may offer beyond an evaluation; its value completes "... needs"."""

    SUBSETS = "steps on some patterns at a time"
    SWEEPS = "steps after each pattern"
    EXCHANGES = "exchanges of single patterns"
    SECOND_DERIVATIVES = "second derivatives along the coordinates"
    DIAGONAL_HESSIAN = "a Hessian that is diagonal"
    HESSIAN = "its Hessian as a matrix"
    DIAGONAL_METRIC = "a metric of the majoriser that is diagonal"
    HESSIAN_PRODUCTS = "products of its Hessian with vectors"
    MODEL = "the curvature that its alternation leaves out"
    STANDARD_ERRORS = "standard errors of its parameters"
    CLUSTERING = "a clustering of patterns by their nearest prototypes"


# The methods of a problem that serve a capability; others are served by its evaluations, or by its data.
SERVED_BY = {
    Capability.SUBSETS: ("evaluate_rows", "nothing_seen"),
    Capability.SWEEPS: ("sweep", "sweep_counts"),
    Capability.EXCHANGES: ("exchanges",),
    Capability.HESSIAN_PRODUCTS: ("hessian_product",),
    Capability.MODEL: ("model",),
    Capability.STANDARD_ERRORS: ("standard_errors",),
}


class Steps(NamedTuple):
    """Steps that minimise a quadratic model within a length, for R runs.

    Attributes
    ----------
    step : ndarray of shape (R, P)
    promised : ndarray of shape (R,)
        By how much the cost falls that the alternation's next step leaves, according to the model; not negative, and 0
        where the step is that of the alternation.
    cut : ndarray of shape (R,), bool
        Whether the step was cut short at its greatest length.
    work : ndarray of shape (R,), int64
        What it took, in the problem's unit of work.
    """

    step: np.ndarray
    promised: np.ndarray
    cut: np.ndarray
    work: np.ndarray


class Model(Protocol):
    """The quadratic model of a cost around the iterates of R runs, with the curvature that T leaves out."""

    def evaluates(self, where: np.ndarray) -> np.ndarray:
        """Return of which runs of a mask (R,) the model wants to make the next evaluation itself."""
        ...

    def evaluate(self, x: np.ndarray, some: np.ndarray) -> Evaluation:
        """Evaluate the runs of a mask (R,), whose points are `x`, and keep what their model needs."""
        ...

    def steps(self, here: Evaluation, where: np.ndarray, longest: np.ndarray) -> Steps:
        """Return steps from R points for the runs of a mask, zeros for the others.

        Parameters
        ----------
        here : Evaluation
        where : ndarray of shape (R,), bool
        longest : ndarray of shape (R,)
            Greatest length in the metric, not less than that of the alternation's step.
        """
        ...


# Takes the points of some runs, shape (some, P), and the mask (R,) that says which they are.
Evaluator = Callable[[np.ndarray, np.ndarray], Evaluation]


class Problem(ABC):
    """A cost over flat vectors that can be evaluated for many runs in one pass over the data.

    Attributes
    ----------
    capabilities : frozenset of Capability
        What it offers beyond an evaluation: a class that lacks the methods is refused where it is defined.
    """

    capabilities: frozenset[Capability] = frozenset()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for capability in cls.capabilities:
            for name in SERVED_BY.get(capability, ()):
                if not hasattr(cls, name):
                    raise TypeError(f"{cls.__name__} claims to offer {capability.value} and has no {name}.")

    @property
    @abstractmethod
    def size(self) -> int:
        """Units of work in one pass: patterns, pairs, or sequences."""

    @property
    @abstractmethod
    def gap(self) -> Gap:
        """The scale on which costs are compared."""

    @property
    def length(self) -> float:
        """A typical length of the coordinates, for optimizers whose steps have one of their own."""
        return 1.0

    @property
    def term_curvature(self) -> TermCurvature:
        """The curvature of a single term's majoriser, for optimizers that move after each: its mean is their unit."""
        return TermCurvature(1.0, 1.0, 1.0)

    @property
    def centred(self) -> Problem:
        """The same problem where its arithmetic loses no digits; see `to_centred`."""
        return self

    @abstractmethod
    def evaluate(self, x: np.ndarray) -> Evaluation:
        """Evaluate R points of shape (R, P) in one pass."""

    def evaluator(self, runs: int) -> Evaluator:
        """Return what evaluates a number of runs again and again, and lives as long as they do.

        It finds what `evaluate` does, but a problem may let it remember what makes the next evaluation of a run faster.
        """
        return lambda x, some: self.evaluate(x)

    def pack(self, parameters: Any) -> np.ndarray:
        """Return parameters of R runs as flat vectors (R, P)."""
        return np.array(parameters, dtype=np.float64)

    def unpack(self, x: np.ndarray) -> Any:
        """Return flat vectors (R, P) as parameters."""
        return x

    def to_centred(self, parameters: Any) -> Any:
        """Return parameters of this problem as those of `centred`."""
        return parameters

    def from_centred(self, parameters: Any) -> Any:
        """Return parameters of `centred` as those of this problem."""
        return parameters


def check_fit(problem: Problem, optimizer: Any) -> None:
    """Refuse an optimizer that needs what a problem does not offer, or does not say what it needs.

    Raises
    ------
    InputError
        With the reason.
    """
    if not hasattr(optimizer, "needs"):
        raise InputError(
            f"{type(optimizer).__name__} does not say what it `needs` of a problem: an optimizer derives from "
            "`StepRule` or `General`, which need an evaluation alone, or has a set of capabilities of that name."
        )
    missing = [need.value for need in Capability if need in optimizer.needs - problem.capabilities]
    if missing:
        raise InputError(
            f"{type(optimizer).__name__} needs {' and '.join(missing)}, which {type(problem).__name__} does not offer."
        )
