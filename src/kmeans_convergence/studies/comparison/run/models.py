"""The other objectives that a user's table can be compared on: mixtures of Gaussians, and the stress of a map.

They take part with all optimizers that need no more of a problem than it offers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from kmeans_convergence.core import Problem
from kmeans_convergence.data import Dataset
from kmeans_convergence.errors import InputError
from kmeans_convergence.optimizers import MajorizeMinimize, Optimizer, Rate, Trace
from kmeans_convergence.optimizers.accelerated import Anderson, Relaxation, Squarem
from kmeans_convergence.optimizers.batch import NaturalGradient
from kmeans_convergence.optimizers.minibatch import MiniBatchGradient, OnlineEM
from kmeans_convergence.optimizers.newton_cg import NewtonCG
from kmeans_convergence.optimizers.online import AnnealedGradient, OnlineGradient
from kmeans_convergence.optimizers.pseudo_newton import PseudoNewton, PseudoNewtonSearch
from kmeans_convergence.problems import GaussianMixtureProblem, QuantizationProblem
from kmeans_convergence.problems.mixture import Mixture
from kmeans_convergence.problems.stress import Pairs, StressProblem, Ties, normalized, sammon
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS, Contender
from kmeans_convergence.studies.comparison.run.paths import Polish
from kmeans_convergence.studies.comparison.run.task import Task, prototypes

# Optimizers that k-means has no use for, or that need what it does not offer.
FURTHER = {
    "relaxed_20": Contender("relaxed by 2", "alternation", lambda passes, value: Relaxation()),
    "squarem": Contender("SQUAREM", "alternation", lambda passes, value: Squarem()),
    "natural_tuned": Contender(
        "natural gradient, tuned", "gradient", lambda passes, value: NaturalGradient(value), settings=(0.5, 2.0)
    ),
    "newton_cg": Contender("Newton-CG", "gradient", lambda passes, value: NewtonCG()),
    "sammon": Contender("Sammon, 0.35", "gradient", lambda passes, value: PseudoNewton()),
    "sammon_search": Contender("Sammon, search", "gradient", lambda passes, value: PseudoNewtonSearch()),
    "annealed_pairs": Contender("stochastic pairs", "noisy", lambda passes, value: AnnealedGradient(early=True)),
    "pairs_tuned": Contender(
        "pairs, 1/t, tuned",
        "noisy",
        lambda passes, value: OnlineGradient(Rate(value), early=True),
        settings=(0.05, 1.0),
    ),
    "online_em": Contender("online EM", "noisy", lambda passes, value: OnlineEM()),
    "minibatch_gradient_tuned": Contender(
        "mini-batch, 1/t, tuned", "noisy", lambda passes, value: MiniBatchGradient(Rate(value)), settings=(0.05, 1.0)
    ),
}

# What optimizers of the study are called where their label speaks of k-means.
RENAMED = {
    "heavy_ball": "{}, heavy ball",
    "nesterov": "{}, Nesterov",
    "gradient_nmax": "gradient, safe rate",
    "gradient_fixed": "gradient, best rate",
}

# At this multiple of the condition number of the covariance of all patterns, that of a component is no shape but a
# collapse: the likelihood then rises without bound.
COLLAPSED = 1e8

# Which weights make stress what it is called, and how it treats ties where only the order counts.
STRESSES: Mapping[str, tuple[Callable[[np.ndarray, Sequence[str]], np.ndarray], Ties | None]] = {
    "mds": (lambda dissimilarities, _: normalized(dissimilarities), None),
    "sammon": (sammon, None),
    "nonmetric": (lambda dissimilarities, _: normalized(dissimilarities), Ties.PRIMARY),
}

# Passes after which a run that is polished ends at the latest: accelerated, few need as many.
POLISHED = 1000


def contenders(problem: Problem, alternation: str) -> dict[str, Contender]:
    """Return the optimizers that fit a problem, first its alternation under the key "alternation".

    Of those of the study, these are the ones that need nothing but an evaluation.

    Parameters
    ----------
    problem : Problem
    alternation : str
        What its alternation is called.
    """
    general = {
        key: replace(contender, label=RENAMED.get(key, contender.label).format(alternation))
        for key, contender in CONTENDERS.items()
        if key != "batch_kmeans" and not example(contender).needs
    }
    further = {key: contender for key, contender in FURTHER.items() if example(contender).needs <= problem.capabilities}
    first = Contender(alternation, "alternation", lambda passes, value: MajorizeMinimize())
    return {"alternation": first} | general | further


def example(contender: Contender) -> Optimizer:
    """Return an optimizer, whatever its budget and setting."""
    return contender.optimizer(2, math.nan if contender.settings is None else contender.settings[0])


# ---- mixtures of Gaussians


def mixture(dataset: Dataset, clusters: int, covariance: str, ridge: float) -> Task:
    """Return the task of fitting a mixture of Gaussians.

    A run begins with prototypes as means, equal weights, and for all components the covariance of the patterns about
    their nearest prototypes.

    Parameters
    ----------
    dataset : Dataset
    clusters : int
        K
    covariance, ridge
        See `GaussianMixtureProblem`.

    Raises
    ------
    InputError
        When the patterns do not allow such a mixture, see there.
    """
    problem = GaussianMixtureProblem(dataset.X, covariance, ridge).centred
    size = dataset.X.shape[1] if covariance in ("full", "tied") else 1
    return Task(
        problem,
        dataset.name,
        clusters,
        f"{dataset.name}, K = {clusters}, {covariance} covariances",
        contenders(problem, "EM"),
        lambda rngs, kinds: mixtures(problem, prototypes(problem.X, clusters, rngs, kinds)),
        # with a logarithm and an exponential for each distance, which take as long as some products
        problem.X.size * clusters * (size + 10),
        Polish(Squarem(), POLISHED, _collapse(problem), "SQUAREM"),
    )


def mixtures(problem: GaussianMixtureProblem, means: np.ndarray) -> Mixture:
    """Return mixtures with these means (R, K, d), equal weights, and one covariance, that about the nearest means."""
    runs, clusters, _ = means.shape
    model, nearest = problem.model, QuantizationProblem(problem.X).evaluate(means).assignments
    residuals = problem.X - means[np.arange(runs)[:, None], nearest]
    vectors = np.ascontiguousarray(residuals.transpose(0, 2, 1))[:, None]
    factor = model.root(model.moments(vectors, vectors) / (problem.size * model.ranks))
    factors = np.repeat(factor, 1 if model.shared else clusters, axis=1)
    return Mixture(np.full((runs, clusters), 1 / clusters), means, factors)


def _collapse(problem: GaussianMixtureProblem) -> Callable[[Trace], np.ndarray]:
    """Return what says which runs end where a component has collapsed, or the likelihood is not finite."""
    all_patterns = problem.evaluate(problem.pack(problem.from_responsibilities(np.ones((1, problem.size, 1)))))
    usual = all_patterns.diagnostics(all_patterns)["condition"][0]

    def degenerate(trace: Trace) -> np.ndarray:
        sound = np.isfinite(trace.cost[-1]) & (trace.diagnostics["condition"][-1] <= COLLAPSED * usual)
        return ~sound

    return degenerate


# ---- stress


def stress(name: str, dissimilarities: np.ndarray, names: Sequence[str], dimensions: int, kind: str) -> Task:
    """Return the task of drawing a map whose distances are like dissimilarities, from random configurations.

    Parameters
    ----------
    name : str
    dissimilarities : ndarray
    names : sequence of str
        See `Pairs.of`.
    dimensions : int
        p
    kind : str
        One of `STRESSES`.

    Raises
    ------
    InputError
        When the dissimilarities cannot be used, see there, or there are fewer than p + 2 points.
    """
    weigh, ties = STRESSES[kind]
    pairs = Pairs.of(dissimilarities, names=names)
    check_points(pairs.points, dimensions)
    check_differences(pairs.dissimilarities)
    weights = weigh(pairs.dissimilarities, names)
    problem = StressProblem(pairs.dissimilarities, weights, dimensions=dimensions, ties=ties)
    axes = f"{dimensions} dimension{'s' * (dimensions > 1)}"
    return Task(
        problem,
        name,
        dimensions,
        f"{name}, {axes}",
        contenders(problem, "SMACOF"),
        lambda rngs, kinds: problem.draw(rngs),
        # with a root and a division for each pair; to order them takes longer
        problem.size * dimensions * (8 if ties is None else 60),
        Polish(Anderson(), POLISHED, label="Anderson's method"),
    )


def check_points(points: int, dimensions: int) -> None:
    """Refuse so few points that a map of them has no error.

    Raises
    ------
    InputError
    """
    if dimensions < 1:
        raise InputError(f"The map has {dimensions} dimensions: at least 1 is needed.")
    if points < dimensions + 2:
        raise InputError(
            f"There are {points} points for {dimensions} dimension{'s' * (dimensions > 1)}: at least {dimensions + 2} "
            "are needed, because fewer have nothing to lose."
        )


def check_differences(dissimilarities: np.ndarray) -> None:
    """Refuse dissimilarities that are all equal, so that no map is better than the same with points exchanged.

    Raises
    ------
    InputError
    """
    if (dissimilarities == dissimilarities[0]).all():
        raise InputError(f"All dissimilarities are {dissimilarities[0]:g}: some have to differ.")
