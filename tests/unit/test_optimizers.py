"""The loop and the optimizers of the paper."""

import numpy as np
import pytest

from kmeans_convergence.data.bundled import iris
from kmeans_convergence.optimizers import MajorizeMinimize, Newton, Stop, minimize
from kmeans_convergence.problems import MixtureProblem, QuantizationProblem
from kmeans_convergence.starts import draw, streams


@pytest.fixture(scope="module")
def starts():
    X, _ = iris()
    return QuantizationProblem(X), draw(X, 6, streams(1, "iris", 6, range(30), "test"))


def test_newton_is_batch_kmeans(starts):
    problem, w = starts
    lloyd = minimize(problem, MajorizeMinimize(), w, epochs=25)
    newton = minimize(problem, Newton(), w, epochs=25)
    np.testing.assert_allclose(newton.cost, lloyd.cost, rtol=1e-12)
    np.testing.assert_allclose(newton.w, lloyd.w, atol=1e-9)


def test_batch_kmeans_never_increases_the_cost_and_terminates(starts):
    problem, w = starts
    trace = minimize(problem, MajorizeMinimize(), w, epochs=60)
    assert (np.diff(trace.cost, axis=0) <= 0).all()
    assert set(trace.stop) == {Stop.FIXED_POINT}
    # the epoch in which a run is found at rest is charged, later ones are not
    rests = (trace.largest_move[1:] == 0).argmax(axis=0) + 1
    np.testing.assert_array_equal(trace.passes[-1], rests)


def test_newton_refuses_the_mixture():
    X, _ = iris()
    with pytest.raises(TypeError, match="block-diagonal"):
        minimize(MixtureProblem(X), Newton(), X[None, :3], epochs=1)
