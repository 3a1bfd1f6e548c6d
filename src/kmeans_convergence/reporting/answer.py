"""The answer in a paragraph that one could quote, written from the numbers."""

from __future__ import annotations

import pandas as pd

from kmeans_convergence.analysis.paired import REFERENCE
from kmeans_convergence.analysis.predicates import PLAIN, ROPE
from kmeans_convergence.reporting.contenders import label
from kmeans_convergence.reporting.text import interval, percent

PERCENT = r"\,\%"


def answer(summary: pd.DataFrame) -> dict[str, str]:
    """Return the paragraph and its numbers as macros.

    Parameters
    ----------
    summary : DataFrame
        As `ranking.summarize` returns it.
    """
    table = summary.set_index("optimizer")
    others = table.drop(index=REFERENCE)
    better = others[(others["difference"] < -ROPE) & (others["difference_high"] < 0)].sort_values("difference")
    faster = others[others["ratio_1_high"] < 1].sort_values("ratio_1")
    both = better.loc[better.index.isin(faster.index)]
    values = {
        "answerSets": str(int(table.loc[REFERENCE, "sets"])),
        "answerOthers": str(len(others)),
        "answerBetter": str(len(better)),
        "answerFaster": str(len(faster)),
        "answerBoth": str(len(both)),
    }
    sentences = [f"On {values['answerSets']} data sets, from the same starts and with every touched pattern counted:"]
    plain = others.loc[others.index.isin(PLAIN), "ratio_0.1"]
    gradient = None if plain.empty else str(plain.idxmin())
    if gradient is not None:
        row = others.loc[gradient]
        values["answerPasses"] = interval(row["ratio_0.1"], row["ratio_0.1_low"], row["ratio_0.1_high"])
        values["answerCost"] = interval(row["difference"], row["difference_low"], row["difference_high"])
        how = f"{_speed(row, values['answerPasses'])} and {_cost(row, values['answerCost'])}"
        sentences.append(f"the fastest plain gradient, {_name(gradient)}, {how}.")
    sentences.append(
        f"Of {values['answerOthers']} other optimisers, {values['answerBetter']} end lower than Lloyd's algorithm"
        f"{_first(better, 'difference', PERCENT)}, {values['answerFaster']} are faster to within 1\\,\\% of their limit"
        f"{_first(faster, 'ratio_1', ' times the passes')}, and {values['answerBoth']} are both"
        f"{_names(both)}."
    )
    sentences.append(_cheapest(others))
    sentences.append(_advice(len(better), len(faster), len(both)))
    return values | {"answer": " ".join(filter(None, sentences))}


def tuned(tuning: pd.DataFrame) -> dict[str, str]:
    """Return as macros how often the largest value of a setting was the best one, as a share of sets and numbers K."""
    names = {
        "gradient_tuned": "Gradient",
        "adam_tuned": "Adam",
        "online_gradient_tuned": "Online",
        "minibatch_ema_tuned": "Average",
    }
    largest = tuning["setting"] == tuning.groupby("optimizer")["setting"].transform("max")
    shares = largest[tuning["chosen"].astype(bool)].groupby(tuning["optimizer"]).mean()
    return {f"largest{name}": percent(shares[key]) if key in shares else "--" for key, name in names.items()}


def _speed(row: pd.Series, passes: str) -> str:
    """Say how an optimizer's passes compare, in the words that the interval allows."""
    target = r"to come within 0.1\,\% of its limit"
    if row["ratio_0.1_low"] > 1:
        return f"needs {passes} times the passes of Lloyd's algorithm {target}"
    if row["ratio_0.1_high"] < 1:
        return f"needs only {passes} times the passes of Lloyd's algorithm {target}"
    return f"needs as many passes as Lloyd's algorithm, as far as one can tell ({passes} times), {target}"


def _cost(row: pd.Series, cost: str) -> str:
    """Say how an optimizer's final cost compares, in the words that the interval allows."""
    if row["difference_low"] > ROPE:
        return rf"ends at a higher cost, by {cost}\,\%"
    if row["difference_high"] < -ROPE:
        return rf"ends at a lower cost, a difference of {cost}\,\%"
    if row["difference_low"] > -ROPE and row["difference_high"] < ROPE:
        return rf"ends at practically the same cost ({cost}\,\%)"
    return rf"ends at a cost that cannot be told apart ({cost}\,\%)"


def _cheapest(table: pd.DataFrame) -> str:
    """Name the optimizer with the least expected running time to within 1 % of the best known cost, if it saves any."""
    cheap = table[table["time_1_high"] < 1].sort_values("time_1", kind="stable")
    if cheap.empty:
        return ""
    row = cheap.iloc[0]
    time = interval(row["time_1"], row["time_1_low"], row["time_1_high"])
    return (
        rf"With restarts, the cheapest way to within 1\,\% of the best known cost is {_name(str(row.name))}, "
        f"at {time} times the passes of Lloyd's algorithm."
    )


def _name(method: str) -> str:
    """Return the name of a method as one can tell it from the words around it."""
    return rf"\emph{{{label(method)}}}"


def _first(table: pd.DataFrame, column: str, unit: str) -> str:
    """Name the first optimizer of a table with its number."""
    if table.empty:
        return ""
    row = table.iloc[0]
    number = interval(row[column], row[f"{column}_low"], row[f"{column}_high"])
    return f" (first of them {_name(str(table.index[0]))}, {number}{unit})"


def _names(table: pd.DataFrame) -> str:
    """Name the first three optimizers of a table."""
    if table.empty:
        return ""
    more = "" if len(table) <= 3 else ", \\ldots"
    return f" ({', '.join(_name(str(method)) for method in table.index[:3])}{more})"


def _advice(better: int, faster: int, both: int) -> str:
    """Conclude from how many optimizers are better, faster, and both."""
    if both:
        return "Alternation is a good choice, and not the best."
    if better and faster:
        return "No optimiser is both better and faster: which to take depends on what one wants."
    if better:
        return "Alternation is the fastest, and not where the best solutions are."
    return (
        "Nothing ends at lower costs, but alternation is not the fastest." if faster else "Nothing beats alternation."
    )
