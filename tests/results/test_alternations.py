"""What the theorem about hidden choices says of its examples."""

import numpy as np
import pytest

from kmeans_convergence.theory.alternations import measuring
from kmeans_convergence.theory.alternations.examples import EXAMPLES

NAMES = [example.name for example in EXAMPLES]


@pytest.fixture(scope="module", name="steps")
def from_starts(read):
    return read("results/alternations/steps.csv")


@pytest.fixture(scope="module", name="near")
def near_ends(read):
    return read("results/alternations/near.csv")


def test_every_start_of_every_example_is_there_once(steps, near):
    counts = steps.groupby(["example", "data", "start"]).size()
    assert (counts == 1).all()
    assert len(counts) == len(NAMES) * measuring.SETS * measuring.STARTS
    assert list(steps["example"].unique()) == NAMES
    assert list(near["example"].unique()) == NAMES
    assert (near.groupby("example").size() == len(measuring.DISTANCES)).all()


def test_quadratic_costs_have_newtons_steps_and_others_have_not(steps):
    quadratic = steps["quadratic"]
    assert (steps.loc[quadratic, "gap"] < 1e-9).all()
    assert not steps.loc[quadratic, "uphill"].any()
    assert steps.loc[quadratic, "same"].all()
    assert (steps.loc[quadratic, "newton_steps"] - steps.loc[quadratic, "steps"]).abs().max() == 0
    assert (steps[~quadratic].groupby("example")["gap"].median() > 1e-4).all()


def test_the_alternation_ends(steps):
    assert steps["steps"].between(0, measuring.STEPS - 1).all()


def test_newtons_step_misses_by_the_second_or_third_order(near):
    for name, some in near[~near["quadratic"]].groupby("example"):
        first, second = (some[some["distance"] < 0.05].iloc[j] for j in (0, -1))
        order = 1 + np.log(second["missed"] / first["missed"]) / np.log(second["distance"] / first["distance"])
        assert order == pytest.approx(3 if name in ("k lines", "matching, turned") else 2, abs=0.15)
    assert (near.loc[near["quadratic"], "missed"] < 1e-9).all()
