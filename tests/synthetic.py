"""Tables of a comparison that nobody ran: the effects of the optimizers are known, so the analysis has to find them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

BUDGET = 100.0
TOLERANCES = {"10": 0.4, "1": 1.0, "0.1": 1.6, "1e-3": 2.2, "1e-6": 2.4}


@dataclass(frozen=True)
class Effect:
    """What an optimizer does: final cost in per cent, its spread, passes as a multiple, and their power of n.

    One that does not rest ends by itself so many per cent short of its limit; some share of the runs diverges.
    """

    cost: float = 0.0
    spread: float = 0.5
    factor: float = 1.0
    power: float = 0.0
    rests: bool = True
    short: float = 0.01
    diverges: float = 0.0


EFFECTS = {
    "batch_kmeans": Effect(spread=0.0),
    "overrelaxed_15": Effect(-0.5, factor=0.8),
    "overrelaxed_19": Effect(-1.2, factor=0.9),
    "anderson": Effect(-0.2, factor=0.7),
    "nesterov": Effect(-1.0, factor=0.9),
    "heavy_ball": Effect(-0.7, factor=1.0),
    "face_newton": Effect(-0.1, factor=0.6),
    "hartigan": Effect(-0.8, spread=0.2, factor=0.8),
    "hybrid": Effect(0.6, factor=0.6),
    "gradient_nmax": Effect(1.0, factor=9.0),
    "gradient_fixed": Effect(0.8, factor=6.0),
    "gradient_tuned": Effect(0.4, factor=3.0),
    "gradient_armijo": Effect(0.3, factor=4.0),
    "gradient_nesterov": Effect(-0.5, factor=1.5),
    "gradient_heavy_ball": Effect(-0.4, factor=1.6),
    "gradient_bb": Effect(-0.3, factor=1.3),
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
    "minibatch_root": Effect(-0.2, factor=3.0, power=-0.2, rests=False),
    "minibatch_ema": Effect(-0.3, factor=0.9, power=-0.2, rests=False),
    "minibatch_ema_tuned": Effect(-0.4, factor=0.7, power=-0.2, rests=False),
    "minibatch_c4": Effect(-0.2, factor=0.5, power=-0.3, rests=False),
    "minibatch_c_rho": Effect(-0.3, factor=0.5, power=-0.3, rests=False),
    "minibatch_averaged": Effect(0.1, factor=0.8, power=-0.2, rests=False),
}


def datasets(sets=12, alike=3, seed=0):
    """Return a table of data sets; the last ones are of one family, each other is a family of its own."""
    rng = np.random.default_rng(seed)
    names = ["iris", *(f"set{i:02d}" for i in range(1, sets))]
    n = np.r_[150, np.round(10 ** rng.uniform(2.2, 4.8, sets - 1))].astype(int)
    return pd.DataFrame(
        {
            "name": names,
            "kind": ["real"] * (sets - alike) + ["pixels"] * alike,
            "family": [*names[: sets - alike], *["photograph"] * alike],
            "n": n,
            "d": rng.integers(2, 40, sets),
            "overlap": rng.uniform(0.01, 0.3, sets),
            "condition": 10 ** rng.uniform(0.5, 5, sets),
        }
    )


def runs(
    table, effects=EFFECTS, clusters=(3, 10), count=20, starts=("patterns", "plusplus"), seed=1, budgets=(BUDGET,)
):
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
                    about = {"dataset": dataset["name"], "clusters": k, "start": start, "optimizer": optimizer}
                    diverges = np.arange(count) < round(effect.diverges * count)
                    for budget in budgets:
                        for tuned_for in ("end", "speed") if optimizer.endswith("_tuned") else ("",):
                            chosen = {"budget": int(budget), "tuned_for": tuned_for, "run": np.arange(count)}
                            ending = _ending(effect, limit, speed, budget, 3 * base, diverges)
                            parts.append(pd.DataFrame(about | chosen | ending))
    result = pd.concat(parts, ignore_index=True)
    best = result.groupby(["dataset", "clusters"])["limit"].transform("min")
    excess = 100 * (result["limit"] / best - 1)
    for tolerance in TOLERANCES:
        hit = (excess <= float(tolerance)) & result[f"own_{tolerance}"].notna()
        result[f"best_{tolerance}"] = result[f"own_{tolerance}"].where(hit)
    return result


def _ending(effect, limit, speed, budget, start_cost, diverges):
    """Return the columns of runs with a limit that they approach at some speed."""
    rests = effect.rests & (speed * 2.5 <= budget)
    end = np.where(rests, limit, limit * (1 + effect.short / 100))
    stop = np.where(diverges, "diverged", np.where(rests, "fixed point", "budget"))
    own = {f"own_{t}": np.where(speed * m <= budget, speed * m, np.nan) for t, m in TOLERANCES.items()}
    return {
        "start_cost": start_cost,
        "end": np.where(diverges, 10 * start_cost, end),
        "limit": limit,
        "passes": np.where(rests, speed * 2.5, budget),
        "polish_passes": np.where(rests, 0.0, 3.0),
        "stop": stop,
        "empty": 0,
    } | own


def size(slopes, sets=8, count=4, sizes=(300, 3000, 30000), seed=4, budget=50):
    """Return a table of passes on samples of sets: a power of n for each optimizer; batch K-means needs 10 passes."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"set{s:02d}", f"set{s:02d}", 4, "patterns", run, optimizer, n, 10 * (n / 3000) ** slope * np.exp(noise))
        for s in range(sets)
        for run in range(count)
        for optimizer, slope in ({"batch_kmeans": 0.0} | slopes).items()
        for n in sizes
        for noise in ([0.0] if optimizer == "batch_kmeans" else 0.05 * rng.standard_normal(1))
    ]
    columns = ["dataset", "family", "clusters", "start", "run", "optimizer", "n", "own_1"]
    return pd.DataFrame(rows, columns=columns).assign(budget=budget)


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


def tuning(table, settings=(0.25, 0.5, 1.0, 2.0), seed=3, budget=BUDGET):
    """Return scores of two tuned gradients: one setting is best everywhere for the second, not for the first."""
    rng = np.random.default_rng(seed)
    rows = []
    for _, dataset in table.iterrows():
        for optimizer in ("gradient_tuned", "adam_tuned"):
            best = rng.choice(settings) if optimizer == "gradient_tuned" else 1.0
            for target in ("end", "speed"):
                for setting in settings:
                    score = 0.01 + 0.02 * np.log2(setting / best) ** 2
                    chosen = (setting, score, 500.0, setting == best, setting in (settings[0], settings[-1]))
                    rows.append((dataset["name"], 3, optimizer, int(budget), target, *chosen))
    names = ["dataset", "clusters", "optimizer", "budget", "target", "setting", "score", "passes", "chosen", "edge"]
    return pd.DataFrame(rows, columns=names)
