"""Newton's method with the curvature that batch K-means leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kmeans_convergence.optimizers.metering import MeteredProblem, chosen
from kmeans_convergence.problems.faces import Rule
from kmeans_convergence.starts import Streams


@dataclass(frozen=True)
class FaceNewton:
    r"""Newton's method with face terms, see `problems.faces`: conjugate gradients in a trust region (Steihaug 1983).

    Lengths are measured in the norm :math:`\sum_kN_k\|\cdot\|^2`, in which the first direction of the conjugate
    gradients is Lloyd's step, and the radius is a multiple of Lloyd's step. A step is kept if it lowers the cost by a
    share of what the majoriser promises for Lloyd's, :math:`\frac12\sum_kN_k\|T(w)_k-w_k\|^2`; otherwise it is taken
    back and Lloyd's step is made instead. Where a step changed no assignment, Lloyd's lands on the minimum of the
    piece: so a run ends as batch K-means does.

    Every trial is charged one pass, those that are taken back included. On top of that come the distances computed in
    the search for patterns near faces and, for each product with the Hessian, 4 for each of these patterns.

    The constants are ours, and the same for all data.

    Attributes
    ----------
    rule : Rule
    share : float
    radius : float
        At first. It doubles after a step that it cut short and that lowered the cost by at least three quarters of
        what the model promised, halves after one that lowered it by less than a quarter, and is quartered after one
        that was taken back.
    longest : float
        The radius lies between 1 and this.
    """

    rule: Rule = Rule(patterns=10.0, least=0.01, most=0.1, tolerance=0.1, products=20)
    share: float = 0.5
    radius: float = 4.0
    longest: float = 64.0

    memoryless = False

    def iterates(self, problem: MeteredProblem, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield iterates, at least one pass over the data for each; those that are taken back are among them."""
        here = problem.evaluate(starts)
        radius = np.full(len(starts), self.radius)
        plain = np.zeros(len(starts), dtype=bool)
        while True:
            steps = problem.newton_steps(here, ~plain, radius, self.rule)
            w = np.where(plain[:, None, None], here.minimizer, here.w + steps.step)
            yield w
            there = problem.evaluate(w)
            fall = here.cost - there.cost
            lloyds = 0.5 * (here.counts * ((here.minimizer - here.w) ** 2).sum(axis=2)).sum(axis=1)
            # Lloyd's step needs no test, which rounding errors could fail
            back = ~plain & ~(fall >= self.share * lloyds)
            good, poor = fall >= 0.75 * steps.promised, fall < 0.25 * steps.promised
            factor = np.select([plain, back, poor, good & steps.cut], [1, 0.25, 0.5, 2], default=1)
            radius = np.clip(factor * radius, 1, self.longest)
            settled = (there.assignments == here.assignments).all(axis=1)
            here = chosen(back, here, there)
            plain = back | settled
