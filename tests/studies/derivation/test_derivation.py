"""Each step of the derivation holds, and each check can fail."""

import re

import numpy as np
import pytest

from kmeans_convergence.data.bundled import iris
from kmeans_convergence.optimizers import MajorizeMinimize, Newton
from kmeans_convergence.starts import stream
from kmeans_convergence.theory import checks, derivation, equations

COLUMNS = ["step", "statement", "method", "cases", "worst_error", "tolerance", "holds"]


@pytest.fixture(scope="module", name="X")
def iris_patterns():
    """Iris in mm: integers."""
    return iris()[0]


@pytest.fixture(scope="module")
def few(X):
    """Few enough patterns for rational arithmetic to be quick."""
    return X[::6]


def run(check, X, points=10):
    return check(X, stream(0, "test", check.__name__), points)


def test_every_step_holds_on_iris(X):
    table = derivation.check_all(X, seed=1, points=200)
    assert list(table.columns) == COLUMNS
    assert table["holds"].all(), table.loc[~table["holds"], ["step", "worst_error", "tolerance"]]
    assert (table["cases"] > 0).all()
    # the numbered equations of the paper; its Q and its Hessian have no number
    assert set(table["step"].str.extract(r"\((\d+)\)")[0].dropna().astype(int)) == set(range(3, 9))


def test_only_the_papers_equations_have_numbers(root):
    sections = re.findall(r"\\input\{(sections/\w+)\}", (root / "paper" / "report.tex").read_text())
    text = "".join((root / "paper" / f"{section}.tex").read_text() for section in sections)
    tags = re.findall(r"\\tag\{([^}]*)\}", text)
    assert [tag for tag in tags if tag[0].isdigit()] == ["1, 2", "3", "4", "5", "6", "7", "8"]
    assert len(set(tags)) == len(tags)


def test_statements_are_ascii_with_balanced_mathematics(few):
    for statement in derivation.check_all(few, seed=1, points=2)["statement"]:
        assert statement.isascii()
        assert statement.count("$") % 2 == 0


def test_the_table_is_the_same_each_time(few):
    first, second = (derivation.check_all(few, seed=5, points=3) for _ in range(2))
    assert first.equals(second)


def test_steps_hold_on_real_numbers_in_one_dimension():
    X = np.random.default_rng(6).normal(size=(12, 1))
    table = derivation.check_all(X, seed=7, points=20)
    assert table["holds"].all(), table.loc[~table["holds"]]


def test_not_a_number_does_not_hold():
    worst = checks.worst(0.0, float("nan"), 0.5)
    assert not checks.Check("step", "statement", "method", 1, worst, 1.0).holds


# --- wrong formulas --------------------------------------------------------------------------------


def wrongly(function, factor):
    """Return the function with its value multiplied."""
    return lambda *arguments: factor * function(*arguments)


@pytest.mark.parametrize("factor", [-1, 1.001])
@pytest.mark.parametrize("check", [derivation.gradient_differences, derivation.newton_optimizers])
def test_a_wrong_gradient_is_found(check, factor, X, monkeypatch):
    assert run(check, X).holds
    monkeypatch.setattr(equations, "gradient", wrongly(equations.gradient, factor))
    assert not run(check, X).holds


@pytest.mark.parametrize("check", [derivation.hessian_differences, derivation.newton_optimizers])
def test_a_wrong_hessian_is_found(check, X, monkeypatch):
    right = equations.hessian
    # one entry off the diagonal blocks
    wrong = np.zeros((24, 24))
    wrong[0, -1] = wrong[-1, 0] = 0.1
    monkeypatch.setattr(equations, "hessian", lambda X, w: right(X, w) + wrong)
    assert not run(check, X).holds


@pytest.mark.parametrize("check", [derivation.gradient_symbolic, derivation.hessian_symbolic])
def test_a_cost_without_its_half_is_found(check, few, monkeypatch):
    assert run(check, few).holds
    monkeypatch.setattr(derivation, "symbolic_cost", wrongly(derivation.symbolic_cost, 2))
    assert not run(check, few).holds


@pytest.mark.parametrize("check", [derivation.auxiliary_minimizer, derivation.newton_symbolic])
def test_a_wrong_mean_is_found(check, few, monkeypatch):
    assert run(check, few).holds
    monkeypatch.setattr(derivation, "symbolic_sum", wrongly(derivation.symbolic_sum, 2))
    assert not run(check, few).holds


def test_a_wrong_online_gradient_is_found(few, monkeypatch):
    monkeypatch.setattr(equations, "online_gradient_step", lambda x, w, rate: w + rate * (x - w))
    assert not run(derivation.online_gradient, few).holds


def test_an_auxiliary_function_below_the_cost_is_found(X, monkeypatch):
    monkeypatch.setattr(equations, "auxiliary", wrongly(equations.auxiliary, 0.999))
    assert not run(derivation.auxiliary_majorizes, X).holds


def halfway(X, w):
    """Move only half the way to the means."""
    return (w + equations.auxiliary_minimizer(X, w)) / 2


def test_a_wrong_rate_is_found(few, monkeypatch):
    monkeypatch.setattr(equations, "batch_kmeans_step", halfway)
    assert not run(derivation.batch_kmeans_rate, few).holds


def test_a_step_beyond_the_means_gains_too_little(few, monkeypatch):
    right = equations.batch_kmeans_step
    monkeypatch.setattr(equations, "batch_kmeans_step", lambda X, w: w + 2 * (right(X, w) - w))
    monkeypatch.setattr(checks, "EXACT_STARTS", 1)
    assert not run(derivation.decrease, few).holds


def test_runs_that_do_not_end_are_found(X, monkeypatch):
    # from one assignment to the next and back
    step = MajorizeMinimize.step
    monkeypatch.setattr(MajorizeMinimize, "step", lambda self, here, t: step(self, here, t)[:, ::-1].copy())
    monkeypatch.setattr(checks, "EPOCHS", 50)
    check = run(derivation.termination, X)
    assert check.worst_error == np.inf
    assert not check.holds


def test_an_assignment_met_twice_is_found(X, monkeypatch):
    right = checks.lloyd

    def with_a_cycle(X, rng, runs):
        path = right(X, rng, runs)
        return path[:2] + path

    monkeypatch.setattr(checks, "lloyd", with_a_cycle)
    check = run(derivation.termination, X)
    assert np.isfinite(check.worst_error)
    assert not check.holds


def test_a_radius_that_is_too_large_is_found(X, monkeypatch):
    monkeypatch.setattr(checks, "cell_radius", wrongly(checks.cell_radius, 50))
    for check in (derivation.local_minimum, derivation.gradient_differences, derivation.voronoi_faces):
        assert not run(check, X, points=30).holds


def test_counts_that_start_at_one_are_found(few, monkeypatch):
    right = equations.online_kmeans_step

    def late(x, w, n):
        return right(x, w, n + 1)[0], right(x, w, n)[1]

    monkeypatch.setattr(equations, "online_kmeans_step", late)
    assert not run(derivation.running_mean, few).holds


def test_a_wrong_optimizer_is_found(X, monkeypatch):
    right = Newton.step
    monkeypatch.setattr(Newton, "step", lambda self, here, t: here.x + 0.999 * (right(self, here, t) - here.x))
    assert not run(derivation.newton_optimizers, X).holds


def test_an_empty_prototype_that_moves_is_found(X, monkeypatch):
    monkeypatch.setattr(Newton, "step", lambda self, here, t: here.x + 1e-9)
    assert not run(derivation.empty_prototype, X).holds


def test_a_claim_without_its_kink_is_found(X, monkeypatch):
    monkeypatch.setattr(derivation, "kink", lambda X, w, v, h: 0.0)
    assert not run(derivation.voronoi_faces, X).holds


def test_ties_are_exact(X):
    rng = np.random.default_rng(8)
    for _ in range(20):
        here, w, a, b, radius = derivation.at_a_tie(X, rng)
        squares = equations.squared_distances(here, w)
        tied = (squares[:, a] == squares[:, b]) & (squares[:, a] == squares.min(axis=1))
        assert tied.any()
        assert not np.array_equal(w[a], w[b])
        assert radius > 0


def test_the_radius_of_a_cell_by_hand():
    # patterns 0 and 5, prototypes 1 and 8: margins 8 - 1 = 7 and 4 - 3 = 1
    assert checks.cell_radius(np.array([[0.0], [5.0]]), np.array([[1.0], [8.0]])) == 0.5
    # prototypes 1 and 7: the pattern 4 is tied and keeps both owners, the pattern 0 has the margin 7 - 1 = 6
    assert checks.cell_radius(np.array([[0.0], [4.0]]), np.array([[1.0], [7.0]])) == 3
