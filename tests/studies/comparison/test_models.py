"""Mixtures and stress as tasks of the comparison: which optimizers fit, where runs begin, and which ends are none."""

import numpy as np
import pytest
from matplotlib import pyplot
from scipy.spatial.distance import pdist
from sklearn.datasets import load_iris

from kmeans_convergence.core import check_fit
from kmeans_convergence.data import Dataset
from kmeans_convergence.data.dataset import standardize
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.problems.stress import distances
from kmeans_convergence.starts import streams
from kmeans_convergence.studies.comparison.run import models
from kmeans_convergence.studies.comparison.run.comparison import SIZES, Protocol, compare_on
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS
from kmeans_convergence.studies.comparison.run.maps import best_map, end_of, principal
from kmeans_convergence.studies.comparison.run.paths import follow
from kmeans_convergence.studies.comparison.run.tuning import Tuning
from kmeans_convergence.studies.comparison.show.maps import draw, words

IRIS = Dataset("iris", standardize(np.unique(load_iris().data, axis=0)[::3]), tuple("abcd"), "", clusters=(3,))
COVARIANCES = ("full", "tied", "diagonal", "spherical")


def stress(kind="mds", dimensions=2):
    return models.stress("iris", distances(IRIS.X), (), dimensions, kind)


def protocol(start, passes=12, starts=4):
    tuning = Tuning(2, 2, 0, targets=("end",))
    return Protocol(1, passes, (passes,), (start,), {}, 100, 1, starts, starts, SIZES, tuning)


def rngs(runs, purpose="starts"):
    return streams(1, "iris", 3, range(runs), purpose)


TASKS = {
    "mixture": lambda: models.mixture(IRIS, 3, "full", 0.0),
    "mds": stress,
    "sammon": lambda: stress("sammon"),
    "nonmetric": lambda: stress("nonmetric"),
}


@pytest.mark.parametrize("name", TASKS)
def test_the_optimizers_are_those_that_fit(name):
    task = TASKS[name]()
    assert task.reference == "alternation"
    labels = [contender.label for contender in task.contenders.values()]
    assert len(set(labels)) == len(labels)
    assert not any("K-means" in label for label in labels)
    for contender in task.contenders.values():
        check_fit(task.problem, models.example(contender))
    general = {key for key in CONTENDERS if not models.example(CONTENDERS[key]).needs} - {"batch_kmeans"}
    assert general <= set(task.contenders)
    second_order = {"newton_cg"} & set(task.contenders)
    assert bool(second_order) == (name != "nonmetric")
    assert ("online_em" in task.contenders) == (name == "mixture")
    assert ("annealed_pairs" in task.contenders) == (name in ("mds", "sammon"))


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_a_mixture_begins_with_the_covariance_about_its_prototypes(covariance):
    task = models.mixture(IRIS, 3, covariance, 0.0)
    start = task.draw(rngs(4), ["plusplus"])
    nearest = ((IRIS.X[None, :, None] - start.means[:, None]) ** 2).sum(axis=3).argmin(axis=2)
    for r in range(4):
        residuals = IRIS.X - start.means[r][nearest[r]]
        scatter = residuals.T @ residuals / len(IRIS.X)
        expected = {
            "full": scatter,
            "tied": scatter,
            "diagonal": scatter.diagonal(),
            "spherical": [scatter.trace() / 4],
        }[covariance]
        for found in start.covariances[r]:
            np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_array_equal(start.weights, 1 / 3)
    trace = minimize(task.problem, MajorizeMinimize(), start, epochs=5)
    assert (np.diff(trace.cost, axis=0) < 0).all()


def test_a_mixture_that_collapses_has_no_limit():
    # one pattern three times, on which a component shrinks to nothing
    X = np.concatenate([np.random.default_rng(0).normal(size=(30, 2)), np.full((3, 2), 6.0)])
    task = models.mixture(Dataset("three", X, ("a", "b"), ""), 2, "full", 0.0)
    start = task.draw(rngs(6), ["plusplus"])
    path = follow(task.problem, task.contenders["alternation"], np.nan, start, (), [40], task.polish)[40]
    collapsed = np.isnan(path.limit)
    assert collapsed.any()
    np.testing.assert_array_equal(path.diverged, collapsed)
    # with noise of the patterns there is a bound
    task = models.mixture(Dataset("three", X, ("a", "b"), ""), 2, "full", 0.01)
    path = follow(task.problem, task.contenders["alternation"], np.nan, start, (), [40], task.polish)[40]
    assert np.isfinite(path.limit).all()


@pytest.mark.parametrize("name", TASKS)
def test_a_comparison_has_a_limit_below_each_end_and_the_same_numbers_each_time(name, monkeypatch):
    monkeypatch.setattr(models, "POLISHED", 200)
    task = TASKS[name]()
    start = "plusplus" if name == "mixture" else "random"
    methods = [key for key in ("alternation", "anderson", "annealed_pairs", "online_em") if key in task.contenders]
    tables = compare_on(task, protocol(start), methods, lambda line: None)
    assert set(tables.runs["optimizer"]) == set(methods)
    assert tables.runs["limit"].notna().all()
    gap = task.problem.gap
    assert (gap.of(tables.runs["limit"].to_numpy(), tables.runs["end"].to_numpy()) <= 1e-12).all()
    again = compare_on(task, protocol(start), methods[:1], lambda line: None).runs
    columns = ["run", "start_cost", "end", "limit"]
    first = tables.runs[tables.runs["optimizer"] == "alternation"]
    np.testing.assert_array_equal(first[columns], again[columns])


@pytest.mark.parametrize("kind", ["mds", "nonmetric"])
def test_the_best_map_is_that_of_the_best_run(kind, monkeypatch):
    monkeypatch.setattr(models, "POLISHED", 200)
    task, how = stress(kind), protocol("random")
    runs = compare_on(task, how, ["alternation", "anderson"], lambda line: None).runs
    best = runs.loc[runs["limit"].idxmin()]
    w = end_of(task, how, best["optimizer"], np.nan, int(best["run"]))
    here = task.problem.evaluate(task.problem.pack(w))
    assert here.cost[0] == pytest.approx(best["limit"], rel=1e-12)
    found = best_map(task, how, runs, {})
    # the classical start may be better, and the turned map is as good
    turned = task.problem.evaluate(task.problem.pack(found.X[None]))
    assert turned.cost[0] <= best["limit"] * (1 + 1e-9)
    assert turned.stress_1[0] == pytest.approx(found.stress_1, rel=1e-9)
    np.testing.assert_allclose(found.distances, pdist(found.X))
    assert found.classical_stress_1 >= found.stress_1 * (1 - 1e-9) or kind == "nonmetric"
    assert (found.disparities is None) == (kind == "mds")
    if found.disparities is not None:
        order = np.argsort(found.dissimilarities, kind="stable")
        ranks = found.dissimilarities[order]
        rises = np.diff(found.disparities[order]) >= -1e-12
        assert rises[np.diff(ranks) > 0].all()
    assert 0 < found.same <= 1
    assert 0.8 < found.correlation <= 1
    text = words(found)
    assert f"stress-1 is {found.stress_1:.3g}" in text
    figure = draw(found, [f"'{i}'" for i in range(len(found.X))], "iris")
    left, right = figure.axes
    np.testing.assert_array_equal(left.collections[0].get_offsets(), found.X)
    np.testing.assert_array_equal(right.collections[0].get_offsets()[:, 1], found.distances)
    pyplot.close(figure)


def test_principal_axes_make_a_map_unique():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 3)) * [3, 1, 2]
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    for same in (X @ turn + 5, -X, X[:, ::-1]):
        np.testing.assert_allclose(principal(same), principal(X), atol=1e-12)
    spread = principal(X).std(axis=0)
    assert (np.diff(spread) < 0).all()
    np.testing.assert_allclose(pdist(principal(X)), pdist(X))


def test_what_is_no_map_is_refused(refused):
    with refused("3 points for 2 dimensions", "at least 4"):
        models.stress("x", np.array([1.0, 2, 3]), (), 2, "mds")
    with refused("All dissimilarities are 2", "differ"):
        models.stress("x", np.full(10, 2.0), (), 2, "mds")
    with refused("0 dimensions"):
        models.check_points(9, 0)


def test_the_likelihood_that_mclust_finds_on_iris():
    X = load_iris().data
    task = models.mixture(Dataset("iris", standardize(X), tuple("abcd"), ""), 3, "full", 0.0)
    start = task.draw(rngs(10), ["plusplus"])
    path = follow(task.problem, task.contenders["anderson"], np.nan, start, (), [50], task.polish)[50]
    # mclust 6.0.0, model VVV; the density in other units
    least = np.nanmin(path.limit) + len(X) * np.log(X.std(axis=0)).sum()
    assert least == pytest.approx(180.185839, abs=1e-3)
