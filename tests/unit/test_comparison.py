"""The wide comparison: what the tables say of known paths, pairing, tuning, and the same numbers each time."""

import math

import numpy as np
import pandas as pd
import pytest
import yaml

from kmeans_convergence.data import Dataset
from kmeans_convergence.experiments import comparison, tuning
from kmeans_convergence.experiments.comparison import FIRST_PASS, Path, Protocol, Tables, compare, curve, reduce
from kmeans_convergence.experiments.contenders import CONTENDERS, SHIPPED, Contender, enlist
from kmeans_convergence.experiments.overlap import margins, overlap
from kmeans_convergence.experiments.tuning import Tuning, chosen, tune, values_of
from kmeans_convergence.optimizers import MajorizeMinimize, OnlineGradient, Rate, Stop, minimize
from kmeans_convergence.optimizers.batch import CurvatureGradient, MeanRate
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, streams

TARGETS = ("10", "1", "0.1", "1e-3", "1e-6")
METHODS = ["batch_kmeans", "hybrid", "online_gradient_tuned", "minibatch_counts", "hartigan"]


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2)) + 4 * rng.integers(3, size=(60, 2))
    return Dataset("example", X, ("a", "b"), "", clusters=(4, 2))


def protocol(**changes):
    settings = {"seed": 1, "passes": 8, "starts": ("patterns", "plusplus"), "rows": 100, "work": 0, "fewest": 6}
    return Protocol(**(settings | {"most": 9, "tuning": Tuning(starts=3, values=3)} | changes))


@pytest.fixture(scope="module")
def tables(dataset):
    return compare(dataset, protocol(), METHODS, lambda line: None)


def test_every_reason_to_stop_has_a_name():
    assert set(comparison.STOPS) == set(Stop)
    assert len(set(comparison.STOPS.values())) == len(Stop)


def test_tables_name_what_diverges(dataset, monkeypatch):
    far = Contender("far", "noisy", lambda passes, value: OnlineGradient(Rate(5.0, decays=False)))
    rule = Contender("far, tuned", "gradient", lambda passes, value: CurvatureGradient(MeanRate(value)), (1e200, 1e300))
    for module in (comparison, tuning):
        monkeypatch.setattr(module, "CONTENDERS", CONTENDERS | {"far": far, "far_tuned": rule})
    methods = ["batch_kmeans", "far", "far_tuned"]
    found = compare(dataset, protocol(passes=40), methods, lambda line: None)
    lost = found.runs[found.runs["optimizer"] != "batch_kmeans"]
    assert set(lost["stop"]) == {"diverged"}
    assert np.isinf(lost["end"]).all()
    assert (lost["passes"] < 40).all()
    # nothing is left of them but one prototype at the mean
    scatter = 0.5 * ((dataset.X - dataset.X.mean(axis=0)) ** 2).sum()
    np.testing.assert_allclose(lost["limit"], scatter, rtol=1e-12)
    np.testing.assert_array_equal(lost["empty"], lost["clusters"] - 1)
    assert lost[[f"own_{target}" for target in TARGETS]].isna().all(axis=None)
    assert np.isinf(found.tuning["score"]).all()
    curves = found.curves[found.curves["optimizer"] == "far"].groupby(["clusters", "start"]).last()
    assert np.isinf(curves[["low", "median", "high"]]).all(axis=None)
    # batch K-means is as it is alone
    alone = compare(dataset, protocol(passes=40), methods[:1], lambda line: None).runs
    pd.testing.assert_frame_equal(found.runs[found.runs["optimizer"] == "batch_kmeans"].reset_index(drop=True), alone)


# --- reduction ------------------------------------------------------------------------------------


def path(cost, passes, limit):
    """One run for each column."""
    cost, passes = np.array(cost, dtype=float), np.array(passes, dtype=float)
    runs = cost.shape[1]
    return Path(cost, passes, np.array(limit, dtype=float), np.zeros(runs, dtype=int), (Stop.BUDGET,) * runs)


def test_targets_of_a_path_that_can_be_checked_by_hand():
    # the first run comes within 10 % (110), 1 % (101) and 0.1 % (100.1) of 100; the second one is there from the start,
    # leaves, and comes back
    costs = [[200, 105], [110, 180], [101, 104], [100.05, 101]]
    table = reduce(path(costs, [[0, 0], [0.5, 1], [2, 2], [3, 3]], [100, 100]), best=50, passes=3)
    assert table[[f"own_{t}" for t in TARGETS]].to_numpy().tolist()[0][:3] == [0.5, 2, 3]
    assert table["own_1e-3"].isna().all()
    assert table.loc[1, ["own_10", "own_1"]].tolist() == [0, 3]
    assert math.isnan(table.loc[1, "own_0.1"])
    assert table[[f"best_{t}" for t in TARGETS]].isna().all(axis=None)
    assert table["end"].tolist() == [100.05, 101]
    assert table["start_cost"].tolist() == [200, 105]
    # relative to a higher best value all is reached sooner
    assert reduce(path(costs, [[0, 0], [0.5, 1], [2, 2], [3, 3]], [100, 100]), 101, 3)["best_0.1"].tolist() == [2, 3]


def test_what_lies_beyond_the_budget_does_not_count():
    table = reduce(path([[200], [120], [100]], [[0], [2], [3.5]], [100]), best=100, passes=3)
    assert table[["own_10", "best_10"]].isna().all(axis=None)
    assert table["passes"].tolist() == [3.5]


def test_curves_take_the_last_iterate_that_is_there():
    costs = [[300, 200], [200, 150], [100, 100]]
    table = curve(path(costs, [[0, 0], [0.5, 1], [2, 1.5]], [100, 100]), np.array([0, 0.5, 1, 2]))
    # excesses of the two runs: 2 and 1; 1 and 1; 1 and 0.5; 0 and 0
    np.testing.assert_allclose(table["median"], [1.5, 1, 0.75, 0])
    np.testing.assert_allclose(table["low"], [1.25, 1, 0.625, 0])
    np.testing.assert_allclose(table["high"], [1.75, 1, 0.875, 0])


# --- tables ---------------------------------------------------------------------------------------


def test_the_tables_have_their_columns_and_rows(tables):
    reached = [f"{reference}_{target}" for reference in ("own", "best") for target in TARGETS]
    keys = ["dataset", "clusters", "start", "optimizer"]
    assert list(tables.runs) == [
        *keys, "run", "start_cost", "end", "limit", "passes", "stop", "empty", *reached
    ]  # fmt: skip
    assert list(tables.curves) == [*keys, "passes", "low", "median", "high"]
    assert list(tables.tuning) == ["dataset", "clusters", "optimizer", "setting", "score", "passes", "chosen"]
    assert (tables.runs.groupby(keys, sort=False).size() == 6).all()
    assert len(tables.runs) == 2 * 2 * len(METHODS) * 6
    assert (tables.curves.groupby(keys)["passes"].apply(list).apply(tuple) == (*FIRST_PASS, *range(1, 9))).all()
    assert set(tables.runs["stop"]) == {"fixed point", "budget"}
    assert not tables.runs.duplicated([*keys, "run"]).any()


def test_all_methods_share_their_starts(tables, dataset):
    for (K, kind), rows in tables.runs.groupby(["clusters", "start"]):
        costs = rows.pivot(index="run", columns="optimizer", values="start_cost")
        expected = draw(dataset.X, K, streams(1, "example", K, range(6), "starts"), kind)
        for method in METHODS:
            np.testing.assert_array_equal(costs[method], QuantizationProblem(dataset.X).evaluate(expected).cost)


def test_batch_kmeans_is_its_own_polish(tables, dataset):
    rows = tables.runs[tables.runs["optimizer"] == "batch_kmeans"]
    ended = rows[rows["stop"] == "fixed point"]
    assert len(ended)
    np.testing.assert_array_equal(ended["end"], ended["limit"])
    # and the least cost of all is that from which the distance to the best is taken
    best = tables.runs.groupby("clusters")["limit"].min()
    there = tables.runs["end"] <= tables.runs["clusters"].map(best) * (1 + 1e-9)
    assert there.any()
    assert tables.runs["best_1e-6"][there].notna().all()


def test_targets_are_reached_one_after_the_other(tables):
    for reference in ("own", "best"):
        reached = tables.runs[[f"{reference}_{target}" for target in TARGETS]].fillna(np.inf).to_numpy()
        assert (reached[:, :-1] <= reached[:, 1:]).all()
    assert (tables.runs["limit"] <= tables.runs["end"] * (1 + 1e-12)).all()


def test_the_same_numbers_each_time_and_without_the_others(tables, dataset):
    again = compare(dataset, protocol(), METHODS, lambda line: None)
    for one, other in zip(tables, again, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    # the best known value is that of all methods; everything else is a method's own
    some = ["online_gradient_tuned", "batch_kmeans"]
    few = compare(dataset, protocol(), some, lambda line: None)
    common = {"runs": [f"best_{target}" for target in TARGETS], "curves": [], "tuning": []}
    for name in Tables._fields:
        a, b = (
            table[table["optimizer"].isin(some)].sort_values(list(table)[:5]).drop(columns=common[name])
            for table in (getattr(few, name), getattr(tables, name))
        )
        pd.testing.assert_frame_equal(a.reset_index(drop=True), b.reset_index(drop=True), check_exact=True)


def test_a_best_cost_that_is_known_before(dataset):
    lines = []
    low = compare(dataset, protocol(), ["batch_kmeans"], lines.append, best={4: 1.0, 2: 1e9}).runs
    assert low.loc[low["clusters"] == 4, "best_10"].isna().all()
    # below the best, all is reached at once
    assert (low.loc[low["clusters"] == 2, "best_1e-6"] == 0).all()
    assert any("K = 2: 12 of 12 runs end below" in line for line in lines)
    assert any("K = 4: 0 of 12 runs end below" in line for line in lines)


OWN = """
from kmeans_convergence.experiments.contenders import Contender
from kmeans_convergence.optimizers import MajorizeMinimize

CONTENDERS = {"mine": Contender("my own", "alternation", lambda passes, value: MajorizeMinimize())}
"""


def test_optimizers_of_ones_own(dataset, tables, tmp_path, monkeypatch):
    # so that it is taken away again
    monkeypatch.setitem(CONTENDERS, "mine", None)
    file = tmp_path / "mine.py"
    file.write_text(OWN)
    assert enlist(file) == enlist(file) == ["mine"]
    best = tables.runs.groupby("clusters")["limit"].min()
    # a copy of batch K-means gets its numbers, from the same starts
    mine = compare(dataset, protocol(), ["mine"], lambda line: None, best=best).runs
    theirs = tables.runs[tables.runs["optimizer"] == "batch_kmeans"].reset_index(drop=True)
    pd.testing.assert_frame_equal(mine.drop(columns="optimizer"), theirs.drop(columns="optimizer"), check_exact=True)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("import nothing_of_the_kind", "nothing_of_the_kind"),
        ("", "has to define CONTENDERS"),
        ("CONTENDERS = {'mine': 1}", "has to define CONTENDERS"),
        (OWN.replace('"mine"', '"hartigan"'), "taken"),
        (OWN.replace("my own", "Hartigan"), "taken"),
        (OWN.replace("my own", "my_own"), "my_own"),
        (OWN.replace("my own", " "), "letter or digit"),
        (OWN.replace("my own", 30 * "my"), "up to 24"),
        (OWN.replace('"mine"', '"mi|ne"'), "'mi|ne'"),
        (OWN.replace('"mine"', "7"), "the name 7"),
        (OWN + "CONTENDERS['other'] = CONTENDERS['mine']", "taken"),
        ("CONTENDERS = [1]", "has to define CONTENDERS"),
    ],
)
def test_a_file_that_cannot_take_part(text, word, tmp_path, refused):
    (tmp_path / "mine.py").write_text(text)
    with refused("mine.py", word):
        enlist(tmp_path / "mine.py")
    assert tuple(CONTENDERS) == SHIPPED


def test_the_number_of_starts_follows_from_the_work():
    assert protocol(work=3600 * 50, fewest=10, most=1000).runs(150, 6, 4) == 50
    assert protocol(work=3600, fewest=10, most=1000).runs(150, 6, 4) == 10
    assert protocol(work=10**9, fewest=10, most=1000).runs(150, 6, 4) == 1000


def test_what_the_configuration_says(root):
    section = yaml.safe_load((root / "config" / "config.yaml").read_text())["comparison"]
    iris, other = (Protocol.of(section, name, 7) for name in ("iris", "wine"))
    assert iris.runs(150, 6, 4) == 1000
    assert (other.fewest, other.most, other.seed) == (section["fewest"], section["most"], 7)
    assert other.tuning == Tuning(**section["tuning"])
    assert set(section["optimizers"]) == set(CONTENDERS)


def test_every_contender_can_be_made_and_run(dataset):
    problem = QuantizationProblem(dataset.X)
    starts = draw(dataset.X, 3, streams(1, "example", 3, range(2), "starts"))
    for key, contender in CONTENDERS.items():
        value = (values_of(key, 3) or [math.nan])[1 if contender.settings else 0]
        rngs = streams(1, "example", 3, range(2), "order")
        trace = minimize(problem, contender.optimizer(5, value), starts, passes=5, rngs=rngs)
        assert (trace.cost[-1] < trace.cost[0]).all(), key
    assert len({contender.label for contender in CONTENDERS.values()}) == len(CONTENDERS)


# --- tuning ---------------------------------------------------------------------------------------


def test_the_value_with_the_least_score_is_chosen(dataset):
    problem = QuantizationProblem(dataset.X)
    table = tune(problem, "example", 4, METHODS, Tuning(4, 5), seed=1, passes=6)
    assert set(table["optimizer"]) == {"online_gradient_tuned"}
    assert table["setting"].tolist() == pytest.approx(np.geomspace(*CONTENDERS["online_gradient_tuned"].settings, 5))
    assert chosen(table) == {"online_gradient_tuned": table["setting"][table["score"].idxmin()]}
    assert table["chosen"].sum() == 1
    # four starts of six passes each are charged for every value
    assert (table["passes"] == 24).all()
    # by hand
    starts = draw(dataset.X, 4, streams(1, "example", 4, range(4), "tuning starts"))
    ends = np.array(
        [
            minimize(
                problem,
                CONTENDERS["online_gradient_tuned"].optimizer(6, value),
                starts,
                passes=6,
                rngs=streams(1, "example", 4, range(4), "tuning order"),
            ).cost[-1]
            for value in table["setting"]
        ]
    )
    np.testing.assert_allclose(table["score"], (ends / ends.min()).mean(axis=1) - 1, atol=1e-14)


def test_nothing_to_tune(dataset):
    table = tune(QuantizationProblem(dataset.X), "example", 4, ["batch_kmeans"], Tuning(4, 5), seed=1, passes=6)
    assert table.empty
    assert chosen(table) == {}


# --- overlap --------------------------------------------------------------------------------------


def test_margins_that_can_be_checked_by_hand():
    w = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 100.0]])
    X = np.array([[0.0, 0.0], [2.0, 0.0], [1.0, 3.0], [5.0, 0.0]])
    # the distance from the face x = 2, over 4
    np.testing.assert_allclose(margins(X, w), [0.5, 0, 0.25, 0.75])
    np.testing.assert_array_equal(margins(X, w[[0, 0]]), [0, 0, 0, 0])
    assert np.isinf(margins(X, w[:1])).all()


def test_the_overlap_of_an_even_density_and_of_far_clusters():
    even = Dataset("even", np.linspace(0, 1, 4001)[:, None], ("x",), "", clusters=(2,))
    # faces at 1/2, prototypes 1/2 apart: nearer than 0.1 of it are the patterns between 0.45 and 0.55
    assert overlap(even, 1) == pytest.approx(0.1, abs=0.001)
    X = np.repeat([[0.0], [1000.0]], 50, axis=0) + np.random.default_rng(0).normal(size=(100, 1))
    assert overlap(Dataset("far", X, ("x",), "", clusters=(2,)), 1) == 0


def test_the_polish_is_batch_kmeans(dataset):
    problem = QuantizationProblem(dataset.X)
    starts = draw(dataset.X, 4, streams(1, "example", 4, range(5), "starts"))
    short = minimize(problem, MajorizeMinimize(), starts, passes=1)
    polished = comparison.polish(problem, short)
    np.testing.assert_array_equal(polished.limit, minimize(problem, MajorizeMinimize(), starts, epochs=200).cost[-1])
