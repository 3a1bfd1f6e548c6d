"""The numbers of the prose on the replication, one macro for each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from kmeans_convergence.data import Dataset
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.report.text import (
    COUNTS,
    fixed,
    interval,
    number,
    order_of_magnitude,
    percent,
    probability,
    thousands,
)
from kmeans_convergence.statistics import quality
from kmeans_convergence.statistics.runs import Runs
from kmeans_convergence.studies.replication.analysis import evidence, predicates
from kmeans_convergence.studies.replication.analysis import rate_search as rates
from kmeans_convergence.studies.replication.analysis.chosen import as_described, likeliest, pick
from kmeans_convergence.studies.replication.analysis.conventions import LEVEL
from kmeans_convergence.studies.replication.analysis.original import Original
from kmeans_convergence.studies.replication.show.tables import effect


def collect(
    config: Config, dataset: Dataset, original: Original, runs: Runs, tables: dict[str, pd.DataFrame]
) -> dict[str, str]:
    """Return all of them, by the name of their macro.

    Parameters
    ----------
    config : dict
    dataset : Dataset
        Of the experiment, with all its features.
    original : Original
    runs : Runs
        Of the experiment as described.
    tables : dict of DataFrame
        Results by name: proved, ledger, limits, speed, certainty, rates, summary, conventions, axes.
    """
    prototypes, rate = config["experiment"]["prototypes"], config["experiment"]["rate"]
    candidate = dataset.select(tuple(config["candidate"]["features"]))
    statements = evidence.side_by_side(tables["ledger"])
    return (
        settings(config)
        | reported(original, tables["proved"], prototypes)
        | verdict_counts(statements)
        | claim_figures(statements)
        | traces(runs, late=original.epochs("BB-R5", "epoch"))
        | endings(tables["limits"], tables["speed"])
        | certainty(tables["certainty"], tables["limits"], original)
        | rate_search(tables["rates"], rate)
        | conventions(
            tables["summary"],
            tables["conventions"],
            prototypes,
            as_described(tables["conventions"], dataset, prototypes),
            likeliest(tables["conventions"], candidate, prototypes),
        )
        | axes(tables["axes"], dataset, candidate, prototypes, original)
    )


def settings(config: Config) -> dict[str, str]:
    """Return what was configured, and the limits of verdicts."""
    experiment, search, conventions = config["experiment"], config["rate_search"], config["conventions"]
    return {
        "runs": thousands(experiment["runs"]),
        "prototypes": str(experiment["prototypes"]),
        "epochs": str(experiment["epochs"]),
        "polishEpochs": str(experiment["polish_epochs"]),
        "paperRate": str(experiment["rate"]),
        "resamples": thousands(config["resamples"]),
        "searchRuns": thousands(search["runs"]),
        "searchPoints": str(search["points"]),
        "conventionRuns": thousands(conventions["runs"]),
        "chanceFactors": thousands(conventions["factors"]),
        "flatRatio": str(predicates.FLAT),
        "sameRatio": str(predicates.ABOUT_THE_SAME),
        "corrected": percent(1 - LEVEL / len(predicates.STATEMENTS)),
        "claimCount": COUNTS[len(predicates.STATEMENTS)],
        "equivalence": percent(quality.EQUIVALENCE),
    }


def reported(original: Original, proved: pd.DataFrame, clusters: int) -> dict[str, str]:
    """Return what the paper reports, and the proved optimum of the sum of squares in squared millimetres."""
    squared_mm = 100 * proved.set_index("clusters")["value"]
    return {
        "paperRuns": str(original.epochs("setting", "runs")),
        "paperMinimum": f"{original.number('BB-R1', 'minimum'):.0f}",
        "paperMaximum": f"{original.number('BB-R1', 'maximum'):.0f}",
        "paperLowest": f"{original.number('BB-R2', 'lowest average'):.0f}",
        "paperHighest": f"{original.number('BB-R2', 'highest average'):.0f}",
        "paperConverged": str(original.epochs("BB-R5", "epoch")),
        "provedOptimum": f"{squared_mm[clusters]:.0f}",
        "provedOptimumHalf": f"{squared_mm[clusters] / 2:.0f}",
    }


def verdict_counts(verdicts: pd.DataFrame) -> dict[str, str]:
    """Return how many statements got which verdict."""
    counts = verdicts["verdict"].value_counts()
    names = {
        "countReplicated": evidence.Verdict.REPLICATED,
        "countOther": evidence.Verdict.OTHER_CONVENTION,
        "countSampling": evidence.Verdict.SAMPLING,
        "countNot": evidence.Verdict.NOT_REPLICATED,
    }
    statements = verdicts["id"].str.rstrip("ab").nunique()
    return {"countAll": COUNTS[len(verdicts)], "countStatements": COUNTS[statements]} | {
        name: COUNTS[counts.get(verdict.value, 0)] for name, verdict in names.items()
    }


def macro_name(claim: str) -> str:
    """Return the letters by which macros name a claim: "RTwoA" for BB-R2a."""
    digits = "".join(filter(str.isdigit, claim))
    return f"R{COUNTS[int(digits)].capitalize()}{claim.partition(digits)[2].upper()}"


def claim_figures(verdicts: pd.DataFrame) -> dict[str, str]:
    """Return effect, confidence and shares of each reported statement; names end like "RThree"."""
    values = {}
    for _, row in verdicts.iterrows():
        name = macro_name(row["id"])
        values[f"verdict{name}"] = row["verdict"]
        if pd.isna(row["effect"]):
            values[f"share{name}"] = probability(row["share"])
            values[f"candidate{name}"] = probability(row["share_candidate"])
        else:
            values[f"effect{name}"] = effect(row)
            values[f"confidence{name}"] = percent(row["confidence"])
            values[f"share{name}"] = percent(row["share"])
            values[f"candidate{name}"] = percent(row["share_candidate"])
            values[f"candidateConfidence{name}"] = percent(row["confidence_candidate"])
    return values


def traces(runs: Runs, late: int) -> dict[str, str]:
    """Return figures of the experiment as described; an epoch counts as late from `late` on."""
    batch, newton = runs.cost["batch_kmeans"], runs.cost["newton"]
    early = {
        f"residual{k}": runs.residual(m).mean(axis=0)
        for k, m in (
            ("Online", "online_kmeans"),
            ("Batch", "batch_kmeans"),
            ("Hybrid", "hybrid"),
            ("OnlineGradient", "online_gradient"),
            ("BatchGradient", "batch_gradient"),
        )
    }
    values = {f"{name}First": number(curve[1]) for name, curve in early.items()}
    values |= {f"{name}Fifth": number(curve[5]) for name, curve in early.items()}
    values |= {f"{name}Last": number(curve[-1]) if curve[-1] > 1e-6 else "0" for name, curve in early.items()}
    epochs = runs.convergence_epoch("batch_kmeans")
    return values | {
        "newtonGap": order_of_magnitude(float(np.abs(newton / batch - 1).max())),
        "newtonCosts": thousands(batch.size),
        "convergedMean": fixed(float(epochs.mean()), 1),
        "convergedLargest": str(int(epochs.max())),
        "convergedLate": percent(float((epochs >= late).mean())),
        "costLowest": f"{runs.limit['batch_kmeans'].min():.0f}",
        "costHighest": f"{runs.limit['batch_kmeans'].max():.0f}",
    }


def endings(comparison: pd.DataFrame, speed: pd.DataFrame) -> dict[str, str]:
    """Return where the methods end and when those that terminate do."""
    comparison, speed = comparison.set_index("optimizer"), speed.set_index("optimizer")
    values = {}
    for method, name in (
        ("online_kmeans", "Online"),
        ("batch_gradient", "BatchGradient"),
        ("online_gradient", "OnlineGradient"),
        ("hybrid", "Hybrid"),
    ):
        row = comparison.loc[method]
        values[f"difference{name}"] = interval(row["difference"], row["low"], row["high"])
        values[f"better{name}"], values[f"worse{name}"] = percent(row["better"]), percent(row["worse"])
        values[f"p{name}"] = probability(row["p_holm"])
    for method, name in (("batch_kmeans", "Batch"), ("hybrid", "Hybrid")):
        row = speed.loc[method]
        values[f"speed{name}"] = interval(row["epoch"], row["low"], row["high"])
    return values


def certainty(table: pd.DataFrame, limits: pd.DataFrame, original: Original) -> dict[str, str]:
    """Return how well averages are known, and how many runs would distinguish the reported ones."""
    error = table.set_index("runs")["error"]
    size = original.epochs("setting", "runs")
    lowest, highest = (original.number("BB-R2", f"{end} average") for end in ("lowest", "highest"))
    mean = limits.set_index("optimizer").loc["batch_kmeans", "mean"]
    apart = mean * (highest - lowest) / ((highest + lowest) / 2)
    enough = 2 * (quality.NORMAL * error[size] * np.sqrt(size) / apart) ** 2
    return {
        "errorTheirs": fixed(error[size], 0),
        "errorTwice": fixed(error[2 * size], 0),
        "twiceRuns": str(2 * size),
        "reportedApart": fixed(apart, 0),
        "runsEnough": thousands(round(float(f"{enough:.1e}"))),
    }


def rate_search(curves: pd.DataFrame, paper_rate: float) -> dict[str, str]:
    """Return the best rates, and how much worse the paper's is."""
    values = {}
    names = {
        ("batch_gradient", True): "BatchDecay",
        ("batch_gradient", False): "BatchConstant",
        ("online_gradient", True): "OnlineDecay",
        ("online_gradient", False): "OnlineConstant",
    }
    for _, row in rates.best(curves).iterrows():
        name = names[row["optimizer"], row["decays"]]
        values[f"rate{name}"] = number(row["rate"], 2)
        values[f"best{name}"] = interval(row["residual"], row["low"], row["high"])
    for (optimizer, decays), name in names.items():
        some = curves[(curves["optimizer"] == optimizer) & (curves["decays"] == decays)]
        nearest = some.loc[(np.log(some["rate"]) - np.log(paper_rate)).abs().idxmin()]
        values[f"theirs{name}"] = interval(nearest["residual"], nearest["low"], nearest["high"])
        place = some["residual"].to_numpy().argmin()
        beside = some["residual"].to_numpy()[[i for i in (place - 1, place + 1) if 0 <= i < len(some)]]
        values[f"beside{name}"] = " and ".join(number(value, 2) for value in beside)
        values["nearestRate"] = number(nearest["rate"], 3)
    return values


def conventions(
    summary: pd.DataFrame, table: pd.DataFrame, prototypes: int, described: pd.Series, candidate: pd.Series
) -> dict[str, str]:
    """Return what the search over conventions amounts to."""
    row = summary.iloc[0]
    agreeing = table[table["p"] >= LEVEL]
    as_stated = agreeing[(agreeing["clusters"] == prototypes) & (agreeing["start"] == "patterns")]
    values = {
        "conventionsTried": thousands(int(row["tried"])),
        "conventionsAgreeing": str(int(row["agreeing"])),
        "conventionsAsStated": str(len(as_stated)),
        "chanceAgreement": percent(row["chance"]),
    }
    for name, source in (("described", described), ("candidate", candidate)):
        for figure in ("min", "mean", "max"):
            values[f"{name}{figure.capitalize()}"] = f"{source[f'{figure}_05']:.0f} to {source[f'{figure}_95']:.0f}"
    return values


def axes(
    table: pd.DataFrame, dataset: Dataset, candidate: Dataset, prototypes: int, original: Original
) -> dict[str, str]:
    """Return what the ends of the axes say of the conventions, of the factor 1/2 and of the candidate."""
    agreeing = table[table["agrees"]]
    left, tick = original.axis("Figure 1", "left axis")
    right, right_tick = original.axis("Figure 1", "right axis")
    values = {
        "axesTested": str(len(agreeing)),
        "axesSurviving": str(int(agreeing["survives"].sum())),
        "axesHalf": str(int(agreeing["half"].sum())),
        "leftEnd": f"{left:.0f}",
        "leftBefore": f"{left - tick:.0f}",
        "rightEnd": f"{right:.0f}",
        "rightBefore": f"{right - right_tick:.0f}",
    }
    described = {bool(row["half"]): row for _, row in pick(table, dataset, prototypes).iterrows()}
    for half, name in ((True, "Half"), (False, "Whole")):
        row = described[half]
        values[f"left{name}"] = f"{row['left_05']:.0f} to {row['left_95']:.0f}"
        values[f"inLeft{name}"] = percent(row["in_left"])
    values["rightDescribed"] = f"{described[True]['right_05']:.0f} to {described[True]['right_95']:.0f}"
    ratio = described[False]["in_left"] / described[True]["in_left"] if described[True]["in_left"] else np.inf
    values["wholeToHalf"] = number(ratio, 2) if np.isfinite(ratio) else "many"
    # the candidate with each version of the file; a scale that means nothing is spread evenly in the logarithm
    chance = np.log10(left / (left - tick))
    for name, file in (("", "iris"), ("Uci", "iris_uci")):
        rows = pick(table, replace(candidate, name=file), prototypes)
        found = {"Left": "--", "Right": "--", "Axes": "--", "Weight": "--", "Rounded": "--", "Scale": "--"}
        for _, row in rows[~rows["half"]].iterrows():
            found = {
                "Left": f"{row['left_05']:.0f} to {row['left_95']:.0f}",
                "Right": f"{row['right_05']:.0f} to {row['right_95']:.0f}",
                "Axes": probability(row["p_axes"]),
                "Weight": probability(row["weight"]),
                "Rounded": probability(row["likelihood_rounded"]),
                "Scale": number(row["in_left"] / chance, 2),
            }
        values |= {f"candidate{key}{name}": value for key, value in found.items()}
    return values
