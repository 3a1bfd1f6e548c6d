"""Batch K-means with restarts, against a loop that restarts it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmeans_convergence.analysis import paired, restarts
from kmeans_convergence.core.gap import RELATIVE


def looped(cost, passes, budget, first, seeding):
    """Restart until the budget is used up; each start at most once."""
    spent, best = passes[first], cost[first]
    for later in range(1, len(cost)):
        run = (first + later) % len(cost)
        spent += passes[run] + seeding
        if spent > budget:
            break
        best = min(best, cost[run])
    return best


@given(
    st.integers(1, 8).flatmap(
        lambda count: st.tuples(
            st.lists(st.integers(1, 50), min_size=count, max_size=count),
            st.lists(st.integers(1, 20), min_size=count, max_size=count),
            st.lists(st.integers(0, 200), min_size=count, max_size=count),
        )
    ),
    st.sampled_from([0.0, 1.0, 4.0]),
)
def test_it_is_the_loop(columns, seeding):
    cost, passes, budget = (np.array(values, dtype=float) for values in columns)
    allowed = pd.DataFrame({"one": budget, "two": budget[::-1]})
    found = restarts.best(pd.Series(cost), pd.Series(passes), allowed, seeding)
    for name in allowed:
        expected = [looped(cost, passes, b, first, seeding) for first, b in enumerate(allowed[name])]
        assert found[name].tolist() == expected


def test_by_hand():
    # from the second start: 4 passes, then the third for 6, then the first for 10
    cost, passes = pd.Series([1.0, 3.0, 2.0]), pd.Series([10.0, 4.0, 6.0])
    for budget, seeding, least in ((3, 0, 3), (9.9, 0, 3), (10, 0, 2), (10, 1, 3), (11, 1, 2), (20, 0, 1), (1e9, 0, 1)):
        allowed = pd.DataFrame({"m": [0.0, budget, 0.0]})
        assert restarts.best(cost, passes, allowed, seeding).loc[1, "m"] == least


def test_a_start_that_is_lucky_is_found_by_batch_kmeans_as_well():
    rows = {
        "dataset": "a",
        "clusters": 2,
        "start": "patterns",
        "budget": 50,
        "run": [0, 1, 2] * 2,
        "optimizer": ["batch_kmeans"] * 3 + ["other"] * 3,
        "start_cost": 99.0,
        "end": [10.0, 20.0, 30.0, 9.0, 16.0, 15.0],
        "passes": [5.0, 5.0, 5.0, 50.0, 9.0, 10.0],
    }
    runs = pd.DataFrame(rows).assign(limit=lambda table: table["end"])
    table = paired.differences(runs, RELATIVE, polished=False, restarted=True).set_index(["optimizer", "run"])["value"]
    # for 50 passes the best of all; for 9 its own start only; for 10 the next one, too: after the last comes the first
    np.testing.assert_allclose(table["other"], [100 * (9 - 10) / 20, 100 * (16 - 20) / 20, 100 * (15 - 10) / 20])
    assert (table["batch_kmeans"] == 0).all()
    # nine further passes, spent on tuning, buy one start more
    index = pd.MultiIndex.from_tuples([("a", 2, "other")], names=["dataset", "clusters", "optimizer"])
    charges = pd.Series([9.0], index=index)
    table = paired.differences(runs, RELATIVE, False, True, charges).set_index(["optimizer", "run"])["value"]
    assert table["other", 1] == pytest.approx(100 * (16 - 10) / 20)
