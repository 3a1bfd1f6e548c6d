"""The problem as an optimizer sees it: every pattern that it touches is charged."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from kmeans_convergence.problems import Evaluation, Problem, QuantizationProblem, exchange, faces
from kmeans_convergence.problems.base import pieces
from kmeans_convergence.problems.passes import SecondNearest


class MeteredProblem:
    """Charges each run for the patterns it asks for, so that no optimizer can under-report.

    A run that has ended stays where it is: whatever an optimizer asks about it is answered with its last evaluation,
    at no charge and without work. So optimizers treat all runs alike and the work shrinks as runs end.

    Attributes
    ----------
    touched : ndarray of shape (R,), int64
        Patterns charged so far.
    active : ndarray of shape (R,), bool
        Runs that have not ended: only they are evaluated and charged.
    """

    def __init__(self, problem: Problem, runs: int) -> None:
        self._problem = problem
        self._asked: np.ndarray | None = None
        self._last: Evaluation | None = None
        self._ended: Evaluation | None = None
        self.touched = np.zeros(runs, dtype=np.int64)
        self.active = np.ones(runs, dtype=bool)

    def end(self, ended: np.ndarray, here: Evaluation) -> None:
        """End the runs of a mask (R,) at this evaluation; runs that have ended before stay so."""
        if ended.any():
            self.active, self._ended = self.active & ~ended, here

    def measure(self, w: np.ndarray) -> Evaluation:
        """Evaluate without charge: the loop's own door. The same iterate is not evaluated twice."""
        if self._last is not None and (w is self._asked or w is self._last.w):
            return self._last
        if self._ended is None:
            return self._remember(w, self._problem.evaluate(w))
        return self._remember(w, self._moved(w, self.active, self._ended))

    def evaluate(self, w: np.ndarray) -> Evaluation:
        """Evaluate at the price of one pass over the data."""
        self.charge(self._problem.n)
        return self.measure(w)

    def evaluate_where(self, w: np.ndarray, where: np.ndarray, otherwise: Evaluation) -> Evaluation:
        """Evaluate some runs at `w` at the price of one pass for each: the trial of a line search.

        Parameters
        ----------
        w : ndarray of shape (R, K, d)
            Only the runs of `where` matter.
        where : ndarray of shape (R,), bool
        otherwise : Evaluation
            Stands in for the other runs, its iterates included.
        """
        where = where & self.active
        self.charge(where * self._problem.n)
        moved = self._moved(w, where, otherwise)
        return self._remember(moved.w, moved)

    def evaluate_rows(self, w: np.ndarray, rows: np.ndarray) -> Evaluation:
        """See `QuantizationProblem.evaluate_rows`; a run that has ended sees no patterns."""
        self.charge(rows.shape[1])
        if self._ended is None:
            return self._in_pieces.evaluate_rows(w, rows)
        counts = np.zeros(w.shape[:2])
        no_patterns = np.zeros(rows.shape, dtype=np.int32)
        nothing = Evaluation.known(self._ended.w, np.zeros(len(w)), counts, np.zeros(w.shape), no_patterns, counts)
        part = self._in_pieces.evaluate_rows(w[self.active], rows[self.active])
        return _merged(nothing, part, self.active)

    def sweep(self, w: np.ndarray, order: np.ndarray, rate: float) -> np.ndarray:
        """See `QuantizationProblem.sweep`."""
        self.charge(order.shape[1])
        if self.active.all():
            return self._in_pieces.sweep(w, order, rate)
        return _replaced(w, self._in_pieces.sweep(w[self.active], order[self.active], rate), self.active)

    def sweep_counts(
        self, w: np.ndarray, order: np.ndarray, counts: np.ndarray, factor: float = 1.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `QuantizationProblem.sweep_counts`."""
        self.charge(order.shape[1])
        if self.active.all():
            return self._in_pieces.sweep_counts(w, order, counts, factor)
        some = self.active
        part, won = self._in_pieces.sweep_counts(w[some], order[some], counts[some], factor)
        return _replaced(w, part, some), _replaced(counts, won, some)

    def exchange(self, w: np.ndarray, assignments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `problems.exchange.sweep`, at the price of one pass over the data."""
        self.charge(self.n)
        part, owners = exchange.sweep(self._in_pieces.X, w[self.active], assignments[self.active])
        return _replaced(w, part, self.active), _replaced(assignments, owners, self.active)

    def evaluate_second_nearest(self, w: np.ndarray, where: np.ndarray) -> tuple[Evaluation, SecondNearest]:
        """Evaluate at the price of one pass, which also finds the second nearest prototypes for some of the runs.

        Parameters
        ----------
        w : ndarray of shape (R, K, d)
        where : ndarray of shape (R,), bool
            For the other runs, what the second nearest are means nothing.
        """
        self.charge(self.n)
        some, second_nearest = where & self.active, SecondNearest.room(len(w), self.n)
        if not some.any():
            return self.measure(w), second_nearest
        here, found = self._in_pieces.evaluate_second_nearest(w[some])
        second_nearest.prototypes[some], second_nearest.gaps[some] = found
        return self._remember(w, here) if some.all() else self.measure(w), second_nearest

    def newton_steps(
        self,
        here: Evaluation,
        second_nearest: SecondNearest,
        known: np.ndarray,
        where: np.ndarray,
        longest: np.ndarray,
        rule: faces.Rule,
    ) -> faces.Steps:
        """Return Newton's steps with face terms for the active runs of a mask (R,), and zeros for the others.

        A pattern touched is K distances computed: that is what a pass does with each.

        Parameters
        ----------
        here : Evaluation
            Where the steps begin: not charged again.
        second_nearest : SecondNearest
        known : ndarray of shape (R,), bool
            The runs of which the same pass has found them.
        where : ndarray of shape (R,), bool
        longest : ndarray of shape (R,)
            See `problems.faces.newton_steps`.
        rule : faces.Rule
        """
        steps = faces.Steps.of_rest(here.w.shape)
        nothing = SecondNearest.room(len(here.w), 0)
        for some, found in ((known, second_nearest), (~known, nothing)):
            some = some & where & self.active
            if some.any():
                theirs = SecondNearest(*(part[some] for part in found))
                part = faces.newton_steps(self._in_pieces.X, _some(here, some), theirs, longest[some], rule)
                for whole, values in zip(steps, part, strict=True):
                    whole[some] = values
        self.charge(-(-steps.distances // here.w.shape[1]))
        return steps

    def charge(self, patterns: int | np.ndarray) -> None:
        """Charge the active runs for so many patterns, one number or one for each run (R,)."""
        self.touched += self.active * patterns

    def apart(self) -> MeteredProblem:
        """Return the problem with a meter of its own for one run, for optimizers that run ahead of the others.

        What it has charged must be handed to `charge` when the iterate is yielded.
        """
        return MeteredProblem(self._problem, 1)

    @property
    def n(self) -> int:
        """Number of patterns."""
        return self._problem.n

    @property
    def patterns(self) -> np.ndarray:
        """The data (n, d), for optimizers of other libraries and what comes with an evaluation; see `charge`."""
        return self._in_pieces.X

    @cached_property
    def deviation(self) -> float:
        """Root of the mean variance of the features.

        It is not charged: the pass of an optimizer's first evaluation can compute it too.
        """
        X = self.patterns
        mean = X.mean(axis=0, dtype=np.float64)
        squares = sum(((part - mean) ** 2).sum() for _, part in pieces(X))
        return float(np.sqrt(squares / X.size))

    @property
    def _in_pieces(self) -> QuantizationProblem:
        if not isinstance(self._problem, QuantizationProblem):
            raise TypeError(f"{type(self._problem).__name__} offers no sweep over single patterns.")
        return self._problem

    def _moved(self, w: np.ndarray, where: np.ndarray, otherwise: Evaluation) -> Evaluation:
        """Evaluate the runs of `where` at `w`."""
        if where.all():
            return self._problem.evaluate(w)
        return _merged(otherwise, self._problem.evaluate(w[where]), where) if where.any() else otherwise

    def _remember(self, w: np.ndarray, evaluation: Evaluation) -> Evaluation:
        self._asked, self._last = w, evaluation
        # an iterate that changed in place would make the remembered evaluation a lie
        w.flags.writeable = evaluation.w.flags.writeable = False
        return evaluation


def chosen(where: np.ndarray, one: Evaluation, other: Evaluation) -> Evaluation:
    """Return the evaluation whose runs are those of `one` where a mask (R,) says so and of `other` elsewhere."""
    return other if not where.any() else _merged(other, _some(one, where), where)


def _some(evaluation: Evaluation, where: np.ndarray) -> Evaluation:
    return Evaluation.known(*(None if part is None else part[where] for part in evaluation.parts()))


def _merged(old: Evaluation, new: Evaluation, where: np.ndarray) -> Evaluation:
    """Return `old` (R runs) with the runs of a mask replaced by those of `new`."""
    parts = zip(old.parts(), new.parts(), strict=True)
    return Evaluation.known(*(None if a is None or b is None else _replaced(a, b, where) for a, b in parts))


def _replaced(old: np.ndarray, new: np.ndarray, where: np.ndarray) -> np.ndarray:
    values = old.copy()
    values[where] = new
    return values
