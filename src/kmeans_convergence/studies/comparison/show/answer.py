"""The answer in five lines that one could quote, written from what is robust."""

from __future__ import annotations

from itertools import product

import pandas as pd

from kmeans_convergence.report.text import escape, fixed, interval, letters, percent
from kmeans_convergence.statistics.conditions import Verdict
from kmeans_convergence.statistics.paired import REFERENCE
from kmeans_convergence.studies.comparison.analysis.methods import FASTER, LOWER, NO_WORSE
from kmeans_convergence.studies.comparison.analysis.predicates import PLAIN
from kmeans_convergence.studies.comparison.show.labels import label
from kmeans_convergence.studies.comparison.show.tables import main_budget

STARTS = {"patterns": "from data points", "plusplus": "from k-means++"}
HISTORY = (
    "in part. Lloyd (1957) and Forgy (1965) alternated long before anyone learned by stochastic gradients; "
    "but MacQueen (1967), who gave k-means its name, moved one centroid with each data point, which is a stochastic "
    "gradient step."
)
# Optimizers that the prose speaks of, by the ends of their macros.
NAMED = {
    "gradient_fixed": "Fixed",
    "gradient_nesterov": "Accelerated",
    "gradient_bb": "Barzilai",
    "face_newton": "Faces",
    "online_face_newton": "OnlineFaces",
    "hartigan": "Hartigan",
    "overrelaxed_15": "Relaxed",
    "adam_tuned": "Adam",
    "online_kmeans": "Online",
    "online_c4": "OnlineFour",
    "minibatch_counts": "Mini",
    "minibatch_sklearn": "Sklearn",
    "minibatch_ema_tuned": "Average",
    "hybrid": "Hybrid",
}


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
    robust, partly = (_sets(methods, words) for words in ((Verdict.ROBUST,), (Verdict.ROBUST, Verdict.UNDER)))
    main = summary[summary["budget"] == main_budget(summary)].set_index(["optimizer", "start"]).sort_index()
    lower, faster = robust[LOWER], robust[FASTER] & robust[NO_WORSE]
    faster_partly = partly[FASTER] & partly[NO_WORSE]
    lines = {
        "Faster?": _faster(verdicts, main),
        "Guaranteed?": _guaranteed(verdicts),
        "Historical?": HISTORY,
        "When not, for speed?": _best(
            faster, faster_partly, main, "ratio_0.1", " times the passes", "faster at no loss"
        ),
        "When not, for quality?": _best(
            lower, partly[LOWER], main, "end", r"\,\%", "lower, also than restarts for as many passes,"
        ),
    }
    return {
        "answerSets": str(len(datasets)),
        "answerFamilies": str(datasets["family"].nunique()),
        "answerOthers": str(methods["optimizer"].nunique()),
        "answerLower": str(len(lower)),
        "answerFaster": str(len(faster)),
        "answerBoth": str(len(lower & faster)),
        **_plain(main),
        **_named(main),
        **{f"ledger{letters(claim)}": verdict for claim, verdict in verdicts["verdict"].items()},
        "answerGood": "--" if pd.isna(verdicts.loc["T4b", "effect"]) else percent(verdicts.loc["T4b", "effect"]),
        "answer": "\n".join(rf"\item \emph{{{question}}} {_sentence(text)}" for question, text in lines.items()),
    }


def _sentence(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def _plain(main: pd.DataFrame) -> dict[str, str]:
    """Return for each kind of start the passes of the fastest gradient with one rate."""
    values = {}
    for start, name in (("patterns", "answerPlain"), ("plusplus", "answerPlainPlusplus")):
        some = main[main.index.get_level_values("start") == start].droplevel("start")
        plain = some.loc[some.index.isin(PLAIN), "ratio_0.1"]
        values[name] = "--"
        if len(plain):
            bound = "at least " if some.loc[plain.idxmin(), "bound_0.1"] else ""
            values[name] = bound + fixed(plain.min(), 1)
    return values


def _named(main: pd.DataFrame) -> dict[str, str]:
    """Return final costs in per cent, and passes as a ratio, with intervals, of the optimizers that the prose names."""
    values = {}
    for (optimizer, name), (start, ending) in product(NAMED.items(), (("patterns", ""), ("plusplus", "Plusplus"))):
        row = main.loc[(optimizer, start)] if (optimizer, start) in main.index else None
        for column, what in (("end", "end"), ("limit", "polished"), ("restarts", "restarts"), ("ratio_0.1", "passes")):
            number = "--"
            if row is not None and pd.notna(row[column]):
                bound = r"$\ge$" if column == "ratio_0.1" and row["bound_0.1"] else ""
                number = bound + interval(row[column], row[f"{column}_low"], row[f"{column}_high"])
            values[f"found{what.capitalize()}{name}{ending}"] = number
    return values


def _faster(verdicts: pd.DataFrame, main: pd.DataFrame) -> str:
    """Say whether alternation is faster than gradients with one rate, by how much, and how sure that is."""
    verdict, where = verdicts.loc["T15", ["verdict", "where"]]
    numbers = []
    for start, words in STARTS.items():
        some = main[main.index.get_level_values("start") == start].droplevel("start")
        plain = some.loc[some.index.isin(PLAIN), "ratio_0.1"]
        if len(plain):
            row = some.loc[plain.idxmin()]
            bound = "at least " if row["bound_0.1"] else ""
            number = bound + interval(row["ratio_0.1"], row["ratio_0.1_low"], row["ratio_0.1_high"])
            numbers.append(f"{number} times the passes {words}")
    times = f"the fastest gradient with one rate and no momentum takes {' and '.join(numbers)}" if numbers else ""
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
    share = f"{percent(good['effect'])} of its runs from data points end within 1\\,\\% of the best known cost"
    words = {Verdict.ROBUST.value: "mostly", Verdict.FAILS.value: "no"}.get(good["verdict"], "that cannot be decided")
    return f"{first}; a good minimum, {words}: {share}."


def _sets(methods: pd.DataFrame, verdicts: tuple[Verdict, ...]) -> dict[str, set[str]]:
    """Return for each claim the optimizers of which one of these verdicts was found."""
    some = methods[methods["verdict"].isin([verdict.value for verdict in verdicts])]
    return {claim: set(some.loc[some["claim"] == claim, "optimizer"]) for claim in (LOWER, FASTER, NO_WORSE)}


def _best(robust: set[str], partly: set[str], main: pd.DataFrame, column: str, unit: str, what: str) -> str:
    """Name the best of the optimizers of which something is robust, with its number for each kind of start.

    If there is none, say so, and name the best of those of which it holds under some readings.
    """
    patterns = main[main.index.get_level_values("start") == "patterns"].droplevel("start")
    there = patterns.loc[patterns.index.isin(robust or partly) & (patterns.index != REFERENCE), column].dropna()
    if there.empty:
        return f"no optimiser is {what} under every reading that could be decided."
    method = str(there.idxmin())
    numbers = [
        f"{interval(row[column], row[f'{column}_low'], row[f'{column}_high'])}{unit} {words}"
        for start, words in STARTS.items()
        if (method, start) in main.index
        for row in [main.loc[(method, start)]]
    ]
    found = rf"\emph{{{label(method)}}}, {' and '.join(numbers)}"
    if not robust:
        return f"no optimiser is {what} under every reading that could be decided; under some, {found}."
    return f"{found}: {what} under every reading that could be decided."


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
