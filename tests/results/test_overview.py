"""All objectives side by side, held against the tables that they come from."""

import pandas as pd
import pytest
from holding import are_within, holds_once
from scipy.stats import spearmanr

from kmeans_convergence.studies.overview.analysis import OBJECTIVES

FOLDER = "results/overview"


@pytest.fixture(name="rows")
def read_rows(read):
    table = read(f"{FOLDER}/objectives.csv")
    holds_once(table, "objective")
    assert list(table["objective"]) == list(OBJECTIVES)
    return table


def test_each_correlation_is_that_of_the_rates(read, rows):
    rates = read(f"{FOLDER}/rates.csv")
    assert set(rates["objective"]) <= set(OBJECTIVES)
    assert rates[["predicted", "measured"]].notna().all(axis=None)
    for _, row in rows.iterrows():
        some = rates[rates["objective"] == row["objective"]]
        assert row["problems"] == len(some)
        if pd.notna(row["correlation"]):
            assert row["correlation"] == pytest.approx(spearmanr(some["predicted"], some["measured"]).statistic)
            are_within(
                rows[rows["objective"] == row["objective"]], "correlation", "correlation_low", "correlation_high"
            )


def test_the_chosen_methods_are_the_least_of_their_families(read, rows):
    summaries = {
        "k-means": (read("results/comparison/summary.csv"), "patterns", "ratio_0.1"),
        "mixtures": (read("results/mixtures/summary.csv"), "all", "ratio_1e-3"),
        "stress": (read("results/embeddings/summary.csv").query("objective == 'stress'"), "random", "ratio_0.1"),
        "sammon": (read("results/embeddings/summary.csv").query("objective == 'sammon'"), "random", "ratio_0.1"),
    }
    looked = 0
    for _, row in rows.set_index("objective", drop=False).iterrows():
        table, start, column = summaries[row["objective"]]
        some = table[table["start"] == start].set_index("optimizer")
        contenders = OBJECTIVES[row["objective"]].contenders
        for role, family in (("accelerated", "alternation"), ("gradient", "gradient")):
            if pd.isna(row[role]) or not row[role]:
                continue
            looked += 1
            assert contenders[row[role]].family == family
            assert row[f"{role}_ratio"] in set(some.loc[[row[role]], column])
            are_within(
                rows[rows["objective"] == row["objective"]], *(f"{role}_ratio{end}" for end in ("", "_low", "_high"))
            )
        assert contenders[row["lowest"]].family != "alternation"
        low, high = row["gradient_ratio_low"], row["gradient_ratio_high"]
        assert row["faster"] == ("gradient" if high < 1 else "alternation" if low > 1 else "neither")
    assert looked
