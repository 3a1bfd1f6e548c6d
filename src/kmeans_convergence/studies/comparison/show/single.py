"""The comparison on one data set, as a table, as a figure and in words."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kmeans_convergence.core.gap import Gap
from kmeans_convergence.report.style import new, set_title
from kmeans_convergence.studies.comparison.analysis.single import LEVEL, best, fastest, margin, rivals

# Of each verdict, in the order in which they are named, and the sign that stands for it where there is little room.
COLORS = {
    "better": "#009E73",
    "likely better": "#009E73",
    "equal": "#0072B2",
    "open": "#7F7F7F",
    "likely worse": "#D55E00",
    "worse": "#D55E00",
}
SIGNS = {"better": "+", "likely better": "(+)", "equal": "=", "open": "?", "likely worse": "(\N{MINUS SIGN})"}
SIGNS |= {"worse": "\N{MINUS SIGN}"}

# Of the optimizers, where a figure is about several tables: beside a name the letters of this size.
SMALL = 7

UNITS = {"per cent": "%"}


@dataclass(frozen=True)
class About:
    """What a table of one comparison is about.

    Attributes
    ----------
    title : str
        Data and size.
    labels : mapping of str to str
        Names of the optimizers by their keys.
    reference : str
        Key of the optimizer that all are compared with: the alternation.
    start : str
        How the starts were drawn.
    polish : str
        What takes the runs to their limits.
    gap : Gap
        The scale of costs.
    """

    title: str
    labels: Mapping[str, str]
    reference: str
    start: str
    polish: str
    gap: Gap

    @property
    def alternation(self) -> str:
        """The name of the reference."""
        return self.labels[self.reference]

    @property
    def unit(self) -> str:
        """The unit of differences."""
        return UNITS.get(self.gap.unit, self.gap.unit)

    @property
    def equal(self) -> str:
        """The margin within which costs count as equal, with its unit."""
        return f"{margin(self.gap):g} {self.unit}"

    @property
    def near(self) -> str:
        """The gap to the own end that speed is about, with its unit."""
        return f"{0.01 * self.gap.shown:g} {self.unit}"

    @property
    def digits(self) -> int:
        """Decimals that differences need beyond two, so that the margin can be seen."""
        return max(0, -1 - math.floor(math.log10(margin(self.gap))))


def difference(row: pd.Series, about: About) -> str:
    """Return the difference from the reference with its interval, as plain text."""
    if row["optimizer"] == about.reference:
        return "0 (reference)"
    values = [row["difference"], row["low"], row["high"]]
    if not np.isfinite(values).all():
        return "none"
    largest = max(map(abs, values))
    # large differences need no decimals, and huge ones no digits
    form = f"+.{about.digits + 2 if largest < 10 else 1 if largest < 100 else 0}f" if largest < 1e5 else "+.1e"
    # a difference that is rounded to nothing has no sign
    value, low, high = (text if float(text) else text[1:] for text in (format(value, form) for value in values))
    return f"{value} [{low}, {high}]"


def shares(row: pd.Series) -> str:
    """Return the shares of starts that end better, equal and worse, in per cent."""
    values = [row[name] for name in ("better", "equal", "worse")]
    return " / ".join(f"{100 * value:.0f}" for value in values) if np.isfinite(values).all() else "none"


def passes(value: float) -> str:
    """Return passes, or that they were not enough."""
    return f"{value:.3g}" if np.isfinite(value) else "never"


def _in_passes(value: float) -> str:
    return f"{passes(value)} pass{'' if value == 1 else 'es'}" if np.isfinite(value) else "more passes than were made"


def columns(summaries: Sequence[pd.DataFrame], about: About) -> dict[str, list[str]]:
    """Return what is printed, column by column: of several tables, what to use for each number of clusters.

    Parameters
    ----------
    summaries : sequence of DataFrame
        What `summarize` returns, of one data set.
    about : About
        What they share.
    """
    unit = "nats/pattern" if about.unit == "nats per pattern" else about.unit
    near = f"passes\nto {0.01 * about.gap.shown:g} {about.unit.split()[0]}"
    if len(summaries) > 1:
        lowest, quick = ([choose(table, about.reference) for table in summaries] for choose in (best, fastest))
        usual = [table[table["optimizer"] == about.reference].iloc[0] for table in summaries]
        return {
            "K": [str(table["clusters"].iloc[0]) for table in summaries],
            "lowest cost": [about.labels[row["optimizer"]] for row in lowest],
            f"difference ({unit})\n[95 % interval]": [difference(row, about) for row in lowest],
            "fastest": [about.labels[row["optimizer"]] for row in quick],
            near: [passes(row["passes"]) for row in quick],
            f"those of\n{about.alternation}": [passes(row["passes"]) for row in usual],
        }
    (table,) = summaries
    rows = [row for _, row in table.iterrows()]
    lost = {"degenerate\nruns": [f"{row['degenerate']:g}" for row in rows]} if table["degenerate"].any() else {}
    return (
        {
            "optimizer": [about.labels[row["optimizer"]] for row in rows],
            f"difference ({unit})\n[95 % interval]": [difference(row, about) for row in rows],
            "better / equal\n/ worse (%)": [shares(row) for row in rows],
            near: [passes(row["passes"]) for row in rows],
        }
        | lost
        | {"verdict": list(table["verdict"])}
    )


def _named(row: pd.Series, about: About) -> str:
    """Return the name of an optimizer, with the setting to use where it was tuned."""
    setting = row.get("setting", math.nan)
    label = about.labels[row["optimizer"]]
    return f"{label} (setting {setting:.3g})" if pd.notna(setting) else label


def advice(table: pd.DataFrame, about: About, notes: Sequence[str] = ()) -> str:
    """Say which optimizer to use and how sure that is.

    Parameters
    ----------
    table : DataFrame
        What `summarize` returns, with the number of `runs`; and `setting`, the value that was tuned, if any.
    about : About
    notes : sequence of str
        What was done to the data.
    """
    equal, alternation = margin(about.gap), about.alternation
    quality, speed = best(table, about.reference), fastest(table, about.reference)
    reference = table[table["optimizer"] == about.reference].iloc[0]
    lines = [f"{about.title}: {len(table)} optimizers, {int(reference['runs'])} starts each, {about.start}.", ""]
    if quality["optimizer"] == about.reference:
        may_be_better = rivals(table, equal)
        lines.append(
            f"For the lowest cost: {alternation}; no other optimizer is shown to end more than {about.equal} below it."
        )
        if len(may_be_better):
            lines.append(
                f"This is not settled: {len(may_be_better)} optimizer{'s' * (len(may_be_better) > 1)} could end lower, "
                f"since the interval reaches below -{about.equal}; more starts (--starts) would say."
            )
    else:
        lines.append(
            f"For the lowest cost: {_named(quality, about)}. From the same starts it ends "
            f"{-quality['difference']:.2g} {about.unit} below {alternation} on average (95 % interval "
            f"{-quality['high']:.2g} to {-quality['low']:.2g} {about.unit}); it is better from "
            f"{quality['better']:.0%} of the starts and worse from {quality['worse']:.0%}, by more than {about.equal}."
        )
    lines.append(
        f"For speed: {_named(speed, about)}. Half of its runs are within {about.near} of where they end after "
        f"{_in_passes(speed['passes'])} over the data, those of {alternation} after "
        f"{_in_passes(reference['passes'])}; its final cost is "
        f"{'better than' if speed['verdict'] == 'better' else f'within {about.equal} of'} {_whose(alternation)}."
        if speed["optimizer"] != about.reference
        else f"For speed: {alternation}; half of its runs are within {about.near} of where they end after "
        f"{_in_passes(reference['passes'])}, and no optimizer that ends as low is faster."
    )
    counts = table.loc[table["optimizer"] != about.reference, "verdict"].value_counts()
    tally = ", ".join(f"{counts[word]} {word}" for word in COLORS if word in counts)
    lines += [
        "",
        f"Against {alternation}, the others are: {tally}. Better and worse: the whole 95 % interval of the paired "
        f"difference is beyond {about.equal}, and Wilcoxon's signed-rank test, corrected over all optimizers by Holm's "
        f"method, has p at most {LEVEL:g}; likely: the interval is, but the test does not say so; equal: the interval "
        f"is within {about.equal}; open: it is partly within and partly beyond.",
        f"All ends are polished by {about.polish} before they are compared; that is not counted as passes.",
    ]
    lost = int(table["degenerate"].sum())
    if lost:
        lines.append(
            f"{lost} of {int(table['runs'].sum())} runs ended nowhere, because they diverged or are degenerate; they "
            "are counted, and left out of all averages together with the runs that they would be compared with."
        )
    return "\n".join([*lines, *(["", "The data:", *(f"- {note}" for note in notes)] if notes else [])]) + "\n"


def _whose(name: str) -> str:
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def as_json(summaries: Sequence[pd.DataFrame], abouts: Sequence[About], notes: Sequence[str]) -> str:
    """Return tables and answers for programs: a number that there is none of is null.

    Parameters
    ----------
    summaries : sequence of DataFrame
    abouts : sequence of About
    notes : sequence of str
    """
    comparisons = [
        {
            "about": about.title,
            "unit": about.gap.unit,
            "reference": about.reference,
            "lowest": best(table, about.reference)["optimizer"],
            "fastest": fastest(table, about.reference)["optimizer"],
            "optimizers": [_plain(row) | {"label": about.labels[row["optimizer"]]} for _, row in table.iterrows()],
        }
        for table, about in zip(summaries, abouts, strict=True)
    ]
    return json.dumps({"comparisons": comparisons, "notes": list(notes)}, indent=2, allow_nan=False) + "\n"


def _plain(row: pd.Series) -> dict[str, Any]:
    """Return a row as JSON has it."""
    plain = {str(key): value.item() if isinstance(value, np.generic) else value for key, value in row.items()}
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in plain.items()
    }


def forest(table: pd.DataFrame, about: About) -> Figure:
    """Draw the final cost against the reference and the passes of each optimizer, the lowest cost on top."""
    equal = margin(about.gap)
    figure, (left, right) = new(0.5 + 0.19 * len(table), 2, sharey=True)
    places = np.arange(len(table))[::-1]
    colors = [COLORS[verdict] for verdict in table["verdict"]]
    left.axvspan(-equal, equal, color="0.9", linewidth=0)
    left.hlines(places, table["low"], table["high"], colors=colors)
    faces = ["white" if "likely" in word else color for word, color in zip(table["verdict"], colors, strict=True)]
    left.scatter(table["difference"], places, facecolors=faces, edgecolors=colors, s=12, zorder=3)
    left.set_yticks(places, [about.labels[key] for key in table["optimizer"]])
    left.set_xlabel(f"final cost against {about.alternation} ({about.unit})")
    set_title(left, about.title)
    there = np.isfinite(table["passes"])
    # beyond the budget there is nothing to see: the line ends at the longest time that was needed
    edge = table[["passes", "passes_high"]].replace(np.inf, np.nan).max(axis=None)
    right.hlines(places[there], table["passes_low"][there], table["passes_high"][there].clip(upper=edge), colors="0.6")
    right.scatter(table["passes"][there], places[there], c="0.2", s=12, zorder=3)
    if not there.any():
        right.set_xticks([])
        right.text(0.5, 0.5, "in no half of the runs", transform=right.transAxes, ha="center")
    right.set_xlabel(f"passes to within {about.near} of the own end")
    return figure


def overview(summaries: Sequence[pd.DataFrame], about: About) -> Figure:
    """Draw the verdict on each optimizer for each number of clusters, those that are better most often on top.

    Parameters
    ----------
    summaries : sequence of DataFrame
        With a column `clusters`, the same in all rows.
    about : About
        What they share.
    """
    table = pd.concat(summaries)
    verdicts = table[table["optimizer"] != about.reference].pivot(
        index="optimizer", columns="clusters", values="verdict"
    )
    worth = {word: len(COLORS) - place for place, word in enumerate(COLORS)}
    order = verdicts.apply(lambda column: column.map(worth)).sum(axis=1).sort_values(kind="stable").index
    figure, axes = new(0.9 + 0.19 * len(order))
    for x, clusters in enumerate(verdicts):
        for y, word in enumerate(verdicts.loc[order, clusters]):
            axes.text(x, y, SIGNS[word], color=COLORS[word], ha="center", va="center", size=SMALL + 3)
    axes.set_xlim(-0.5, len(verdicts.columns) - 0.5)
    axes.set_ylim(-0.7, len(order) - 0.3)
    axes.set_xticks(range(len(verdicts.columns)), [str(clusters) for clusters in verdicts])
    axes.set_yticks(range(len(order)), [about.labels[key] for key in order], size=SMALL)
    axes.set_xlabel("number of clusters K")
    meanings = ", ".join(f"{sign} {word}" for word, sign in SIGNS.items())
    set_title(axes, f"{about.title}: final cost against {about.alternation}\n({meanings})")
    return figure


def as_page(title: str, columns: Mapping[str, Sequence[str]], text: str, drawings: Sequence[str]) -> str:
    """Return table, answer and figures as one page that needs nothing else.

    Parameters
    ----------
    title : str
    columns : mapping of str to sequence of str
        See the function of that name.
    text : str
    drawings : sequence of str
        Files of SVG.
    """

    def row(cells: Sequence[str], tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"

    rows = [row(list(columns), "th"), *(row(cells, "td") for cells in zip(*columns.values(), strict=True))]
    paragraphs = [f"<p>{escape(part)}</p>" for part in text.split("\n") if part]
    figures = [drawing[drawing.index("<svg") :] for drawing in drawings]
    style = (
        "body{font-family:serif;max-width:50em;margin:auto}svg{max-width:100%}td,th{padding:0 .6em;text-align:right}"
    )
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{style}</style>'
    body = [f"<h1>{escape(title)}</h1>", *paragraphs, *figures, "<table>", *rows, "</table>"]
    return "\n".join(["<!DOCTYPE html>", f'<html lang="en"><head>{head}</head><body>', *body, "</body></html>", ""])
