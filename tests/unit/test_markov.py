"""Hidden Markov models on the loop: against all paths, the slow oracle and finite differences, and what is refused."""

import math
from itertools import product

import numpy as np
import pytest
from scipy.special import logsumexp

from kmeans_convergence.core import check_fit, minimize
from kmeans_convergence.optimizers import MajorizeMinimize, Newton, Rate
from kmeans_convergence.optimizers.accelerated import Anderson
from kmeans_convergence.optimizers.batch import NaturalGradient
from kmeans_convergence.optimizers.minibatch import MiniBatchCurvature, OnlineEM
from kmeans_convergence.optimizers.newton import NewtonRaphson, SafeguardedNewton
from kmeans_convergence.optimizers.quasi_newton import LBFGS
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.markov import HiddenMarkov, MarkovMeansProblem, MarkovProblem
from kmeans_convergence.problems.markov.problem import PRIOR
from kmeans_convergence.starts import streams
from kmeans_convergence.theory.alternations.alternation import alternate, newton, value
from kmeans_convergence.theory.alternations.chain import FullChain, MeansChain

RNG = np.random.default_rng(4)
S, T = 3, 40
LEVELS = np.repeat([0, 2, 1, 0, 2], 8)
LINE = 2.0 * LEVELS + RNG.normal(size=T) * np.array([0.6, 1.0, 1.5])[LEVELS]
PRICES = np.array([[0.0, 1.5, 2.0], [1.0, 0.5, 2.5], [1.0, 1.0, 0.0]])


def models(runs, features=1, seed=0):
    rng = np.random.default_rng(seed)
    variances = np.exp(rng.uniform(-1, 1, (runs, S, features)))
    return HiddenMarkov(2 * rng.normal(size=(runs, S, features)) + 2, variances, rng.dirichlet(np.ones(S), (runs, S)))


def as_theory(x):
    """Means, log variances and logits are in the same order there."""
    return np.asarray(x[0])


# --- against all paths ---------------------------------------------------------------------------------


def costs_of_all_paths(X, model):
    """Minus the log likelihood of each path of a short sequence, with the paths."""
    paths = np.array(list(product(range(S), repeat=len(X))))
    mean, variance, transitions = (part[0] for part in (model.means, model.variances, model.transitions))
    density = 0.5 * ((X[:, None] - mean) ** 2 / variance + np.log(2 * math.pi * variance)).sum(axis=2)
    cost = density[np.arange(len(X)), paths].sum(axis=1) + math.log(S)
    return paths, cost - np.log(transitions[paths[:, :-1], paths[:, 1:]]).sum(axis=1)


def prior(problem, model):
    variance = model.variances[0]
    return PRIOR * (0.5 * (np.log(variance) + problem.typical / variance).sum() - np.log(model.transitions[0]).sum())


@pytest.mark.parametrize("seed", range(5))
def test_the_best_path_and_all_paths_together(seed):
    X, model = np.random.default_rng(seed).normal(size=(6, 2)), models(1, 2, seed)
    paths, costs = costs_of_all_paths(X, model)
    hard, soft = MarkovProblem(X, S), MarkovProblem(X, S, soft=True)
    best, all_paths = (problem.evaluate(problem.pack(model)) for problem in (hard, soft))
    np.testing.assert_allclose(best.cost, costs.min() + prior(hard, model), rtol=1e-12)
    np.testing.assert_array_equal(best.states[0], paths[costs.argmin()])
    np.testing.assert_allclose(all_paths.cost, -logsumexp(-costs) + prior(soft, model), rtol=1e-12)
    share = np.exp(-costs - logsumexp(-costs))
    expected = np.array([[share[paths[:, t] == s].sum() for t in range(6)] for s in range(S)])
    np.testing.assert_allclose(all_paths.counts[0], expected.sum(axis=1), rtol=1e-11)
    moves = [((paths[:, :-1] == a) & (paths[:, 1:] == b)).sum(axis=1) @ share for a, b in product(range(S), repeat=2)]
    np.testing.assert_allclose(all_paths.pairs[0].ravel(), moves, rtol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_the_best_path_where_means_alone_are_trained(seed):
    rng = np.random.default_rng(seed)
    X, w = rng.normal(size=(6, 2)), rng.normal(size=(1, S, 2))
    paths = np.array(list(product(range(S), repeat=6)))
    losses = 0.5 * ((X[:, None] - w[0]) ** 2).sum(axis=2)
    costs = losses[np.arange(6), paths].sum(axis=1) + PRICES[paths[:, :-1], paths[:, 1:]].sum(axis=1)
    np.testing.assert_allclose(MarkovMeansProblem(X, PRICES).evaluate(w).cost, costs.min(), rtol=1e-13)
    soft = MarkovMeansProblem(X, PRICES, soft=True).evaluate(w)
    np.testing.assert_allclose(soft.cost, -logsumexp(-costs), rtol=1e-13)


def test_ties_go_to_the_lowest_state_at_the_end():
    found = MarkovMeansProblem(np.zeros((4, 1)), np.zeros((2, 2))).evaluate(np.array([[[1.0], [-1.0]]]))
    np.testing.assert_array_equal(found.assignments, 0)


def test_without_prices_it_is_kmeans():
    X, w = RNG.normal(size=(60, 2)), RNG.normal(size=(4, S, 2))
    ours, theirs = (
        MarkovMeansProblem(X.reshape(3, 20, 2), np.zeros((S, S))).evaluate(w),
        QuantizationProblem(X).evaluate(w),
    )
    np.testing.assert_array_equal(ours.assignments, theirs.assignments)
    for name in ("cost", "gradient", "image", "hessian"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-12, atol=1e-12)


# --- against the slow oracle ------------------------------------------------------------------------------


def test_the_compiled_passes_are_those_of_the_slow_oracle():
    for seed in range(5):
        w = 2 * np.random.default_rng(seed).normal(size=(1, S, 1)) + 2
        slow, hard = MeansChain(LINE[:, None], PRICES), MarkovMeansProblem(LINE[:, None], PRICES)
        here, flat = hard.evaluate(w), w.ravel()
        np.testing.assert_array_equal(here.assignments[0], slow.choose(flat))
        np.testing.assert_allclose(here.cost, value(slow, flat), rtol=1e-13)
        np.testing.assert_allclose(here.image[0], alternate(slow, flat), rtol=1e-13)
        soft = MarkovMeansProblem(LINE[:, None], PRICES, soft=True)
        np.testing.assert_allclose(soft.evaluate(w).image[0], slow.expect(flat), rtol=1e-10)


def test_all_parameters_are_those_of_the_slow_oracle():
    slow, hard, soft = FullChain(LINE, S), MarkovProblem(LINE[:, None], S), MarkovProblem(LINE[:, None], S, soft=True)
    # it leaves out what no parameter changes
    constant = 0.5 * T * math.log(2 * math.pi) + math.log(S)
    for seed in range(5):
        x = hard.pack(models(1, seed=seed))
        w, here = as_theory(x), hard.evaluate(x)
        z = slow.choose(w)
        np.testing.assert_array_equal(here.states[0], z)
        np.testing.assert_allclose(here.cost, value(slow, w) + constant, rtol=1e-12)
        np.testing.assert_allclose(here.gradient[0], slow.gradient(z, w), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(here.hessian[0], slow.hessian(z, w), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(here.image[0], alternate(slow, w), rtol=1e-10)
        np.testing.assert_allclose(soft.evaluate(x).image[0], slow.expect(w), rtol=1e-8)
        np.testing.assert_allclose(NewtonRaphson().step(here, 1)[0], newton(slow, w), rtol=1e-6)


# --- what the theorem says ----------------------------------------------------------------------------------


def test_where_means_alone_are_trained_newtons_method_makes_the_same_run():
    problem = MarkovMeansProblem(LINE[:, None], PRICES)
    starts = LINE[np.random.default_rng(1).choice(T, size=(8, S))][..., None]
    runs = [minimize(problem, each, starts, passes=60.0) for each in (MajorizeMinimize(), Newton(), NewtonRaphson())]
    for other in runs[1:]:
        np.testing.assert_allclose(other.cost, runs[0].cost, rtol=1e-12)
        np.testing.assert_array_equal(other.passes, runs[0].passes)
    assert (runs[0].passes[-1] > 2).any()


def test_where_all_parameters_are_trained_it_does_not():
    problem = MarkovProblem(LINE[:, None], S)
    x = problem.pack(models(8))
    here = problem.evaluate(x)
    gap = np.linalg.norm(NewtonRaphson().step(here, 1) - here.image, axis=1)
    assert (gap > 0.1).all()
    safe = minimize(problem, SafeguardedNewton(), models(8), passes=200.0)
    plain = minimize(problem, MajorizeMinimize(), models(8), passes=200.0)
    assert not safe.diverged.any()
    assert {stop.name for stop in safe.stop} == {stop.name for stop in plain.stop} == {"FIXED_POINT"}


def test_the_natural_gradient_sets_out_as_the_alternation_does():
    problem = MarkovProblem(LINE[:, None], S)
    end = minimize(problem, MajorizeMinimize(), models(1, seed=2), passes=200.0).w
    gaps = []
    for size in (1e-2, 1e-3):
        x = problem.pack(end) + size * np.random.default_rng(0).normal(size=(1, 12))
        here = problem.evaluate(x)
        gaps.append(np.linalg.norm(NaturalGradient().step(here, 1) - here.image))
    # of the second order in the step
    assert gaps[1] < 0.03 * gaps[0]


# --- batches ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("soft", [False, True])
def test_batches_add_up_to_all_sequences(soft):
    X = RNG.normal(size=(6, 5, 2))
    rows = np.array([[0, 2, 5]]), np.array([[1, 3, 4]])
    means, w = MarkovMeansProblem(X, PRICES, soft), RNG.normal(size=(1, S, 2))
    full, model = MarkovProblem(X, S, soft), models(1, 2)
    for problem, x in ((means, means.pack(w)), (full, full.pack(model))):
        whole, (one, other) = problem.evaluate(x), (problem.evaluate_rows(x, some) for some in rows)
        np.testing.assert_allclose(one.cost + other.cost, whole.cost, rtol=1e-12)
        np.testing.assert_allclose(one.gradient + other.gradient, whole.gradient, rtol=1e-9, atol=1e-10)
        nothing = problem.nothing_seen(x, rows[0])
        np.testing.assert_array_equal(nothing.image, x)
        np.testing.assert_array_equal(nothing.gradient, 0)
        np.testing.assert_allclose(one.damped_image(1.0), one.image, rtol=1e-12)
        # a small share moves by little, and along the step
        small = one.damped_image(1e-6) - x
        assert np.abs(small).max() < 1e-4
        assert (small * one.gradient).sum() < 0


@pytest.mark.parametrize(
    "optimizer",
    [MiniBatchCurvature(Rate(1.0), 16), OnlineEM(parts=16), Anderson(), LBFGS(30.0)],
    ids=lambda o: type(o).__name__,
)
@pytest.mark.parametrize("soft", [False, True])
def test_general_optimizers_run_unchanged(optimizer, soft):
    X = np.stack([LINE[first : first + 8] for first in range(0, T, 4) if first + 8 <= T])[..., None]
    rngs = streams(1, "markov", S, range(4), "order")
    for problem, starts in (
        (MarkovMeansProblem(X, PRICES, soft), models(4).means),
        (MarkovProblem(X, S, soft), models(4)),
    ):
        trace = minimize(problem, optimizer, starts, passes=30.0, rngs=rngs)
        assert np.isfinite(trace.cost).all()
        assert (trace.cost[-1] < trace.cost[0]).all()


def test_data_far_from_zero_cost_no_digits():
    starts = LINE[[[3, 12, 20]]][..., None]
    near, far = (
        minimize(MarkovMeansProblem(LINE[:, None] + shift, PRICES), MajorizeMinimize(), starts + shift, passes=50.0)
        for shift in (0.0, 2.0**30)
    )
    np.testing.assert_allclose(far.cost, near.cost, rtol=1e-5)
    model = models(1)
    moved = HiddenMarkov(model.means + 2.0**30, model.variances, model.transitions)
    one, other = (
        minimize(MarkovProblem(LINE[:, None] + shift, S), MajorizeMinimize(), start, passes=9.0)
        for shift, start in ((0.0, model), (2.0**30, moved))
    )
    np.testing.assert_allclose(other.cost, one.cost, rtol=1e-5)


# --- parameters, and what is refused ---------------------------------------------------------------------------------


def test_models_are_packed_and_unpacked():
    problem, given = MarkovProblem(LINE[:, None], S), models(4)
    back = problem.unpack(problem.pack(given))
    for name in ("means", "variances", "transitions"):
        np.testing.assert_allclose(getattr(back, name), getattr(given, name), rtol=1e-12)
    assert len(back) == 4
    np.testing.assert_array_equal(given[[1, 3]].means, given.means[[1, 3]])


def test_models_are_fitted_to_paths():
    problem = MarkovProblem(np.array([[0.0], [2.0], [10.0], [12.0]]), 2)
    found = problem.from_paths([[0, 0, 1, 1]])
    np.testing.assert_allclose(found.means, [[[1], [11]]])
    np.testing.assert_allclose(found.variances, (2 + 26) / (2 + PRIOR))
    np.testing.assert_allclose(found.transitions, [[[2 / 4, 2 / 4], [1 / 3, 2 / 3]]])
    # the same as an M-step from there
    again = problem.evaluate(problem.pack(found))
    np.testing.assert_allclose(again.states, [[0, 0, 1, 1]])
    np.testing.assert_allclose(again.image, again.x, atol=1e-12)


def test_what_cannot_be_a_chain_is_refused(refused):
    with refused("2 observations", "3 states"):
        MarkovMeansProblem(np.zeros((2, 1)), PRICES)
    with refused("2 observations", "3 states"):
        MarkovProblem(np.arange(2.0)[:, None], 3)
    with refused("shape (5,)", "features"):
        MarkovProblem(np.arange(5.0), 2)
    with refused("(2, 3)", "square"):
        MarkovMeansProblem(np.zeros((5, 1)), np.zeros((2, 3)))
    with refused("number of states is 0"):
        MarkovProblem(np.arange(5.0)[:, None], 0)
    with refused("Feature 1", "constant"):
        MarkovProblem(np.stack([np.arange(5.0), np.ones(5)], axis=1), 2)
    with refused("2 means", "3 states"):
        MarkovMeansProblem(LINE[:, None], PRICES).evaluate(np.zeros((1, 2)))
    with refused("nan"):
        MarkovProblem(np.array([[0.0], [np.nan]]), 2)
    problem = MarkovProblem(LINE[:, None], S)
    with refused("State 2", "never visited", "run 1"):
        problem.from_paths(np.stack([LEVELS, LEVELS % 2]))
    with refused("40 states from 0 to 2"):
        problem.from_paths([[0, 1, 3]])
    with refused("not positive", "variances"):
        problem.pack(HiddenMarkov(np.zeros((1, 3, 1)), np.zeros((1, 3, 1)), np.ones((1, 3, 3)) / 3))
    with refused("means", "(runs, 3, 1)"):
        problem.pack(HiddenMarkov(np.zeros((1, 2, 1)), np.ones((1, 3, 1)), np.ones((1, 3, 3)) / 3))
    with refused("(runs, 12)"):
        problem.evaluate(np.zeros((1, 11)))
    for soft in (MarkovProblem(LINE[:, None], S, soft=True), MarkovMeansProblem(LINE[:, None], PRICES, soft=True)):
        with refused("Hessian"):
            check_fit(soft, NewtonRaphson())
    with refused("no Hessian"):
        MarkovProblem(LINE[:, None], S, soft=True).evaluate(problem.pack(models(1))).hessian  # noqa: B018
