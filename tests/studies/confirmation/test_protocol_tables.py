"""The tables of the protocol's history and of the predictions."""

import numpy as np
import pandas as pd

from kmeans_convergence.pipeline.history import read_history
from kmeans_convergence.studies.comparison.show import history as protocol
from kmeans_convergence.studies.confirmation import show


def rows(table):
    return [line for line in table.splitlines() if line.endswith((r"\\", "]")) and "&" in line][2:]


def entries(*changes):
    return pd.DataFrame(changes, columns=["date", "commit", "key", "old", "new", "reason"])


def test_changes_of_a_day_with_one_reason_share_a_row():
    table = protocol.history(
        entries(
            ("2020-01-01", "a", "config.comparison.rows", "", "20", "at first"),
            ("2020-01-02", "b", "config.comparison.rows", "20", "10", "time"),
            ("2020-01-02", "b", "code.optimizers.newton.Newton.radius", "", "2.0", "time"),
            ("2020-01-03", "c", "extended.comparison.rows", "", "5", "time"),
        )
    )
    first, second, third = rows(table)
    assert first == r"2020-01-01 & \emph{comparison.rows} 20 & at first \\"
    assert second == r"2020-01-02 & \emph{comparison.rows} 20 $\to$ 10; \emph{Newton.radius} 2.0 & time \\"
    # the other configuration is named
    assert third.startswith(r"2020-01-03 & \emph{extended.comparison.rows} 5")


def test_a_reason_that_returns_on_another_day_or_after_another_one_has_a_row_of_its_own():
    same = [("2020-01-01", "a", f"config.x{i}", "", "1", reason) for i, reason in enumerate(["p", "q", "p"])]
    assert len(rows(protocol.history(entries(*same)))) == 3


def test_long_values_are_cut_between_words():
    long = "[" + ", ".join(f"name_{i}" for i in range(100)) + "]"
    (row,) = rows(protocol.history(entries(("2020-01-01", "", "config.all", "", long, "why"))))
    assert r"\dots" in row
    assert "17," in row
    assert "name\\_\\allowbreak{}18" not in row
    assert "name\\_\\allowbreak{}1," in row


def test_every_entry_of_the_protocol_is_in_the_table(root):
    history = read_history(root / "config" / "protocol.tsv")
    table = protocol.history(history)
    # each change is one name in italics
    assert table.count(r"\emph{") == len(history)
    for date in set(history["date"]):
        assert date in table


def scores():
    return pd.DataFrame(
        {
            "id": ["P1", "P2", "P3"],
            "claim": ["one & all", "two", "three"],
            "low": [1.3, -6.0, 0.0],
            "high": [2.0, -0.5, 1.0],
            "value": [1.5, 0.25, np.nan],
            "value_low": [1.4, -1.0, np.nan],
            "value_high": [1.6, 1.5, np.nan],
            "verdict": ["confirmed", "failed", "no answer"],
        }
    )


def test_predictions_stand_beside_what_was_measured():
    first, second, third = rows(show.predictions(scores()))
    assert r"one \& all & 1.3 to 2.0 & 1.50 [1.40, 1.60] & confirmed" in first
    assert r"$-$6.0 to $-$0.50 & 0.2 [$-$1.0, 1.5] & failed" in second
    assert "& -- & no answer" in third
    counted = show.counts(scores())
    for name, number in (("", 3), ("Confirmed", 1), ("Sign", 0), ("Failed", 1), ("Silent", 1)):
        assert rf"\newcommand{{\predictions{name}}}{{{number}}}" in counted
    assert r"\confirmedtrue" in counted


def test_without_scores_nothing_is_said():
    assert [line for line in show.predictions(None).splitlines() if not line.startswith("%")] == [""]
    assert r"\confirmedfalse" in show.counts(None)
    assert "newcommand" not in show.counts(None)
