"""Newton's method with the curvature that the alternation leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from kmeans_convergence.core.oracle import CountingOracle, chosen
from kmeans_convergence.core.problem import Capability
from kmeans_convergence.starts import Streams


@dataclass(frozen=True)
class FaceNewton:
    r"""Newton's method with the curvature that the alternation leaves out: on k-means, the face terms.

    The problem's model is minimised by conjugate gradients in a trust region (Steihaug 1983). On k-means, Newton's
    method with this curvature is known for densities (Iri, Murota and Ohya 1984; Liu et al. 2009), where faces are
    integrated over; to estimate it from a sample is ours, see `problems.kmeans.faces`.

    Lengths are measured in the metric of the majoriser, in which the first direction of the conjugate gradients is the
    alternation's step, and no radius is less than its length.

    A long step overshoots in directions that the alternation's next one corrects at once. So steps are judged by the
    cost less what the alternation is promised, :math:`E(x)-\frac12\|T(x)-x\|^2`: the most that its next step leaves;
    on k-means, the cost of the partition about its means. A step is kept if it lowers this by a share of what the model
    promises; otherwise it is rejected and the alternation's step, which never raises it, is made instead. Where the
    problem says that T(x) is the minimum of its piece of the cost, the alternation's step is made, too: so a run ends
    as the alternation does. It also begins as that does, until what its step is promised falls by less than half from
    one step to the next: before, there is little to gain. Where the model promises nothing, the run stays with the
    alternation.

    Every trial is charged one pass, those that are rejected included, and what the model takes.

    The constants are ours, and the same for all data. After a first inspection of the study's runs they were chosen on
    other starts, and other samples of the larger data sets.

    Attributes
    ----------
    share : float
    patience : int
        The first steps, which are the alternation's in any case.
    slow : float
        The ratio of two promises from which on the alternation's steps are too slow.
    radius : float
        At first, in lengths of the alternation's last step. It becomes one and a half times the length of a step that
        it cut short and that did at least three quarters of what the model promised, half that of one that did less
        than a quarter, a quarter of that of one that was rejected.
    options : optional
        The problem's options for its model; its own choice without.
    """

    share: float = 0.1
    patience: int = 3
    slow: float = 0.5
    radius: float = 2.0
    options: Any = None

    memoryless = False
    needs = frozenset({Capability.MODEL})

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield iterates, at least one pass over the data for each; those that are rejected are among them."""
        here, model = problem.evaluate(starts), problem.model(self.options)
        promise = here.norm(here.image - here.x)
        radius, (begun, hopeless) = np.zeros(len(starts)), np.zeros((2, len(starts)), dtype=bool)
        plain = ~begun
        for made in count(1):
            steps = model.steps(here, ~plain, np.maximum(radius, promise))
            hopeless |= ~plain & (steps.promised <= 0)
            plain |= hopeless
            x = np.where(plain[:, None], here.image, here.x + steps.step)
            yield x
            there = model.evaluate(x, ~hopeless)
            following = there.norm(there.image - there.x)
            fall = here.cost - there.cost - 0.5 * (promise**2 - following**2)
            # the alternation's step needs no test, which rounding errors could fail
            rejected = ~plain & ~(fall >= self.share * steps.promised)
            poor, good = ~plain & (fall < 0.25 * steps.promised), steps.cut & (fall >= 0.75 * steps.promised)
            change = np.select([~begun, rejected, poor, good], [self.radius, 0.25, 0.5, 1.5])
            # neither a plain step nor one that did what it should says anything about the radius
            radius = np.where(change > 0, change * here.norm(x - here.x), radius)
            solved = there.solved_by_image(here)
            here = chosen(rejected, here, there)
            before, promise = promise, np.where(rejected, promise, following)
            begun |= (made >= self.patience) & (promise**2 > self.slow * before**2)
            plain = rejected | solved | ~begun | hopeless
