"""All optimizers on Gaussian mixtures, and those that mixtures asked for."""

import numpy as np
import pytest
from gaussian_examples import MODELS, patterns, points, problem

from kmeans_convergence.core import Capability, CountingOracle, check_fit
from kmeans_convergence.core.gap import AbsoluteGap
from kmeans_convergence.core.problem import Curvature, Evaluation, Problem
from kmeans_convergence.data.bundled import iris
from kmeans_convergence.optimizers import GradientDescent, MajorizeMinimize, Rate, minimize
from kmeans_convergence.optimizers.accelerated import Anderson, HeavyBall, Nesterov, OverRelaxation, Squarem
from kmeans_convergence.optimizers.adaptive import Adam
from kmeans_convergence.optimizers.batch import CurvatureGradient, NaturalGradient, best_rate, stable_rate
from kmeans_convergence.optimizers.line_search import ArmijoGradient
from kmeans_convergence.optimizers.minibatch import MiniBatchCounts, MiniBatchGradient, MiniBatchRoot, OnlineEM
from kmeans_convergence.optimizers.momentum import BarzilaiBorwein, HeavyBallGradient, NesterovGradient
from kmeans_convergence.optimizers.newton_cg import NewtonCG
from kmeans_convergence.optimizers.quasi_newton import LBFGS
from kmeans_convergence.problems import GaussianMixtureProblem, MixtureProblem, QuantizationProblem
from kmeans_convergence.starts import draw, streams

BUDGET = 100.0
ALL = {
    "em": MajorizeMinimize(),
    "natural gradient": NaturalGradient(0.7),
    "over-relaxed": OverRelaxation(1.5),
    "heavy ball": HeavyBall(),
    "nesterov": Nesterov(),
    "anderson": Anderson(),
    "squarem": Squarem(),
    "newton-cg": NewtonCG(),
    "l-bfgs": LBFGS(BUDGET),
    "adam": Adam(0.05, BUDGET),
    "gradient": CurvatureGradient(stable_rate),
    "gradient, best rate": CurvatureGradient(best_rate),
    "gradient, fixed rate": GradientDescent(Rate(4e-4, decays=False)),
    "line search": ArmijoGradient(),
    "gradient, nesterov": NesterovGradient(),
    "gradient, heavy ball": HeavyBallGradient(),
    "barzilai-borwein": BarzilaiBorwein(),
    "online em": OnlineEM(),
    "mini-batch gradient": MiniBatchGradient(Rate(0.1)),
}
MONOTONE = ("em", "newton-cg", "gradient", "line search")
SAFE = ("over-relaxed", "heavy ball", "nesterov", "anderson", "squarem")
EXACT = ("em", "natural gradient", *SAFE, "newton-cg", "l-bfgs")


PLACES = 4.0 * np.arange(3)


def separated(seed=0, n=90):
    rng = np.random.default_rng(seed)
    mixing = np.array([[1.0, 0.3], [0.0, 0.7]])
    return rng.normal(size=(n, 2)) @ mixing + PLACES[rng.integers(0, 3, n), None]


def starts(mine, seed=0):
    nearest = ((mine.X[:, None] - PLACES[:, None]) ** 2).sum(axis=2).argmin(axis=1)
    rng = np.random.default_rng(seed)
    return mine.from_responsibilities(0.8 * np.eye(3)[nearest] + 0.2 * rng.dirichlet(np.ones(3), (2, mine.size)))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", ALL)
def test_every_optimizer_runs_on_every_model(name, model):
    mine = GaussianMixtureProblem(separated(), model)
    start = starts(mine)
    trace = minimize(mine, ALL[name], start, passes=BUDGET, rngs=[np.random.default_rng(run) for run in range(2)])
    # optimizers may find different minima: each is judged by the one that it is near
    limit = minimize(mine, MajorizeMinimize(), trace.w, passes=5000.0).cost[-1]
    assert (trace.cost[-1] < trace.cost[0]).all()
    rounding = 1e-12 * mine.size
    if name in MONOTONE:
        assert (np.diff(trace.cost, axis=0) <= rounding).all()
    if name in EXACT:
        np.testing.assert_allclose(trace.cost[-1], limit, rtol=0, atol=1e-8 * mine.size)
    # in a hundred passes even the slowest does some of the way
    assert (trace.cost[0] - trace.cost[-1] > 0.2 * (trace.cost[0] - limit)).all()


def test_what_needs_a_diagonal_metric_is_refused(refused):
    for optimizer in (MiniBatchCounts(), MiniBatchRoot()):
        with refused(type(optimizer).__name__, "a metric of the majoriser that is diagonal", "GaussianMixtureProblem"):
            check_fit(problem(), optimizer)
        check_fit(QuantizationProblem(patterns()), optimizer)
    for refusing in (MixtureProblem(patterns()), problem(floor=0.1)):
        with refused("NewtonCG", "products of its Hessian with vectors"):
            check_fit(refusing, NewtonCG())


def test_on_k_means_the_natural_gradient_newton_cg_and_lloyd_are_one():
    X, _ = iris()
    mine = QuantizationProblem(X)
    w = draw(X, 4, streams(1, "iris", 4, range(5), "test"))
    lloyd = minimize(mine, MajorizeMinimize(), w, epochs=5)
    np.testing.assert_allclose(minimize(mine, NaturalGradient(), w, epochs=5).cost, lloyd.cost, rtol=1e-12)
    # the preconditioned model is solved by one product; within a radius that never binds that is Lloyd's step
    newton = minimize(mine, NewtonCG(radius=100.0), w, epochs=5)
    np.testing.assert_allclose(newton.cost, lloyd.cost, rtol=1e-12)
    np.testing.assert_array_equal(newton.passes[:4], np.repeat([[0], [3], [5], [7]], 5, axis=1))


# --- Newton-CG --------------------------------------------------------------------------------------------------------


class QuadraticEvaluation(Evaluation):
    """Of a quadratic with the Hessian H and the metric M, both diagonal."""

    def __init__(self, problem, x):
        self.problem, self._x = problem, x

    x = property(lambda self: self._x)
    cost = property(lambda self: 0.5 * (self.problem.H * self.x**2).sum(axis=1))
    gradient = property(lambda self: self.problem.H * self.x)
    image = property(lambda self: self.x - self.gradient / self.problem.M)
    curvature = property(lambda self: Curvature(*np.full((3, len(self.x)), self.problem.M[0])))

    def precondition(self, v):
        return v / self.problem.M

    def squared_norm(self, v):
        return (self.problem.M * v**2).sum(axis=1)

    def parts(self):
        return (self.x,)

    def of(self, *parts):
        return QuadraticEvaluation(self.problem, *parts)


class Quadratic(Problem):
    capabilities = frozenset({Capability.HESSIAN_PRODUCTS})
    size, gap = 10, AbsoluteGap(1.0)

    def __init__(self, H, M):
        self.H, self.M = np.array(H, dtype=float), np.array(M, dtype=float)

    def evaluate(self, x):
        return QuadraticEvaluation(self, np.array(x))

    def hessian_product(self, here, v):
        return self.H * v


def test_conjugate_gradients_solve_a_quadratic_in_as_many_products_as_it_has_curvatures():
    mine = Quadratic([1, 2, 3, 3], [1, 1, 1, 1])
    oracle = CountingOracle(mine, 2)
    x = np.array([[1.0, -2.0, 3.0, 1.0], [0.5, 0.1, 0.2, 0.7]])
    here = oracle.measure(x)
    step, promised = NewtonCG().step(oracle, here, np.full(2, 1e6), np.full(2, 1e-10))
    np.testing.assert_allclose(x + step, 0, atol=1e-12)
    np.testing.assert_allclose(promised, here.cost)
    np.testing.assert_array_equal(oracle.charged, 3 * mine.size)


def test_the_preconditioner_makes_one_product_enough():
    mine = Quadratic([1, 20, 300], [2, 40, 600])
    oracle = CountingOracle(mine, 1)
    here = oracle.measure(np.ones((1, 3)))
    step, _ = NewtonCG().step(oracle, here, np.full(1, 1e6), np.full(1, 1e-10))
    np.testing.assert_allclose(step, -1)
    assert oracle.charged[0] == mine.size


def test_steps_end_at_the_border_and_negative_curvature_is_followed_to_it():
    oracle = CountingOracle(Quadratic([1, -2], [1, 4]), 2)
    here = oracle.measure(np.array([[1.0, 1.0], [3.0, 0.0]]))
    step, promised = NewtonCG().step(oracle, here, np.array([5.0, 0.5]), np.full(2, 1e-3))
    np.testing.assert_allclose(here.norm(step), [5, 0.5])
    np.testing.assert_allclose(step[1], [-0.5, 0])
    np.testing.assert_allclose(promised[1], 0.5 * (9 - 2.5**2))
    fall = here.cost - QuadraticEvaluation(here.problem, here.x + step).cost
    np.testing.assert_allclose(promised, fall)


@pytest.mark.parametrize("model", MODELS)
def test_newton_cg_converges_superlinearly_where_em_is_slow(model):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(400, 2)) + 2.5 * rng.integers(0, 2, 400)[:, None]
    mine = GaussianMixtureProblem(X, model)
    side = 0.3 + 0.4 * (X.sum(axis=1) > 2.5)
    start = mine.from_responsibilities(np.stack([side, 1 - side], axis=1)[None])
    em, newton = (minimize(mine, optimizer, start, passes=1000.0) for optimizer in (MajorizeMinimize(), NewtonCG()))
    np.testing.assert_allclose(newton.cost[-1], em.cost[-1], rtol=1e-10)
    shares = []
    for trace in (em, newton):
        norms = trace.gradient_norm[:, 0] / mine.size
        tail = norms[(norms < 1e-3) & (norms > 1e-13)]
        shares.append(tail[1:] / tail[:-1])
    assert shares[0].max() > 0.3
    assert shares[1].max() < 0.1
    assert shares[1][-1] < 0.01


# --- SQUAREM, online EM, mini-batch gradient --------------------------------------------------------------------------


def test_squarem_lands_on_the_fixed_point_of_one_mode():
    # T contracts the one coordinate by 1 - H/M = 0.9: x0 - 2 a r + a² v = 0 with a = -1/(1 - 0.9)
    trace = minimize(Quadratic([0.1], [1.0]), Squarem(), np.array([[1.0]]), epochs=3)
    np.testing.assert_allclose(trace.cost[:, 0], 0.05 * np.array([1, 0.81, 0, 0]), atol=1e-15)


def test_squarem_by_hand():
    # two modes, 0.5 and 0.9
    trace = minimize(Quadratic([0.5, 0.1], [1.0, 1.0]), Squarem(), np.array([[1.0, 1.0]]), epochs=3)
    r, v = np.array([-0.5, -0.1]), np.array([0.25, 0.01])
    alpha = -np.sqrt((r**2).sum() / (v**2).sum())
    x = 1 - 2 * alpha * r + alpha**2 * v
    np.testing.assert_allclose(trace.w[0], [0.5 * x[0], 0.9 * x[1]])


def test_online_em_on_all_patterns_at_once_is_damped_em():
    mine = problem(X=patterns(n=12))
    x = points(mine, runs=2)
    mine_w = mine.unpack(x)
    trace = minimize(mine, OnlineEM(1.0), mine_w, epochs=1, rngs=[np.random.default_rng(0), np.random.default_rng(1)])
    expected = mine.evaluate(x).damped_image(0.5)
    np.testing.assert_allclose(mine.pack(trace.w), mine.pack(mine.unpack(expected)), atol=1e-9)


def test_online_em_is_ahead_of_em_after_three_passes_over_many_patterns():
    rng = np.random.default_rng(2)
    X = np.concatenate([rng.normal(size=(4000, 2)), rng.normal(size=(4000, 2)) + 4])
    mine = GaussianMixtureProblem(X)
    side = 0.1 + 0.8 * (X[:, 0] > -0.5)
    start = mine.from_responsibilities(np.stack([side, 1 - side], axis=1)[None])
    limit = minimize(mine, MajorizeMinimize(), start, passes=1000.0).cost[-1]
    online = minimize(mine, OnlineEM(), start, passes=3.0, rngs=[np.random.default_rng(3)])
    em = minimize(mine, MajorizeMinimize(), start, passes=3.0)
    assert mine.gap.of(online.cost[-1], limit) < 0.3 * mine.gap.of(em.cost[-1], limit)
    assert online.passes[1, 0] < 0.2


def test_a_mini_batch_gradient_step_by_hand():
    mine = problem(X=patterns(n=12))
    x = points(mine, runs=1)
    trace = minimize(mine, MiniBatchGradient(Rate(0.1)), mine.unpack(x), epochs=2, rngs=[np.random.default_rng(0)])
    first = x - 0.1 / 12 * mine.evaluate(x).gradient
    second = first - 0.05 / 12 * mine.evaluate(first).gradient
    np.testing.assert_allclose(mine.pack(trace.w), mine.pack(mine.unpack(second)), atol=1e-9)
