"""Newton's method with the curvature that batch K-means leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kmeans_convergence.optimizers.metering import MeteredProblem, chosen
from kmeans_convergence.problems import Evaluation
from kmeans_convergence.problems.faces import Rule
from kmeans_convergence.starts import Streams

RULE = Rule(width=0.1, patterns=20.0, fewest=5.0, tolerance=0.1, products=10)


@dataclass(frozen=True)
class FaceNewton:
    r"""Newton's method with face terms, see `problems.faces`: conjugate gradients in a trust region (Steihaug 1983).

    Lengths are measured in the norm :math:`\sqrt{\sum_kN_k\|\cdot\|^2}`, in which the first direction of the conjugate
    gradients is Lloyd's step, and no radius is less than its length. A step is kept if it lowers the cost by a share of
    what the majoriser promises for Lloyd's, :math:`\frac12\sum_kN_k\|T(w)_k-w_k\|^2`; otherwise it is taken back and
    Lloyd's step is made instead. Where a step changed no assignment, Lloyd's lands on the minimum of the piece: so a
    run ends as batch K-means does. It also begins as that does, until
    what is promised falls by less than half from one step to the next: before, there is little to gain.

    Every trial is charged one pass, those that are taken back included. On top of that come the distances computed in
    the search for patterns near faces, K of them for a pattern, and, for each product with the Hessian, 4 for each
    pattern near a face.

    The constants are ours, and the same for all data.

    Attributes
    ----------
    rule : Rule
    share : float
    slow : float
        The ratio of two promises from which on Lloyd's steps are too slow.
    radius : float
        At first, in lengths of Lloyd's last step. It becomes twice the length of a step that it cut short and that
        lowered the cost by at least three quarters of what the model promised, half that of one that lowered it by less
        than a quarter, and a quarter of that of one that was taken back.
    """

    rule: Rule = RULE
    share: float = 0.1
    slow: float = 0.5
    radius: float = 4.0

    memoryless = False

    def iterates(self, problem: MeteredProblem, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield iterates, at least one pass over the data for each; those that are taken back are among them."""
        here = problem.evaluate(starts)
        lloyds = length(here, here.minimizer)
        radius, begun = np.zeros(len(starts)), np.zeros(len(starts), dtype=bool)
        plain = ~begun
        while True:
            steps = problem.newton_steps(here, ~plain, np.maximum(radius, lloyds), self.rule)
            w = np.where(plain[:, None, None], here.minimizer, here.w + steps.step)
            yield w
            there = problem.evaluate(w)
            fall, went = here.cost - there.cost, length(here, w)
            # Lloyd's step needs no test, which rounding errors could fail
            back = ~plain & ~(fall >= self.share * 0.5 * lloyds**2)
            poor, good = ~plain & (fall < 0.25 * steps.promised), steps.cut & (fall >= 0.75 * steps.promised)
            change = np.select([~begun, back, poor, good], [self.radius, 0.25, 0.5, 2])
            # neither a plain step nor one that did what it should says anything about the radius
            radius = np.where(change > 0, change * went, radius)
            settled = (there.assignments == here.assignments).all(axis=1)
            here, before = chosen(back, here, there), lloyds
            lloyds = length(here, here.minimizer)
            begun |= lloyds**2 > self.slow * before**2
            plain = back | settled | ~begun


def length(here: Evaluation, w: np.ndarray) -> np.ndarray:
    """Return the distance of `w` from an evaluation's iterate, with the numbers of patterns as weights, shape (R,)."""
    return np.sqrt((here.counts * ((w - here.w) ** 2).sum(axis=2)).sum(axis=1))
