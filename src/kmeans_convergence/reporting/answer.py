"""The answer in five lines that one could quote, written from what is robust."""

from __future__ import annotations

import pandas as pd

from kmeans_convergence.analysis.conditions import Verdict
from kmeans_convergence.analysis.methods import FASTER, LOWER, NO_WORSE
from kmeans_convergence.analysis.paired import REFERENCE
from kmeans_convergence.analysis.predicates import PLAIN
from kmeans_convergence.reporting.comparison_tables import main_budget
from kmeans_convergence.reporting.contenders import label
from kmeans_convergence.reporting.text import escape, interval, percent

STARTS = {"patterns": "from patterns", "plusplus": "from k-means++"}


def answer(
    ledger: pd.DataFrame, methods: pd.DataFrame, summary: pd.DataFrame, datasets: pd.DataFrame
) -> dict[str, str]:
    """Return the five lines, as items of a list, and their numbers as macros.

    Parameters
    ----------
    ledger : DataFrame
        As `ledger.judge` returns it.
    methods : DataFrame
        As `methods.judge` returns it.
    summary : DataFrame
        As `summary.summarize` returns it.
    datasets : DataFrame
        The table of data sets.
    """
    verdicts = ledger.drop_duplicates("id").set_index("id")
    robust = {
        claim: set(some.loc[some["verdict"] == Verdict.ROBUST.value, "optimizer"])
        for claim, some in methods.groupby("claim")
    }
    main = summary[summary["budget"] == main_budget(summary)].set_index(["optimizer", "start"]).sort_index()
    lower, faster = robust.get(LOWER, set()), robust.get(FASTER, set()) & robust.get(NO_WORSE, set())
    lines = {
        "Faster?": _faster(verdicts, main),
        "Guaranteed?": _guaranteed(verdicts),
        "Historical?": "in part: alternation came first, and the name belongs to a method of single patterns.",
        "When not, for speed:": _best(faster, main, "ratio_0.1", " times the passes", "faster at no loss"),
        "When not, for quality:": _best(lower, main, "end", r"\,\%", "lower, also than restarts,"),
    }
    return {
        "answerSets": str(len(datasets)),
        "answerFamilies": str(datasets["family"].nunique()),
        "answerOthers": str(methods["optimizer"].nunique()),
        "answerLower": str(len(lower)),
        "answerFaster": str(len(faster)),
        "answerBoth": str(len(lower & faster)),
        "answer": "\n".join(rf"\item \emph{{{question}}} {text}" for question, text in lines.items()),
    }


def _faster(verdicts: pd.DataFrame, main: pd.DataFrame) -> str:
    """Say whether alternation is faster than gradients with one rate, by how much, and how sure that is."""
    verdict, where = verdicts.loc["T15", ["verdict", "where"]]
    numbers = []
    for start, words in STARTS.items():
        some = main[main.index.get_level_values("start") == start].droplevel("start")
        plain = some.loc[some.index.isin(PLAIN), "ratio_0.1"]
        if len(plain):
            row = some.loc[plain.idxmin()]
            number = interval(row["ratio_0.1"], row["ratio_0.1_low"], row["ratio_0.1_high"])
            numbers.append(f"{number} times the passes {words}")
    times = f"the fastest gradient with one rate takes {' and '.join(numbers)}" if numbers else ""
    if verdict == Verdict.ROBUST.value:
        return f"yes; {times}."
    words = {
        Verdict.UNDER.value: f"under some readings ({escape(_text(where))})",
        Verdict.PART.value: "than some gradients with one rate for all prototypes",
        Verdict.FAILS.value: "no",
    }.get(verdict, "that cannot be decided")
    return f"{words}; {times}." if times else f"{words}."


def _guaranteed(verdicts: pd.DataFrame) -> str:
    """Say what is a theorem, and what a good minimum is."""
    theorem = verdicts.loc["T4a", "verdict"] == Verdict.HOLDS.value
    good = verdicts.loc["T4b"]
    first = "to go down and to end, yes" if theorem else "that it goes down and ends has not been checked"
    if pd.isna(good["effect"]):
        return f"{first}."
    share = f"{percent(good['effect'])} of the runs from patterns end within 1\\,\\% of the best known cost"
    words = {Verdict.ROBUST.value: "mostly", Verdict.FAILS.value: "no"}.get(good["verdict"], "that cannot be decided")
    return f"{first}; a good minimum, {words}: {share}."


def _best(robust: set[str], main: pd.DataFrame, column: str, unit: str, what: str) -> str:
    """Name the best of the optimizers of which something is robust, with its number for each kind of start."""
    patterns = main[main.index.get_level_values("start") == "patterns"].droplevel("start")
    there = patterns.loc[patterns.index.isin(robust) & (patterns.index != REFERENCE), column]
    if there.empty:
        return f"no optimiser is {what} under every reading."
    method = str(there.idxmin())
    numbers = [
        f"{interval(row[column], row[f'{column}_low'], row[f'{column}_high'])}{unit} {words}"
        for start, words in STARTS.items()
        if (method, start) in main.index
        for row in [main.loc[(method, start)]]
    ]
    return rf"\emph{{{label(method)}}}, {what} under every reading: {' and '.join(numbers)}."


def _text(cell: object) -> str:
    return "" if pd.isna(cell) else str(cell)


def tuned(tuning: pd.DataFrame) -> dict[str, str]:
    """Return as macros how many choices of a setting lie at an end of their grid, and what a choice has cost."""
    chosen = tuning[tuning["chosen"].astype(bool)]
    cost = tuning.groupby(["dataset", "clusters", "optimizer", "budget", "target"])["passes"].sum()
    return {
        "tuningEdge": percent(chosen["edge"].astype(bool).mean()),
        "tuningChoices": str(len(chosen)),
        "tuningPasses": f"{cost.median():,.0f}",
    }
