"""The experiments on the breakdown: cases by hand, other libraries, and what affine maps must leave as it is."""

import mpmath
import numpy as np
import pytest
from scipy import stats
from sklearn.decomposition import FactorAnalysis

from kmeans_convergence.data import Dataset
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.problems import GaussianMixtureProblem
from kmeans_convergence.problems.mixture import Mixture
from kmeans_convergence.starts import streams
from kmeans_convergence.studies.breakdown.analysis import indices
from kmeans_convergence.studies.breakdown.run import (
    collapse,
    conditioned,
    constant,
    digits,
    factor_analyzers,
    remedies,
    samples,
    scikit,
)


def random_mixture(seed=0, runs=2, clusters=3, features=3):
    rng = np.random.default_rng(seed)
    factors = np.tril(rng.normal(size=(runs, clusters, features, features)))
    factors[..., np.arange(features), np.arange(features)] = rng.uniform(0.5, 2, (runs, clusters, features))
    return Mixture(rng.dirichlet(np.ones(clusters), runs), rng.normal(size=(runs, clusters, features)), factors)


# --- samples ----------------------------------------------------------------------------------------------------------


def test_samples_of_one_number_are_parts_and_maps_of_each_other():
    few, many = (samples.simulated(1, 0, n, 4, 3) for n in (50, 400))
    np.testing.assert_array_equal(few.X, many.X[:50])
    np.testing.assert_array_equal(few.labels, many.labels[:50])
    turned = samples.simulated(1, 0, 50, 4, 3, 0.9)
    np.testing.assert_allclose(turned.X, few.X @ samples.autoregression(4, 0.9))
    assert not np.allclose(samples.simulated(1, 1, 50, 4, 3).X, few.X)


def test_correlations_of_maps():
    A = samples.autoregression(4, 0.9)
    np.testing.assert_allclose((A.T @ A)[0], 0.9 ** np.arange(4))
    np.testing.assert_allclose(np.diag(A.T @ A), 1)
    x = np.array([1.0, 2.0, 5.0])
    np.testing.assert_allclose(x @ samples.collinear(3, 0.1), [1, 2, 3.5])


def test_tables_have_their_classes_and_unit_variances():
    for sample in samples.labelled(1, 100):
        assert sample.X.shape[0] == len(sample.labels) == 100
        assert set(sample.labels) == set(range(sample.clusters))
        np.testing.assert_allclose(sample.X.std(axis=0), 1)
    for sample in (samples.of_factors(1, 60, 8, 3, 2, "factors 0"), samples.embedded(1, 0, 60, 16, 4)):
        assert len(sample.X) == len(sample.labels) == 60
    np.testing.assert_allclose(np.linalg.norm(samples.embedded(1, 0, 60, 16, 4).X, axis=1), 1)


def test_densities_are_scipys():
    mixture, X = random_mixture(), np.random.default_rng(1).normal(size=(20, 3))
    joint = samples.log_joint(mixture, X)
    for run in range(2):
        for k in range(3):
            covariance = mixture.factors[run, k] @ mixture.factors[run, k].T
            expected = stats.multivariate_normal(mixture.means[run, k], covariance).logpdf(X)
            np.testing.assert_allclose(joint[run, :, k], np.log(mixture.weights[run, k]) + expected, atol=1e-10)
    np.testing.assert_allclose(samples.responsibilities(mixture, X).sum(axis=2), 1)
    expected = np.log(np.exp(joint).sum(axis=2)).mean(axis=1)
    np.testing.assert_allclose(samples.log_likelihood(mixture, X), expected)
    # of models with fewer parameters
    plain = Mixture(mixture.weights, mixture.means, np.full((2, 3, 1), 2.0))
    np.testing.assert_allclose(samples.triangles(plain), np.broadcast_to(2 * np.eye(3), (2, 3, 3, 3)))
    tied = Mixture(mixture.weights, mixture.means, mixture.factors[:, :1])
    assert samples.triangles(tied).shape == (2, 3, 3, 3)


def test_relative_eigenvalues_do_not_depend_on_the_map():
    mixture, X = random_mixture(), np.random.default_rng(1).normal(size=(40, 3))
    A = samples.autoregression(3, 0.99).T
    mapped = Mixture(mixture.weights, mixture.means @ A.T, A @ mixture.factors)
    found = samples.relative_eigenvalues(mixture, X)
    np.testing.assert_allclose(samples.relative_eigenvalues(mapped, X @ A.T), found, rtol=1e-9)
    whole = np.linalg.cholesky(np.cov(X.T, bias=True))
    same = Mixture(np.ones((1, 1)), np.zeros((1, 1, 3)), 0.1 * whole[None, None])
    np.testing.assert_allclose(samples.relative_eigenvalues(same, X), 0.01)


@pytest.mark.parametrize("model", ["tied", "full"])
def test_starts_are_mapped_with_the_data(model):
    X, A = np.random.default_rng(2).normal(size=(30, 3)), samples.autoregression(3, 0.9)
    rngs = [streams(1, "a", 3, range(2), "b") for _ in range(2)]
    one, other = (
        samples.at_patterns(GaussianMixtureProblem(data, model), 3, some)
        for data, some in zip((X, X @ A), rngs, strict=True)
    )
    np.testing.assert_allclose(other.means, one.means @ A)
    np.testing.assert_allclose(other.covariances, A.T @ one.covariances @ A, atol=1e-12)
    np.testing.assert_allclose(one.covariances[0, 0], np.cov(X.T, bias=True))


def test_responsibilities_of_k_means_are_softened():
    X = np.concatenate([np.zeros((5, 2)), np.full((5, 2), 9.0)]) + np.random.default_rng(0).normal(size=(10, 2)) / 9
    r = samples.from_kmeans(X, 2, streams(1, "a", 2, range(3), "b"))
    np.testing.assert_allclose(r.sum(axis=2), 1)
    np.testing.assert_allclose(np.sort(r, axis=2), np.broadcast_to([0.05, 0.95], r.shape))
    assert (r[:, :5].argmax(axis=2) != r[:, 5:].argmax(axis=2)).all()
    np.testing.assert_allclose(samples.soft_labels(np.array([0, 1]), 2), [[[0.95, 0.05], [0.05, 0.95]]])


# --- collapses --------------------------------------------------------------------------------------------------------


def test_a_run_stays_where_its_next_step_has_no_covariance():
    X = np.concatenate([np.random.default_rng(0).normal(size=(30, 2)), [[50.0, 50.0]]])
    mine = GaussianMixtureProblem(X)
    start = Mixture(
        np.array([[0.9, 0.1]]), np.array([[[0.0, 0.0], [50.0, 50.0]]]), np.broadcast_to(np.eye(2), (1, 2, 2, 2))
    )
    trace = minimize(mine, collapse.UntilSingular(), start, passes=50.0)
    assert np.isfinite(trace.w.factors).all()
    assert np.isnan(mine.evaluate(mine.pack(trace.w)).image).any()
    whole = minimize(mine, MajorizeMinimize(), start, passes=50.0)
    assert not np.isfinite(whole.cost[-1, 0])


def test_what_runs_collapse_on():
    rng = np.random.default_rng(3)
    crowd = rng.normal(size=(60, 3))
    # one pattern far away; and a plane of patterns far away
    lone = np.concatenate([crowd, np.full((1, 3), 100.0)])
    plane = np.concatenate([crowd, [[100, 0, 0], [100, 3, 0], [100, 0, 3]] + rng.normal(size=(3, 3)) / 9])
    for X, outcome, owned in ((lone, collapse.PATTERN, 1), (plane, collapse.HYPERPLANE, 3)):
        sample = samples.Sample(outcome, X, np.zeros(len(X), dtype=int), 2)
        found = collapse.outcomes(sample, "full", 1, 40, 100.0)
        gone = found[found["outcome"] != collapse.NONE]
        assert len(gone)
        assert (gone["outcome"] == outcome).mean() > 0.5
        assert gone.loc[gone["outcome"] == outcome, "owned"].median() == pytest.approx(owned, abs=0.1)
    refused = collapse.outcomes(samples.Sample("few", X[:3], np.zeros(3, dtype=int), 2), "full", 1, 4, 10.0)
    assert (refused["outcome"] == collapse.REFUSED).all()


def test_the_sweep_holds_each_setting_once(monkeypatch):
    settings = collapse.settings()
    assert len(settings) == len(set(settings))
    monkeypatch.setattr(collapse, "MODELS", ("spherical",))
    monkeypatch.setattr(collapse, "SWEPT_OF_ALL", ())
    table = collapse.sweep(1, 2, 2, 20.0)
    assert len(table) == 4
    again = collapse.sweep(1, 2, 2, 20.0)
    assert table.equals(again)


def test_traces_and_data_sets():
    table = collapse.traces(1, 4, 30)
    assert (table.groupby(["bound", "run"])["step"].min() == 0).all()
    X = np.random.default_rng(0).normal(size=(30, 2))
    sets = [
        Dataset("one", X, ("a", "b"), "", clusters=(2,)),
        Dataset("flat", X * [1, 0], ("a", "b"), "", clusters=(2,), family="none"),
    ]
    found = collapse.on_sets(sets, 1, 2, 10.0)
    assert list(found["family"]) == ["one", "one", "none", "none"]
    assert (found.loc[found["dataset"] == "flat", "outcome"] == collapse.REFUSED).all()


# --- digits -----------------------------------------------------------------------------------------------------------


def test_arithmetic_of_many_digits_is_numpys_with_more_digits():
    rng = np.random.default_rng(4)
    A = rng.normal(size=(4, 3))
    matrix = A.T @ A
    with mpmath.workdps(40):
        factor = digits.cholesky(digits.as_exact(matrix))
        np.testing.assert_allclose(factor.astype(float), np.linalg.cholesky(matrix), atol=1e-13)
        y = digits.substituted(factor, digits.as_exact(A.T))
        np.testing.assert_allclose(y.astype(float), np.linalg.solve(np.linalg.cholesky(matrix), A.T), atol=1e-12)
        centred = A - A.mean(axis=0)
        expected = np.linalg.cond(centred) ** 2
        assert float(digits.condition_number(digits.as_exact(A))) == pytest.approx(expected, rel=1e-9)


def test_exact_steps_are_those_of_em_and_do_not_see_a_map():
    X = samples.simulated(1, 0, 40, 3, 2).X
    start = samples.random_responsibilities(40, 2, 1, "test", [0])[0]
    np.testing.assert_allclose(start.sum(axis=1), 1)
    with mpmath.workdps(40):
        exact = digits.exact_steps(digits.as_exact(X), start, digits.STEPS)
        mapped = digits.as_exact(X) @ digits.as_exact(samples.collinear(3, 2.0**-20))
        other = digits.exact_steps(mapped, start, digits.STEPS)
        assert digits.agreeing(other, exact) > 20
        for steps in digits.DOUBLE.values():
            assert digits.agreeing(steps(X, start), exact) > 10
        assert digits.agreeing(exact, exact) == pytest.approx(digits.DIGITS)
        assert digits.agreeing(np.array([0.5, 0.2501]), digits.as_exact(np.array([0.5, 0.25]))) == pytest.approx(4)


def test_digits_go_with_the_condition_number(monkeypatch):
    monkeypatch.setattr(digits, "DELTAS", (1.0, 2.0**-15, 2.0**-36))
    monkeypatch.setattr(digits, "STEPS", 2)
    table = digits.measure(1, 1).set_index(["method", "delta"])
    assert (table.loc[digits.EXACT, "digits"] > 25).all()
    covariances, factors = (table.loc[method, "digits"] for method in (digits.COVARIANCES, digits.FACTORS))
    assert covariances[1.0] > 12 > covariances[2.0**-15]
    assert factors[2.0**-15] > covariances[2.0**-15] + 2
    assert factors[2.0**-36] > 3
    assert table.loc[(digits.COVARIANCES, 2.0**-36), "failed"] or covariances[2.0**-36] < 3


# --- constants, priors ------------------------------------------------------------------------------------------------


def test_scikit_learn_without_a_constant_is_em():
    X = samples.simulated(1, 0, 60, 3, 2).X
    start = samples.random_responsibilities(60, 2, 1, "test", [0])
    mine = GaussianMixtureProblem(X)
    trace = minimize(mine, MajorizeMinimize(), mine.from_responsibilities(start), epochs=5)
    found = scikit.fit(X, start[0], 5, constant=0.0)
    np.testing.assert_allclose(found.means, trace.w.means, atol=1e-9)
    np.testing.assert_allclose(found.factors, trace.w.factors, atol=1e-9)
    flat = X.copy()
    flat[:, 2] = flat[:, 0]
    assert scikit.fit(flat, start[0], 5, constant=0.0) is None


def test_a_prior_in_proportion_to_the_covariance_costs_the_same_everywhere(monkeypatch):
    monkeypatch.setattr(constant, "UNITS", (2.0**-10, 1.0))
    monkeypatch.setattr(constant, "DELTAS", (1.0, 1e-3))
    monkeypatch.setattr(constant, "STEPS", 60)
    table = constant.measure(1, 1)
    table = (
        table[table["dataset"] == "simulated 0"].set_index(["method", "swept", "unit", "delta"])["loss"].sort_index()
    )
    np.testing.assert_allclose(table.loc["prior"], table.loc["prior"].iloc[0], rtol=1e-4)
    absolute = table.loc["absolute", "unit"]
    assert absolute.loc[2.0**-10].iloc[0] > 100 * abs(absolute.loc[1.0].iloc[0])
    # a share of the variance does not depend on the unit, but on other features
    relative = table.loc["relative"]
    np.testing.assert_allclose(relative["unit", 2.0**-10, 1.0], relative["unit", 1.0, 1.0], rtol=1e-3, atol=1e-9)
    assert relative["delta", 1.0, 1e-3] > 10 * abs(relative["delta", 1.0, 1.0])


def test_the_prior_by_hand():
    X = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
    prior = constant.prior_of(X, 4)
    assert prior.strength == 7
    np.testing.assert_allclose(prior.scale, np.eye(2) / 4)


# --- conditioning -----------------------------------------------------------------------------------------------------


def test_whitened_patterns_have_the_unit_covariance():
    X = samples.simulated(1, 0, 60, 3, 2).X @ samples.collinear(3, 0.01)
    Z = conditioned.whitened(X)
    np.testing.assert_allclose(np.cov(Z.T, bias=True), np.eye(3), atol=1e-9)
    # a symmetric map: nothing is turned
    map_ = np.linalg.lstsq(X - X.mean(axis=0), Z, rcond=None)[0]
    np.testing.assert_allclose(map_, map_.T, atol=1e-6 * np.abs(map_).max())


def test_conditioning_is_nothing_to_em(monkeypatch):
    monkeypatch.setattr(conditioned, "DELTAS", (1.0, 0.01))
    monkeypatch.setattr(conditioned, "METHODS", ("em", "gradient", "whitened"))
    monkeypatch.setattr(conditioned, "RATES", (0.03,))
    table = conditioned.measure(1, 1, 2, 60)
    table = table[table["dataset"] == "simulated 0"]
    wide = table.pivot(index="run", columns=["optimizer", "delta"], values="passes")
    # of the gradient, a step may be halved or not by a rounding error
    for optimizer, tolerance in (("em", 0), ("whitened", 0.1)):
        known = wide[optimizer].dropna()
        np.testing.assert_allclose(known[0.01], known[1.0], rtol=tolerance)
    limits = table[table["optimizer"] == "em"].pivot(index="run", columns="delta", values="limit")
    np.testing.assert_allclose(limits[0.01], limits[1.0], atol=1e-8)
    slow = wide["gradient"].fillna(60)
    assert (slow[0.01] >= slow[1.0]).all()


def test_the_natural_gradient_has_an_equivariant_direction_and_a_step_that_suffers_from_conditioning():
    sample = samples.simulated(1995, 0, 100, 3, 2)
    falls = {}
    for delta in (1.0, 0.01, 0.001):
        mine = GaussianMixtureProblem(sample.X @ samples.collinear(3, delta))
        here = mine.evaluate(mine.pack(samples.at_patterns(mine, 2, streams(1995, "natural", 2, range(4), "test"))))
        direction = here.precondition(here.gradient)
        for rate in (1e-4, 1.0):
            falls[delta, rate] = (mine.evaluate(here.x - rate * direction).cost - here.cost) / mine.size
        falls[delta, "em"] = (mine.evaluate(here.image).cost - here.cost) / mine.size
    np.testing.assert_allclose(falls[0.01, "em"], falls[1.0, "em"], rtol=1e-6)
    np.testing.assert_allclose(falls[0.01, 1e-4], falls[1.0, 1e-4], rtol=0.05)
    # the second order of a whole step grows in proportion to the condition number, which is 100 times as large
    assert (falls[0.001, 1.0] > 20 * np.abs(falls[0.01, 1.0])).any()


# --- remedies ---------------------------------------------------------------------------------------------------------


def test_one_factor_analyser_ends_where_scikit_learns_does():
    sample = samples.of_factors(1, 300, 6, 1, 2, "test")
    start = np.ones((1, len(sample.X), 1))
    model, nats = factor_analyzers.fit(sample.X, start, 2, 400, 1e-6)
    judge = FactorAnalysis(2, tol=1e-10, max_iter=5000).fit(sample.X)
    assert nats[-1, 0] == pytest.approx(judge.score(sample.X), abs=1e-5)
    np.testing.assert_allclose(model.covariances[0, 0], judge.get_covariance(), atol=1e-2)
    np.testing.assert_allclose(samples.log_likelihood(model.as_mixture(), sample.X), nats[-1], rtol=1e-10)


def test_factor_analysers_never_become_less_likely():
    sample = samples.of_factors(1, 120, 6, 3, 2, "test")
    start = samples.from_kmeans(sample.X, 3, streams(1, "a", 3, range(3), "b"))
    model, nats = factor_analyzers.fit(sample.X, start, 2, 30, 1e-3)
    assert (np.diff(nats, axis=0) >= -1e-10).all()
    assert (model.noise >= 1e-3).all()
    np.testing.assert_allclose(model.weights.sum(axis=1), 1)


def test_all_principal_components_are_full_covariances(monkeypatch):
    sample = samples.simulated(1, 0, 120, 3, 2, 0.9)
    start = samples.from_kmeans(sample.X, 2, streams(1, "a", 2, range(2), "b"))
    monkeypatch.setattr(remedies, "VARIANCE", 1.0)
    few, full = (remedies.REMEDIES[name](sample.X, start).mixture for name in ("components", "none"))
    np.testing.assert_allclose(samples.log_likelihood(few, sample.X), samples.log_likelihood(full, sample.X), rtol=1e-6)


@pytest.mark.parametrize("features", [6, 40])
def test_every_remedy_gives_a_fit_or_says_why_not(features):
    sample = samples.embedded(1, 0, 60, features, 3)
    table = remedies.compare([sample], 1, 1, 2).set_index("remedy")
    assert list(table.index) == list(remedies.REMEDIES)
    fitted = table["outcome"] == remedies.FITTED
    assert np.isfinite(table.loc[fitted, ["nats", "agreement"]]).all(axis=None)
    assert (table.loc[table["outcome"] == remedies.REFUSED, "sentence"].str.endswith(".")).all()
    assert fitted[["ridge", "prior", "floor", "factors", "spherical"]].all()
    if features == 40:
        assert table.loc["none", "outcome"] == remedies.REFUSED
        assert "40 features" in table.loc["none", "sentence"]


# --- condition indices ------------------------------------------------------------------------------------------------


def test_longleys_condition_number_is_the_published_one():
    table = indices.tabulate([indices.longley()])
    # of all regressors with a constant, columns scaled to length 1 (Greene 2003, section 4.9)
    assert table["raw"].iloc[0] == pytest.approx(43275, rel=1e-3)
    assert table["full"].all()


def test_constant_features_are_left_out_and_full_covariances_refused_with_them():
    X = np.random.default_rng(0).normal(size=(20, 3))
    X[:, 1] = 4
    found = indices.tabulate([Dataset("a", X, ("x", "y", "z"), ""), Dataset("b", X[:, :2], ("x", "y"), "")])
    (row,) = found.to_dict("records")
    assert (row["d"], row["constant"], row["full"]) == (2, 1, False)
    assert "Feature 1 is constant" in row["why"]
