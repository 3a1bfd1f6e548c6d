"""The paper's equations on cases worked out by hand, and the compiled passes and optimizers against them."""

from fractions import Fraction
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.errors import InputError
from kmeans_convergence.optimizers import (
    GradientDescent,
    MajorizeMinimize,
    Newton,
    OnlineGradient,
    OnlineKMeans,
    Rate,
)
from kmeans_convergence.problems import MixtureProblem, QuantizationProblem
from kmeans_convergence.problems.kmeans.engine import kernels
from kmeans_convergence.problems.mixture import problem as mixture
from kmeans_convergence.theory import equations

# Four patterns on a line; the best two prototypes are at 1 and 9, at the distance 1 from each pattern.
LINE = np.array([[0.0], [2.0], [8.0], [10.0]])
# Prototypes at 0 and 4. Patterns 0 and 2 -- 2 is tied and goes to the lower index -- belong to the first
# (squared distances 0 and 4), patterns 8 and 10 to the second (16 and 36).
W = np.array([[0.0], [4.0]])


def test_loss_and_cost_by_hand():
    np.testing.assert_array_equal(equations.squared_distances(LINE, W)[2], [64, 16])
    np.testing.assert_array_equal(equations.assignments(LINE, W), [0, 0, 1, 1])
    np.testing.assert_array_equal(equations.counts(LINE, W), [2, 2])
    np.testing.assert_array_equal(equations.loss(LINE, W), [0, 2, 8, 18])
    assert equations.quantization_error(LINE, W) == 28
    assert equations.quantization_error(LINE, np.array([[1.0], [9.0]])) == 2


def test_gradient_steps_by_hand():
    # (0 - 0) + (2 - 0) = 2 and (8 - 4) + (10 - 4) = 10
    np.testing.assert_array_equal(equations.gradient(LINE, W), [[-2], [-10]])
    np.testing.assert_array_equal(equations.batch_gradient_step(LINE, W, 0.25), [[0.5], [6.5]])
    # the pattern 8 pulls its prototype from 4 to 4 + (8 - 4) / 4
    np.testing.assert_array_equal(equations.online_gradient_step(LINE[2], W, 0.25), [[0], [5]])


def test_kmeans_steps_by_hand():
    for step in (equations.auxiliary_minimizer, equations.batch_kmeans_step, equations.newton_step):
        np.testing.assert_allclose(step(LINE, W), [[1], [9]], rtol=1e-15)
    np.testing.assert_array_equal(equations.hessian(LINE, W), [[2, 0], [0, 2]])


def test_auxiliary_function_by_hand():
    assert equations.auxiliary(LINE, W, W) == 28
    # the owners at W, the distances to 1 and 7: (1 + 1 + 1 + 9) / 2
    assert equations.auxiliary(LINE, np.array([[1.0], [7.0]]), W) == 6


def test_online_kmeans_by_hand():
    w, n = W, np.array([0, 0])
    # the first pattern that a prototype wins replaces it; 8 goes to 4, and 10 moves the 8 to their mean 9
    for x, expected in zip(LINE[[2, 3, 1]], ([[0], [8]], [[0], [9]], [[2], [9]]), strict=True):
        w, n = equations.online_kmeans_step(x, w, n)
        np.testing.assert_array_equal(w, expected)
    np.testing.assert_array_equal(n, [1, 2])


def test_an_empty_prototype_stays():
    w = np.array([[1.0, 0.0], [50.0, 7.0], [9.0, 0.0]])
    X = np.hstack([LINE, np.zeros_like(LINE)])
    np.testing.assert_array_equal(equations.counts(X, w), [2, 0, 2])
    np.testing.assert_array_equal(np.diag(equations.hessian(X, w)), [2, 2, 0, 0, 2, 2])
    for step in (equations.auxiliary_minimizer, equations.batch_kmeans_step, equations.newton_step):
        np.testing.assert_array_equal(step(X, w)[1], w[1])


def test_fractions_stay_exact():
    X, w = (np.vectorize(Fraction, otypes=[object])(a) for a in (LINE / 3, W))
    third = Fraction(LINE[1, 0] / 3)
    assert equations.loss(X, w)[1] == third**2 / 2
    moved, _ = equations.online_kmeans_step(X[1], w, np.array([2, 0]))
    assert moved[0, 0] == third / 3
    assert all(isinstance(v, Fraction) for v in equations.batch_kmeans_step(X, w).ravel())


def test_mixture_by_hand():
    # one component: each pattern costs half its squared distance and the constant of the density
    X, w = LINE, np.array([[2.0]])
    assert equations.mixture_cost(X, w) == pytest.approx((4 + 36 + 64) / 2 + 2 * np.log(2 * np.pi))
    np.testing.assert_allclose(equations.em_step(X, w), [[5]])
    # two components at -1 and 1: the responsibility of the second for x is 1 / (1 + exp(-2 x))
    r = equations.responsibilities(np.array([[0.0], [0.5]]), np.array([[-1.0], [1.0]]))
    np.testing.assert_allclose(r[:, 1], [0.5, 1 / (1 + np.exp(-1))])


def test_em_is_the_gradient_step_with_its_own_rates():
    rng = np.random.default_rng(0)
    X, w, h = rng.normal(size=(30, 2)), rng.normal(size=(3, 2)), 1e-5
    units = np.eye(w.size).reshape(-1, *w.shape)
    slopes = [(equations.mixture_cost(X, w + h * e) - equations.mixture_cost(X, w - h * e)) / (2 * h) for e in units]
    N = equations.responsibilities(X, w).sum(axis=0)[:, None]
    np.testing.assert_allclose(equations.em_step(X, w), w - np.reshape(slopes, w.shape) / N, atol=1e-9)


# --- compiled passes ------------------------------------------------------------------------------


def check_quantization(X, w):
    """Compare a compiled pass with the equations; the numbers must be such that no sum is rounded."""
    here = QuantizationProblem(X).evaluate(w)
    for run, w_run in enumerate(w):
        s, N = equations.assignments(X, w_run), equations.counts(X, w_run)
        np.testing.assert_array_equal(here.assignments[run], s)
        np.testing.assert_array_equal(here.counts[run], N)
        np.testing.assert_array_equal(here.sums[run], [X[s == k].sum(axis=0) for k in range(len(w_run))])
        assert here.cost[run] == equations.quantization_error(X, w_run)
        np.testing.assert_array_equal(here.gradient[run], equations.gradient(X, w_run).ravel())
        np.testing.assert_allclose(here.means[run], equations.auxiliary_minimizer(X, w_run), rtol=1e-15)
        np.testing.assert_array_equal(np.diag(here.hessian_diagonal[run]), equations.hessian(X, w_run))


def grid(rng, *shape):
    """Draw from few values, all multiples of 1/2: ties and duplicates abound and nothing is rounded."""
    return rng.integers(-3, 4, size=shape) / 2


sizes = {
    "n": st.integers(1, 40),
    "features": st.integers(1, 12),
    "clusters": st.integers(1, 12),
    "runs": st.integers(1, 4),
    "seed": st.integers(0, 2**32 - 1),
}


@settings(deadline=None)
@given(**sizes)
def test_quantization_pass_is_the_equations(n, features, clusters, runs, seed):
    rng = np.random.default_rng(seed)
    check_quantization(grid(rng, n, features), grid(rng, runs, clusters, features))


def test_ties_go_to_the_lowest_index():
    X = np.zeros((5, 2))
    w = np.array([[[3.0, 4.0], [0.0, 5.0], [-4.0, 3.0]], [[9.0, 9.0], [1.0, 0.0], [0.0, 1.0]]])
    check_quantization(X, w)
    np.testing.assert_array_equal(QuantizationProblem(X).evaluate(w).counts, [[5, 0, 0], [0, 5, 0]])


def test_a_prototype_on_each_pattern():
    X = np.arange(14.0).reshape(7, 2)
    check_quantization(X, X[None])
    assert QuantizationProblem(X).evaluate(X[None]).cost[0] == 0


def test_more_prototypes_than_patterns():
    X = np.array([[1.0], [4.0]])
    check_quantization(X, np.array([[[4.0], [4.0], [1.0], [7.0]]]))


@pytest.mark.parametrize("n", [kernels.BLOCK - 1, kernels.BLOCK, kernels.BLOCK + 1, 3 * kernels.BLOCK + 7])
@pytest.mark.parametrize("features", [1, 3])
def test_patterns_come_in_blocks(n, features):
    rng = np.random.default_rng(n)
    check_quantization(grid(rng, n, features), grid(rng, 2, 5, features))


def test_quantization_pass_on_real_numbers():
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(1000, 4)), rng.normal(size=(3, 6, 4))
    here = QuantizationProblem(X).evaluate(w)
    for run in range(3):
        np.testing.assert_array_equal(here.assignments[run], equations.assignments(X, w[run]))
        assert here.cost[run] == pytest.approx(equations.quantization_error(X, w[run]), rel=1e-13)
        np.testing.assert_allclose(here.gradient[run], equations.gradient(X, w[run]).ravel(), atol=1e-10)


@settings(deadline=None)
@given(**sizes)
def test_mixture_pass_is_the_equations(n, features, clusters, runs, seed):
    rng = np.random.default_rng(seed)
    X, w = 3 * rng.normal(size=(n, features)), 3 * rng.normal(size=(runs, clusters, features))
    here = MixtureProblem(X).evaluate(w)
    for run, w_run in enumerate(w):
        r = equations.responsibilities(X, w_run)
        assert here.cost[run] == pytest.approx(equations.mixture_cost(X, w_run), rel=1e-12)
        np.testing.assert_allclose(here.counts[run], r.sum(axis=0), rtol=1e-11)
        np.testing.assert_allclose(here.sums[run], r.T @ X, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(here.means[run], equations.em_step(X, w_run), rtol=1e-10, atol=1e-10)
        np.testing.assert_array_equal(here.assignments[run], r.argmax(axis=1))
    with pytest.raises(InputError, match="no diagonal of a Hessian"):
        here.hessian_diagonal  # noqa: B018


@pytest.mark.parametrize("kind", [QuantizationProblem, MixtureProblem])
@pytest.mark.parametrize("pieces", [False, True])
def test_a_run_is_the_same_alone_and_in_a_batch(kind, pieces, monkeypatch):
    rng = np.random.default_rng(1)
    X, w = rng.normal(size=(700, 5)), rng.normal(size=(7, 6, 5))
    if pieces:
        monkeypatch.setattr(mixture, "MEMORY", 3 * 8 * 700 * 6)
    problem = kind(X)
    together = problem.evaluate(w)
    for run in range(len(w)):
        alone = problem.evaluate(w[run : run + 1])
        for name in ("cost", "counts", "sums", "assignments", "gradient", "image"):
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[run])


# --- sweeps over single patterns ------------------------------------------------------------------


def orders(rng, runs, n):
    """Draw an order for each run, some patterns twice and some never."""
    return rng.integers(n, size=(runs, 2 * n))


@settings(deadline=None)
@given(**sizes | {"features": st.integers(1, 7)})  # up to 7 features NumPy adds in the kernel's order
def test_sweeps_are_the_equations(n, features, clusters, runs, seed):
    rng = np.random.default_rng(seed)
    X, w, order = grid(rng, n, features), grid(rng, runs, clusters, features), orders(rng, runs, n)
    counts = rng.integers(0, 3, size=(runs, clusters)).astype(float)
    problem = QuantizationProblem(X)
    by_rate = problem.unpack(problem.sweep(problem.pack(w), order, 0.3))
    swept = problem.sweep_counts(problem.pack(w), order, np.repeat(counts, features, axis=1))
    by_counts, won = map(problem.unpack, swept)
    for run in range(runs):
        gradient, (kmeans, N) = w[run], (w[run], counts[run])
        for i in order[run]:
            gradient = equations.online_gradient_step(X[i], gradient, 0.3)
            kmeans, N = equations.online_kmeans_step(X[i], kmeans, N)
        np.testing.assert_array_equal(by_rate[run], gradient)
        np.testing.assert_array_equal(by_counts[run], kmeans)
        np.testing.assert_array_equal(won[run], np.repeat(N[:, None], features, axis=1))


def test_sweeps_leave_their_input_and_do_not_mix_runs():
    rng = np.random.default_rng(2)
    X, x, order = rng.normal(size=(50, 3)), rng.normal(size=(4, 5 * 3)), orders(rng, 4, 50)
    problem, metric, before = QuantizationProblem(X), np.zeros((4, 5 * 3)), x.copy()
    by_rate, (by_counts, won) = problem.sweep(x, order, 0.1), problem.sweep_counts(x, order, metric)
    np.testing.assert_array_equal(x, before)
    assert not metric.any()
    for run in range(4):
        r = slice(run, run + 1)
        np.testing.assert_array_equal(problem.sweep(x[r], order[r], 0.1), by_rate[r])
        alone, won_alone = problem.sweep_counts(x[r], order[r], metric[r])
        np.testing.assert_array_equal(alone, by_counts[r])
        np.testing.assert_array_equal(won_alone, won[r])


# --- optimizers over epochs -----------------------------------------------------------------------

EPOCHS = 6


def setting():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(120, 3)) + rng.choice([-3.0, 0.0, 4.0], size=(120, 1))
    starts = X[np.stack([rng.permutation(120)[:5] for _ in range(4)])]
    # a prototype that will never own a pattern
    starts[0, 2] = 1e3
    return X, starts


def iterates(optimizer, problem, starts, rngs=()):
    """Return the iterates of the epochs, shape (EPOCHS, R, K, d)."""
    oracle = CountingOracle(problem, len(starts))
    some = islice(optimizer.iterates(oracle, problem.pack(starts), rngs), EPOCHS)
    return np.stack([problem.unpack(x) for x in some])


def seeded(runs):
    return [np.random.default_rng([4, run]) for run in range(runs)]


@pytest.mark.parametrize(
    ("optimizer", "problem", "step"),
    [
        (MajorizeMinimize(), QuantizationProblem, lambda X, w, t: equations.batch_kmeans_step(X, w)),
        (MajorizeMinimize(), QuantizationProblem, lambda X, w, t: equations.auxiliary_minimizer(X, w)),
        (MajorizeMinimize(), QuantizationProblem, lambda X, w, t: equations.newton_step(X, w)),
        (Newton(), QuantizationProblem, lambda X, w, t: equations.newton_step(X, w)),
        (Newton(), QuantizationProblem, lambda X, w, t: equations.batch_kmeans_step(X, w)),
        (
            GradientDescent(Rate(0.02)),
            QuantizationProblem,
            lambda X, w, t: equations.batch_gradient_step(X, w, 0.02 / t),
        ),
        (
            GradientDescent(Rate(0.01, decays=False)),
            QuantizationProblem,
            lambda X, w, t: equations.batch_gradient_step(X, w, 0.01),
        ),
        (MajorizeMinimize(), MixtureProblem, lambda X, w, t: equations.em_step(X, w)),
    ],
)
def test_batch_optimizers_take_the_steps_of_the_equations(optimizer, problem, step):
    X, starts = setting()
    if problem is MixtureProblem:
        # the mixture has no empty components, only ones whose responsibilities underflow
        starts = starts[1:]
    path = iterates(optimizer, problem(X), starts)
    for run, w in enumerate(starts):
        for epoch in range(EPOCHS):
            w = step(X, w, epoch + 1)
            np.testing.assert_allclose(path[epoch, run], w, rtol=1e-11, atol=1e-11)
    assert not np.array_equal(path[0], path[1])


def test_online_gradient_takes_the_steps_of_equation_4():
    X, starts = setting()
    path = iterates(OnlineGradient(Rate(0.3)), QuantizationProblem(X), starts, seeded(4))
    for run, rng in enumerate(seeded(4)):
        w = starts[run]
        for epoch in range(EPOCHS):
            for i in rng.permutation(len(X)):
                w = equations.online_gradient_step(X[i], w, 0.3 / (epoch + 1))
            np.testing.assert_array_equal(path[epoch, run], w)


def test_online_kmeans_takes_the_steps_of_equation_7_and_never_resets_its_counts():
    X, starts = setting()
    path = iterates(OnlineKMeans(), QuantizationProblem(X), starts, seeded(4))
    for run, rng in enumerate(seeded(4)):
        w, n = starts[run], np.zeros(5, dtype=int)
        for epoch in range(EPOCHS):
            for i in rng.permutation(len(X)):
                w, n = equations.online_kmeans_step(X[i], w, n)
            np.testing.assert_array_equal(path[epoch, run], w)
        assert n.sum() == EPOCHS * len(X)
