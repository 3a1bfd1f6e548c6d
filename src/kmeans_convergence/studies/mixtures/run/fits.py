"""Which mixtures are fitted to which data: covariance models, starts, ends, and runs that have degenerated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, Self

import numpy as np

from kmeans_convergence.data import Dataset
from kmeans_convergence.errors import InputError
from kmeans_convergence.optimizers import MajorizeMinimize, Stop, minimize
from kmeans_convergence.optimizers.newton_cg import NewtonCG
from kmeans_convergence.problems import GaussianMixtureProblem, QuantizationProblem
from kmeans_convergence.problems.mixture import Mixture
from kmeans_convergence.problems.mixture.estimable import check_estimable
from kmeans_convergence.problems.mixture.evaluation import GaussianEvaluation
from kmeans_convergence.starts import Streams, draw

# Covariance models, and how many patterns each of their features needs: those of a full covariance are asked for in
# each component, so that a fit is not bound to degenerate.
COVARIANCES = ("full", "diagonal", "tied", "spherical")
PATTERNS_PER_FEATURE = 5
# Kinds of start: random responsibilities, where batch K-means ends from random patterns, and k-means++.
STARTS = ("responsibilities", "kmeans", "plusplus")
# A run has degenerated where a component's variance in some direction is less than this share of the data's.
DEGENERATE = 1e-6
# Passes of the polish, products of the Hessian included.
POLISH = 200


@dataclass(frozen=True)
class Protocol:
    """What all parts of the study share.

    Attributes
    ----------
    seed : int
        Root of all random streams.
    datasets : sequence of str
    clusters_of : mapping of str to int
        Numbers of components; of other data sets, the first number of their row of the registry.
    rows : int
        Patterns of a larger data set that are drawn to stand for it.
    covariances : int
        How many covariance models are fitted to each data set.
    passes : int
        The budget of a run, in passes over the data.
    starts : int
        Starts of each kind.
    tuning_starts : int
        Further starts of each kind, on which settings are tuned.
    """

    seed: int
    datasets: Sequence[str]
    clusters_of: Mapping[str, int]
    rows: int
    covariances: int
    passes: int
    starts: int
    tuning_starts: int

    @classmethod
    def of(cls, mixtures: Mapping[str, Any], seed: int) -> Self:
        """Return what the section `mixtures` of the configuration says."""
        return cls(seed, **mixtures)


class Fit(NamedTuple):
    """Mixtures of one model that are fitted to one data set."""

    dataset: Dataset
    covariance: str
    clusters: int

    @property
    def names(self) -> dict[str, object]:
        """What tells the fit from others, by column."""
        family = self.dataset.family or self.dataset.name
        return {
            "dataset": self.dataset.name,
            "family": family,
            "clusters": self.clusters,
            "covariance": self.covariance,
        }

    def problem(self) -> GaussianMixtureProblem:
        """Return the problem."""
        return GaussianMixtureProblem(self.dataset.X, self.covariance)


def fits(datasets: Sequence[Dataset], protocol: Protocol) -> list[Fit]:
    """Return all fits: the models are given to the data sets in turn, as far as there are patterns enough for them."""
    found = []
    for place, dataset in enumerate(datasets):
        K = components(dataset, protocol)
        turned = [*COVARIANCES[place % len(COVARIANCES) :], *COVARIANCES[: place % len(COVARIANCES)]]
        possible = (covariance for covariance in turned if _allows(dataset, covariance, K))
        found += [Fit(dataset, covariance, K) for covariance in islice(possible, protocol.covariances)]
    return found


def components(dataset: Dataset, protocol: Protocol) -> int:
    """Return the number of components that are fitted to a data set."""
    return protocol.clusters_of.get(dataset.name, dataset.clusters[0])


def _allows(dataset: Dataset, covariance: str, clusters: int) -> bool:
    """Say whether a data set has patterns enough for a model, and features that are not linearly dependent."""
    n, d = dataset.X.shape
    owners = {"full": clusters, "tied": 1}.get(covariance, 0)
    if n < PATTERNS_PER_FEATURE * owners * (d + 1):
        return False
    try:
        check_estimable(dataset.X, covariance)
    except InputError:
        return False
    return True


# --- starts -----------------------------------------------------------------------------------------------------------


class Starts(NamedTuple):
    """Mixtures that R runs begin at, and the passes (R,) that it took to find them."""

    mixtures: Mixture
    passes: np.ndarray


def starting(problem: GaussianMixtureProblem, clusters: int, kind: str, rngs: Streams) -> Starts:
    """Return the starts of one kind, one for each stream.

    What k-means++ costs is left out: less than a pass.

    Parameters
    ----------
    problem : GaussianMixtureProblem
    clusters : int
    kind : str
        Of `STARTS`: random responsibilities, evenly from the simplex for each pattern; where batch K-means ends from
        patterns drawn evenly; or patterns drawn by k-means++.
    rngs : sequence of R Generators
    """
    if kind == "responsibilities":
        shares = np.stack([rng.dirichlet(np.ones(clusters), problem.size) for rng in rngs])
        return Starts(problem.from_responsibilities(shares), np.ones(len(rngs)))
    if kind == "plusplus":
        return Starts(from_prototypes(problem, draw(problem.X, clusters, rngs, "plusplus")), np.zeros(len(rngs)))
    end = minimize(QuantizationProblem(problem.X), MajorizeMinimize(), draw(problem.X, clusters, rngs), passes=np.inf)
    return Starts(from_prototypes(problem, end.w), end.passes[-1])


def from_prototypes(problem: GaussianMixtureProblem, w: np.ndarray) -> Mixture:
    """Return the mixtures with prototypes (R, K, d) as means: what a clustering says about a mixture.

    Weights are the shares of the cells, with one more pattern in each so that none is 0. All components have the
    covariance within cells: that of a single cell of few patterns could be singular.
    """
    nearest = QuantizationProblem(problem.X).evaluate(w)
    runs, clusters, _ = w.shape
    residuals = problem.X - w[np.arange(runs)[:, None], nearest.assignments]
    within = np.einsum("rni,rnj->rij", residuals, residuals) / problem.size
    variances = within.diagonal(axis1=1, axis2=2)
    match problem.covariance:
        case "spherical":
            factors = np.sqrt(variances.mean(axis=1))[:, None, None].repeat(clusters, axis=1)
        case "diagonal":
            factors = np.sqrt(variances)[:, None].repeat(clusters, axis=1)
        case other:
            factors = np.linalg.cholesky(within)[:, None].repeat(1 if other == "tied" else clusters, axis=1)
    weights = (nearest.counts + 1) / (problem.size + clusters)
    return Mixture(weights, w, factors)


def joined(mixtures: Sequence[Mixture]) -> Mixture:
    """Return the runs of several batches as one batch."""
    return Mixture(
        *(np.concatenate([getattr(each, part) for each in mixtures]) for part in ("weights", "means", "factors"))
    )


# --- ends -------------------------------------------------------------------------------------------------------------


def evaluation(problem: GaussianMixtureProblem, mixtures: Mixture) -> GaussianEvaluation:
    """Return the evaluation of mixtures, where the problem's arithmetic loses no digits."""
    centred = problem.centred
    return centred.evaluate(centred.pack(problem.to_centred(mixtures)))


def degenerate(problem: GaussianMixtureProblem, mixtures: Mixture) -> np.ndarray:
    """Say of which runs (R,) a component has collapsed onto a pattern, a line or another plane, or is no number.

    The likelihood has no bound there. What is looked at is the least variance of a component in any direction, as a
    share of the data's variance in it: for full and tied covariances it does not depend on the unit of any feature.
    """
    X = problem.X - problem.X.mean(axis=0, dtype=np.float64)
    factors = mixtures.factors
    finite = np.isfinite(factors).reshape(len(factors), -1).all(axis=1) & np.isfinite(mixtures.means).all(axis=(1, 2))
    least = np.zeros(len(factors))
    match problem.covariance:
        case "spherical":
            least = (factors**2 / (X**2).mean()).min(axis=(1, 2))
        case "diagonal":
            least = (factors**2 / (X**2).mean(axis=0)).min(axis=(1, 2))
        case _:
            relative = np.linalg.solve(np.linalg.cholesky(X.T @ X / len(X)), factors[finite])
            least[finite] = np.linalg.svd(relative, compute_uv=False)[..., -1].min(axis=1) ** 2
    return ~(finite & (least >= DEGENERATE))


class Limits(NamedTuple):
    """Where Newton's method takes R runs, without charge.

    Attributes
    ----------
    cost : ndarray of shape (R,)
        In nats; NaN of a run that has degenerated.
    mixtures : Mixture
        Those of runs that had degenerated before are where they were.
    passes : ndarray of shape (R,)
        What it took.
    converged : ndarray of shape (R,), bool
    degenerate : ndarray of shape (R,), bool
        See `degenerate`, before or after.
    """

    cost: np.ndarray
    mixtures: Mixture
    passes: np.ndarray
    converged: np.ndarray
    degenerate: np.ndarray


def polish(problem: GaussianMixtureProblem, mixtures: Mixture) -> Limits:
    """Take all runs that have not degenerated to a minimum of the cost.

    By Newton's method and not by EM, whose last steps can take thousands of passes, and which stays at a saddle point
    where it finds one.
    """
    runs = len(mixtures)
    cost, passes, converged = np.full(runs, np.nan), np.zeros(runs), np.zeros(runs, dtype=bool)
    lost = degenerate(problem, mixtures)
    parts = [np.array(part) for part in (mixtures.weights, mixtures.means, mixtures.factors)]
    if not lost.all():
        going = np.flatnonzero(~lost)
        end = minimize(problem, NewtonCG(), mixtures[going], passes=POLISH)
        cost[going], passes[going] = end.cost[-1], end.passes[-1]
        converged[going] = [stop is Stop.FIXED_POINT for stop in end.stop]
        for part, found in zip(parts, (end.w.weights, end.w.means, end.w.factors), strict=True):
            part[going] = found
        lost[going] = degenerate(problem, end.w)
        cost[lost] = np.nan
    return Limits(cost, Mixture(*parts), passes, converged & ~lost, lost)
