"""The harness of the performance supplement: what is compared is the same, and verdicts follow from the numbers.

No time is asserted.
"""

import ast
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans

import kmeans_convergence
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans.engine import bounds, passes
from kmeans_convergence.problems.kmeans.problem import RememberingEvaluator
from kmeans_convergence.studies.performance import analysis as judging
from kmeans_convergence.studies.performance.run import accelerated, limits, measuring, objectives
from kmeans_convergence.studies.performance.run.alone import alone, peak_beyond
from kmeans_convergence.studies.performance.run.methods import METHODS, MOST, load, missing, quiet
from kmeans_convergence.studies.performance.run.shapes import SHAPES, mixture, prepare
from kmeans_convergence.studies.performance.show import tables as report


@pytest.fixture(name="case", scope="module")
def small_case():
    """Three starts on overlapping Gaussians; a power of two's multiples, so that single precision is exact."""
    rng = np.random.default_rng(7)
    X = np.round(16 * mixture(3, 4, spread=2.0)(rng, 400)) / 16
    X.flags.writeable = False
    return X, np.stack([X[rng.choice(400, 4, replace=False)] for _ in range(3)])


def single(X):
    narrowed = X.astype(np.float32)
    narrowed.flags.writeable = False
    return narrowed


# --- methods --------------------------------------------------------------------------------------


def test_our_passes_are_those_of_scikit_learn(case):
    X, starts = case
    together = METHODS["ours"].fit(X, starts, np.full(3, MOST), 1)
    assert len(set(together.passes)) > 1
    for r, start in enumerate(starts):
        single_run = METHODS["ours"].fit(X, start[None], np.array([MOST]), 1)
        np.testing.assert_array_equal(together.w[r], single_run.w[0])
        # scikit-learn counts the pass that finds no change too
        fitted = KMeans(4, init=start, n_init=1, tol=0, max_iter=MOST).fit(X)
        assert together.passes[r] == single_run.passes[0] == fitted.n_iter_


def test_a_run_that_remembers_ends_like_a_plain_one(monkeypatch):
    monkeypatch.setattr(bounds, "FEW_DISTANCES", 0)
    X, starts = prepare("plane_100", 3, 0.08)
    plain, remembering = (METHODS[name].fit(X, starts, np.array([MOST]), 1) for name in ("ours_plain", "ours"))
    np.testing.assert_array_equal(plain.w, remembering.w)
    np.testing.assert_array_equal(plain.passes, remembering.passes)


def test_a_run_makes_no_more_passes_than_it_is_allowed(case):
    X, starts = case
    for name in ("ours", "ours_plain"):
        ends = METHODS[name].fit(X, starts, np.full(3, 1), 1)
        np.testing.assert_array_equal(ends.passes, 1)
        np.testing.assert_array_equal(ends.w, QuantizationProblem(X).evaluate(starts).means)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_ends_where_ours_does(case, name):
    method = METHODS[name]
    if why := missing(method):
        pytest.skip(f"{method.label} cannot be run: {why}")
    X, starts = case
    data = X if method.precision == "float64" else single(X)
    if method.own_start is not None:
        starts = method.own_start(data, 4, len(starts))
    problem = QuantizationProblem(X)
    expected = METHODS["ours"].fit(X, starts, np.full(3, MOST), 1)
    with quiet():
        ends = method.fit(data, starts, np.full(3, MOST) if method.stops else expected.passes, 1)
    ours, theirs = problem.evaluate(expected.w), problem.evaluate(ends.w)
    np.testing.assert_allclose(theirs.cost, ours.cost, rtol=1e-6)
    np.testing.assert_array_equal(theirs.assignments, ours.assignments)
    np.testing.assert_array_equal(ends.passes - (method.own_start is not None), expected.passes)


def test_a_peer_that_is_not_installed_is_named_with_the_reason():
    absent = METHODS["faiss"].__class__("nobody", METHODS["faiss"].fit, module="no_such_library")
    assert "no_such_library" in missing(absent)
    assert missing(METHODS["scipy"]) == ""
    assert load("math") is __import__("math")


def test_nothing_else_depends_on_the_supplement(root):
    for file in (root / "src").rglob("*.py"):
        if "performance" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            assert not any("performance" in name for name in names), file


# --- measuring ------------------------------------------------------------------------------------


def test_calls_take_turns():
    order = []
    table = measuring.in_turns({name: lambda name=name: order.append(name) for name in "abc"}, 3)
    assert "".join(order) == "abcabcabc"
    assert table["what"].tolist() == order
    assert table["round"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert (table["seconds"] >= 0).all()


def test_long_calls_are_not_repeated_and_patience_ends_after_two_rounds(monkeypatch):
    clock = iter(np.cumsum([0, 0, 50, 0, 1, 0, 1, 100]))
    monkeypatch.setattr(measuring.time, "perf_counter", lambda: next(clock))
    table = measuring.in_turns({"long": lambda: None, "short": lambda: None}, 5)
    assert table["what"].tolist() == ["long", "short", "short"]
    assert table["seconds"].tolist() == [50, 1, 1]


def test_a_comparison_has_a_row_for_each_method_and_the_same_ends():
    table = measuring.compare("plane_10", 3, 0.02, 2, 1)
    assert set(table["method"]) == set(METHODS)
    timed = table.dropna(subset="seconds")
    assert not set(timed["method"]) & set(table.dropna(subset="missing")["method"])
    assert (timed["difference"].abs() < 1e-6).all()
    assert (timed.groupby(["method", "start"])["round"].count() == 2).all()
    assert (timed.groupby("start")["passes"].nunique() == 1).all()


def test_a_run_that_remembers_makes_the_same_iterates(monkeypatch):
    monkeypatch.setattr(bounds, "FEW_DISTANCES", 0)
    table = measuring.remember("plane_100", 3, 0.08, 1).set_index("optimizer")
    assert {"Lloyd", "gradient descent", "Nesterov"} == set(table.index)
    assert table["same"].all()
    assert (table["distances"] < 1).all()


def test_iterates_that_differ_are_noticed(monkeypatch):
    def call(self, x, some):
        here = remembering(self, x, some)
        return replace(here, sums=here.sums * (1 + 2e-16))

    remembering = RememberingEvaluator.__call__
    monkeypatch.setattr(RememberingEvaluator, "__call__", call)
    assert not measuring.remember("plane_100", 3, 0.01, 1)["same"].any()


def test_a_fresh_process_has_the_threads_it_was_given():
    before = dict(os.environ)
    assert alone(passes.threads, 3) == 3
    assert dict(os.environ) == before


MEASURES = """
import signal, tempfile
from pathlib import Path
from kmeans_convergence.studies.performance.run.alone import alone
from kmeans_convergence.signals import unwound_when_terminated
import measured
if __name__ == "__main__":
    # a shell that starts the tests in the background lets them ignore it
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with unwound_when_terminated(), tempfile.TemporaryDirectory(dir=".") as folder:
        alone(measured.sleep, 1)
"""
MEASURED = """
import os, time
from pathlib import Path
def sleep():
    Path("pid.new").write_text(str(os.getpid()))
    os.replace("pid.new", "pid")
    time.sleep(600)
"""


@pytest.mark.parametrize("watched_by", ["kernel", "pipe"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_measurement_does_not_outlive_who_measures(tmp_path, monkeypatch, number, watched_by):
    if watched_by == "pipe" and number != signal.SIGKILL:
        pytest.skip("the parent ends it itself")
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join((str(tmp_path), str(Path(kmeans_convergence.__file__).parents[1])))
    )
    # on another system there is no way by the kernel
    other = "import sys\nsys.platform = 'other'\n" if watched_by == "pipe" else ""
    (tmp_path / "measured.py").write_text(other + MEASURED)
    (tmp_path / "measures.py").write_text(MEASURES)
    with subprocess.Popen([sys.executable, "measures.py"], cwd=tmp_path, stderr=subprocess.DEVNULL) as parent:
        wait_until((tmp_path / "pid").exists)
        child = int((tmp_path / "pid").read_text())
        os.kill(child, 0)
        parent.send_signal(number)
        parent.wait(60)
    assert parent.returncode == {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: -2}[number]
    wait_until(lambda: not is_alive(child))
    left = {file.name for file in tmp_path.iterdir() if file.is_dir() and file.name != "__pycache__"}
    assert not left or number == signal.SIGKILL


def wait_until(happened, seconds=60):
    for _ in range(20 * seconds):
        if happened():
            return
        time.sleep(0.05)
    pytest.fail(f"it has not happened in {seconds} s")


def is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # one that has ended may wait for somebody to ask how
    status = Path(f"/proc/{process}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def test_peak_memory_is_what_is_allocated():
    peak = alone(peak_beyond, 1, partial(np.ones, 96 * 2**17)) / 2**20
    if np.isnan(peak):
        pytest.skip("this system does not tell the peak of a process")
    # the kernel counts pages in batches
    assert 95 <= peak < 104


def test_limits_do_the_work_that_they_stand_for(case):
    X, starts = case
    products = limits.product(X, starts)()
    np.testing.assert_allclose(products, np.einsum("ij,rkj->irk", X, starts).reshape(len(X), -1), rtol=1e-12)
    assert limits.product(single(X), starts)().dtype == np.float32
    # 2^28 bytes, read and written, in a quarter of a second
    assert limits.Copy.bandwidth(0.25) == 2**31


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_are_what_they_say(name):
    X, starts = prepare(name, 5, 0.01)
    again, _ = prepare(name, 5, 0.01)
    np.testing.assert_array_equal(X, again)
    shape = SHAPES[name]
    assert X.shape[1] == shape.d
    assert starts.shape[1:] == (shape.K, shape.d)
    assert len(np.unique(starts[0], axis=0)) == shape.K
    assert not X.flags.writeable
    if shape.source != "mixture":
        assert (np.rint(X) == X).all()


# --- verdicts -------------------------------------------------------------------------------------


def runs_table(seconds):
    """Rows of `compare`: two rounds, of which the second takes twice as long."""
    rows = [
        {"shape": shape, "n": 100, "method": method, "start": "given", "round": r, "seconds": s * (r + 1)}
        for (shape, method), s in seconds.items()
        for r in range(2)
    ]
    return pd.DataFrame(rows).assign(passes=10, difference=0.0, moved=0.0, missing=np.nan)


def judged(**changes):
    tables = {
        "runs": runs_table(
            {
                ("iris", "ours"): 1.0,
                ("iris", "sklearn_lloyd"): 300.0,
                ("iris", "scipy"): 8.0,
                ("plane_10", "ours"): 2.0,
                ("plane_10", "sklearn_lloyd"): 4.0,
                ("plane_10", "faiss"): 1.0,
                ("plane_10", "ours_single"): 4.0,
            }
        ),
        "passes": pd.DataFrame(
            {
                "shape": ["patches_64", "patches_128", "plane_100"],
                "precision": "float64",
                "pass": [1.2, 1.4, 9.0],
                "product": 1.0,
            }
        ),
        "memory": pd.DataFrame({"shape": "pixels", "n": 10, "method": ["ours_plain"], "bytes": [2.0**25]}),
        "remembering": pd.DataFrame(
            {
                "shape": ["plane_100", "mixture_8"],
                "optimizer": ["gradient descent"] * 2,
                "passes": [100, 100],
                "plain": [9.0, 8.0],
                "remembering": [2.0, 4.0],
            }
        ),
        # slow, slow and fast: Lloyd's algorithm takes 60, 90 and 10 passes and as many seconds
        "accelerated": pd.DataFrame(
            {
                "problem": problem,
                "n": 1,
                "d": 1,
                "K": 1,
                "optimizer": optimizer,
                "run": 0,
                "level": 1e-3,
                "passes": passes,
                "seconds": seconds,
                "cost": 1.0,
            }
            for problem, lloyd, newton in (
                ("a", 60.0, (12.0, 24.0)),
                ("b", 90.0, (36.0, 72.0)),
                ("c", 10.0, (10.0, 10.0)),
            )
            for optimizer, passes, seconds in (("Lloyd", lloyd, lloyd), ("face terms", *newton))
        ),
        # the faster one of two rounds counts: 30 and 1.5 times as fast; the others were not measured
        "objectives": pd.DataFrame(
            {
                "comparison": comparison,
                "objective": comparison.split()[0],
                "n": 1,
                "d": 1,
                "size": 1,
                "starts": 1,
                "iterations": 1,
                "method": method,
                "round": turn,
                "seconds": seconds,
                "difference": 0.0,
            }
            for comparison, theirs in (("mixture iris", (60.0, 90.0)), ("stress large", (9.0, 3.0)))
            for turn in range(2)
            for method, seconds in (("ours", 2.0 + turn), ("scikit-learn", theirs[turn]))
        ),
    }
    return judging.judge(**(tables | changes)).set_index("key")


def test_verdicts_follow_from_the_numbers():
    table = judged()
    assert table.loc["every shape float64", ["value", "reached", "worst"]].tolist() == [
        2.0,
        True,
        "plane_10 sklearn_lloyd",
    ]
    # the best peers take 8 and 2 times as long
    assert table.loc["average float64", "value"] == pytest.approx(4.0)
    assert table.loc["every shape float32", ["value", "reached"]].tolist() == [0.25, False]
    assert table.loc["loop", ["value", "reached"]].tolist() == [300.0, True]
    assert table.loc["product float64", "value"] == pytest.approx(1.4)
    assert table.loc["product float64", "reached"]
    assert table.loc["remembering", ["value", "reached", "worst"]].tolist() == [2.0, False, "mixture_8"]
    # 32 MiB of 64
    assert table.loc["memory", ["value", "reached"]].tolist() == [0.5, True]
    # the means of 0.2 and 0.4, and of 0.4 and 0.8
    assert table.loc["accelerated passes", ["value", "reached"]].tolist() == [pytest.approx(0.3), True]
    assert table.loc["accelerated seconds", ["value", "reached"]].tolist() == [pytest.approx(0.6), False]
    assert table.loc["mixture iris", ["value", "reached"]].tolist() == [30.0, True]
    assert table.loc["stress large", ["value", "reached"]].tolist() == [1.5, False]
    assert not table.loc["stress iris", "reached"]


def test_what_was_not_measured_is_not_reached():
    empty = pd.DataFrame({"shape": [], "n": [], "method": [], "bytes": []})
    row = judged(memory=empty).loc["memory"]
    assert np.isnan(row["value"])
    assert not row["reached"]


def test_the_bound_of_memory_grows_with_the_patterns_only_when_there_are_many():
    assert judging.bound(1000) == 64 * 2**20
    assert judging.bound(10**7) == 24 * 10**7


def test_exponents_of_power_laws_are_found():
    n = np.array([10.0, 20, 40, 80])
    noise = np.array([1.0, 1.05, 1 / 1.05, 1.0])
    growth = pd.concat(
        [
            pd.DataFrame({"scheme": "direct", "varied": "n", "n": n, "K": 1, "d": 1, "seconds": 3 * n**1.5}),
            pd.DataFrame({"scheme": "direct", "varied": "K", "n": 1, "K": n, "d": 1, "seconds": noise * n}),
        ]
    )
    slopes = judging.slopes(growth).set_index("varied")
    np.testing.assert_allclose(slopes.loc["n", ["slope", "low", "high"]].astype(float), 1.5, atol=1e-10)
    assert slopes.loc["K", "low"] < 1 < slopes.loc["K", "high"]


# --- report ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.0, r"2.00\,s"), (0.0213, r"21.3\,ms"), (1.5e-5, r"15.0\,\textmu s"), (3e-8, r"0.0300\,\textmu s")],
)
def test_durations_have_the_unit_that_suits_them(seconds, text):
    assert report.duration(seconds) == text


# --- faster than Lloyd ----------------------------------------------------------------------------


def test_passes_to_a_level_are_those_of_a_run_and_lloyd_is_the_unit():
    table = accelerated.accelerate("Gaussian, 4-d", 1, 0.01, 1)
    assert len(table) == 3 * len(accelerated.OPTIMIZERS) * len(accelerated.LEVELS)
    assert (table["seconds"] > 0).all()
    # nearer takes longer
    for _, some in table.groupby(["optimizer", "run"]):
        assert some["passes"].is_monotonic_increasing
    lloyd = table[table["optimizer"] == "Lloyd"]
    assert (lloyd["passes"] == lloyd["passes"].round()).all()
    assert (lloyd["cost"] == 1).all()
    found = judging.compared(table)
    assert (found.loc[found["optimizer"] == "Lloyd", ["passes", "seconds"]] == 1).all(axis=None)
    assert found["slow"].nunique() == 1


@pytest.mark.parametrize("name", objectives.COMPARISONS)
def test_em_and_smacof_do_the_same_work_as_scikit_learn(name):
    table = objectives.compare(name, 1, 0.02, 2)
    assert sorted(table["method"]) == [objectives.OURS] * 2 + [objectives.PEER] * 2
    assert (table["seconds"] > 0).all()
    # scikit-learn reports the cost of the iterate before its last step, or after one more M-step
    (found,) = judging.beside_peer(table).to_dict("records")
    assert found["difference"] < 1e-8
    assert found["ratio"] == pytest.approx(found["peer"] / found["ours"])


def test_ratios_to_lloyd_are_paired():
    rows = [("p", 10, 1, 2, who, run, level, *x, 1.0) for level in accelerated.LEVELS for who, run, x in (
        ("Lloyd", 0, (60.0, 2.0)), ("Lloyd", 1, (80.0, 8.0)), ("Lloyd", 2, (100.0, 1.0)),
        ("face terms", 0, (30.0, 1.0)), ("face terms", 1, (20.0, 8.0)), ("face terms", 2, (100.0, 3.0)),
    )]  # fmt: skip
    columns = ["problem", "n", "d", "K", "optimizer", "run", "level", "passes", "seconds", "cost"]
    found = judging.compared(pd.DataFrame(rows, columns=columns)).set_index(["optimizer", "level"])
    one = found.loc["face terms", 1e-3]
    # of 0.5, 0.25, 1 and of 0.5, 1, 3
    assert (one["passes"], one["seconds"], one["lloyd_passes"], one["slow"]) == (0.5, 1.0, 80.0, True)
