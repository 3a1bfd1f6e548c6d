"""Newton's method with the curvature that batch K-means leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from kmeans_convergence.optimizers.metering import MeteredProblem, chosen
from kmeans_convergence.problems import Evaluation
from kmeans_convergence.problems.faces import Rule
from kmeans_convergence.problems.passes import SecondNearest
from kmeans_convergence.starts import Streams

RULE = Rule(width=0.1, patterns=32.0, fewest=8.0, tolerance=0.1, products=10)


@dataclass(frozen=True)
class FaceNewton:
    r"""Newton's method with face terms, see `problems.faces`: conjugate gradients in a trust region (Steihaug 1983).

    Newton's method with this curvature is known for densities (Iri, Murota and Ohya 1984; Liu et al. 2009), where faces
    are integrated over; to estimate it from a sample is ours.

    Lengths are measured in the norm :math:`\sqrt{\sum_kN_k\|\cdot\|^2}`, in which the first direction of the conjugate
    gradients is Lloyd's step, and no radius is less than its length.

    A long step overshoots in directions that Lloyd's next one mends at once. So steps are judged by the cost of the
    partition about its means, :math:`E(w)-\frac12\sum_kN_k\|T(w)_k-w_k\|^2`: the most that the next step leaves. A step
    is kept if it lowers it by a share of what the model promises; otherwise it is taken back and Lloyd's step, which
    never raises it, is made instead. Where a step changed no assignment, Lloyd's lands on the minimum of the piece:
    so a run ends as batch K-means does. It also begins as that does, until what Lloyd's step is promised falls by less
    than half from one step to the next: before, there is little to gain. Where a search has found too few patterns
    near faces, it stays batch K-means.

    Every trial is charged one pass, those that are taken back included. Where many patterns have to be looked at until
    enough near faces are found, that pass also finds their second nearest prototypes; where few are enough, they are
    searched, and charged K distances each. On top of that come (d + 3) / 2 distances for each pattern that is near a
    face, and d + 7 for each pair of neighbours and product with the Hessian: what their moments cost.

    The constants are ours, and the same for all data. After a first look at the study's runs they were chosen on other
    starts, and other samples of the larger data sets.

    Attributes
    ----------
    rule : Rule
    share : float
    patience : int
        So many of Lloyd's steps are made in any case.
    slow : float
        The ratio of two promises from which on Lloyd's steps are too slow.
    radius : float
        At first, in lengths of Lloyd's last step. It becomes one and a half times the length of a step that it cut
        short and that did at least three quarters of what the model promised, half that of one that did less than a
        quarter, a quarter of that of one that was taken back.
    wide : float
        If a search had to look at more than this share of the patterns, the passes after it find the second nearest
        prototypes, and nothing is searched any more.
    """

    rule: Rule = RULE
    share: float = 0.1
    patience: int = 3
    slow: float = 0.5
    radius: float = 2.0
    wide: float = 0.25

    memoryless = False

    def iterates(self, problem: MeteredProblem, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield iterates, at least one pass over the data for each; those that are taken back are among them."""
        here, second_nearest = problem.evaluate(starts), SecondNearest.room(len(starts), 0)
        lloyds = length(here, here.minimizer)
        radius, (begun, hopeless, known) = np.zeros(len(starts)), np.zeros((3, len(starts)), dtype=bool)
        plain = ~begun
        for made in count(1):
            steps = problem.newton_steps(here, second_nearest, known, ~plain, np.maximum(radius, lloyds), self.rule)
            known = np.where(plain, known, steps.looked > self.wide * problem.n)
            hopeless |= ~plain & (steps.promised <= 0)
            plain |= hopeless
            w = np.where(plain[:, None, None], here.minimizer, here.w + steps.step)
            yield w
            known &= ~hopeless
            there, second_nearest = problem.evaluate_second_nearest(w, known)
            theirs = length(there, there.minimizer)
            fall = here.cost - there.cost - 0.5 * (lloyds**2 - theirs**2)
            # Lloyd's step needs no test, which rounding errors could fail
            back = ~plain & ~(fall >= self.share * steps.promised)
            poor, good = ~plain & (fall < 0.25 * steps.promised), steps.cut & (fall >= 0.75 * steps.promised)
            change = np.select([~begun, back, poor, good], [self.radius, 0.25, 0.5, 1.5])
            # neither a plain step nor one that did what it should says anything about the radius
            radius = np.where(change > 0, change * length(here, w), radius)
            settled = (there.assignments == here.assignments).all(axis=1)
            here = chosen(back, here, there)
            before, lloyds = lloyds, np.where(back, lloyds, theirs)
            begun |= (made >= self.patience) & (lloyds**2 > self.slow * before**2)
            plain = back | settled | ~begun | hopeless


def length(here: Evaluation, w: np.ndarray) -> np.ndarray:
    """Return the distance of `w` from an evaluation's iterate, with the numbers of patterns as weights, shape (R,)."""
    return np.sqrt((here.counts * ((w - here.w) ** 2).sum(axis=2)).sum(axis=1))
