"""What is mapped, what is measured of maps, their minima, and when one step is the answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform
from scipy.stats import special_ortho_group
from sklearn.manifold import Isomap, trustworthiness

from kmeans_convergence.data import Dataset, roads
from kmeans_convergence.optimizers import MajorizeMinimize
from kmeans_convergence.problems.stress import Pairs, StressProblem, classical_scaling
from kmeans_convergence.studies.embeddings.run import maps, measures, one_step
from kmeans_convergence.studies.embeddings.run.sets import (
    ARMS,
    MADE,
    Arm,
    Embedded,
    along,
    embedded,
    on_roll,
    problem_of,
)

N = 24


def few(name="iris", n=N, features=4, seed=0):
    X = np.random.default_rng(seed).normal(size=(n, features))
    # a row that stands twice
    return Dataset(name, np.vstack([X, X[:1]]), tuple("abcd"), "", family="few")


@pytest.fixture(scope="module", name="sets")
def all_sets():
    return {some.name: some for some in embedded([few(), few("wine", seed=1)], list(MADE), N, 5)}


# --- what is mapped


def test_sets_have_names_of_their_own_and_dissimilarities_that_can_be_mapped(sets):
    assert list(sets) == ["iris", "wine", "wine_city_block", "roads", "sphere", "globe", "roll", "roll_along"]
    for some in sets.values():
        assert (some.dissimilarities > 0).all()
        points = 21 if some.name == "roads" else N
        for arm in ARMS:
            problem = problem_of(some, arm)
            assert (problem.pairs.points, problem.dimensions) == (points, arm.dimensions)
            # a configuration without extent has the cost 1
            assert problem.evaluate(np.zeros((1, points * arm.dimensions))).cost[0] == pytest.approx(1)
    families = {name: some.family for name, some in sets.items()}
    assert families["wine"] == families["wine_city_block"]
    assert families["sphere"] == families["globe"] != families["roads"]


def test_equal_rows_are_one(sets):
    np.testing.assert_array_equal(sets["iris"].dissimilarities, pdist(few().X[:N]))


def euclidean(some):
    values = classical_scaling(Pairs.of(some.dissimilarities), Pairs.of(some.dissimilarities).points - 1).eigenvalues
    return values.min() > -1e-9 * values.max()


def test_which_dissimilarities_are_euclidean(sets):
    found = {name for name, some in sets.items() if euclidean(some)}
    assert found == {"iris", "wine", "sphere", "roll"}


def test_roads_are_the_published_ones(sets):
    square = squareform(roads.distances())
    at = {city: place for place, city in enumerate(roads.CITIES)}
    assert len(at) == len(square) == 21
    assert square[at["Athens"], at["Barcelona"]] == 3313
    assert square[at["Calais"], at["Paris"]] == 280
    assert square[at["Stockholm"], at["Vienna"]] == 2105
    # cmdscale of R
    found = classical_scaling(Pairs.of(roads.distances()), 2)
    np.testing.assert_allclose(found.eigenvalues, [19538377.1, 11856555.3], rtol=1e-8)
    np.testing.assert_allclose(np.abs(found.configuration[at["Athens"]]), [2290.27468, 1798.80293], rtol=1e-8)
    # sammon of the R package MASS from there: its cost at first, and where it stops, a little before the end
    problem = problem_of(sets["roads"], Arm("sammon", 2))
    assert problem.evaluate(problem.pack(found.configuration[None])).cost[0] == pytest.approx(0.01705, abs=5e-6)
    cost = maps.ends(problem, MajorizeMinimize(), found.configuration[None])[1][0]
    assert 0.998 * 0.009413915 < cost < 0.009413915


def test_ways_along_the_roll_are_those_of_isomap():
    X = on_roll(np.random.default_rng(3), 60)
    expected = Isomap(n_neighbors=8).fit(X).dist_matrix_
    np.testing.assert_allclose(squareform(along(X)), expected, rtol=1e-12)
    assert (along(X) >= pdist(X) * (1 - 1e-12)).all()


# --- what is measured


@given(seed=st.integers(0, 10**6), neighbours=st.integers(1, 9))
def test_continuity_is_trustworthiness_with_both_exchanged(seed, neighbours):
    X, Y = np.random.default_rng(seed).normal(size=(2, 20, 3))
    found = measures.continuity(pdist(X), Y, neighbours)
    assert found == pytest.approx(trustworthiness(Y, X, n_neighbors=neighbours))
    assert measures.trustworthiness(pdist(X), Y, neighbours) == pytest.approx(
        trustworthiness(X, Y, n_neighbors=neighbours)
    )


def test_a_perfect_map_is_perfect_and_a_mirror_image_is_the_same():
    X = np.random.default_rng(0).normal(size=(20, 2))
    assert measures.measure(pdist(X), X) == pytest.approx({"trustworthiness": 1, "continuity": 1, "shepard": 1})
    turn = special_ortho_group.rvs(2, random_state=1) @ np.diag([1, -1])
    assert measures.disparity(X, 3 * X @ turn + 5) == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(measures.turned(X @ turn + 5, X), X - X.mean(axis=0), atol=1e-12)
    assert measures.disparity(X, np.random.default_rng(1).normal(size=(20, 2))) > 0.5


# --- minima


def test_minima_are_numbered_by_their_costs():
    costs = np.array([2.0, 1.0, 2.0 + 1e-9, 3.0, 1.0 - 1e-9, 1.0 + 1e-3])
    np.testing.assert_array_equal(maps.numbered(costs), [2, 0, 2, 3, 0, 1])


def test_a_wrong_order_on_a_line_is_a_minimum():
    # three points on a line, mapped to a line in their order and in another one
    some = Embedded("line", "line", np.array([1.0, 2.0, 1.0]))
    X, costs = maps.ends(
        problem_of(some, Arm("stress", 1)), MajorizeMinimize(), np.array([[[0.0], [1], [2]], [[0], [2], [1.0]]])
    )
    # in the order 0, 2, 1 the differences a = d(0, 2), b = d(2, 1) minimise (a - 2)^2 + (b - 1)^2 + (a + b - 1)^2
    np.testing.assert_allclose(costs, [0, 4 / 3 / 6], atol=1e-15)
    assert np.abs(np.diff(X[0, :, 0])) == pytest.approx([1, 1])


@pytest.fixture(scope="module", name="explored")
def tables_of_two_sets(sets):
    told = []
    tables = maps.explore([sets["roads"], sets["iris"]], 3, 4, told.append)
    assert len(told) == 2
    return tables


def test_each_searcher_has_all_its_runs(explored):
    counts = explored.minima.groupby(["dataset", "dimensions", "start", "optimizer"]).size()
    assert set(counts.index) == {
        (name, p, start, key)
        for name in ("roads", "iris")
        for p in (2, 3)
        for start, key in (("classical", "smacof"), ("random", "smacof"), ("random", "pairs"))
    }
    assert set(counts.xs("classical", level="start")) == {1}
    assert set(counts.xs("random", level="start")) == {4}


def test_the_best_minimum_is_the_lowest_and_like_itself(explored):
    for _, some in explored.minima.groupby(["dataset", "dimensions"]):
        best = some["minimum"] == 0
        assert some["cost"].idxmin() in some.index[best]
        assert (some.loc[~best, "cost"] > some.loc[best, "cost"].max()).all()
        assert some.loc[some["cost"].idxmin(), "disparity"] == pytest.approx(0, abs=1e-12)
    # another dimension can only help
    least = explored.minima.groupby(["dataset", "dimensions"])["cost"].min().unstack()
    assert (least[3] < least[2]).all()


def test_measures_are_those_of_the_maps(explored, sets):
    flat = explored.measures[explored.measures["dimensions"] == 2].groupby("dataset")["map"].apply(list)
    assert (flat.map(tuple) == maps.MAPS).all()
    wide = explored.measures.pivot(index=["dataset", "dimensions"], columns="map", values="stress_1")
    assert (wide["best"] <= wide[["strain", "stress"]].min(axis=1) * (1 + 1e-12)).all()
    # at the best scale the normalised stress of a minimum is the square of its stress-1
    least = explored.minima.groupby(["dataset", "dimensions"])["cost"].min()
    np.testing.assert_allclose(wide["best"] ** 2, least, rtol=1e-8)
    roads_only = explored.maps
    assert set(roads_only["dataset"]) == {"roads"}
    for name, some in roads_only.groupby("map"):
        row = explored.measures.query("dataset == 'roads' and dimensions == 2 and map == @name").iloc[0]
        X = some.sort_values("point")[["x", "y"]].to_numpy()
        assert measures.shepard(sets["roads"].dissimilarities, X) == pytest.approx(row["shepard"])
        of_pairs = explored.pairs[explored.pairs["map"] == name]
        np.testing.assert_allclose(of_pairs["distance"], pdist(X), rtol=1e-9)


# --- one step


@pytest.fixture(scope="module", name="steps")
def table_of_errors():
    return one_step.recover(16, 2, 6)


def test_points_are_recovered_from_their_distances_to_rounding(steps):
    exact = steps[steps["deviation"] == 0]
    assert len(exact) == 2 * len(one_step.DIMENSIONS)
    assert (exact["missed"] < 1e-12).all()
    assert (exact[["strain", "stress", "least"]] < 1e-20).all(axis=None)
    # on a line, an order that is wrong is a trap
    assert exact.loc[exact["dimensions"] == 1, "share"].max() < 1


def test_errors_part_strain_from_stress(steps):
    assert (steps["least"] <= steps["stress"]).all()
    assert (steps["stress"] <= steps["strain"] * (1 + 1e-12)).all()
    noisy = steps[steps["deviation"] > 0]
    for _, some in noisy.groupby("dataset"):
        assert some["least"].is_monotonic_increasing
    assert (noisy["strain"] > 1.001 * noisy["least"]).all()


def test_stress_of_a_problem_is_that_of_the_definition(sets):
    some = sets["globe"]
    x = np.random.default_rng(0).normal(size=(1, 2 * N))
    d = pdist(x.reshape(N, 2))
    cost = problem_of(some, Arm("stress", 2)).evaluate(x).cost[0]
    assert cost == pytest.approx(((d - some.dissimilarities) ** 2).sum() / (some.dissimilarities**2).sum())
    assert StressProblem(some.dissimilarities).evaluate(x).normalized[0] == pytest.approx(cost)
