r"""What all alternations share: the best choices, the minimiser given the choices, and Newton's step.

The cost is :math:`E(w)=\min_z C(z,w)` over finitely many hidden choices z, such as the owners of patterns, a path
through states or a permutation. Parameters are flat, shape (P,), and choices are arrays of integers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np


class Alternation(Protocol):
    """A cost with hidden choices, and the two halves of a step."""

    def choose(self, w: np.ndarray) -> np.ndarray:
        """Return the best choices at `w` (P,), integers; ties go to the lowest."""
        ...

    def choices(self) -> Iterator[np.ndarray]:
        """Yield all choices, of which there are few in tiny cases only."""
        ...

    def cost(self, z: np.ndarray, w: np.ndarray) -> float:
        """Return C(z, w), the cost when the choices are known."""
        ...

    def gradient(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the gradient of C(z, .) at `w`, shape (P,)."""
        ...

    def hessian(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the Hessian of C(z, .) at `w`, shape (P, P)."""
        ...

    def minimize(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the minimiser of C(z, .), shape (P,); what the choices say nothing about stays as it is in `w`."""
        ...


# A path ends where a parameter is so large: logarithms of variances have no exponentials much farther out.
FAR = 500.0

# Takes a problem and parameters (P,), and returns parameters (P,).
Step = Callable[[Alternation, np.ndarray], np.ndarray]


def value(problem: Alternation, w: np.ndarray) -> float:
    """Return E(w), the cost with the best choices."""
    return problem.cost(problem.choose(w), w)


def alternate(problem: Alternation, w: np.ndarray) -> np.ndarray:
    """Return the parameters after a step of the alternation: the best choices, then the minimiser given them."""
    return problem.minimize(problem.choose(w), w)


def newton(problem: Alternation, w: np.ndarray) -> np.ndarray:
    """Return the parameters after Newton's step from gradient and Hessian.

    Off the faces those of E are those of C(z, .) with the best choices z.
    """
    return newton_given(problem, problem.choose(w), w)


def newton_given(problem: Alternation, z: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return the parameters after Newton's step on C(z, .).

    The pseudo-inverse leaves in place what the choices say nothing about.
    """
    return np.asarray(w - np.linalg.pinv(problem.hessian(z, w), hermitian=True) @ problem.gradient(z, w))


def path(problem: Alternation, w: np.ndarray, step: Step, most: int, rest: float = 0.0) -> list[np.ndarray]:
    """Return the iterates from `w` on, until no parameter moves by more than `rest`, or one is `FAR` away.

    Their number is bounded; the last move is not in the path.
    """
    found = [w]
    for _ in range(most):
        new = step(problem, found[-1])
        if not (np.abs(new) < FAR).all() or np.abs(new - found[-1]).max() <= rest:
            break
        found.append(new)
    return found
