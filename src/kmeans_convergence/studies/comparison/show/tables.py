"""The tables of the comparison and the ledger of claims."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import product

import pandas as pd

from kmeans_convergence.report.ledger import tabulate
from kmeans_convergence.report.text import (
    booktabs,
    caption,
    escape,
    escape_narrow,
    fixed,
    interval,
    long_booktabs,
    number,
    percent,
    probability,
)
from kmeans_convergence.statistics.paired import REFERENCE
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS
from kmeans_convergence.studies.comparison.show.labels import label

# The choices of a reading, as columns of the ledger.
AXES = ("start", "budget", "polished", "baseline", "target", "charged", "tuned_for")

GROUPS = {
    "alternation": "Alternation and what accelerates it",
    "gradient": "Gradients of all patterns, one rate for all prototypes",
    "noisy": "Single patterns and mini-batches",
}
STARTS = {"patterns": "patterns", "plusplus": "k-means++", "greedy": "greedy"}
# A method whose schedule knows when the run ends.
HORIZON = r"$^\dagger$"


def everything(summary: pd.DataFrame, claims: pd.DataFrame, sets: pd.DataFrame) -> dict[str, str]:
    """Return all tables by name; the captions of those that break over pages are macros of the report.

    Parameters
    ----------
    summary, claims, sets : DataFrame
        As `summary.summarize`, `statistics.ledger.judge` and the comparison return them.
    """
    long = {
        "costs": final_costs(summary, caption("costs")),
        "passes": passes(summary, caption("passes")),
        "times": running_times(summary, caption("times")),
        "ledger": ledger(claims, caption("ledger")),
        "datasets": datasets(sets, caption("datasets")),
    }
    return long | {"main": main_table(summary), "budgets": budgets(summary), "tuning": tuning(summary)}


def main_table(summary: pd.DataFrame) -> str:
    """One row for each optimizer, by what moves its prototypes; methods with a horizon have one for each budget.

    Final costs against batch K-means in per cent, unpolished and polished, for two kinds of start; passes to 0.1 and
    1 % over those of batch K-means, bounds as such; runs that diverged; passes of tuning. A number is bold if its
    interval leaves out that there is no difference.

    Parameters
    ----------
    summary : DataFrame
        As `summary.summarize` returns it.
    """
    main = main_budget(summary)
    table = summary.set_index(["optimizer", "budget", "start"]).sort_index()
    columns = 13
    rows = []
    for family, title in GROUPS.items():
        rows.append(_title(title, columns))
        for optimizer, budget in entries(summary, main):
            if CONTENDERS[optimizer].family == family and optimizer != REFERENCE:
                rows.append(_main_row(table, optimizer, budget, main))
    header = [
        r"& \multicolumn{6}{c}{final cost (\% of difference)} & \multicolumn{4}{c}{passes (ratio)} & & \\"
        r"\cmidrule(lr){2-7}\cmidrule(lr){8-11}"
        "\n"
        r"& \multicolumn{3}{c}{unpolished} & \multicolumn{2}{c}{polished} & restarts"
        r" & \multicolumn{3}{c}{to 0.1\,\%} & to 1\,\% & & \\"
        "\nmethod",
        *("patt.", "(med.)", "++", "patt.", "++", "patt.", "patt.", "(med.)", "++", "patt.", "div.", "tuning"),
    ]
    return booktabs("@{}l" + "r" * (columns - 1) + "@{}", header, rows)


def entries(summary: pd.DataFrame, main: int) -> list[tuple[str, int]]:
    """Return the optimizers, each with the main budget, and those with a horizon with every budget."""
    pairs = summary[["optimizer", "budget"]].drop_duplicates().itertuples(index=False, name=None)
    order = {optimizer: place for place, optimizer in enumerate(dict.fromkeys(summary["optimizer"]))}
    shown = [(str(m), int(budget)) for m, budget in pairs if budget == main or CONTENDERS[m].horizon]
    return sorted(shown, key=lambda pair: (order[pair[0]], pair[1] != main, pair[1]))


def main_budget(summary: pd.DataFrame) -> int:
    """Return the largest budget with which batch K-means was run on all families that it was run on at all."""
    families = summary[summary["optimizer"] == REFERENCE].groupby("budget")["families"].max()
    return int(families[families == families.max()].index.max())


def _main_row(table: pd.DataFrame, optimizer: str, budget: int, main: int) -> list[str]:
    patterns, plusplus = (_row(table, optimizer, budget, start) for start in ("patterns", "plusplus"))
    name = label(optimizer) + (HORIZON if CONTENDERS[optimizer].horizon else "")
    if budget != main:
        reference = _row(table, REFERENCE, budget, "patterns")
        # a budget of some families only says of how many
        few = "" if reference is None or budget < main else f", {reference['families']:.0f} families"
        name = rf"\quad {budget} passes{few}"
    cells = [
        _cost(patterns, "end"),
        _cost(patterns, "end_median"),
        _cost(plusplus, "end"),
        _cost(patterns, "limit"),
        _cost(plusplus, "limit"),
        _cost(patterns, "restarts"),
        _ratio(patterns, "0.1"),
        _ratio(patterns, "0.1_median"),
        _ratio(plusplus, "0.1"),
        _ratio(patterns, "1"),
        "" if patterns is None or not patterns["diverged"] else percent(patterns["diverged"]),
        "" if patterns is None or not patterns["tuning_speed"] > 0 else f"{patterns['tuning_speed']:.0f}",
    ]
    return [name, *cells]


def _row(table: pd.DataFrame, optimizer: str, budget: int, start: str) -> pd.Series | None:
    key = (optimizer, budget, start)
    return table.loc[key] if key in table.index else None


def _cost(row: pd.Series | None, column: str) -> str:
    """Return a difference of final costs; bold if its interval leaves out zero."""
    if row is None or not math.isfinite(row[column]):
        return "--"
    text = _short(row[column])
    sure = f"{column}_low" in row and (row[f"{column}_low"] > 0 or row[f"{column}_high"] < 0)
    return rf"\textbf{{{text}}}" if sure else text


def _ratio(row: pd.Series | None, target: str) -> str:
    """Return a ratio of passes, as a bound if it is one; bold if its interval leaves out one."""
    column = f"ratio_{target}"
    if row is None or not math.isfinite(row[column]):
        return "--"
    bound = bool(row[f"bound_{target}"])
    low, high = (row.get(f"{column}_{end}", 1.0) for end in ("low", "high"))
    text = (r"$\ge$" if bound else "") + _short(row[column])
    # a bound from below says nothing of what could be faster
    return rf"\textbf{{{text}}}" if low > 1 or (high < 1 and not bound) else text


def _short(value: float) -> str:
    """Return a number with two decimals, large ones with fewer."""
    return fixed(value, 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0)


def final_costs(summary: pd.DataFrame, before: str = "") -> str:
    """Final costs with their intervals for every kind of start, with the main budget; breaks over pages.

    Parameters
    ----------
    summary : DataFrame
        As `summary.summarize` returns it.
    before : str
        Caption and label.
    """
    rows = []
    for title, of_start in _by_start(summary, "end"):
        rows.append(_title(title, 6))
        for _, row in of_start.iterrows():
            costs = [_interval(row, column) for column in ("end", "limit", "restarts")]
            chances = [probability(row[p]) for p in ("end_p_holm", "limit_p_holm")]
            rows.append([label(row["optimizer"]), *costs, *chances])
    header = ["method", "unpolished", "polished", "restarts", "$p$", "$p$, polished"]
    return long_booktabs("@{}lrrrrr@{}", header, rows, before, spaced=False)


def _interval(row: pd.Series, column: str) -> str:
    """Return a number with its interval."""
    if not math.isfinite(row[column]):
        return "--"
    return interval(row[column], row[f"{column}_low"], row[f"{column}_high"])


def tuning(summary: pd.DataFrame) -> str:
    """One row for each tuned optimizer and kind of start: what tuning has cost, and what is left when it is charged."""
    some = summary[(summary["budget"] == main_budget(summary)) & (summary["tuning_end"] > 0)]
    rows = []
    for start, of_start in some.groupby("start", sort=False):
        rows.append(_title(f"starts from {STARTS[str(start)]}", 7))
        for _, row in of_start.iterrows():
            spent = [f"{row[f'tuning_{target}']:,.0f}" for target in ("end", "speed")]
            columns = ("restarts", "charged", "ratio_0.1", "ratio_charged")
            rows.append([label(row["optimizer"]), *spent, *(_interval(row, column) for column in columns)])
    header = ["method", "end", "speed", "restarts", "charged", r"to 0.1\,\%", "charged"]
    return booktabs("@{}lrrrrrr@{}", header, rows)


def passes(summary: pd.DataFrame, before: str = "") -> str:
    """Passes with their intervals for every kind of start, with the main budget; breaks over pages."""
    rows = []
    for title, of_start in _by_start(summary, "ratio_0.1"):
        rows.append(_title(title, 8))
        for _, row in of_start.iterrows():
            cells = []
            for target in ("0.1", "1"):
                column, bound = f"ratio_{target}", r"$\ge$" if row[f"bound_{target}"] else ""
                cells += [
                    bound + interval(row[column], row[f"{column}_low"], row[f"{column}_high"]),
                    (r"$\ge$" if row[f"bound_{target}_median"] else "") + _short(row[f"{column}_median"]),
                    percent(row[f"censored_{target}"]),
                ]
            rows.append([label(row["optimizer"]), *cells, percent(row["diverged"])])
    header = ["method", r"to 0.1\,\%", "median", "censored", r"to 1\,\%", "median", "censored", "diverged"]
    return long_booktabs("@{}lrrrrrrr@{}", header, rows, before, spaced=False)


def running_times(summary: pd.DataFrame, before: str = "") -> str:
    """Expected running times under restarts for every kind of start, with the main budget; breaks over pages."""
    rows = []
    for title, of_start in _by_start(summary, "time_1"):
        rows.append(_title(title, 5))
        for _, row in of_start.iterrows():
            cells = []
            for target in ("1", "0.1"):
                time = f"time_{target}"
                cells += [
                    interval(row[time], row[f"{time}_low"], row[f"{time}_high"]),
                    percent(row[f"unsolved_{target}"]),
                ]
            rows.append([label(row["optimizer"]), *cells])
    header = ["method", r"ratio, 1\,\%", r"unsolved, 1\,\%", r"ratio, 0.1\,\%", r"unsolved, 0.1\,\%"]
    return long_booktabs("@{}lrrrr@{}", header, rows, before, spaced=False)


def _by_start(summary: pd.DataFrame, by: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the optimizers for each kind of start with the main budget, the least first, with a title."""
    some = summary[(summary["budget"] == main_budget(summary)) & (summary["optimizer"] != REFERENCE)]
    for start, of_start in some.groupby("start", sort=False):
        title = f"starts from {STARTS[str(start)]}, {of_start['families'].max():.0f} families"
        yield title, of_start.sort_values(by, kind="stable")


def _title(text: str, columns: int) -> list[str]:
    """Return a row that is a title over a number of columns."""
    return [rf"\multicolumn{{{columns}}}{{@{{}}l}}{{\emph{{{text}}}}}"]


def budgets(summary: pd.DataFrame) -> str:
    """One row for each optimizer: final costs and passes with each budget, from two kinds of start."""
    table = summary.set_index(["optimizer", "budget", "start"]).sort_index()
    there = sorted(int(budget) for budget in summary["budget"].unique())
    starts = [start for start in ("patterns", "plusplus") if start in set(summary["start"])]
    cells = list(product(starts, there))
    rows = []
    for optimizer in (m for m in dict.fromkeys(summary["optimizer"]) if m != REFERENCE):
        found = [_row(table, optimizer, budget, start) for start, budget in cells]
        name = label(optimizer) + (HORIZON if CONTENDERS[optimizer].horizon else "")
        rows.append([name, *(_cost(row, "end") for row in found), *(_ratio(row, "0.1") for row in found)])
    width, all_columns = len(there), 2 * len(cells)
    titles = [
        rf"\multicolumn{{{width}}}{{c}}{{{what}, {STARTS[start]}}}" for what in ("cost", "passes") for start in starts
    ]
    rules = "".join(rf"\cmidrule(lr){{{2 + i * width}-{1 + (i + 1) * width}}}" for i in range(2 * len(starts)))
    first = "& " + " & ".join(titles) + r" \\" + rules + "\nmethod"
    return booktabs(
        "@{}l" + "r" * all_columns + "@{}", [first, *(str(b) for _, b in cells), *(str(b) for _, b in cells)], rows
    )


# Names of families that are spelled out; the others are counted.
NAMED = 3


def ledger(table: pd.DataFrame, before: str = "") -> str:
    """Every claim: what was found under the main reading and how far that differs under others, verdict, and where.

    The table breaks over pages.

    Parameters
    ----------
    table : DataFrame
        As `statistics.ledger.judge` returns it, or read from its file.
    before : str
        Caption and label.
    """
    text = r">{\raggedright\arraybackslash}"
    columns = rf"@{{}}l{text}p{{3.6cm}}{text}p{{7.0cm}}{text}p{{3.2cm}}@{{}}"
    cells = {"": lambda rows: str(rows["id"].iloc[0]), "claim": _claim, "found": _all_found, "verdict": _verdict}
    return tabulate(table, columns, cells, before)


def _claim(of_claim: pd.DataFrame) -> str:
    first = of_claim.iloc[0]
    return f"{escape(first['claim'])} \\emph{{({escape(first['source'])})}}"


def _verdict(of_claim: pd.DataFrame) -> str:
    first = of_claim.iloc[0]
    return first["verdict"] + (f": {escape(first['where'])}" if first["where"] else "")


def _all_found(of_claim: pd.DataFrame) -> str:
    """Return the numbers of all conditions, and which families oppose them."""
    first = of_claim.iloc[0]
    if of_claim["condition"].eq("").all():
        return escape(first["note"])
    axes = [axis for axis in AXES if axis in of_claim and of_claim[axis].notna().all()]
    main = of_claim[(of_claim[axes] == first[axes]).all(axis=1)] if axes else of_claim
    found = [
        f"{_words(str(measure))} {_region(above, below)}: "
        + "; ".join(_found(row, of_claim) for _, row in some.iterrows())
        for (measure, above, below), some in main.groupby(["condition", "above", "below"], sort=False)
    ]
    found += [escape(first["note"])] if first["note"] else []
    failing = [name for names in main["failing"] for name in names.split(";") if name]
    # families that oppose most of the conditions first
    counts = pd.Series(failing, dtype=str).value_counts(sort=False).sort_values(ascending=False, kind="stable")
    names = [escape_narrow(name) for name in counts.index]
    if names:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        found.append(f"against it: {', '.join(names[:NAMED])}{more}")
    return r" \newline ".join(found)


def _found(row: pd.Series, of_claim: pd.DataFrame) -> str:
    """Return the number of a condition with its interval and its range over readings, after its optimizer's name."""
    number = "no runs" if pd.isna(row["effect"]) else interval(row["effect"], row["low"], row["high"])
    same = of_claim[(of_claim["condition"] == row["condition"]) & (of_claim["optimizer"] == row["optimizer"])]
    least, most = same["effect"].min(), same["effect"].max()
    if len(same) > 1 and most > least:
        number += f" ({_short(least)} to {_short(most)})"
    return rf"\emph{{{label(row['optimizer'])}}} {number}" if row["optimizer"] else number


def _region(above: float, below: float) -> str:
    """Return where the number has to lie for the claim to hold."""
    low, high = (f"{bound:g}".replace("-", "$-$") for bound in (above, below))
    if math.isinf(above):
        return f"below {high}"
    return f"above {low}" if math.isinf(below) else f"from {low} to {high}"


def _words(condition: str) -> str:
    """Return a condition as LaTeX, with names of methods in place of their keys."""
    return escape(re.sub(r"\{(\w+)\}", lambda key: label(key.group(1)), condition))


def datasets(table: pd.DataFrame, before: str = "") -> str:
    """One row for each data set: what it is like and where it comes from; breaks over pages.

    Parameters
    ----------
    table : DataFrame
        The table of data sets that the comparison writes.
    before : str
        Caption and label.
    """
    rows = [
        [
            escape_narrow(row["name"]),
            row["kind"] + ("$^*$" if row["dependence"] == "dependent rows" and row["kind"] == "real" else ""),
            str(row["n"]) if row["n"] == row["total"] else f"{row['n']} of {row['total']}",
            str(row["d"]),
            str(row["clusters"]).replace(";", ", "),
            "yes" if row["scaling"] == "standardize" else "no",
            r"$\infty$" if math.isinf(row["condition"]) else number(row["condition"], 2),
            percent(row["overlap"]),
            escape_narrow(row["licence"]),
        ]
        for _, row in table.fillna({"licence": "not stated"}).iterrows()
    ]
    header = ["data set", "kind", "$n$", "$d$", "$K$", "scaled", "condition", "near faces", "terms"]
    text = r">{\raggedright\arraybackslash}"
    columns = rf"@{{}}{text}p{{0.135\textwidth}}lrrlrrr{text}p{{0.215\textwidth}}@{{}}"
    return long_booktabs(columns, header, rows, before)
