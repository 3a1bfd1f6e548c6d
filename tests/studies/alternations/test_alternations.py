"""The page on other alternations: what is measured, its figure, its table and its numbers, and its claims."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex

from kmeans_convergence.statistics.conditions import Verdict
from kmeans_convergence.studies.alternations import show as alternations
from kmeans_convergence.studies.comparison.analysis.predicates import PREDICATES, contradicted
from kmeans_convergence.theory.alternations import measuring
from kmeans_convergence.theory.alternations.examples import EXAMPLES
from kmeans_convergence.theory.theorems import choices

GREY = to_hex("0.35")
ANGLES = ("k lines", "matching, turned")


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


@pytest.fixture(name="near")
def near_ends():
    """Quadratic costs miss nothing, others the distance, and angles its square."""
    power = {e.name: 2 if e.name in ANGLES else 1 for e in EXAMPLES}
    return pd.DataFrame(
        {
            "example": e.name,
            "quadratic": e.quadratic,
            "distance": h,
            "missed": 1e-15 if e.quadratic else h ** power[e.name],
        }
        for e in EXAMPLES
        for h in (0.001, 0.01, 0.1, 1.0)
    )


@pytest.fixture(name="steps")
def from_starts():
    """Two starts of each example: Newton's method fails on the second one where costs are not quadratic."""
    return pd.DataFrame(
        {
            "example": e.name,
            "quadratic": e.quadratic,
            "data": start,
            "start": 0,
            "gap": 2e-16 * (start + 1) if e.quadratic else 0.5 + start,
            "uphill": not e.quadratic and start == 1,
            "steps": 3 + start,
            "newton_steps": 5,
            "converged": e.quadratic or start == 0,
            "same": e.quadratic,
        }
        for e in EXAMPLES
        for start in range(2)
    )


def test_all_examples_are_drawn_in_their_colours(near):
    figure = alternations.newton_or_not(near)
    left, right = figure.axes
    lines = {line.get_label(): line for line in right.get_lines()}
    assert list(lines) == [example.name for example in EXAMPLES]
    for example in EXAMPLES:
        line = lines[example.name]
        some = near[near["example"] == example.name]
        np.testing.assert_array_equal(line.get_xdata(), some["distance"])
        np.testing.assert_array_equal(line.get_ydata(), some["missed"])
        assert (to_hex(line.get_color()) == GREY) == example.quadratic
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(lines)
    named = [text.get_text() for text in left.get_legend().get_texts()]
    assert named == [*(f"Newton, {name}" for name in choices.variance_shares(1, 2)), "alternation"]


def test_no_two_examples_look_the_same():
    looks = {(style.color, style.marker, style.line) for style in alternations.STYLES.values()}
    assert len(looks) == len(EXAMPLES) == len(alternations.STYLES)


def test_shares_of_the_way_meet_where_the_variance_is_the_best_one(near):
    left = alternations.newton_or_not(near).axes[0]
    for line in left.get_lines()[:3]:
        x, y = line.get_xdata(), line.get_ydata()
        assert np.interp(1.0, x, y) == pytest.approx(1.0, abs=0.02)
        # short on one side, too far on the other
        assert (np.interp(0.8, x, y) - 1) * (np.interp(1.25, x, y) - 1) < 0


def test_the_table_has_a_row_for_each_example_and_a_rule_below_the_quadratic_ones(steps, near):
    text = alternations.table(steps, near)
    rows = [line for line in text.splitlines() if line.count("&") == 9][1:]
    assert [row.split(" & ")[0] for row in rows] == [example.name for example in EXAMPLES]
    for row, example in zip(rows, EXAMPLES, strict=True):
        order = row.split(" & ")[5]
        assert order == ("--" if example.quadratic else "3" if example.name in ANGLES else "2")
        assert row.split(" & ")[6] == (r"0\,\%" if example.quadratic else r"50\,\%")
    before, _, after = text.partition(r"\midrule")[2].partition(r"\midrule")
    assert before.count("&") // 9 == sum(example.quadratic for example in EXAMPLES)
    assert EXAMPLES[-1].name in after


def test_numbers_of_the_page(steps):
    found = alternations.numbers(steps)
    assert found["alternationsStarts"] == found["alternationsSets"] == "2"
    assert found["alternationsEqual"] == r"$4.0\cdot10^{-16}$"
    assert found["alternationsUphillChain"] == found["alternationsConvergedMixture"] == r"50\,\%"
    assert found["alternationsLongest"] == "4"


def test_each_number_of_the_page_has_a_macro_and_each_macro_is_used(root, steps):
    page = (root / "paper/sections/alternations.tex").read_text()
    assert set(re.findall(r"\\(alternations[A-Za-z]+)", page)) == set(alternations.numbers(steps))


def test_measured_starts_are_the_same_each_time_and_as_the_theorem_says(monkeypatch):
    monkeypatch.setattr(measuring, "SETS", 1)
    monkeypatch.setattr(measuring, "STARTS", 2)
    first, second = measuring.from_starts(7), measuring.from_starts(7)
    pd.testing.assert_frame_equal(first, second)
    assert (first.groupby("example").size() == 2).all()
    assert (first.loc[first["quadratic"], "gap"] < 1e-9).all()
    assert first.loc[first["quadratic"], "same"].all()
    assert (first[~first["quadratic"]].groupby("example")["gap"].max() > 1e-6).all()


def test_near_the_end_only_quadratic_costs_miss_nothing(monkeypatch):
    monkeypatch.setattr(measuring, "SETS", 1)
    monkeypatch.setattr(measuring, "DIRECTIONS", 2)
    near = measuring.near_ends(7)
    farthest = near[near["distance"] > 0.3]
    assert (farthest["missed"] < 1e-10).eq(farthest["quadratic"]).all()


# --- claims ----------------------------------------------------------------------------------------------


def evidence(**holds):
    return SimpleNamespace(derivation=pd.DataFrame({"step": list(holds), "holds": list(holds.values())}))


def test_a_claim_against_theorems_fails_if_they_hold():
    claim = contradicted("one", "two")
    assert claim.judge(evidence(one=True, two=True), None).verdict is Verdict.FAILS
    assert claim.judge(evidence(one=True, two=False), None).verdict is Verdict.UNDECIDED
    assert claim.judge(evidence(one=True), None).verdict is Verdict.UNDECIDED


def test_the_open_question_is_decided_by_checks_that_exist():
    claims = ("viterbi-newton", "viterbi-all-newton", "choices-terminate")
    nothing = SimpleNamespace(derivation=None)
    notes = " ".join(PREDICATES[name].judge(nothing, None).note for name in claims)
    empty = np.zeros((0, 0))
    quick = (choices.variance, choices.viterbi_newton, choices.descent, choices.same_path, choices.beyond)
    for check in quick:
        assert check(empty, np.random.default_rng(0), 2).step in notes
