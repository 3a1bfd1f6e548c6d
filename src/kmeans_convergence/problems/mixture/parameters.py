"""The parameters of mixtures of Gaussians, and their flat coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from kmeans_convergence.errors import InputError
from kmeans_convergence.problems.mixture.covariance import Covariance


@dataclass(frozen=True)
class Mixture:
    """The parameters of R mixtures of K Gaussians in d features.

    Covariances are given by their Cholesky factors, from which they follow to all digits, but not the other way round.

    Attributes
    ----------
    weights : ndarray of shape (R, K)
    means : ndarray of shape (R, K, d)
    factors : ndarray
        Lower triangular: full (R, K, d, d), tied (R, 1, d, d); of diagonal covariances the standard deviations
        (R, K, d), of spherical ones (R, K, 1).
    """

    weights: np.ndarray
    means: np.ndarray
    factors: np.ndarray

    def __len__(self) -> int:
        return len(self.weights)

    def __getitem__(self, runs: Any) -> Mixture:
        """Return the mixtures of some runs, a slice, a mask or a list."""
        return Mixture(self.weights[runs], self.means[runs], self.factors[runs])

    @property
    def covariances(self) -> np.ndarray:
        """Covariances where factors are triangular, otherwise variances, of the shape of `factors`."""
        if self.factors.ndim == 3:
            return self.factors**2
        return self.factors @ self.factors.swapaxes(-1, -2)


@dataclass(frozen=True)
class InverseWishart:
    r"""A prior of covariances with a density of :math:`|\Sigma|^{-a/2}e^{-\frac12\mathrm{tr}\Psi\Sigma^{-1}}`.

    The M-step is then :math:`\Sigma_k=(S_k+\Psi)/(N_k+a)`, for a scatter :math:`S_k` of :math:`N_k` patterns.

    Attributes
    ----------
    strength : float
        :math:`a=\nu+d+1`, with :math:`\nu` degrees of freedom.
    scale : ndarray of shape (d, d)
        :math:`\Psi`, in squared units of the data; diagonal models see its diagonal, spherical ones its trace.
    """

    strength: float
    scale: np.ndarray


class Point(NamedTuple):
    """Flat coordinates of R mixtures taken apart, in the unit of the problem."""

    logits: np.ndarray
    means: np.ndarray
    coordinates: np.ndarray
    log_weights: np.ndarray
    factor: np.ndarray
    inverse: np.ndarray


class Layout:
    r"""Flat coordinates of mixtures: K logits, whose softmax are the weights; K means; and the covariances'.

    Adding a number to all logits changes nothing: `pack` makes their mean 0, and no step of the project's optimizers
    changes it. Means and factors are in a unit of the data, so that coordinates have none.

    Parameters
    ----------
    model : Covariance
    unit : float
    floor : float
        Least eigenvalue of a covariance, in squares of the unit: smaller ones that coordinates give are raised to it.
    """

    def __init__(self, model: Covariance, unit: float, floor: float) -> None:
        self.model, self.unit, self.floor = model, unit, floor

    def components(self, coordinates: int) -> int:
        """Return K of points with a number of coordinates, or say that there are none."""
        features, size = self.model.features, self.model.size
        own, common = (1 + features, size) if self.model.shared else (1 + features + size, 0)
        clusters, left = divmod(coordinates - common, own)
        if left or clusters < 1:
            raise InputError(
                f"A point has {coordinates} coordinates: {own} for each component"
                f"{f' and {common} for all' if common else ''} are needed."
            )
        return clusters

    def split(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return logits (R, K), means (R, K, d) and coordinates of covariances (R, G, size), views."""
        runs, clusters, features = len(x), self.components(x.shape[1]), self.model.features
        logits, means, rest = np.split(x, [clusters, clusters * (1 + features)], axis=1)
        groups = 1 if self.model.shared else clusters
        return logits, means.reshape(runs, clusters, features), rest.reshape(runs, groups, self.model.size)

    @staticmethod
    def join(logits: np.ndarray, means: np.ndarray, coordinates: np.ndarray) -> np.ndarray:
        """Return what `split` takes apart."""
        flat = (part.reshape(len(part), part.shape[1] * part.shape[2]) for part in (means, coordinates))
        return np.concatenate([logits, *flat], axis=1)

    def point(self, x: np.ndarray) -> Point:
        """Return points (R, P) taken apart, with their factors."""
        logits, means, coordinates = self.split(x)
        factor = self.model.factor(coordinates)
        if self.floor:
            factor = self.model.raised_factor(factor, self.floor)
        largest = logits.max(axis=1, keepdims=True)
        log_weights = logits - largest - np.log(np.exp(logits - largest).sum(axis=1, keepdims=True))
        return Point(logits, means, coordinates, log_weights, factor, self.model.inverse(factor))

    def pack(self, mixture: Mixture) -> np.ndarray:
        """Return mixtures as points (R, P).

        Raises
        ------
        InputError
            When shapes are not those of a `Mixture`, or a factor has no logarithms.
        """
        self._check(mixture)
        means, factors = (np.asarray(part, dtype=np.float64) / self.unit for part in (mixture.means, mixture.factors))
        return self.join(centred_logits(np.asarray(mixture.weights)), means, self.model.coordinates(factors))

    def _check(self, mixture: Mixture) -> None:
        if np.ndim(mixture.weights) != 2:
            raise InputError(f"The weights have shape {np.shape(mixture.weights)}: (runs, components) is needed.")
        runs, clusters = np.shape(mixture.weights)
        groups, unit = 1 if self.model.shared else clusters, self.model.identity(np.ones((1, 1)))
        needed = {
            "means": (runs, clusters, self.model.features),
            "factors": (runs, groups, *unit.shape[2:]),
        }
        for name, shape in needed.items():
            if np.shape(getattr(mixture, name)) != shape:
                raise InputError(f"The {name} have shape {np.shape(getattr(mixture, name))}: {shape} is needed.")
        # those of a run that has collapsed are no numbers
        if (self.model.diagonal(mixture.factors) <= 0).any():
            raise InputError("A Cholesky factor has a number on its diagonal that is not positive.")

    def unpack(self, x: np.ndarray) -> Mixture:
        """Return points as mixtures."""
        point = self.point(x)
        return Mixture(np.exp(point.log_weights), self.unit * point.means, self.unit * point.factor)


def centred_logits(weights: np.ndarray) -> np.ndarray:
    """Return the logits (R, K) of weights, up to a factor; their mean is 0, and a weight of 0 is the least number."""
    logits = np.log(np.maximum(weights, np.finfo(np.float64).tiny))
    return np.asarray(logits - logits.mean(axis=1, keepdims=True))


def spread_over(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Return values (R, G) such that they multiply arrays (R, G, ...) of the shape of `like`."""
    return values.reshape(*values.shape, *[1] * (like.ndim - 2))
