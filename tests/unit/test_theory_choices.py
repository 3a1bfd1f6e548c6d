"""The theorem about hidden choices: its examples by hand and against other libraries, and broken statements."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy as sp
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression

from kmeans_convergence.starts import stream
from kmeans_convergence.theory import checks
from kmeans_convergence.theory.alternations.alternation import alternate, newton, path, value
from kmeans_convergence.theory.alternations.blocks import PRIOR, Categories, Gaussians, log_probabilities
from kmeans_convergence.theory.alternations.chain import FullChain, MeansChain, posteriors, viterbi
from kmeans_convergence.theory.alternations.examples import EXAMPLES, SMALL
from kmeans_convergence.theory.alternations.matching import Matching, Rotation, Translation
from kmeans_convergence.theory.alternations.owners import (
    Lines,
    Mixture,
    Prototypes,
    Regressions,
    centre,
    half_squared_norm,
)
from kmeans_convergence.theory.theorems import choices, hidden

NOTHING = np.zeros((0, 0))


def run(check, points=10):
    """The theorems about hidden choices bring their own data."""
    return check(NOTHING, stream(0, "test", check.__name__), points)


# --- statements that are broken on purpose -----------------------------------------------------------

BROKEN = {
    "kinks of half the size": ([choices.kinks], (choices, "kink", lambda s: int(s.max() - s.min()) // 2)),
    "no kinks": ([choices.kinks], (choices, "kink", lambda s: 0)),
    "medians with a smaller example": ([choices.medians], (choices, "TIED_MEDIANS", ((0, 1, 2), (0, 2)))),
    "degree three": ([choices.euler], (choices, "euler_share", lambda: sp.Rational(1, 3))),
    "a share of 1/q": ([choices.homogeneous], (choices, "degree_share", lambda q: 1 / q)),
    "all squared norms are quadratic": ([choices.location], (choices, "VISIBLE", np.inf)),
    "the squared 3-norm is quadratic": ([choices.location], (choices, "QUADRATIC", 3.0)),
    "Newton's step reaches the variance": (
        [choices.variance],
        (choices, "variance_shares", lambda v, s: dict.fromkeys(("variance", "precision", "logarithm"), sp.Integer(1))),
    ),
    "Newton's step reaches the angle": ([choices.rotation], (choices, "angle_step", lambda u: u)),
    "a leading gap of the other sign": (
        [choices.beyond],
        (choices, "leading_gap", lambda c2, c3, u: -c3 / c2 * u**2 / 2),
    ),
    "scoring without information": ([choices.scoring], (choices, "scoring_step", lambda mu, info, g: mu - g)),
    "scoring with the inverse": ([choices.scoring], (choices, "scoring_step", lambda mu, info, g: mu - info * g)),
    "everything is quadratic": (
        [choices.same_path],
        (choices, "EXAMPLES", [replace(example, quadratic=True) for example in EXAMPLES]),
    ),
    "nothing is quadratic": (
        [choices.same_path],
        (choices, "EXAMPLES", [replace(example, quadratic=False) for example in EXAMPLES]),
    ),
    "Newton's method always descends": ([choices.descent], (choices, "alternate", newton)),
    "gradient descent feels no units": (
        [choices.regression],
        (choices, "alternate", lambda problem, w: w - problem.gradient(problem.choose(w), w)),
    ),
    "half of the visits": (
        [choices.viterbi_newton, choices.same_path, choices.derivatives],
        (MeansChain, "hessian", lambda self, z, w: np.diag(np.maximum(self._visits(z) // 2, 1))),
    ),
    "a path without transitions": (
        [choices.viterbi_newton, choices.best_choices],
        (MeansChain, "choose", lambda self, w: self.losses(w).argmin(axis=1)),
    ),
    "a matching that is not one to one": (
        [choices.best_choices],
        (Matching, "choose", lambda self, w: ((self.moved(w)[:, None] - self.Y) ** 2).sum(axis=2).argmin(axis=1)),
    ),
    "faces that add curvature": (
        [hidden.faces, hidden.population_rate],
        (hidden, "face_term", lambda jumps, growth, density: -jumps[0] * jumps[1] * density / growth),
    ),
    "faces whatever the costs grow": (
        [hidden.faces, hidden.population_rate],
        (hidden, "face_term", lambda jumps, growth, density: jumps[0] * jumps[1] * density),
    ),
    "a rate of the wrong side": ([hidden.population_rate], (hidden, "hidden_share", lambda B, F: F * 2 * B.inv())),
    "second moments for a covariance": (
        [hidden.soft],
        (hidden, "hidden_information", lambda r, gradients: gradients.T * sp.diag(*r) * gradients),
    ),
    "a continuum that hides nothing": (
        [hidden.continuum],
        (hidden, "continuum_share", lambda ww, wz, zz: sp.zeros(*ww.shape)),
    ),
    "pairs that are counted twice": (
        [hidden.baum_welch],
        (hidden, "posteriors", lambda *costs: (*posteriors(*costs)[:2], 2 * posteriors(*costs)[2])),
    ),
}


@pytest.mark.parametrize(
    ("check", "patch"),
    [
        pytest.param(check, patch, id=f"{what}-{check.__name__}")
        for what, (found, patch) in BROKEN.items()
        for check in found
    ],
)
def test_a_broken_statement_is_found(check, patch, monkeypatch):
    assert run(check).holds
    monkeypatch.setattr(*patch)
    assert not run(check).holds


def test_each_check_finds_something_broken():
    found = {check.__name__ for some, _ in BROKEN.values() for check in some}
    assert found == {check.__name__ for check in (*choices.CHECKS, *hidden.CHECKS)}


# --- examples: derivatives and steps -------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_gradient_and_hessian_are_derivatives_given_the_choices(example):
    rng = stream(3, example.name)
    problem, start = example.build(SMALL, rng)
    w = start(rng) + 0.1
    z, h = problem.choose(w), 1e-5
    units = h * np.eye(len(w))
    slopes = [(problem.cost(z, w + e) - problem.cost(z, w - e)) / (2 * h) for e in units]
    np.testing.assert_allclose(problem.gradient(z, w), slopes, atol=1e-6)
    curvatures = [(problem.gradient(z, w + e) - problem.gradient(z, w - e)) / (2 * h) for e in units]
    np.testing.assert_allclose(problem.hessian(z, w), curvatures, atol=1e-5)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_no_move_from_the_minimiser_lowers_the_cost_of_the_same_choices(example):
    rng = stream(4, example.name)
    problem, start = example.build(SMALL, rng)
    z = problem.choose(start(rng))
    best = problem.minimize(z, start(rng))
    for size in (1e-3, 0.1, 1.0):
        for _ in range(20):
            assert problem.cost(z, best + size * rng.normal(size=len(best))) >= problem.cost(z, best) - 1e-9


def test_newtons_step_can_lead_uphill_where_the_alternation_cannot():
    # a line that is nearly at a right angle to the best one
    problem, w = Lines(np.array([[1.0, 0.0], [2.0, 0.1]]), 1), np.array([1.4])
    assert value(problem, newton(problem, w)) > value(problem, w) > value(problem, alternate(problem, w))


def test_a_path_ends_where_nothing_moves_and_before_it_is_far_away():
    problem, start = EXAMPLES[0].build(SMALL, stream(5, "path"))
    iterates = path(problem, start(stream(5, "start")), alternate, 100)
    assert len(iterates) < 100
    np.testing.assert_array_equal(alternate(problem, iterates[-1]), iterates[-1])
    assert len(path(problem, iterates[0], lambda problem, w: w + 100, 100)) < 10
    assert len(path(problem, iterates[0], lambda problem, w: w * np.nan, 100)) == 1


# --- paths ---------------------------------------------------------------------------------------------


def test_viterbi_by_hand():
    # staying is free and a change costs 1: one outlier of 0.4 does not pay for two changes, one of 3 does
    change = 1 - np.eye(2)
    near = np.array([[0, 2], [0.4, 0], [0, 2]])
    far = np.array([[0, 2], [3.0, 0], [0, 2]])
    assert list(viterbi(near, change)) == [0, 0, 0]
    assert list(viterbi(far, change)) == [0, 1, 0]


def test_ties_go_to_the_lowest_state():
    assert list(viterbi(np.zeros((4, 3)), np.zeros((3, 3)))) == [0, 0, 0, 0]


def test_a_batch_of_paths_is_each_of_them():
    rng = np.random.default_rng(6)
    emissions, transitions = rng.exponential(size=(5, 7, 3)), rng.exponential(size=(5, 3, 3))
    together = viterbi(emissions, transitions)
    cost, states, pairs = posteriors(emissions, transitions)
    for r in range(5):
        np.testing.assert_array_equal(together[r], viterbi(emissions[r], transitions[r]))
        for batch, one in zip((cost[r], states[r], pairs[r]), posteriors(emissions[r], transitions[r]), strict=True):
            np.testing.assert_allclose(batch, one, rtol=1e-13)


def test_paths_are_the_best_of_all_with_a_prior_and_all_parameters():
    rng = np.random.default_rng(7)
    chain = FullChain(rng.normal(size=6), 3)
    w = rng.normal(size=3 + 3 + 6)
    costs = {z: chain.cost(np.array(z), w) for z in product(range(3), repeat=6)}
    assert tuple(chain.choose(w)) == min(costs, key=costs.get)


def test_viterbi_training_by_hand():
    x = np.array([[0.0], [1.0], [5.0], [7.0]])
    chain = MeansChain(x, np.zeros((2, 2)))
    np.testing.assert_array_equal(alternate(chain, np.array([0.0, 6.0])), [0.5, 6.0])
    # a state without visits stays
    np.testing.assert_array_equal(alternate(chain, np.array([3.0, 99.0])), [3.25, 99.0])


def test_training_all_parameters_by_hand():
    x = np.array([0.0, 2.0, 10.0, 10.0])
    chain, z = FullChain(x, 2), np.array([0, 0, 1, 1])
    means, log_variances, logits = chain.parts(chain.minimize(z, np.zeros(6)))
    np.testing.assert_array_equal(means, [1.0, 10.0])
    prior = PRIOR * x.var()
    np.testing.assert_allclose(np.exp(log_variances), np.array([2.0 + prior, prior]) / (2 + PRIOR))
    # 0 to 0 once, 0 to 1 once, 1 to 1 once, each with the prior
    np.testing.assert_allclose(np.exp(log_probabilities(logits)), [[0.5, 0.5], [1 / 3, 2 / 3]])


@pytest.mark.parametrize("kind", ["means", "all parameters"])
def test_baum_and_welchs_step_minimises_the_expected_cost_over_all_paths(kind):
    rng = np.random.default_rng(14)
    x = rng.normal(size=5)
    if kind == "means":
        chain, w = MeansChain(x[:, None], rng.exponential(size=(2, 2))), rng.normal(size=2)
    else:
        chain, w = FullChain(x, 2), rng.normal(size=6)
    paths = list(chain.choices())
    weights = np.exp([-chain.cost(z, w) for z in paths])
    after = chain.expect(w)
    expected = sum(p * chain.gradient(z, after) for p, z in zip(weights / weights.sum(), paths, strict=True))
    np.testing.assert_allclose(expected, 0, atol=1e-12)


# --- owners and matchings against other libraries --------------------------------------------------------


def test_clusterwise_regression_is_least_squares_in_each_group():
    rng = np.random.default_rng(8)
    X, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    problem, w = Regressions(X, y, 2), rng.normal(size=6)
    z, fitted = problem.choose(w), alternate(problem, w).reshape(2, 3)
    for k in range(2):
        other = LinearRegression(fit_intercept=False).fit(X[z == k], y[z == k])
        np.testing.assert_allclose(fitted[k], other.coef_, rtol=1e-10)


def test_a_group_without_patterns_keeps_its_coefficients():
    X, y = np.stack([np.ones(6), np.arange(6.0)], axis=1), np.arange(6.0)
    problem, w = Regressions(X, y, 2), np.array([0.0, 1.0, 50.0, 7.0])
    np.testing.assert_allclose(alternate(problem, w), w, atol=1e-12)
    np.testing.assert_allclose(newton(problem, w), w, atol=1e-12)


def test_lines_are_principal_axes():
    rng = np.random.default_rng(9)
    X = np.concatenate([rng.normal(size=(20, 2)) * [3, 0.2], rng.normal(size=(20, 2)) * [0.2, 3]])
    problem, w = Lines(X, 2), np.array([0.2, 1.3])
    z, angles = problem.choose(w), alternate(problem, w)
    for k in range(2):
        # patterns and their opposites have the mean 0
        axis = PCA(1).fit(np.concatenate([X[z == k], -X[z == k]])).components_[0]
        np.testing.assert_allclose(abs(axis @ [np.cos(angles[k]), np.sin(angles[k])]), 1, rtol=1e-12)


def test_lines_cost_half_the_squared_distances():
    X = np.array([[3.0, 4.0]])
    assert Lines(X, 1).cost(np.array([0]), np.array([0.0])) == pytest.approx(8.0)


@pytest.mark.parametrize("motion", [Translation, Rotation])
def test_a_motion_is_found_again(motion):
    rng = np.random.default_rng(10)
    X = rng.normal(size=(6, 2))
    w = np.array([0.1, -0.05]) if motion is Translation else np.array([0.1])
    order = rng.permutation(6)
    problem = motion(X, motion(X, X).moved(w)[order])
    np.testing.assert_allclose(alternate(problem, np.zeros(len(w))), w, atol=1e-12)
    np.testing.assert_array_equal(order[problem.choose(w)], np.arange(6))


@pytest.mark.parametrize("p", [2.0, 3.0, 4.0])
def test_half_squared_norms(p):
    u = np.random.default_rng(11).normal(size=(5, 3))
    np.testing.assert_allclose(half_squared_norm(u, p)[0], np.linalg.norm(u, ord=p, axis=1) ** 2 / 2, rtol=1e-13)


@pytest.mark.parametrize("p", [2.0, 3.0])
def test_a_centre_has_no_gradient(p):
    X = np.random.default_rng(12).normal(size=(9, 2))
    assert checks.largest(half_squared_norm(centre(X, p) - X, p)[1].sum(axis=0)) < 1e-10


def test_prototypes_of_the_2_norm_are_means():
    X = np.random.default_rng(13).normal(size=(9, 2))
    problem = Prototypes(X, 1, 2.0)
    np.testing.assert_allclose(alternate(problem, np.zeros(2)), X.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(centre(X, 2.0), X.mean(axis=0), rtol=1e-12)


def test_classification_by_hand():
    x = np.array([0.0, 1.0, 9.0])
    problem = Mixture(x, 2)
    w = alternate(problem, np.array([0.0, 9.0, 0.0, 0.0, 0.0]))
    np.testing.assert_allclose(w[:2], [0.5, 9.0])
    np.testing.assert_allclose(np.exp(w[4]), (2 + PRIOR) / (1 + PRIOR))


def test_groups_without_observations_are_the_prior():
    found = Gaussians.grouped(np.array([1.0, 3.0]), np.array([0, 0]), 2).minimizer(np.array([5.0, 7.0]))
    np.testing.assert_allclose(found, [2.0, 7.0, np.log((2.0 + PRIOR) / (2 + PRIOR)), 0.0], atol=1e-15)
    np.testing.assert_array_equal(Categories(np.array([3, 3])).minimizer(), [0.0])


# --- bad input -------------------------------------------------------------------------------------------


def test_bad_input_is_refused_in_one_sentence(refused):
    with refused("2 observations", "3 states", "at least 3"):
        FullChain(np.array([0.0, 1.0]), 3)
    with refused("1 observations", "2 states"):
        MeansChain(np.zeros((1, 1)), np.zeros((2, 2)))
    X = np.stack([np.ones(5), np.arange(5.0)], axis=1)
    with refused("5 rows", "3 regressions of 2 coefficients", "at least 6"):
        Regressions(X, np.zeros(5), 3)
    with refused("collinear", "rank 2"):
        Regressions(np.concatenate([X, X[:, :1] + X[:, 1:]], axis=1), np.zeros(5), 1)


def test_fractions_stay_exact():
    x = np.array([[Fraction(1, 3)], [Fraction(2, 3)], [Fraction(5)]], dtype=object)
    chain = MeansChain(x, np.array([[Fraction(0), Fraction(1)], [Fraction(1), Fraction(0)]], dtype=object))
    after = alternate(chain, np.array([Fraction(0), Fraction(4)], dtype=object))
    assert list(after) == [Fraction(1, 2), Fraction(5)]
