"""Newton's method from the Hessian as a matrix, plain and safeguarded."""

import numpy as np
import pytest
from toy import Logistic, LogisticEvaluation

from kmeans_convergence.core import Capability, check_fit, minimize
from kmeans_convergence.optimizers import MajorizeMinimize, Newton
from kmeans_convergence.optimizers.newton import NewtonRaphson, SafeguardedNewton
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, streams


class CurvedEvaluation(LogisticEvaluation):
    """That of `Logistic`, with its Hessian."""

    @property
    def hessian(self):
        p = 1 / (1 + np.exp(-(self.x @ Logistic.B.T)))
        return np.einsum("qp,rq,qs->rps", Logistic.B, Logistic.trials * p * (1 - p), Logistic.B)


class Curved(Logistic):
    capabilities = frozenset({Capability.HESSIAN})

    def evaluate(self, x):
        return CurvedEvaluation.of(*super().evaluate(x).parts())


NEAR, FAR = 0.3, 4.0


def starts(size):
    return Curved().minimum + size * np.random.default_rng(1).normal(size=(8, 3))


def test_it_converges_quadratically_near_the_minimum():
    trace = minimize(Curved(), NewtonRaphson(), starts(NEAR), epochs=3)
    gaps = Curved().gap.of(trace.cost, Curved().least)
    assert (gaps[2] < 1e-4 * gaps[0]).all()
    assert (np.abs(trace.w - Curved().minimum) < 1e-5).all()


def test_without_a_safeguard_it_may_fail_and_with_one_it_does_not():
    plain, safe, alternation = (
        minimize(Curved(), each, starts(FAR), passes=200.0)
        for each in (NewtonRaphson(), SafeguardedNewton(), MajorizeMinimize())
    )
    assert plain.diverged.any()
    assert not safe.diverged.any()
    np.testing.assert_allclose(safe.w, np.tile(Curved().minimum, (8, 1)), atol=1e-6)
    assert (safe.passes[-1] <= alternation.passes[-1]).all()


@pytest.mark.parametrize("optimizer", [NewtonRaphson(), SafeguardedNewton()])
def test_on_kmeans_it_is_newtons_method(optimizer):
    X = np.random.default_rng(2).normal(size=(80, 3))
    problem, w = QuantizationProblem(X), draw(X, 4, streams(1, "newton", 4, range(5), "starts"))
    one, other = (minimize(problem, each, w, passes=50.0) for each in (optimizer, Newton()))
    np.testing.assert_allclose(one.cost, other.cost, rtol=1e-12)
    here = problem.evaluate(w)
    np.testing.assert_array_equal(here.hessian.diagonal(axis1=1, axis2=2), here.hessian_diagonal)
    assert np.count_nonzero(here.hessian) <= here.x.size


def test_a_prototype_without_patterns_stays():
    problem = QuantizationProblem(np.arange(4.0)[:, None])
    w = np.array([[[0.0], [3.0], [99.0]]])
    trace = minimize(problem, NewtonRaphson(), w, epochs=1)
    np.testing.assert_array_equal(trace.w[0, :, 0], [0.5, 2.5, 99.0])


def test_a_problem_without_a_hessian_is_refused(refused):
    with refused("NewtonRaphson needs its Hessian as a matrix", "Logistic"):
        check_fit(Logistic(), NewtonRaphson())
    with refused("LogisticEvaluation has no Hessian"):
        Logistic().evaluate(starts(NEAR)).hessian  # noqa: B018
