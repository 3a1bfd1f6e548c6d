"""The tables of the maps, the ledger of claims, and the numbers of the prose."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from kmeans_convergence.data.roads import CITIES
from kmeans_convergence.report.ledger import tabulate
from kmeans_convergence.report.text import (
    COUNTS,
    booktabs,
    escape,
    escape_narrow,
    fixed,
    interval,
    number,
    order_of_magnitude,
    percent,
)
from kmeans_convergence.studies.embeddings.run.comparison import CLASSICAL, RANDOM
from kmeans_convergence.studies.embeddings.run.contenders import ALTERNATION, CONTENDERS
from kmeans_convergence.studies.embeddings.run.measures import NEIGHBOURS

GROUPS = {"alternation": "SMACOF accelerated", "gradient": "gradients", "noisy": "single pairs"}
OBJECTIVES = {"stress": "stress", "sammon": "Sammon's stress"}
# A mean of ratios is a bound where more than this share of the runs of one side is censored.
CENSORED = 0.05


def main_table(summary: pd.DataFrame) -> str:
    """One row for each optimizer: passes from random starts to three targets, from classical scaling, on Sammon's.

    Bold is what differs from SMACOF by its interval; a ratio is a bound where many runs never came there.
    """
    table = summary.set_index(["objective", "start", "optimizer"]).sort_index()
    rows = []
    for family, title in GROUPS.items():
        rows.append([rf"\multicolumn{{9}}{{@{{}}l}}{{\emph{{{title}}}}}"])
        for key, contender in CONTENDERS.items():
            if contender.family != family or key == ALTERNATION:
                continue
            random, classical, sammon = (
                table.loc[(*about, key)] for about in (("stress", RANDOM), ("stress", CLASSICAL), ("sammon", RANDOM))
            )
            cells = [_ratio(random, level) for level in ("10", "0.1", "1e-3")]
            cells += [_ratio(classical, "0.1"), _ratio(sammon, "0.1"), _cost(random), _cost(sammon)]
            diverged = max(random["diverged"], sammon["diverged"])
            cells.append(percent(diverged) if diverged else "")
            name = escape(contender.label)
            if random["tuning"] > 0:
                name += f" ({random['tuning']:,.0f})"
            rows.append([name, *cells])
    header = [
        r"& \multicolumn{5}{c}{passes (ratio)} & \multicolumn{2}{c}{final cost (\%)} & \\"
        r"\cmidrule(lr){2-6}\cmidrule(lr){7-8}"
        "\nmethod",
        *(r"10\,\%", r"0.1\,\%", r"$10^{-3}$\,\%", "classical", "Sammon's", "stress", "Sammon's", "div."),
    ]
    return booktabs("@{}lrrrrrrrr@{}", header, rows)


def _ratio(row: pd.Series, level: str) -> str:
    """Return a ratio of passes, as a bound if it is one; bold if its interval leaves out one."""
    value, low, high = (row[f"ratio_{level}{end}"] for end in ("", "_low", "_high"))
    if not math.isfinite(value):
        return "--"
    # where it never came and SMACOF did the ratio is at least what this says, and where SMACOF never came at most
    from_below, from_above = (row[f"{side}_{level}"] > CENSORED for side in ("behind", "ahead"))
    sign = {(True, False): r"$\ge$", (False, True): r"$\le$", (True, True): r"$\approx$"}.get(
        (from_below, from_above), ""
    )
    text = sign + _short(value)
    return rf"\textbf{{{text}}}" if (low > 1 and not from_above) or (high < 1 and not from_below) else text


def _cost(row: pd.Series) -> str:
    """Return the mean difference of limits, bold if its interval leaves out zero, and the median over families."""
    text = _short(row["limit"])
    sure = row["limit_low"] > 0 or row["limit_high"] < 0
    return (rf"\textbf{{{text}}}" if sure else text) + f" ({_short(row['limit_median'])})"


def _short(value: float) -> str:
    """Return a number with two decimals, large ones with fewer."""
    return fixed(value, 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0)


def sets(maps: pd.DataFrame) -> str:
    """One row for each set and number of dimensions: stress, what people look at, minima and passes."""
    rows = []
    for (name, points), some in maps.groupby(["dataset", "points"], sort=False):
        for row in some.itertuples():
            first = [escape_narrow(str(name)), str(points)] if row.dimensions == some["dimensions"].min() else ["", ""]
            looks = [
                f"{fixed(one, 2)} / {fixed(other, 2)}"
                for one, other in (
                    (row.trust_strain, row.trust_best),
                    (row.continuity_strain, row.continuity_best),
                    (row.shepard_strain, row.shepard_best),
                )
            ]
            found = [str(row.minima), percent(row.hits), percent(row.hits_pairs)]
            apart = "--" if math.isnan(row.apart) else fixed(row.apart, 2)
            passes = ["--" if math.isnan(p) else f"{p:.0f}" for p in (row.passes_classical, row.passes_random)]
            stresses = [fixed(value, 3) for value in (row.strain, row.stress, row.best)]
            rows.append([*first, str(row.dimensions), *stresses, *looks, *found, apart, " / ".join(passes)])
    header = [
        r"& & & \multicolumn{3}{c}{stress-1} & \multicolumn{3}{c}{strain / best} & \multicolumn{4}{c}{minima} & \\"
        r"\cmidrule(lr){4-6}\cmidrule(lr){7-9}\cmidrule(lr){10-13}"
        "\nset",
        *("$n$", "$p$", "strain", "from it", "best", "trust", "contin.", "Shepard", "no.", "hit", "pairs", "apart"),
        "passes",
    ]
    return booktabs("@{}lrrrrrcccrrrrr@{}", header, rows)


def ledger(table: pd.DataFrame) -> str:
    """Every claim, what was found under the main reading, and the verdict."""
    text = r">{\raggedright\arraybackslash}"
    cells = {
        "": lambda rows: str(rows["id"].iloc[0]),
        "claim": lambda rows: f"{escape(rows['claim'].iloc[0])} \\emph{{({escape(rows['source'].iloc[0])})}}",
        "found": _found,
        "verdict": _verdict,
    }
    return tabulate(table, rf"@{{}}l{text}p{{4.4cm}}{text}p{{6.0cm}}{text}p{{4.2cm}}@{{}}", cells)


def _verdict(of_claim: pd.DataFrame) -> str:
    first = of_claim.iloc[0]
    return first["verdict"] + (f": {escape(first['where'])}" if first["where"] else "")


def _found(of_claim: pd.DataFrame) -> str:
    """Return the numbers of the main reading, which comes first."""
    first = of_claim.iloc[0]
    if not first["condition"]:
        return escape(first["note"])
    axes = [axis for axis in ("start", "target", "polished") if axis in of_claim and of_claim[axis].notna().all()]
    main = of_claim[(of_claim[axes] == first[axes]).all(axis=1)] if axes else of_claim
    found = []
    for condition, some in main.groupby("condition", sort=False):
        numbers = [
            (rf"\emph{{{escape(CONTENDERS[row.optimizer].label)}}} " if row.optimizer in CONTENDERS else "")
            + _number(row.effect, row.low, row.high)
            for row in some.itertuples()
        ]
        found.append(f"{_capital(escape(str(condition)))}: {'; '.join(numbers)}")
    return r" \newline ".join(found)


def _number(value: float, low: float, high: float) -> str:
    """Return a number with its interval, rounding errors as a power of ten; a dash where nothing is known."""
    if math.isnan(value):
        return "--"
    if 0 < abs(value) < 1e-4:
        return order_of_magnitude(value)
    return interval(value, low, high)


def _capital(text: str) -> str:
    return re.sub("^[a-z]", lambda letter: letter[0].upper(), text)


def settings(embeddings: Mapping[str, Any]) -> dict[str, str]:
    """Return what the section `embeddings` of the configuration, and constants, say in the prose."""
    return {
        "mapBudget": str(embeddings["passes"]),
        "mapSearches": str(embeddings["minima_starts"]),
        "mapCities": str(len(CITIES)),
        "mapNeighbours": COUNTS[NEIGHBOURS],
    }


def numbers(
    summary: pd.DataFrame,
    maps: pd.DataFrame,
    agreed: pd.DataFrame,
    one_step: pd.DataFrame,
    measures: pd.DataFrame,
    ledger: pd.DataFrame,
) -> dict[str, str]:
    """Return the numbers of the prose, from the tables of `analysis.summary`, of `run`, and the ledger."""
    exact = one_step[one_step["deviation"] == 0]
    noisy = one_step[one_step["deviation"] == one_step["deviation"].max()]
    line = exact[exact["dimensions"] == 1]
    stress = agreed[agreed["objective"] == "stress"].set_index("optimizer")
    above = 100 * (maps["strain"] / maps["best"] - 1)
    random = summary[(summary["start"] == RANDOM) & (summary["objective"] == "stress")].set_index("optimizer")
    found = {
        "mapSets": str(maps["dataset"].nunique()),
        "mapFamilies": str(maps["family"].nunique()),
        "mapLargest": str(maps["points"].max()),
        "mapOptimizers": str(len(CONTENDERS)),
        "mapExactMissed": order_of_magnitude(exact["missed"].max()),
        "mapExactShare": percent(exact["share"].mean()),
        "mapLineShare": percent(line["share"].mean()),
        "mapNoise": percent(noisy["deviation"].iloc[0]),
        "mapNoiseExcess": number(100 * (noisy["strain"] / noisy["least"] - 1).median(), 2),
        "mapStrainMedian": number(above.median(), 2),
        "mapStrainLeast": number(above.min(), 2),
        "mapStrainMost": number(above.max(), 2),
        "mapMinimaMedian": f"{maps['minima'].median():.0f}",
        "mapMinimaMost": str(maps["minima"].max()),
        "mapHits": percent(maps["hits"].mean()),
        "mapHitsPairs": percent(maps["hits_pairs"].mean()),
        "mapApart": fixed(maps["apart"].median(), 2),
        "mapClassicalBest": str(int((maps["stress"] <= maps["best"] * (1 + 1e-6)).sum())),
        "mapMaps": str(len(maps)),
        "mapCensored": percent(random.loc[ALTERNATION, "censored_0.1"]),
    }
    for key, name in (("smacof", "Smacof"), ("relaxed", "Relaxed"), ("heavy_ball", "Ball")):
        row = stress.loc[key]
        found |= {
            f"mapRate{name}": _number(row["correlation"], row["low"], row["high"]),
            f"mapRate{name}Error": order_of_magnitude(row["error"]),
            f"mapRate{name}Silent": str(row["silent"]),
        }
    for claim, name in (("M1", "Saves"), ("M2", "Lower"), ("M10", "Finds")):
        # of the main reading, which comes first
        row = ledger[ledger["id"] == claim].iloc[0]
        found[f"map{name}"] = _number(row["effect"], row["low"], row["high"])
    relaxed = summary.query("objective == 'stress' and start == @CLASSICAL and optimizer == 'relaxed'").iloc[0]
    found["mapClassicalRelaxed"] = _number(*(relaxed[f"ratio_0.1{end}"] for end in ("", "_low", "_high")))
    found["mapSlowest"] = fixed(stress.loc["smacof", "slowest"], 3)
    for key, name in (
        ("relaxed", "Relaxed"),
        ("nesterov", "Nesterov"),
        ("anderson", "Anderson"),
        ("lbfgs", "LBFGS"),
        ("gradient_bb", "BB"),
        ("newton_cg", "Newton"),
        ("pairs", "Pairs"),
    ):
        row = random.loc[key]
        found[f"mapPasses{name}"] = _number(row["ratio_0.1"], row["ratio_0.1_low"], row["ratio_0.1_high"])
        found[f"mapCost{name}"] = _number(row["limit"], row["limit_low"], row["limit_high"])
        found[f"mapMedian{name}"] = fixed(row["limit_median"], 1)
        found[f"mapBelow{name}"], found[f"mapAbove{name}"] = (
            str(int(row[f"limit_{side}"])) for side in ("below", "above")
        )
    looks = measures[measures["dimensions"] == 2].groupby("map")[["trustworthiness", "continuity", "shepard"]].mean()
    for key, name in (("strain", "Strain"), ("best", "Best"), ("sammon", "Sammon"), ("order", "Order")):
        for column, word in (("trustworthiness", "Trust"), ("continuity", "Cont"), ("shepard", "Shepard")):
            found[f"map{word}{name}"] = fixed(looks.loc[key, column], 3)
    return found
