"""The history of the protocol is in step with the protocol."""

import re

import pandas as pd
import pytest
import yaml

from kmeans_convergence.pipeline.history import COLUMNS, constant, in_force, read_history, settings
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS, SHIPPED

FILES = ("config", "extended", "confirmation")


@pytest.fixture(scope="module")
def history(root):
    return read_history(root / "config" / "protocol.tsv")


def load(root, name):
    return yaml.safe_load((root / "config" / f"{name}.yaml").read_text())


def same(one, other):
    """Lists that entries added to may be in another order."""
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(str, one)) == sorted(map(str, other))
    return one == other


@pytest.mark.parametrize("place", FILES)
def test_the_last_entry_of_each_setting_is_what_holds(history, root, place):
    current = settings(load(root, place), place)
    told = {key: value for key, value in in_force(history).items() if key.startswith(f"{place}.")}
    assert len(current) > 2
    # what is new or was changed needs an entry in config/protocol.tsv, with its reason
    assert {key for key, value in current.items() if key not in told or not same(value, told[key])} == set()
    # and what is gone, too: its last entry is empty
    assert {key for key, value in told.items() if key not in current and value is not None} == set()


def test_the_last_entry_of_each_constant_is_what_holds(history):
    told = {key: value for key, value in in_force(history).items() if key.startswith("code.")}
    assert len(told) > 10
    assert {key: constant(key) for key in told} == told


def test_every_grid_of_settings_has_its_history(history):
    tuned = {
        f"code.studies.comparison.run.contenders.CONTENDERS.{key}.settings"
        for key in SHIPPED
        if CONTENDERS[key].settings
    }
    assert tuned
    assert tuned <= set(history["key"])


def test_each_entry_says_what_it_changes_and_why(history):
    assert tuple(history) == COLUMNS
    assert history["date"].is_monotonic_increasing
    assert history["date"].str.fullmatch(r"\d{4}-\d\d-\d\d").all()
    assert history["commit"].str.fullmatch(r"([0-9a-f]{7})?").all()
    assert (history["reason"].str.len() > 5).all()
    for key, entries in history.groupby("key"):
        value = ""
        for entry in entries.itertuples():
            if not re.match(r"[+-]", entry.new):
                assert entry.old == value, (key, entry.date, entry.commit)
                value = entry.new


def test_entries_that_add_and_take_away():
    rows = [("a", "[x, y]"), ("b", "0.5"), ("a", "+z -x"), ("a", "+w"), ("b", "2")]
    history = pd.DataFrame(rows, columns=["key", "new"])
    assert in_force(history) == {"a": ["y", "z", "w"], "b": 2}


def test_the_settings_of_a_configuration():
    config = {"seed": 1, "comparison": {"rows": 5, "own": "", "tuning": {"starts": 2}, "rows_of": {"a": 1}}}
    assert settings(config, "config") == {
        "config.comparison.rows": 5,
        "config.comparison.tuning.starts": 2,
        "config.comparison.rows_of": {"a": 1},
    }
