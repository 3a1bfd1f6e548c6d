"""Alternation or gradient? One row for each objective: what its alternation is, what that leaves out, and who wins."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from kmeans_convergence.statistics.correlation import estimate
from kmeans_convergence.statistics.paired import REFERENCE
from kmeans_convergence.statistics.quality import EQUIVALENCE
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS as OF_KMEANS
from kmeans_convergence.studies.comparison.run.contenders import Contender
from kmeans_convergence.studies.embeddings.run.comparison import RANDOM
from kmeans_convergence.studies.embeddings.run.contenders import ALTERNATION
from kmeans_convergence.studies.embeddings.run.contenders import CONTENDERS as OF_STRESS
from kmeans_convergence.studies.mixtures.analysis.evidence import ALL, ROPE
from kmeans_convergence.studies.mixtures.run.contenders import CONTENDERS as OF_MIXTURES
from kmeans_convergence.studies.rates.analysis import contraction

# Of the rates of k-means: single steps, predicted from the patterns nearest to the faces.
STEPS = "lloyd_steps"
# What the summaries say of a mean of ratios that is a bound from below, or of which nothing is known.
BELOW = (True, ">", "~")
# A mean of ratios is a bound where more than this share of the runs is censored.
CENSORED = 0.05
VALUES = ("ratio", "ratio_low", "ratio_high", "cost", "cost_low", "cost_high")


@dataclass(frozen=True)
class Objective:
    """An objective, and what the project's sentence says of it.

    Attributes
    ----------
    alternation, preconditioner, left_out : str
        In LaTeX: what it is called, the matrix that makes it a gradient step, and the curvature that this forgets.
    reference : str
        Key of the alternation among the contenders.
    contenders : mapping of str to Contender
    unit : str
        Of differences of final costs, in LaTeX.
    equivalence : float
        Final costs that differ by less are equal.
    """

    alternation: str
    preconditioner: str
    left_out: str
    reference: str
    contenders: Mapping[str, Contender]
    unit: str
    equivalence: float


TURNING = r"connections of pairs, which may turn"
PER_CENT = 100 * EQUIVALENCE
OBJECTIVES = {
    "k-means": Objective(
        "Lloyd",
        r"$N_k^{-1}$",
        "faces, where patterns change hands",
        REFERENCE,
        OF_KMEANS,
        r"\%",
        PER_CENT,
    ),
    "mixtures": Objective(
        "EM",
        r"$I_{\mathrm{c}}^{-1}$ of the complete data",
        "information that components hide",
        REFERENCE,
        OF_MIXTURES,
        "nats",
        ROPE,
    ),
    "stress": Objective(
        "SMACOF", r"$\frac12V^+$, that is $\frac1{2nw}$", TURNING, ALTERNATION, OF_STRESS, r"\%", PER_CENT
    ),
    "sammon": Objective("SMACOF, weighted", r"$\frac12V^+$", TURNING, ALTERNATION, OF_STRESS, r"\%", PER_CENT),
}


def rates(kmeans: pd.DataFrame, mixtures: pd.DataFrame, stress: pd.DataFrame) -> pd.DataFrame:
    """Return what a step of each alternation leaves, predicted from the curvature that is left out, and measured.

    Parameters
    ----------
    kmeans : DataFrame
        See `studies.rates.run.contraction.contraction`.
    mixtures : DataFrame
        See `studies.mixtures.run.rates.in_all_parameters`.
    stress : DataFrame
        See `studies.embeddings.run.rates`.

    Returns
    -------
    DataFrame
        One row for each problem where it could be measured (of k-means, where patterns enough lie near the faces to
        tell): objective, dataset, family, predicted, measured.
    """
    steps = contraction.medians(kmeans[kmeans["optimizer"] == STEPS])
    steps = steps[steps["informative"]]
    smacof = stress[stress["optimizer"] == ALTERNATION]
    tables = [
        steps[steps["width"] == steps["width"].min()].assign(objective="k-means"),
        mixtures.assign(objective="mixtures"),
        smacof,
    ]
    table = pd.concat(tables, ignore_index=True)[["objective", "dataset", "family", "predicted", "measured"]]
    return table.dropna(subset=["predicted", "measured"]).reset_index(drop=True)


def methods(kmeans: pd.DataFrame, mixtures: pd.DataFrame, stress: pd.DataFrame, passes: int) -> pd.DataFrame:
    """Return all optimizers of all objectives: passes and final costs relative to the alternation.

    Parameters
    ----------
    kmeans, mixtures, stress : DataFrame
        The summaries of the three comparisons.
    passes : int
        The main budget of that of k-means.

    Returns
    -------
    DataFrame
        objective, optimizer, bound (whether the ratio is one from below), ratio (of passes to 0.1 % or 1e-3 nats per
        pattern of the own limit), cost (of the limit, in the unit of the objective), each with _low and _high.
    """
    chosen = (
        (kmeans[(kmeans["start"] == "patterns") & (kmeans["budget"] == passes)].assign(objective="k-means"), "0.1"),
        (mixtures[mixtures["start"] == ALL].assign(objective="mixtures"), "1e-3"),
        (stress[stress["start"] == RANDOM], "0.1"),
    )
    tables = []
    for table, target in chosen:
        names = {f"ratio_{target}{end}": f"ratio{end}" for end in ("", "_low", "_high")}
        names |= {f"limit{end}": f"cost{end}" for end in ("", "_low", "_high")}
        behind = table[f"behind_{target}"] > CENSORED if f"behind_{target}" in table else table[f"bound_{target}"]
        tables.append(table[["objective", "optimizer", *names]].rename(columns=names).assign(bound=behind.isin(BELOW)))
    return pd.concat(tables, ignore_index=True)


def objectives(table: pd.DataFrame, found: pd.DataFrame, seed: int, resamples: int) -> pd.DataFrame:
    """Return one row for each objective.

    The best methods are chosen by the runs that they are judged by, which favours them slightly. A winner is named
    where an interval decides.

    Parameters
    ----------
    table : DataFrame
        See `methods`.
    found : DataFrame
        See `rates`.
    seed, resamples : int
        Of the bootstrap over families.

    Returns
    -------
    DataFrame
        objective; problems, correlation, correlation_low, correlation_high (rank correlation of predicted and measured
        rates); accelerated, gradient (keys of the accelerated alternation and of the gradient method with the fewest
        passes, of which the mean is no bound), lowest (key of the gradient or noisy method with the lowest limit), and
        of each the ratio of passes and the difference of costs, with intervals; faster and lower: "gradient",
        "alternation" or "neither".
    """
    rows = []
    for name, objective in OBJECTIVES.items():
        some = table[table["objective"] == name].set_index("optimizer").drop(objective.reference)
        family = pd.Series({key: objective.contenders[key].family for key in some.index})
        of_objective = found[found["objective"] == name].reset_index(drop=True)
        columns = [of_objective["predicted"], of_objective["measured"]]
        correlation = estimate(columns, of_objective["family"], seed, resamples)
        row: dict[str, Any] = {"objective": name, "problems": len(of_objective)}
        row |= dict(zip(("correlation", "correlation_low", "correlation_high"), correlation, strict=True))
        exact = some["ratio"].mask(some["bound"].astype(bool))
        chosen = {
            "accelerated": _least(exact[family == "alternation"]),
            "gradient": _least(exact[family == "gradient"]),
            "lowest": _least(some.loc[family != "alternation", "cost"]),
        }
        for role, key in chosen.items():
            row[role] = key
            row |= {f"{role}_{value}": some.loc[key, value] if key else math.nan for value in VALUES}
        row["faster"] = winner(row["gradient_ratio_low"], row["gradient_ratio_high"], 1, 1)
        equal = objective.equivalence
        row["lower"] = winner(row["lowest_cost_low"], row["lowest_cost_high"], -equal, equal)
        rows.append(row)
    return pd.DataFrame(rows)


def _least(values: pd.Series) -> str:
    """Return the key of the least value; nothing where there is none."""
    known = values.dropna()
    return str(known.idxmin()) if len(known) else ""


def winner(low: float, high: float, below: float, above: float) -> str:
    """Say who wins where the number of a gradient method has this interval: less than `below` is better."""
    if math.isfinite(high) and high < below:
        return "gradient"
    return "alternation" if math.isfinite(low) and low > above else "neither"
