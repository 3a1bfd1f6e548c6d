"""Relaxation, momentum and Anderson acceleration of batch K-means."""

import numpy as np
import pytest

from kmeans_convergence.core import CountingOracle, Problem, RelativeGap
from kmeans_convergence.data.bundled import iris
from kmeans_convergence.optimizers import MajorizeMinimize, Stop, minimize
from kmeans_convergence.optimizers.accelerated import Anderson, HeavyBall, Nesterov, OverRelaxation
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.means import MeansEvaluation
from kmeans_convergence.starts import draw, streams

X, _ = iris()
PROBLEM = QuantizationProblem(X)
STARTS = draw(X, 6, streams(1, "iris", 6, range(30), "test"))
UNIFORM = np.random.default_rng(3).uniform(size=(3000, 1))
FAST = {
    "relaxed 1.5": OverRelaxation(1.5),
    "relaxed 1.9": OverRelaxation(1.9),
    "heavy ball": HeavyBall(),
    "nesterov": Nesterov(),
    "anderson": Anderson(),
}


@pytest.mark.parametrize("idle", [OverRelaxation(1.0), HeavyBall(momentum=0.0), Anderson(most=0)], ids=repr)
def test_without_an_extrapolation_it_is_batch_kmeans_bit_by_bit(idle):
    lloyd = minimize(PROBLEM, MajorizeMinimize(), STARTS, passes=100.0)
    trace = minimize(PROBLEM, idle, STARTS, passes=100.0)
    assert trace.measures.keys() == lloyd.measures.keys()
    for name, values in lloyd.measures.items():
        np.testing.assert_array_equal(trace.measures[name], values)
    np.testing.assert_array_equal(trace.w, lloyd.w)
    assert trace.stop == lloyd.stop


@pytest.mark.parametrize("name", FAST)
def test_ends_at_a_fixed_point_of_batch_kmeans(name):
    trace = minimize(PROBLEM, FAST[name], STARTS, passes=500.0)
    assert set(trace.stop) == {Stop.FIXED_POINT}
    np.testing.assert_array_equal(PROBLEM.evaluate(trace.w).means, trace.w)
    # it did extrapolate: not all runs went the way of batch K-means
    lloyd = minimize(PROBLEM, MajorizeMinimize(), STARTS, passes=500.0)
    assert (trace.cost[3] != lloyd.cost[3]).any()
    # all iterates cost one pass, those that are rejected included
    running = trace.passes[1:] > trace.passes[:-1]
    np.testing.assert_array_equal(np.diff(trace.passes, axis=0)[running], 1)


@pytest.mark.parametrize("name", FAST)
def test_an_extrapolation_that_does_not_pay_is_rejected(name):
    # from an iterate that cost more, the next one is the plain step from the one before
    trace = minimize(PROBLEM, FAST[name], STARTS, epochs=1)
    history = [STARTS, trace.w]
    for epochs in range(2, 12):
        history.append(minimize(PROBLEM, FAST[name], STARTS, epochs=epochs).w)
    costs = np.stack([PROBLEM.evaluate(w).cost for w in history])
    rejected = 0
    for t in range(1, 11):
        worse = costs[t] > costs[t - 1] * (1 + 1e-12)
        # the iterate before was kept itself, if it was not worse than its own predecessor
        worse &= (costs[t - 1] <= costs[t - 2]) if t > 1 else True
        plain = PROBLEM.evaluate(history[t - 1]).means
        np.testing.assert_array_equal(history[t + 1][worse], plain[worse])
        assert (costs[t + 1] <= costs[t - 1])[worse].all()
        rejected += worse.sum()
    # over-relaxation below 2 cannot raise the cost: the majoriser does not rise
    assert rejected == 0 if name.startswith("relaxed") else rejected > 0


@pytest.mark.parametrize("name", FAST)
def test_moves_with_the_data(name):
    # the cost of a shift is rounding: short runs, before any of them is amplified
    shift = np.array([64.0, -32.0, 16.0, 8.0])
    here, there = (
        minimize(QuantizationProblem(X + s), FAST[name], STARTS + s, epochs=5).w - s for s in (0 * shift, shift)
    )
    np.testing.assert_allclose(here, there, atol=1e-9)


@pytest.mark.parametrize(("clusters", "name"), [(6, "relaxed 1.9"), (6, "nesterov"), (10, "nesterov")])
def test_is_faster_than_batch_kmeans_where_that_is_slow(clusters, name):
    # on a dense interval batch K-means contracts by cos²(pi/2K) only; literature: about half the passes
    problem = QuantizationProblem(UNIFORM)
    starts = draw(UNIFORM, clusters, streams(1, "uniform", clusters, range(20), "test"))
    lloyd, fast = (minimize(problem, way, starts, passes=1000.0).passes[-1] for way in (MajorizeMinimize(), FAST[name]))
    assert fast.mean() < 0.8 * lloyd.mean()


class Linear(Problem):
    """A quadratic cost sum h_j x_j²/2 with a majoriser of curvature 1, so that T(x) = (1 - h) x."""

    size, gap = 1, RelativeGap()

    def __init__(self, *spectrum):
        self.h = np.array([spectrum])

    @property
    def start(self):
        return np.ones_like(self.h)

    def evaluate(self, x):
        cost = 0.5 * (self.h * x**2).sum(axis=1)
        # prototypes of one feature that have one pattern each
        w, counts, assignments = x[..., None], np.ones_like(x), np.zeros((len(x), 1), dtype=np.int32)
        return MeansEvaluation.of(w, cost, counts, ((1 - self.h) * x)[..., None], assignments)


def iterates(problem, optimizer, epochs):
    return [minimize(problem, optimizer, problem.start, epochs=t).w[0] for t in range(1, epochs + 1)]


def test_relaxation_contracts_as_the_theory_says():
    # T contracts component j by 1 - h_j, relaxation by 1 - omega h_j
    h = np.array([0.05, 0.3, 0.6, 1.0])
    ends = iterates(Linear(*h), OverRelaxation(1.5), 7)
    np.testing.assert_allclose(ends, [(1 - 1.5 * h) ** t for t in range(1, 8)], rtol=1e-12)


def test_nesterov_by_hand():
    # theta is 1, 1.618, 2.194, 2.750; the momentum 0, 0.618/2.194, 1.194/2.750
    T, y = [0.75], [0.75]
    for momentum in (0.28175, 0.43404):
        T.append(0.75 * y[-1])
        y.append(T[-1] + momentum * (T[-1] - T[-2]))
    np.testing.assert_allclose(np.ravel(iterates(Linear(0.25), Nesterov(), 3)), y, rtol=1e-5)


def test_nesterov_starts_afresh_where_an_extrapolation_was_rejected():
    here, there, beyond = (Linear(0.25).evaluate(np.full((1, 1), x)) for x in (1.0, 0.5, 0.3))
    extrapolations = Nesterov().extrapolations(here)
    next(extrapolations)
    for _ in range(4):
        extrapolations.send((here, np.array([False])))
    extrapolations.send((there, np.array([True])))
    x = extrapolations.send((beyond, np.array([False])))
    momentum = (x - beyond.image) / (beyond.image - there.image)
    np.testing.assert_allclose(momentum, 0.28175, rtol=1e-4)


def test_heavy_ball_by_hand():
    # 3/4, then 3/4 * 3/4 - 1/8 = 7/16, then 21/64 - 5/32 = 11/64
    np.testing.assert_allclose(np.ravel(iterates(Linear(0.25), HeavyBall(0.5), 3)), [3 / 4, 7 / 16, 11 / 64])


def test_anderson_solves_an_affine_problem_of_m_dimensions_in_m_plus_one_steps():
    # with full memory it is equivalent to GMRES (Walker and Ni 2011)
    always = Anderson(memory=3, most=3, slow=0.0, fast=np.inf)
    for epochs, solved in ((3, False), (4, True)):
        end = iterates(Linear(0.05, 0.3, 0.6), always, epochs)[-1]
        assert (np.abs(end).max() < 1e-9) == solved
    # the secant method in one dimension
    secant = Anderson(memory=1, most=1, slow=0.0, fast=np.inf)
    assert abs(iterates(Linear(0.05), secant, 2)[-1].item()) < 1e-12


def test_the_memory_of_anderson_shrinks_and_grows():
    h = np.array([0.05, 0.6])
    # the first falls of the cost cannot be compared; then it forgets all, or remembers one
    first, second, third = iterates(Linear(*h), Anderson(memory=1, most=3, slow=np.inf, fast=np.inf), 3)
    assert not np.allclose(second, (1 - h) * first)
    np.testing.assert_allclose(third, (1 - h) * second, rtol=1e-12)
    first, second, third = iterates(Linear(*h), Anderson(memory=0, most=3, slow=0.0, fast=0.0), 3)
    np.testing.assert_allclose(second, (1 - h) * first, rtol=1e-12)
    assert not np.allclose(third, (1 - h) * second)


def test_anderson_goes_on_when_every_extrapolation_was_rejected():
    here = PROBLEM.evaluate(STARTS)
    extrapolations = Anderson().extrapolations(here)
    first = next(extrapolations)
    # nothing has been learnt, but that a step beyond T(x) did not pay
    np.testing.assert_allclose(extrapolations.send((here, np.ones(30, dtype=bool))), first)


def test_a_run_is_the_same_in_any_company():
    for way in FAST.values():
        whole = minimize(PROBLEM, way, STARTS, passes=40.0)
        part = minimize(PROBLEM, way, STARTS[[17, 3, 4]], passes=40.0)
        np.testing.assert_array_equal(part.w, whole.w[[17, 3, 4]])
        np.testing.assert_array_equal(part.cost, whole.cost[: len(part.cost), [17, 3, 4]])


def test_the_loop_alone_decides_when_it_is_over():
    metered = CountingOracle(PROBLEM, 30)
    iterates = Nesterov().iterates(metered, PROBLEM.pack(STARTS), ())
    for _ in range(5):
        next(iterates)
    np.testing.assert_array_equal(metered.charged, 5 * 150)
