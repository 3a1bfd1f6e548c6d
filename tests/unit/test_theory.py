"""Each theorem of the ledger holds, and each check finds a statement that is broken on purpose."""

import math
import re
from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest

from kmeans_convergence.data.bundled import iris
from kmeans_convergence.starts import stream
from kmeans_convergence.studies.derivation import show
from kmeans_convergence.theory import checks, equations, theorems
from kmeans_convergence.theory.intervals import best_intervals
from kmeans_convergence.theory.theorems import (
    alternation,
    equivariance,
    faces,
    gradient,
    large_samples,
    line,
    mixture,
    online,
    population,
)


@pytest.fixture(scope="module", name="X")
def iris_patterns():
    """Iris in mm: integers."""
    return iris()[0]


@pytest.fixture(scope="module", name="table")
def checked(X):
    return theorems.check_all(X[::5], seed=1, points=20)


def run(check, X, points=20):
    return check(X, stream(0, "test", check.__name__), points)


def test_every_theorem_holds(table):
    assert table["holds"].all(), table.loc[~table["holds"], ["step", "worst_error", "tolerance"]]
    assert (table["cases"] > 0).all()
    assert list(table["topic"].unique()) == list(theorems.THEOREMS)


def test_the_table_is_the_same_each_time(X, table):
    assert theorems.check_all(X[::5], seed=1, points=20).equals(table)


def test_statements_are_ascii_with_balanced_mathematics(table):
    for text in [*table["statement"], *table["hypotheses"], *table["step"]]:
        assert text.isascii()
        assert text.count("$") % 2 == 0


def test_references_are_in_the_bibliography(table, root):
    keys = set(re.findall(r"(?m)^@\w+\{(\w+),", (root / "paper/references.bib").read_text()))
    assert {key for keys in table["reference"] for key in keys.split(", ") if key} <= keys


def test_the_ledger_as_a_table(table):
    broken = table.assign(holds=table["step"] != "Lloyd's rate")
    text = show.theorems(broken)
    assert text.count(r"\textbf{fails}") == 1
    assert text.count("& holds") == len(table) - 1
    assert r"\citep{fisher1958, wang2011}" in text
    # one rule between two topics, two below the heads
    assert text.count(r"\midrule") == table["topic"].nunique() - 1 + 2


# --- statements that are broken on purpose -----------------------------------------------------------


def wrongly(function, change):
    """Return the function with its value changed."""
    return lambda *arguments: change(function(*arguments))


FACE_TERMS = (population.hessian_symbolic, population.hessian_differences, population.hessian_in_plane)

# What is broken, the checks that find it, and the formula that takes the place of the right one.
BROKEN = {
    "a wrong sign of the face term": (
        [*FACE_TERMS, population.uniform_two, population.convergence, population.uniform_rates],
        (population, "face_term", lambda q, gap, density: -np.outer(q, q) * density / gap),
    ),
    "no face term": (
        [*FACE_TERMS, population.uniform_two, population.convergence, population.uniform_rates],
        (population, "face_term", lambda q, gap, density: 0 * np.outer(q, q) * density / gap),
    ),
    "a wrong sign between neighbours": (
        FACE_TERMS,
        (population, "face_term", lambda q, gap, density: abs(np.outer(q, q)) * -density / gap),
    ),
    "a stable rate of 2.1/N_max": (
        [gradient.stability],
        (gradient, "stability_limit", lambda counts: 2.1 / counts.max()),
    ),
    "a stable rate of 1/N_max": (
        [gradient.stability],
        (gradient, "stability_limit", lambda counts: 1 / counts.max()),
    ),
    "a wrong contraction": (
        [gradient.linear_rate],
        (gradient, "contraction", lambda rate, counts: 1 - rate * counts.max() + 0 * counts),
    ),
    "a best rate of 1/N_max": (
        [gradient.best_fixed],
        (gradient, "best_fixed_rate", lambda counts: Fraction(1, int(counts.max()))),
    ),
    "prototypes that need not be distinct": ([faces.no_minimum], (faces, "distinct", lambda w: True)),
    "a kink of half the size": (
        [faces.kinks],
        (faces, "kink", wrongly(faces.kink, lambda kink: kink // 2)),
    ),
    "cosines instead of their squares": (
        [population.uniform_rates, population.relaxation, online.slow_mode],
        (population, "cosines", wrongly(population.cosines, np.sqrt)),
    ),
    "a relaxation of 1.9 for all": (
        [population.relaxation],
        (population, "best_relaxation", lambda clusters: (1.9, 0.9)),
    ),
    "an exponent of 1": (
        [online.slow_mode, online.noise],
        (online, "exponent", lambda rho, c: -1.0),
    ),
    "an exponent of c rho": (
        [online.slow_mode, online.noise],
        (online, "exponent", lambda rho, c: -c * rho),
    ),
    "Hartigan's example with a mean that is no nearer": (
        [alternation.hartigan],
        (alternation, "SMALLEST", [[0], [1, 3]]),
    ),
    "exchanges that cost nothing": (
        [alternation.hartigan],
        (alternation, "exchanges", lambda groups: iter(())),
    ),
    "a floor of half the rate whatever its size": (
        [online.noise_floor],
        (online, "floor_of_draws", lambda rate: rate / 2),
    ),
    "a statistical error without the faces": (
        [large_samples.minimiser, large_samples.uniform_example],
        (large_samples, "minimiser_excess", lambda modes, n: modes.noise.sum() / (2 * n)),
    ),
    "one pass with c in the place of its square": (
        [large_samples.one_pass, large_samples.uniform_example],
        (large_samples, "one_pass_excess", lambda modes, c, n: EXCESS(modes, c, n) / c),
    ),
    "a start that is forgotten at once": (
        [large_samples.kept],
        (large_samples, "kept_excess", lambda modes, c, n, begin, squares: KEPT(modes, c, n, begin, 0 * squares)),
    ),
    "the inverse of the least curvature as the best rate": (
        [large_samples.best],
        (large_samples, "best_factor", lambda modes: 1 / modes.curvatures.min()),
    ),
    "an average that is as good as the last iterate": (
        [large_samples.averaging],
        (large_samples, "averaged_excess", lambda modes, c, n, begin: EXCESS(modes, c, n)),
    ),
    "useful passes of the error in the place of the cost": (
        [large_samples.useful_passes],
        (large_samples, "slowest_passes", lambda rate, first, level: math.log(first / level) / -math.log(rate)),
    ),
    "hidden information without its products": (
        [mixture.missing_information, mixture.face_form, mixture.em_rate],
        (mixture, "hidden", lambda X, w: 0.99 * HIDDEN(X, w)),
    ),
    "a preconditioner without its factor 2": (
        [mixture.xu_jordan],
        (mixture, "preconditioner", lambda m, slopes, owned: halved(PRECONDITIONER(m, slopes, owned))),
    ),
}
EXCESS, KEPT = large_samples.one_pass_excess, large_samples.kept_excess
HIDDEN, PRECONDITIONER = mixture.hidden, mixture.preconditioner


def halved(step):
    return mixture.Mixture(step.weights, step.means, step.covariances / 2)


@pytest.mark.parametrize(
    ("check", "patch"),
    [
        pytest.param(check, patch, id=f"{what}-{check.__name__}")
        for what, (found, patch) in BROKEN.items()
        for check in found
    ],
)
def test_a_broken_statement_is_found(check, patch, X, monkeypatch):
    assert run(check, X).holds
    monkeypatch.setattr(*patch)
    if patch[1] == "cosines":
        monkeypatch.setattr(online, "cosines", patch[2])
    assert not run(check, X).holds


def test_covariances_about_the_new_mean_are_found(X, monkeypatch):
    right = mixture.Mixture.em_about_old_mean

    def about_new_mean(self, X):
        after = right(self, X)
        move = after.means - self.means
        return mixture.Mixture(after.weights, after.means, after.covariances - move[:, :, None] * move[:, None])

    monkeypatch.setattr(mixture.Mixture, "em_about_old_mean", about_new_mean)
    assert not run(mixture.xu_jordan, X).holds


def test_a_step_beyond_the_means_is_found(X, monkeypatch):
    right = equations.batch_kmeans_step
    monkeypatch.setattr(equations, "batch_kmeans_step", lambda X, w: w + 3 * (right(X, w) - w))
    for check in (alternation.coordinate_descent, alternation.strict_decrease, gradient.promised_decrease):
        assert not run(check, X).holds


@pytest.mark.parametrize("name", ["rotation", "duplication"])
def test_a_method_that_does_not_commute_is_found(name, X, monkeypatch):
    claim = [equivariance.Method(m.name, m.optimizer, equivariance.ALL) for m in equivariance.METHODS]
    monkeypatch.setattr(equivariance, "METHODS", claim)
    assert not run(getattr(equivariance, name), X).holds


@pytest.mark.parametrize("name", ["translation", "rotation", "scaling", "duplication"])
def test_a_method_that_does_commute_is_found(name, X, monkeypatch):
    claim = [equivariance.Method(m.name, m.optimizer, frozenset()) for m in equivariance.METHODS]
    monkeypatch.setattr(equivariance, "METHODS", claim)
    assert not run(getattr(equivariance, name), X).holds


def test_an_optimum_that_is_none_is_found(X, monkeypatch):
    def equal_sizes(x, clusters):
        parts = np.array_split(np.sort(x), clusters)
        firsts = np.cumsum([0, *map(len, parts[:-1])])
        return sum(((part - part.sum() / len(part)) ** 2).sum() for part in parts) / 2, firsts

    monkeypatch.setattr(line, "best_intervals", equal_sizes)
    assert not run(line.exhaustive, X).holds
    assert not run(line.referee, X).holds


# --- by hand -------------------------------------------------------------------------------------------


def test_best_intervals_by_hand():
    cost, firsts = best_intervals(np.array([10.0, 0, 1, 11, 5]), 3)
    assert cost == 0.5
    assert list(firsts) == [0, 2, 3]


def test_best_intervals_of_one_group_and_of_as_many_as_patterns():
    x = np.array([4.0, 0.0, 2.0])
    assert best_intervals(x, 1)[0] == 4.0
    assert best_intervals(x, 3)[0] == 0.0


def test_the_density_2x_with_three_prototypes():
    density = population.Density((0.0, 2.0))
    w = density.minimum(3)
    # each prototype is the mean of its cell: the integral of 2 x^2 over that of 2 x
    edges = [0, (w[0] + w[1]) / 2, (w[1] + w[2]) / 2, 1]
    means = [2 / 3 * (b**3 - a**3) / (b**2 - a**2) for a, b in pairwise(edges)]
    np.testing.assert_allclose(w, means, rtol=1e-14)


def test_cells_of_the_square_fill_it():
    w = np.random.default_rng(3).uniform(size=(5, 2))
    corners = [population.cell(w, k) for k in range(5)]
    areas = [0.5 * sum(np.linalg.det([a, b]) for a, b in zip(c, np.roll(c, -1, axis=0), strict=True)) for c in corners]
    np.testing.assert_allclose(sum(areas), 1, rtol=1e-14)


def test_smallest_exchange_by_hand():
    # 2 is 1.5 from its mean 3.5 and 2 from 0: batch K-means rests; the cost falls from 9/4 to 1
    assert alternation.advantage([[0], [2, 5]]) == Fraction(1, 2)
    assert alternation.cost([[0], [2, 5]]) == Fraction(9, 4)
    assert alternation.cost([[0, 2], [5]]) == 1


def test_partitions_come_once():
    seen = [tuple(map(tuple, groups)) for groups in alternation.partitions(5)]
    assert len(seen) == len(set(seen))
    # sets of three integers from 0 on, up to 5, have three partitions into two groups each
    threes = [groups for groups in seen if sum(map(len, groups)) == 3]
    assert len(threes) == 3 * len(list(combinations(range(1, 6), 2)))


def test_a_theorem_is_a_check():
    theorem = checks.Theorem("step", "statement", "method", 1, float("nan"), 1.0, "none")
    assert isinstance(theorem, checks.Check)
    assert not theorem.holds
