"""The history of the protocol: which value of a setting, a goal or a constant held when, and why it was changed."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

COLUMNS = ("date", "commit", "key", "old", "new", "reason")

# Sections of a configuration that make up the protocol, and mappings that are one value.
SECTIONS = ("comparison", "size", "acceleration", "contraction", "embeddings", "choices", "mixtures")
WHOLE = ("rows_of", "starts_of", "optimizers_of", "clusters_of")
# A place for a user's file, and no part of the protocol.
LEFT_OUT = ("comparison.own",)


def read_history(path: Path) -> pd.DataFrame:
    """Read the entries, oldest first.

    Returns
    -------
    DataFrame
        Columns date; commit, empty where it is the one that brought the entry; key, the name of what changed, after
        the place where it stands: "config", "extended" or "confirmation" for the file of that name, "code" for the
        library; old, empty for what was new; new, in YAML, or what was added to a list and taken away from it, as in
        "+hartigan -adam"; reason.
    """
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, comment="#")


def in_force(history: pd.DataFrame) -> dict[str, Any]:
    """Return the value of each key after its last entry."""
    values: dict[str, Any] = {}
    for row in history.itertuples():
        if row.new.startswith(("+", "-")):
            names = {sign: [word[1:] for word in row.new.split() if word[0] == sign] for sign in "+-"}
            values[row.key] = [name for name in values[row.key] if name not in names["-"]] + names["+"]
        else:
            values[row.key] = yaml.safe_load(row.new)
    return values


def settings(config: dict[str, Any], place: str) -> dict[str, Any]:
    """Return the protocol that a configuration sets, by the keys of the history."""
    return {
        f"{place}.{key}": value
        for section in SECTIONS
        for key, value in _leaves(config.get(section, {}), section)
        if key not in LEFT_OUT
    }


def _leaves(section: dict[str, Any], above: str) -> list[tuple[str, Any]]:
    leaves = []
    for key, value in section.items():
        nested = isinstance(value, dict) and key not in WHOLE
        leaves += _leaves(value, f"{above}.{key}") if nested else [(f"{above}.{key}", value)]
    return leaves


def constant(key: str) -> Any:
    """Return the value in the library of a key such as "code.statistics.quality.EQUIVALENCE".

    The module's name ends before the first word that is not written in small letters.
    """
    _, *words = key.split(".")
    end = next(place for place, word in enumerate(words) if not word.islower())
    value: Any = import_module(".".join(["kmeans_convergence", *words[:end]]))
    for word in words[end:]:
        value = value[word] if isinstance(value, dict) else getattr(value, word)
    return list(value) if isinstance(value, tuple) else value
