"""What is fitted to which data, from where; where runs end; and the limit of hard thresholds."""

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from kmeans_convergence.data import Dataset
from kmeans_convergence.data.bundled import iris
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.problems import GaussianMixtureProblem, MixtureProblem, QuantizationProblem
from kmeans_convergence.problems.mixture import Mixture
from kmeans_convergence.starts import draw, streams
from kmeans_convergence.studies.mixtures.run import fits
from kmeans_convergence.studies.mixtures.run.fits import COVARIANCES, Protocol
from kmeans_convergence.theory import equations

X, FEATURES = iris()
IRIS = Dataset("iris", X, FEATURES, "mm", clusters=(3,))


def rngs(count=4):
    return streams(1, "test", 3, range(count), "starts")


def dataset(name, n, d, clusters=3, seed=0):
    drawn = np.random.default_rng(seed).normal(size=(n, d))
    return Dataset(name, drawn, tuple("abcdefgh"[:d]), "", clusters=(clusters,))


def protocol(**changes):
    given = {"datasets": ["a"], "clusters_of": {}, "rows": 100, "covariances": 2, "passes": 30, "starts": 2}
    return Protocol(1, **(given | {"tuning_starts": 1} | changes))


def test_models_take_turns_as_far_as_there_are_patterns_enough():
    sets = [dataset(name, 60, 2) for name in "abcd"]
    found = [(fit.dataset.name, fit.covariance) for fit in fits.fits(sets, protocol())]
    pairs = (("full", "diagonal"), ("diagonal", "tied"), ("tied", "spherical"), ("spherical", "full"))
    assert found == [(name, model) for name, pair in zip("abcd", pairs, strict=True) for model in pair]
    # 5 x 3 x 3 patterns for full covariances, 5 x 3 for one
    few = [fit.covariance for fit in fits.fits([dataset("a", 44, 2)], protocol(covariances=4))]
    assert few == ["diagonal", "tied", "spherical"]
    assert "tied" not in [fit.covariance for fit in fits.fits([dataset("a", 14, 2)], protocol(covariances=4))]
    # a feature that depends on others has no covariance
    flat = dataset("flat", 60, 2)
    flat.X[:, 1] = 2 * flat.X[:, 0]
    assert [fit.covariance for fit in fits.fits([flat], protocol(covariances=4))] == ["diagonal", "spherical"]


def test_the_number_of_components_is_the_usual_one_or_given():
    one, other = fits.fits([dataset("a", 90, 2), dataset("b", 90, 2)], protocol(covariances=1, clusters_of={"b": 4}))
    assert (one.clusters, other.clusters) == (3, 4)


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("kind", fits.STARTS)
def test_every_start_is_a_mixture_that_can_go_on(kind, covariance):
    problem = GaussianMixtureProblem(X, covariance)
    starts = fits.starting(problem, 3, kind, rngs())
    assert len(starts.mixtures) == len(starts.passes) == 4
    np.testing.assert_allclose(starts.mixtures.weights.sum(axis=1), 1)
    assert np.isfinite(fits.evaluation(problem, starts.mixtures).cost).all()
    assert not fits.degenerate(problem, starts.mixtures).any()
    assert (starts.passes > 2).all() == (kind == "kmeans")
    again = fits.starting(problem, 3, kind, rngs(2))
    np.testing.assert_array_equal(again.mixtures.means, starts.mixtures.means[:2])


def test_a_mixture_of_prototypes_by_hand():
    patterns = np.array([[0.0], [2.0], [10.0], [14.0]])
    found = fits.from_prototypes(GaussianMixtureProblem(patterns), np.array([[[1.0], [12.0]]]))
    np.testing.assert_allclose(found.weights, [[0.5, 0.5]])
    # (1 + 1 + 4 + 4) / 4
    np.testing.assert_allclose(found.covariances, np.full((1, 2, 1, 1), 2.5))


@pytest.mark.parametrize(
    ("covariance", "sklearns"), [*zip(COVARIANCES, ("full", "diag", "tied", "spherical"), strict=True)]
)
def test_from_prototypes_em_goes_where_scikit_learn_goes(covariance, sklearns):
    problem = GaussianMixtureProblem(X, covariance)
    start = fits.starting(problem, 3, "kmeans", rngs(1)).mixtures
    end = minimize(problem, MajorizeMinimize(), start, passes=30)
    spread = start.covariances[0]
    precisions = {
        "full": lambda: np.linalg.inv(spread),
        "tied": lambda: np.linalg.inv(spread[0]),
        "diag": lambda: 1 / spread,
        "spherical": lambda: 1 / spread[:, 0],
    }[sklearns]()
    model = GaussianMixture(
        3,
        covariance_type=sklearns,
        reg_covar=0,
        tol=0,
        max_iter=30,
        weights_init=start.weights[0],
        means_init=start.means[0],
        precisions_init=precisions,
    )
    # it is told to make thirty steps and no more
    with pytest.warns(UserWarning, match="converge"):
        model.fit(X)
    assert -end.cost[-1, 0] / len(X) == pytest.approx(model.score(X), abs=1e-8)


@pytest.mark.parametrize("covariance", ["full", "diagonal", "spherical"])
def test_a_component_that_collapses_is_seen_in_any_unit(covariance):
    for unit in (1e-3, 1.0, 1e4):
        problem = GaussianMixtureProblem(unit * X, covariance)
        good = fits.starting(problem, 3, "kmeans", rngs(1)).mixtures
        factors = good.factors.copy()
        factors[0, 1] *= 1e-4
        assert not fits.degenerate(problem, good)[0]
        assert fits.degenerate(problem, Mixture(good.weights, good.means, factors))[0]
        assert fits.degenerate(problem, Mixture(good.weights, good.means, np.full_like(factors, np.nan)))[0]


def test_a_full_covariance_collapses_onto_a_plane_in_any_coordinates():
    rng = np.random.default_rng(0)
    problem = GaussianMixtureProblem(X @ rng.normal(size=(4, 4)))
    start = fits.starting(problem, 3, "kmeans", rngs(1)).mixtures
    thin = start.covariances.copy()
    # along a normal of a plane that is none of the axes
    direction = np.linalg.solve(np.cov(problem.X.T), rng.normal(size=4))
    thin[0, 0] -= (
        (1 - 1e-8) * np.outer(thin[0, 0] @ direction, thin[0, 0] @ direction) / (direction @ thin[0, 0] @ direction)
    )
    lost = Mixture(start.weights, start.means, np.linalg.cholesky(thin))
    assert fits.degenerate(problem, lost)[0]


def test_the_polish_ends_at_a_minimum_and_leaves_what_has_degenerated():
    problem = GaussianMixtureProblem(X)
    start = fits.starting(problem, 3, "kmeans", rngs(3)).mixtures
    factors = start.factors.copy()
    factors[1, 0] *= 1e-8
    limits = fits.polish(problem, Mixture(start.weights, start.means, factors))
    np.testing.assert_array_equal(limits.degenerate, [False, True, False])
    np.testing.assert_array_equal(np.isnan(limits.cost), limits.degenerate)
    np.testing.assert_array_equal(limits.mixtures.means[1], start.means[1])
    assert limits.converged[[0, 2]].all()
    here = fits.evaluation(problem, limits.mixtures[[0, 2]])
    np.testing.assert_allclose(here.cost, limits.cost[[0, 2]], rtol=1e-12)
    assert np.abs(here.gradient).max() < 1e-5


# --- hard thresholds as a limit ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("problem", ["means", "spherical"])
def test_lloyd_is_the_limit_of_em_for_small_variances(problem):
    """One step of EM from equal weights and one small variance: its means are those of Lloyd's step, unless at ties."""
    untied = X + np.random.default_rng(3).normal(size=X.shape)
    w = draw(untied, 3, rngs(5))
    lloyd = QuantizationProblem(untied).evaluate(w).means
    distances = []
    for sigma in (10.0, 1.0, 1e-3):
        if problem == "means":
            found = sigma * MixtureProblem(untied / sigma).evaluate(w / sigma).means
        else:
            gaussian = GaussianMixtureProblem(untied, "spherical")
            start = Mixture(np.full((5, 3), 1 / 3), w, np.full((5, 3, 1), sigma))
            found = gaussian.from_centred(gaussian.centred.unpack(fits.evaluation(gaussian, start).image)).means
        distances.append(abs(found - lloyd).max())
    assert distances[0] > 0.1
    assert distances[2] < 1e-9
    np.testing.assert_allclose(lloyd[0], equations.batch_kmeans_step(untied, w[0]))


def test_the_likelihood_of_patterns_with_known_components_is_the_cost_of_k_means():
    w = draw(X, 3, rngs(2))
    n, d = X.shape
    for sigma in (10.0, 3.0):
        soft = MixtureProblem(X / sigma).evaluate(w / sigma).cost
        hard = QuantizationProblem(X / sigma).evaluate(w / sigma).cost
        constant = n * (0.5 * d * np.log(2 * np.pi) + np.log(3))
        # -log sum_k p_k lies between min_k -log p_k and that less log K
        assert (soft <= hard + constant + 1e-6).all()
        assert (soft >= hard + constant - n * np.log(3)).all()
