"""The wide comparison: what the tables say of known paths, pairing, tuning, and the same numbers each time."""

import math

import numpy as np
import pandas as pd
import pytest
import yaml

from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.data import Dataset
from kmeans_convergence.optimizers import GradientDescent, MajorizeMinimize, OnlineGradient, Rate, Stop, minimize
from kmeans_convergence.optimizers.batch import CurvatureGradient, MeanRate
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, streams
from kmeans_convergence.statistics import paired
from kmeans_convergence.studies.comparison.run import comparison, task
from kmeans_convergence.studies.comparison.run.comparison import (
    FIRST_PASS,
    SIZES,
    Protocol,
    Tables,
    compare,
    compared,
    curve,
    reduce,
)
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS, SHIPPED, Contender, enlist
from kmeans_convergence.studies.comparison.run.overlap import margins, overlap
from kmeans_convergence.studies.comparison.run.paths import Path, follow, polish
from kmeans_convergence.studies.comparison.run.task import kmeans
from kmeans_convergence.studies.comparison.run.tuning import Grid, Setting, Tuning, best, chosen, grid_of, score, tune

TARGETS = ("10", "1", "0.1", "1e-3", "1e-6")
METHODS = ["batch_kmeans", "hybrid", "online_gradient_tuned", "minibatch_ema_tuned", "minibatch_counts", "hartigan"]
GREEDY = ["batch_kmeans", "online_gradient_tuned"]
KEYS = ["dataset", "clusters", "start", "optimizer", "budget", "tuned_for"]
BUDGETS = (3, 8)


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2)) + 4 * rng.integers(3, size=(60, 2))
    return Dataset("example", X, ("a", "b"), "", clusters=(4, 2))


def protocol(**changes):
    settings = {
        "seed": 1,
        "passes": 8,
        "budgets": BUDGETS,
        "starts": ("patterns", "plusplus", "greedy"),
        "optimizers_of": {"greedy": GREEDY},
        "rows": 100,
        "work": 0,
        "fewest": 6,
        "most": 9,
        "sizes": SIZES,
        "tuning": Tuning(starts=3, values=3, extensions=1),
    }
    return Protocol(**(settings | changes))


@pytest.fixture(scope="module")
def tables(dataset):
    return compare(dataset, protocol(), METHODS, lambda line: None)


def test_every_reason_to_stop_has_a_name():
    assert set(comparison.STOPS) == set(Stop)
    assert len(set(comparison.STOPS.values())) == len(Stop)


def test_tables_name_what_diverges(dataset, monkeypatch):
    far = Contender("far", "noisy", lambda passes, value: OnlineGradient(Rate(5.0, decays=False)))
    rule = Contender("far, tuned", "gradient", lambda passes, value: CurvatureGradient(MeanRate(value)), (1e200, 1e300))
    monkeypatch.setattr(task, "CONTENDERS", CONTENDERS | {"far": far, "far_tuned": rule})
    methods = ["batch_kmeans", "far", "far_tuned"]
    longer = protocol(passes=40, budgets=(2, 40), optimizers_of={})
    found = compare(dataset, longer, methods, lambda line: None)
    lost = found.runs[found.runs["optimizer"] != "batch_kmeans"]
    assert set(lost["stop"]) == {"diverged"}
    lost = lost[lost["budget"] == 40]
    assert np.isinf(lost["end"]).all()
    assert (lost["passes"] < 40).all()
    # they come to no limit, so that they are never near it
    assert lost["limit"].isna().all()
    assert lost[[f"own_{target}" for target in TARGETS]].isna().all(axis=None)
    assert paired.diverged(found.runs).equals(found.runs["stop"] == "diverged")
    # no value is better than another, or ever near its limit
    expected = np.where(found.tuning["target"] == "end", 0, 2 * found.tuning["budget"])
    np.testing.assert_allclose(found.tuning["score"], expected)
    curves = found.curves[found.curves["optimizer"] == "far"].groupby(["clusters", "start"]).last()
    assert np.isinf(curves[["low", "median", "high"]]).all(axis=None)
    # batch K-means is as it is alone
    alone = compare(dataset, longer, methods[:1], lambda line: None).runs
    pd.testing.assert_frame_equal(found.runs[found.runs["optimizer"] == "batch_kmeans"].reset_index(drop=True), alone)


# --- reduction ------------------------------------------------------------------------------------


def path(cost, passes, limit):
    """One run for each column."""
    cost, passes = np.array(cost, dtype=float), np.array(passes, dtype=float)
    runs = cost.shape[1]
    limit, nothing, diverged = np.array(limit, dtype=float), np.zeros(runs, dtype=int), ~(cost[-1] <= cost[0])
    return Path(cost, passes, limit, nothing, nothing, (Stop.BUDGET,) * runs, diverged)


def table_of(path, best, passes):
    return pd.DataFrame(reduce(path, RELATIVE, best, passes))


def test_targets_of_a_path_that_can_be_checked_by_hand():
    # the first run comes within 10 % (110), 1 % (101) and 0.1 % (100.1) of 100; the second one is there from the start,
    # leaves, and comes back
    costs = [[200, 105], [110, 180], [101, 104], [100.05, 101]]
    table = table_of(path(costs, [[0, 0], [0.5, 1], [2, 2], [3, 3]], [100, 100]), 50, 3)
    assert table[[f"own_{t}" for t in TARGETS]].to_numpy().tolist()[0][:3] == [0.5, 2, 3]
    assert table["own_1e-3"].isna().all()
    assert table.loc[1, ["own_10", "own_1"]].tolist() == [0, 3]
    assert math.isnan(table.loc[1, "own_0.1"])
    assert table[[f"best_{t}" for t in TARGETS]].isna().all(axis=None)
    assert table["end"].tolist() == [100.05, 101]
    assert table["start_cost"].tolist() == [200, 105]
    # relative to a higher best value all is reached sooner
    assert table_of(path(costs, [[0, 0], [0.5, 1], [2, 2], [3, 3]], [100, 100]), 101, 3)["best_0.1"].tolist() == [2, 3]


def test_what_lies_beyond_the_budget_does_not_count():
    table = table_of(path([[200], [120], [100]], [[0], [2], [3.5]], [100]), 100, 3)
    assert table[["own_10", "best_10"]].isna().all(axis=None)
    assert table["passes"].tolist() == [3.5]


def test_curves_take_the_last_iterate_that_is_there():
    costs = [[300, 200], [200, 150], [100, 100]]
    table = curve(path(costs, [[0, 0], [0.5, 1], [2, 1.5]], [100, 100]), RELATIVE, np.array([0, 0.5, 1, 2]))
    # excesses of the two runs: 2 and 1; 1 and 1; 1 and 0.5; 0 and 0
    np.testing.assert_allclose(table["median"], [1.5, 1, 0.75, 0])
    np.testing.assert_allclose(table["low"], [1.25, 1, 0.625, 0])
    np.testing.assert_allclose(table["high"], [1.75, 1, 0.875, 0])


def test_runs_that_diverge_are_named_and_have_no_limit_without_a_finite_end():
    infinite = path([[3, 3, 3], [2, 4, math.inf]], [[0, 0, 0], [1, 1, 1]], [1, 1, math.nan])
    table = table_of(infinite, 1, 1)
    assert table["stop"].tolist() == ["budget", "diverged", "diverged"]
    assert table["limit"].isna().tolist() == [False, False, True]
    # a prototype at infinity costs nothing when it owns nothing
    lost = path([[3], [2]], [[0], [1]], [math.nan])._replace(stop=(Stop.DIVERGED,), diverged=np.array([True]))
    assert paired.diverged(table_of(lost, 1, 1)).all()
    # the curve is of the others
    assert curve(infinite, RELATIVE, np.array([1.0]))["high"].item() == pytest.approx(2.5)


# --- tables ---------------------------------------------------------------------------------------


def test_the_tables_have_their_columns_and_rows(tables):
    reached = [f"{reference}_{target}" for reference in ("own", "best") for target in TARGETS]
    assert list(tables.runs) == [
        *KEYS, "run", "start_cost", "start_passes", "end", "limit", "passes", "polish_passes", "stop", "empty", *reached
    ]  # fmt: skip
    assert list(tables.curves) == [*KEYS, "passes", "low", "median", "high"]
    assert list(tables.tuning) == [
        "dataset", "clusters", "optimizer", "budget", "target", "setting", "score", "passes", "chosen", "edge"
    ]  # fmt: skip
    assert (tables.runs.groupby(KEYS, sort=False).size() == 6).all()
    # four without a setting and two that are tuned for two targets; one of each begins at the third kind of start
    assert len(tables.runs) == 2 * 2 * 6 * (2 * (4 + 2 * 2) + (1 + 2))
    assert set(tables.runs.loc[tables.runs["start"] == "greedy", "optimizer"]) == set(GREEDY)
    tuned = tables.runs["optimizer"].str.endswith("_tuned")
    assert set(tables.runs.loc[tuned, "tuned_for"]) == {"end", "speed"}
    assert set(tables.runs.loc[~tuned, "tuned_for"]) == {""}
    assert (tables.curves.groupby(KEYS)["passes"].apply(list).apply(tuple) == (*FIRST_PASS, *range(1, 9))).all()
    assert set(tables.curves["budget"]) == {8}
    assert set(tables.runs["stop"]) == {"fixed point", "budget"}
    assert not tables.runs.duplicated([*KEYS, "run"]).any()
    assert set(tables.runs.loc[tables.runs["start"] == "plusplus", "start_passes"]) == {3 / 4, 1 / 2}


def test_a_smaller_budget_is_the_beginning_of_a_larger_one(tables, dataset):
    alone = compare(dataset, protocol(passes=3, budgets=(3,)), METHODS, lambda line: None).runs
    untuned = alone["tuned_for"] == ""
    cut = tables.runs[(tables.runs["budget"] == 3) & (tables.runs["tuned_for"] == "")]
    others = [column for column in alone if not column.startswith("best")]
    pd.testing.assert_frame_equal(
        cut[others].reset_index(drop=True), alone.loc[untuned, others].reset_index(drop=True), check_exact=True
    )


def test_all_methods_share_their_starts(tables, dataset):
    for (K, kind), rows in tables.runs[tables.runs["tuned_for"] != "speed"].groupby(["clusters", "start"]):
        rows = rows[rows["budget"] == 8]
        costs = rows.pivot(index="run", columns="optimizer", values="start_cost")
        expected = draw(dataset.X, K, streams(1, "example", K, range(6), "starts"), kind)
        for method in costs:
            np.testing.assert_array_equal(costs[method], QuantizationProblem(dataset.X).evaluate(expected).cost)


def test_batch_kmeans_is_its_own_polish(tables, dataset):
    rows = tables.runs[tables.runs["optimizer"] == "batch_kmeans"]
    rests = rows["stop"] == "fixed point"
    assert rests.any()
    np.testing.assert_array_equal(rows.loc[rests, "end"], rows.loc[rests, "limit"])
    # one pass says that there is nothing left to do
    assert (rows.loc[rests, "polish_passes"] == 1).all()
    assert (rows.loc[~rests, "polish_passes"] > 1).any()
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
            table[table["optimizer"].isin(some)].sort_values(list(table)[:7]).drop(columns=common[name])
            for table in (getattr(few, name), getattr(tables, name))
        )
        pd.testing.assert_frame_equal(a.reset_index(drop=True), b.reset_index(drop=True), check_exact=True)


def test_a_best_cost_that_is_known_before(dataset):
    lines = []
    low = compare(dataset, protocol(), ["batch_kmeans"], lines.append, best={4: 1.0, 2: 1e9}).runs
    assert low.loc[low["clusters"] == 4, "best_10"].isna().all()
    # below the best, all is reached at once
    assert (low.loc[low["clusters"] == 2, "best_1e-6"] == 0).all()
    assert any("K = 2: 36 of 36 runs end below" in line for line in lines)
    assert any("K = 4: 0 of 36 runs end below" in line for line in lines)


OWN = """
from kmeans_convergence.studies.comparison.run.contenders import Contender
from kmeans_convergence.optimizers import MajorizeMinimize

CONTENDERS = {"mine": Contender("my own", "alternation", lambda passes, value: MajorizeMinimize())}
"""


OLD = """
from kmeans_convergence.optimizers import StepRule


class OldStep(StepRule):
    def step(self, evaluation, epoch):
        return (evaluation.w + evaluation.minimizer) / 2
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
    theirs = tables.runs[(tables.runs["optimizer"] == "batch_kmeans") & (tables.runs["start"] != "greedy")]
    theirs = theirs.reset_index(drop=True)
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
        # what the interface was: prototypes of shape (R, K, d), and their means by another name
        (OWN.replace("MajorizeMinimize())", "OldStep())") + OLD, "'minimizer'"),
        (OWN.replace("MajorizeMinimize())", "OldStep())") + OLD.replace("minimizer", "means"), "one flat vector"),
        (OWN.replace("MajorizeMinimize())", "object())"), "`needs`"),
    ],
)
def test_a_file_that_cannot_take_part(text, word, tmp_path, refused):
    (tmp_path / "mine.py").write_text(text)
    with refused("mine.py", word):
        enlist(tmp_path / "mine.py")
    assert tuple(CONTENDERS) == SHIPPED


def test_the_number_of_starts_follows_from_the_work():
    assert protocol(work=3600 * 50, fewest=10, most=1000).runs(150 * 6 * 4) == 50
    assert protocol(work=3600, fewest=10, most=1000).runs(150 * 6 * 4) == 10
    assert protocol(work=10**9, fewest=10, most=1000).runs(150 * 6 * 4) == 1000


def test_which_numbers_of_prototypes_are_compared(dataset):
    three = Dataset("three", dataset.X, ("a", "b"), "", clusters=(4, 2, 9))
    some = ("usual", "large")
    assert compared(three, some).clusters == (4, 9)
    # in the registry the large one comes last: this set has none
    assert compared(dataset, some).clusters == (4,)


def test_what_the_configuration_says(root):
    section = yaml.safe_load((root / "config" / "config.yaml").read_text())["comparison"]
    iris, other = (Protocol.of(section, name, 7) for name in ("iris", "wine"))
    assert iris.runs(150 * 6 * 4) == 100
    assert (other.fewest, other.most, other.seed) == (section["fewest"], section["most"], 7)
    assert other.tuning == Tuning(**section["tuning"])
    assert set(section["optimizers"]) == set(CONTENDERS)


@pytest.mark.parametrize("key", CONTENDERS)
def test_every_contender_can_be_run_and_says_whether_it_knows_its_budget(dataset, key):
    problem, contender = QuantizationProblem(dataset.X), CONTENDERS[key]
    starts = draw(dataset.X, 3, streams(1, "example", 3, range(4), "starts"))
    value = (grid_of(contender, 3) or [math.nan] * 2)[1]

    def orders():
        return streams(1, "example", 3, range(4), "order")

    long = minimize(problem, contender.optimizer(7, value), starts, passes=7, rngs=orders(), marks=[3])
    short = minimize(problem, contender.optimizer(3, value), starts, passes=3, rngs=orders())
    assert (long.cost[-1] < long.cost[0]).all()
    cut = long.until(3)
    if contender.horizon:
        assert (cut.w != short.w).any()
    else:
        assert cut.measures.keys() == short.measures.keys()
        for name, values in short.measures.items():
            np.testing.assert_array_equal(cut.measures[name], values)
        for name in ("w", "stop", "ended"):
            np.testing.assert_array_equal(getattr(cut, name), getattr(short, name))


def test_contenders_have_names_of_their_own():
    assert len({contender.label for contender in CONTENDERS.values()}) == len(CONTENDERS)


# --- tuning ---------------------------------------------------------------------------------------


def test_the_value_with_the_least_score_is_chosen(dataset):
    problem, key = QuantizationProblem(dataset.X), "online_gradient_tuned"
    table = tune(kmeans(problem, "example", 4), METHODS, Tuning(4, 5, 0), 1, (2, 6), ("patterns", "plusplus"))
    assert set(table["optimizer"]) == {key, "minibatch_ema_tuned"}
    assert (table.groupby(["optimizer", "budget", "target"])["chosen"].sum() == 1).all()
    # by hand: starts are drawn from both kinds in turn
    rngs = streams(1, "example", 4, range(4), "tuning starts")
    starts = np.concatenate(
        [draw(dataset.X, 4, [rng], kind) for rng, kind in zip(rngs, ["patterns", "plusplus"] * 2, strict=True)]
    )
    for budget in (2, 6):
        about = (table["optimizer"] == key) & (table["budget"] == budget)
        rows = table[about & (table["target"] == "end")]
        assert rows["setting"].tolist() == pytest.approx(np.geomspace(*CONTENDERS[key].settings, 5))
        # four starts of so many passes each are charged for every value, once
        assert (table.loc[about, "passes"] == 4 * budget).all()
        traces = [
            minimize(
                problem,
                CONTENDERS[key].optimizer(budget, value),
                starts,
                passes=budget,
                rngs=streams(1, "example", 4, range(4), "tuning order"),
            )
            for value in rows["setting"]
        ]
        ends = np.array([trace.cost[-1] for trace in traces])
        np.testing.assert_allclose(rows["score"], (ends / ends.min()).mean(axis=1) - 1, atol=1e-14)
        # without a tie, the least
        assert rows.loc[rows["chosen"], "score"].item() <= rows["score"].min() + 1.1e-4
        limits = [minimize(problem, MajorizeMinimize(), trace.w, passes=math.inf).cost[-1] for trace in traces]
        expected = []
        for trace, limit in zip(traces, limits, strict=True):
            near = (trace.cost <= 1.001 * limit) & (trace.passes <= budget)
            reached = [trace.passes[row.argmax(), r] if row.any() else 2 * budget for r, row in enumerate(near.T)]
            expected.append(np.exp(np.log(np.maximum(reached, 1 / 16)).mean()))
        speed = table[about & (table["target"] == "speed")]
        np.testing.assert_allclose(speed["score"], expected)
        assert chosen(table)[Setting(key, budget, "speed")] == speed.loc[speed["chosen"], "setting"].item()


def test_scores_of_runs_that_diverge():
    good = path([[10, 10], [4, 2], [4, 2]], [[0, 0], [1, 1], [2, 2]], [4, 2])
    bad = path([[10, 10], [4, 11]], [[0, 0], [1, 1]], [4, 2])
    assert score([good, bad], RELATIVE, 2, "end").tolist() == [0.5, np.inf]
    assert score([good, bad], RELATIVE, 2, "speed") == pytest.approx([1, np.sqrt(1 * 4)])
    # nothing to choose from
    assert score([bad._replace(diverged=np.array([True, True]))] * 2, RELATIVE, 2, "end").tolist() == [0, 0]


def test_of_equal_values_the_middle_one_is_chosen():
    assert best(np.array([3.0, 1.0, 2.0])) == 1
    assert best(np.array([0.5, 1e-5, 0, 2e-5, np.inf])) == 2
    assert best(np.zeros(5)) == 2
    assert best(np.zeros(4)) == 1
    assert best(np.full(5, np.inf)) == 0


def test_a_grid_grows_where_the_best_value_lies_at_an_end():
    grid = Grid([1.0, 2.0, 4.0], 2)
    grid.extend([1])
    assert grid.values == [1, 2, 4]
    grid.extend([2, 1])
    assert grid.values == [1, 2, 4, 8]
    grid.extend([3, 0])
    assert grid.values == [0.5, 1, 2, 4, 8, 16]
    # no third time at this end
    grid.extend([5])
    assert grid.values == [0.5, 1, 2, 4, 8, 16]
    grid.extend([0])
    assert grid.values == [0.25, 0.5, 1, 2, 4, 8, 16]


def test_tuning_goes_beyond_a_grid_that_is_too_narrow(dataset, monkeypatch):
    # the best rate on a quadratic lies between 1/N_max and 2/N_max; the grid begins far below
    problem, key = QuantizationProblem(dataset.X), "gradient_tuned"
    narrow = Contender("narrow", "gradient", CONTENDERS[key].optimizer, (0.1, 0.4))
    monkeypatch.setitem(CONTENDERS, key, narrow)
    few, many = (
        tune(kmeans(problem, "example", 3), [key], Tuning(4, 3, extensions), 1, (8,), ("patterns",))
        for extensions in (0, 9)
    )
    assert few["edge"].sum() == 4
    assert (few["chosen"] & few["edge"]).sum() == 2
    assert many["setting"].max() >= 0.8
    assert not (many["chosen"] & many["edge"]).any()


def test_nothing_to_tune(dataset):
    problem = QuantizationProblem(dataset.X)
    table = tune(kmeans(problem, "example", 4), ["batch_kmeans"], Tuning(4, 5, 2), 1, (6,), ("patterns",))
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
    polished = polish(problem, minimize(problem, MajorizeMinimize(), starts, passes=1))
    whole = minimize(problem, MajorizeMinimize(), starts, passes=200)
    np.testing.assert_array_equal(polished.limit, whole.cost[-1])
    np.testing.assert_array_equal(polished.polish, whole.passes[-1] - 1)


def test_what_is_lost_cannot_be_polished(dataset):
    problem = QuantizationProblem(dataset.X)
    starts = draw(dataset.X, 4, streams(1, "example", 4, range(3), "starts"))
    wild = Contender("wild", "gradient", lambda passes, value: GradientDescent(Rate(value, decays=False)))
    (lost,) = follow(problem, wild, 1e200, starts, [], [3]).values()
    assert lost.diverged.all()
    assert np.isnan(lost.limit).all()
    assert (lost.polish == 0).all()
