"""Tables of a comparison that nobody ran: the effects of the optimizers are known, so the analysis has to find them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

BUDGET = 100.0
TOLERANCES = {"10": 0.4, "1": 1.0, "0.1": 1.6, "1e-3": 2.2, "1e-6": 2.4}


@dataclass(frozen=True)
class Effect:
    """What an optimizer does: final cost in per cent, its spread, passes as a multiple, and their power of n."""

    cost: float = 0.0
    spread: float = 0.5
    factor: float = 1.0
    power: float = 0.0
    rests: bool = True


EFFECTS = {
    "batch_kmeans": Effect(spread=0.0),
    "overrelaxed_15": Effect(-0.5, factor=0.8),
    "overrelaxed_19": Effect(-1.2, factor=0.9),
    "anderson": Effect(-0.2, factor=0.7),
    "nesterov": Effect(-1.0, factor=0.9),
    "heavy_ball": Effect(-0.7, factor=1.0),
    "hartigan": Effect(-0.8, spread=0.2, factor=0.8),
    "hybrid": Effect(0.6, factor=0.6),
    "gradient_nmax": Effect(1.0, factor=9.0),
    "gradient_fixed": Effect(0.8, factor=6.0),
    "gradient_tuned": Effect(0.4, factor=3.0),
    "gradient_armijo": Effect(0.3, factor=4.0),
    "lbfgs": Effect(0.0, spread=1.0, factor=2.0),
    "adam": Effect(-1.5, factor=30.0, rests=False),
    "adam_tuned": Effect(-1.4, factor=8.0, rests=False),
    # the same as batch K-means in everything
    "online_kmeans": Effect(spread=0.0, rests=False),
    "online_kmeans_one": Effect(0.3, factor=0.7, power=-0.2, rests=False),
    "online_gradient": Effect(-0.5, factor=5.0, power=-0.2, rests=False),
    "online_gradient_tuned": Effect(-0.8, factor=2.0, power=-0.2, rests=False),
    "online_c4": Effect(-0.6, factor=0.6, power=-0.2, rests=False),
    "minibatch_counts": Effect(0.5, factor=6.0, power=-0.1, rests=False),
    "minibatch_sklearn": Effect(0.6, factor=7.0, power=-0.1, rests=False),
    "minibatch_nested": Effect(0.1, factor=0.8, power=-0.2),
    "minibatch_ema": Effect(-0.3, factor=0.9, power=-0.2, rests=False),
    "minibatch_ema_tuned": Effect(-0.4, factor=0.7, power=-0.2, rests=False),
    "minibatch_c4": Effect(-0.2, factor=0.5, power=-0.3, rests=False),
    "minibatch_c_rho": Effect(-0.3, factor=0.5, power=-0.3, rests=False),
    "minibatch_averaged": Effect(0.1, factor=0.8, power=-0.2, rests=False),
}


def datasets(sets=12, images=3, seed=0):
    """Return a table of data sets; the last ones are images."""
    rng = np.random.default_rng(seed)
    names = ["iris", *(f"set{i:02d}" for i in range(1, sets))]
    n = np.r_[150, np.round(10 ** rng.uniform(2.2, 4.8, sets - 1))].astype(int)
    kinds = ["real"] * (sets - images) + ["pixels"] * images
    return pd.DataFrame(
        {
            "name": names,
            "kind": kinds,
            "n": n,
            "d": rng.integers(2, 40, sets),
            "overlap": rng.uniform(0.01, 0.3, sets),
            "condition": 10 ** rng.uniform(0.5, 5, sets),
        }
    )


def runs(table, effects=EFFECTS, clusters=(3, 10), count=20, starts=("patterns", "plusplus"), seed=1):
    """Return the runs of optimizers with these effects on the data sets of a table."""
    rng = np.random.default_rng(seed)
    parts = []
    for _, dataset in table.iterrows():
        for k in clusters:
            for start in starts:
                # local minima: a few levels, the same for all optimizers
                base = rng.choice([100.0, 101.5, 104.0, 110.0], count) * dataset["n"]
                passes = 5 * np.exp(rng.normal(0, 0.3, count)) * dataset["n"] ** 0.1
                for optimizer, effect in effects.items():
                    limit = base * (1 + (effect.cost + effect.spread * rng.standard_normal(count)) / 100)
                    speed = passes * effect.factor * (dataset["n"] / 1000) ** effect.power
                    speed = speed * np.exp(0.0 if effect.spread == 0 else 0.15 * rng.standard_normal(count))
                    part = {
                        "dataset": dataset["name"],
                        "clusters": k,
                        "start": start,
                        "optimizer": optimizer,
                        "run": np.arange(count),
                        "start_cost": 3 * base,
                        "limit": limit,
                        "speed": speed,
                    }
                    for tolerance, multiple in TOLERANCES.items():
                        own = speed * multiple
                        part[f"own_{tolerance}"] = np.where(own <= BUDGET, own, np.nan)
                    rests = effect.rests & (speed * 2.5 <= BUDGET)
                    part["passes"] = np.where(rests, speed * 2.5, BUDGET)
                    part["stop"] = np.where(rests, "fixed point", "budget")
                    part["end"] = np.where(rests, limit, limit * 1.0001)
                    part["empty"] = 0
                    parts.append(pd.DataFrame(part))
    result = pd.concat(parts, ignore_index=True)
    best = result.groupby(["dataset", "clusters"])["limit"].transform("min")
    excess = 100 * (result["limit"] / best - 1)
    for tolerance in TOLERANCES:
        hit = (excess <= float(tolerance)) & result[f"own_{tolerance}"].notna()
        result[f"best_{tolerance}"] = result[f"own_{tolerance}"].where(hit)
    return result.drop(columns="speed")


def curves(table, effects=EFFECTS, clusters=(3, 10), starts=("patterns",)):
    """Return curves that fall at the speed of each optimizer."""
    grid = np.r_[0, 1 / 16, 1 / 8, 1 / 4, 1 / 2, np.arange(1, BUDGET + 1)]
    parts = []
    for _, dataset in table.iterrows():
        for k in clusters:
            for start in starts:
                for optimizer, effect in effects.items():
                    middle = 2 * np.exp(-grid / (effect.factor * (dataset["n"] / 1000) ** effect.power))
                    parts.append(
                        pd.DataFrame(
                            {
                                "dataset": dataset["name"],
                                "clusters": k,
                                "start": start,
                                "optimizer": optimizer,
                                "passes": grid,
                                "low": np.where(middle > 1e-6, middle / 1.5, 0),
                                "median": np.where(middle > 1e-6, middle, 0),
                                "high": middle * 1.5,
                            }
                        )
                    )
    return pd.concat(parts, ignore_index=True)


def tuning(table, settings=(0.25, 0.5, 1.0, 2.0), seed=3):
    """Return scores of two tuned gradients: one setting is best everywhere for the second, not for the first."""
    rng = np.random.default_rng(seed)
    rows = []
    for _, dataset in table.iterrows():
        for optimizer in ("gradient_tuned", "adam_tuned"):
            best = rng.choice(settings) if optimizer == "gradient_tuned" else 1.0
            for setting in settings:
                score = 0.01 + 0.02 * np.log2(setting / best) ** 2
                rows.append((dataset["name"], 3, optimizer, setting, score, 500.0, setting == best))
    columns = ["dataset", "clusters", "optimizer", "setting", "score", "passes", "chosen"]
    return pd.DataFrame(rows, columns=columns)
