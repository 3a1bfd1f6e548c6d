"""The problem as an optimizer sees it: an oracle that charges for every question."""

from __future__ import annotations

from typing import Any

import numpy as np

from kmeans_convergence.core.gap import Gap
from kmeans_convergence.core.problem import (
    Capability,
    Evaluation,
    Evaluator,
    Model,
    Problem,
    Steps,
    TermCurvature,
    replaced,
)
from kmeans_convergence.errors import InputError


class CountingOracle:
    """Charges each run for the work that it asks for, so that no optimizer can under-report.

    The unit is that of the problem, patterns for one; a pass costs `size` of them. A run that has ended stays where
    it is: whatever an optimizer asks about it is answered with its last evaluation, without charge and without work.
    So optimizers treat all runs alike, and the work shrinks as runs end.

    What only some problems offer is passed through and charged likewise. `core.check_fit` refuses an optimizer that
    needs more before a run; one that did not say so is refused when it asks.

    Attributes
    ----------
    charged : ndarray of shape (R,), int64
        Work charged so far.
    active : ndarray of shape (R,), bool
        Runs that have not ended: only they are evaluated and charged.
    """

    def __init__(self, problem: Problem, runs: int, evaluator: Evaluator | None = None) -> None:
        self._problem = problem
        self._evaluator = evaluator or problem.evaluator(runs)
        self._asked: np.ndarray | None = None
        self._last: Evaluation | None = None
        self._ended: Evaluation | None = None
        self.charged = np.zeros(runs, dtype=np.int64)
        self.active = np.ones(runs, dtype=bool)

    @property
    def size(self) -> int:
        """Units of work in one pass over the data."""
        return self._problem.size

    @property
    def gap(self) -> Gap:
        """The scale on which costs are compared."""
        return self._problem.gap

    @property
    def length(self) -> float:
        """A typical length of the coordinates; it is not charged: the first evaluation could compute it, too."""
        return self._problem.length

    @property
    def term_curvature(self) -> TermCurvature:
        """The curvature of the majoriser of a single term; it is not charged either."""
        return self._problem.term_curvature

    def charge(self, work: int | np.ndarray) -> None:
        """Charge the active runs, by one number or one for each run (R,)."""
        self.charged += self.active * work

    def end(self, ended: np.ndarray, here: Evaluation) -> None:
        """End the runs of a mask (R,) at this evaluation; runs that have ended before stay so."""
        if ended.any():
            self.active, self._ended = self.active & ~ended, here

    def measure(self, x: np.ndarray) -> Evaluation:
        """Evaluate without charge, as the loop does. The same iterate is not evaluated twice."""
        if self._last is not None and (x is self._asked or x is self._last.x):
            return self._last
        if x.ndim != 2 or len(x) != len(self.active):
            raise InputError(
                f"An optimizer asks about points of shape {x.shape}: ({len(self.active)}, coordinates) is needed, one "
                "flat vector for each run."
            )
        if self._ended is None:
            return self.remember(x, self._evaluator(x, self.active))
        return self.remember(x, self._evaluate_some(x, self.active, self._ended))

    def evaluate(self, x: np.ndarray) -> Evaluation:
        """Evaluate at the price of one pass over the data."""
        self.charge(self.size)
        return self.measure(x)

    def evaluate_where(self, x: np.ndarray, where: np.ndarray, otherwise: Evaluation) -> Evaluation:
        """Evaluate some runs at `x` at the price of one pass for each: the trial of a line search.

        Parameters
        ----------
        x : ndarray of shape (R, P)
            Only the runs of `where` matter.
        where : ndarray of shape (R,), bool
        otherwise : Evaluation
            Stands in for the other runs, their points included.
        """
        where = where & self.active
        self.charge(where * self.size)
        there = self._evaluate_some(x, where, otherwise)
        return self.remember(there.x, there)

    def single_run(self, run: int) -> CountingOracle:
        """Return an oracle for one of the runs with a count of its own, for optimizers whose runs part.

        What it has charged must be handed to `charge` when the iterate is yielded.
        """
        this = np.arange(len(self.active)) == run
        return CountingOracle(self._problem, 1, lambda x, _: self._evaluator(x, this))

    def evaluate_rows(self, x: np.ndarray, rows: np.ndarray) -> Evaluation:
        """Evaluate each run on patterns of its own, `rows` (R, m); a run that has ended sees none (`SUBSETS`)."""
        self.charge(rows.shape[1])
        some, problem = self.active, self._offering(Capability.SUBSETS)
        if some.all():
            return problem.evaluate_rows(x, rows)
        return problem.nothing_seen(x, rows).merge(problem.evaluate_rows(x[some], rows[some]), some)

    def hessian_product(self, here: Evaluation, v: np.ndarray, where: np.ndarray) -> np.ndarray:
        """Return the Hessian times vectors (R, P), 0 but for the runs of a mask, each at the price of a pass.

        See `HESSIAN_PRODUCTS`.
        """
        where = where & self.active
        self.charge(where * self.size)
        product = np.zeros_like(v)
        if where.any():
            product[where] = self._offering(Capability.HESSIAN_PRODUCTS).hessian_product(here.select(where), v[where])
        return product

    def standard_errors(self, here: Evaluation, rows: np.ndarray) -> np.ndarray:
        """Return standard errors (R, blocks) of the image under some patterns (`STANDARD_ERRORS`)."""
        return self._offering(Capability.STANDARD_ERRORS).standard_errors(here, rows)

    def sweep(self, x: np.ndarray, order: np.ndarray, rate: float) -> np.ndarray:
        """Return points after a step with a fixed rate for each pattern of `order` (R, m) in turn (`SWEEPS`).

        The unit of the rate is the inverse of the mean `term_curvature`.
        """
        self.charge(order.shape[1])
        some = self.active
        return replaced(x, self._offering(Capability.SWEEPS).sweep(x[some], order[some], rate), some)

    def sweep_counts(
        self, x: np.ndarray, order: np.ndarray, metric: np.ndarray, factor: float = 1.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return points and `metric` (R, P) after a step for each pattern in turn, by its share of the sum (`SWEEPS`).

        The rate of a coordinate is min(1, factor / m), where m is what the metrics of all patterns so far add up to.
        """
        self.charge(order.shape[1])
        some = self.active
        part, summed = self._offering(Capability.SWEEPS).sweep_counts(x[some], order[some], metric[some], factor)
        return replaced(x, part, some), replaced(metric, summed, some)

    def exchanges(self, x: np.ndarray) -> CountedExchanges:
        """Return sweeps of exchanges that begin with the choices at `x`, at the price of a pass (`EXCHANGES`)."""
        problem = self._offering(Capability.EXCHANGES)
        return CountedExchanges(self, problem.exchanges(self.evaluate(x)))

    def model(self, options: Any = None) -> CountedModel:
        """Return the problem's quadratic model (`MODEL`); `options` are the problem's, None for its own choice."""
        return CountedModel(self, self._offering(Capability.MODEL).model(len(self.active), options))

    @property
    def patterns(self) -> np.ndarray:
        """The patterns (n, d), for optimizers of other libraries (`CLUSTERING`); see `charge`."""
        return np.asarray(self._offering(Capability.CLUSTERING).X)

    def unpack(self, x: np.ndarray) -> Any:
        """Return points as the problem's parameters."""
        return self._problem.unpack(x)

    def pack(self, parameters: Any) -> np.ndarray:
        """Return parameters as points."""
        return self._problem.pack(parameters)

    def _offering(self, capability: Capability) -> Any:
        """Return the problem, whose declared type does not know its capabilities, if it has this one."""
        if capability not in self._problem.capabilities:
            raise InputError(
                f"An optimizer asks for {capability.value}, which {type(self._problem).__name__} does not offer, and "
                "did not say that it needs that."
            )
        return self._problem

    def _evaluate_some(self, x: np.ndarray, where: np.ndarray, otherwise: Evaluation) -> Evaluation:
        if where.all():
            return self._evaluator(x, where)
        return otherwise.merge(self._evaluator(x[where], where), where) if where.any() else otherwise

    def remember(self, x: np.ndarray, evaluation: Evaluation) -> Evaluation:
        """Keep the evaluation of an iterate, which the loop will ask for, and return it."""
        self._asked, self._last = x, evaluation
        # an iterate that changed in place would make the remembered evaluation a lie
        x.flags.writeable = evaluation.x.flags.writeable = False
        return evaluation


class CountedExchanges:
    """Sweeps of exchanges, each at the price of one pass."""

    def __init__(self, oracle: CountingOracle, exchanges: Any) -> None:
        self._oracle, self._exchanges = oracle, exchanges

    def sweep(self) -> np.ndarray:
        """Let each pattern in turn move wherever this lowers the cost; return the points (R, P) after it."""
        self._oracle.charge(self._oracle.size)
        return np.asarray(self._exchanges.sweep(self._oracle.active))


class CountedModel:
    """A quadratic model whose evaluations and steps are charged."""

    def __init__(self, oracle: CountingOracle, model: Model) -> None:
        self._oracle, self._model = oracle, model

    def evaluate(self, x: np.ndarray, where: np.ndarray) -> Evaluation:
        """Evaluate all runs at the price of one pass; those of a mask (R,) may be asked for steps next."""
        oracle = self._oracle
        oracle.charge(oracle.size)
        some = self._model.evaluates(where & oracle.active)
        if not some.any():
            return oracle.measure(x)
        here = self._model.evaluate(x[some], some)
        return oracle.remember(x, here) if some.all() else oracle.measure(x)

    def steps(self, here: Evaluation, where: np.ndarray, longest: np.ndarray) -> Steps:
        """See `Model.steps`: the work of a step is charged, the evaluation that it begins at is not."""
        steps = self._model.steps(here, where & self._oracle.active, longest)
        self._oracle.charge(steps.work)
        return steps


def chosen(where: np.ndarray, one: Evaluation, other: Evaluation) -> Evaluation:
    """Return the evaluation whose runs are those of `one` where a mask (R,) says so and of `other` elsewhere."""
    return other.merge(one.select(where), where) if where.any() else other
