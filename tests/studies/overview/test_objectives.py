"""All objectives side by side: a world in which it is known who wins."""

import numpy as np
import pandas as pd
import pytest

from kmeans_convergence.studies.overview import analysis, show

FAMILIES = [f"family{f}" for f in range(8)]


def of_objective(name, ratio, cost, **more):
    """A summary: gradient methods have these numbers, accelerations half of the passes, and all others ten times."""
    objective = analysis.OBJECTIVES[name]
    rows = []
    for key, contender in objective.contenders.items():
        own = {"gradient": ratio, "alternation": 0.5}.get(contender.family, 10.0)
        value = cost if contender.family == "gradient" else abs(cost) + 1
        rows.append({"optimizer": key} | more)
        for column, middle in (("ratio_0.1", own), ("ratio_1e-3", own), ("limit", value)):
            rows[-1] |= {column: middle, f"{column}_low": 0.99 * middle, f"{column}_high": 1.01 * middle}
            if middle < 0:
                rows[-1] |= {f"{column}_low": 1.01 * middle, f"{column}_high": 0.99 * middle}
    return pd.DataFrame(rows)


def world(ratio, cost):
    kmeans = of_objective("k-means", ratio, cost, start="patterns", budget=50).assign(**{"bound_0.1": False})
    # of another budget and another start, where all is different
    kmeans = pd.concat([kmeans, kmeans.assign(budget=10, **{"ratio_0.1": 77}), kmeans.assign(start="plusplus")])
    mixtures = of_objective("mixtures", ratio, cost, start="all").assign(**{"bound_1e-3": "<"})
    stress = [of_objective(name, ratio, cost, start="random", objective=name) for name in ("stress", "sammon")]
    stress = pd.concat(stress).assign(**{"behind_0.1": 0.0})
    return analysis.methods(kmeans, mixtures, stress, 50)


def rated(noise=0.0):
    predicted = np.linspace(0.1, 0.9, len(FAMILIES))
    measured = predicted + noise * np.random.default_rng(0).normal(size=len(FAMILIES))
    table = pd.DataFrame({"dataset": FAMILIES, "family": FAMILIES, "predicted": predicted, "measured": measured})
    return pd.concat([table.assign(objective=name) for name in analysis.OBJECTIVES], ignore_index=True)


@pytest.mark.parametrize(("ratio", "cost", "winner"), [(0.6, -1.0, "gradient"), (2.0, 1.0, "alternation")])
def test_each_row_names_the_winners(ratio, cost, winner):
    table = analysis.objectives(world(ratio, cost), rated(), 1, 200).set_index("objective")
    assert list(table.index) == list(analysis.OBJECTIVES)
    assert (table["faster"] == winner).all()
    assert (table["lower"] == winner).all()
    np.testing.assert_allclose(table["gradient_ratio"], ratio)
    np.testing.assert_allclose(table["accelerated_ratio"], 0.5)
    np.testing.assert_allclose(table["correlation"], 1)
    for name, row in table.iterrows():
        contenders = analysis.OBJECTIVES[name].contenders
        assert contenders[row["gradient"]].family == "gradient"
        assert row["accelerated"] != analysis.OBJECTIVES[name].reference


def test_a_bound_is_never_the_fastest():
    methods = world(0.6, -1.0)
    gradients = methods["optimizer"].str.contains("gradient|lbfgs|adam|newton_cg|sammon")
    table = analysis.objectives(methods.assign(bound=gradients), rated(), 1, 100)
    assert (table["gradient"] == "").all()
    assert (table["faster"] == "neither").all()
    assert "--" in show.objectives(table)


def test_rates_that_were_not_measured_are_left_out():
    kmeans = pd.DataFrame(
        {
            "dataset": ["iris", "iris", "wine", "wine", "crabs"],
            "family": ["iris", "iris", "wine", "wine", "crabs"],
            "optimizer": ["lloyd_steps", "lloyd_steps", "lloyd_steps", "batch_kmeans", "lloyd_steps"],
            "width": [0.05, 0.1, 0.05, 0.05, 0.05],
            "predicted": [0.3, 0.7, 0.4, 0.9, 0.1],
            "measured": [0.2, 0.2, np.nan, 0.9, 0.2],
            "low": 0.0,
            "high": 1.0,
            "informative": [True, True, True, True, False],
        }
    )
    mixtures = pd.DataFrame({"dataset": ["iris", "wine"], "family": ["iris", "wine"], "predicted": [0.8, np.nan]})
    mixtures["measured"] = [0.81, 0.5]
    stress = pd.DataFrame({"dataset": "roads", "family": "roads", "optimizer": ["smacof", "relaxed"]})
    stress = stress.assign(objective="stress", predicted=[0.9, 0.8], measured=[0.9, 0.8])
    table = analysis.rates(kmeans, mixtures, stress)
    assert table[["objective", "dataset"]].to_numpy().tolist() == [
        ["k-means", "iris"],
        ["mixtures", "iris"],
        ["stress", "roads"],
    ]
    # the narrowest kernel
    assert table["predicted"].tolist() == [0.3, 0.8, 0.9]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.5, 0.9, "gradient"), (0.9, 1.1, "neither"), (1.1, 2, "alternation"), (np.nan, np.nan, "neither")],
)
def test_only_an_interval_names_a_winner(low, high, expected):
    assert analysis.winner(low, high, 1, 1) == expected


def test_the_figure_has_all_problems():
    (kmeans, mixtures, maps) = show.rates(rated(0.02)).axes
    for axes, count in ((kmeans, 1), (mixtures, 1), (maps, 2)):
        shown = sum(len(line.get_xdata()) for line in axes.get_lines() if line.get_linestyle() == "None")
        assert shown == count * len(FAMILIES)
    assert "SMACOF" in maps.get_title(loc="left")
    table = show.objectives(analysis.objectives(world(0.6, -1.0), rated(), 1, 100))
    assert table.count("Lloyd") == 1
    assert r"\%" in table
