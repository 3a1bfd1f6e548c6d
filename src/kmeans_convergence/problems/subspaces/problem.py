r"""K subspaces through the origin (Bradley and Mangasarian 2000; Tseng 2000).

.. math:: E(U)=\sum_i\tfrac12\min_k\|x_i-\Pi_kx_i\|^2,\quad\Pi_k=U_k(U_k^TU_k)^{-1}U_k^T

Parameters are bases, and the cost depends on what they span alone. With the second moments :math:`M_k` of the patterns
of a subspace, the alternation takes the first principal axes of :math:`M_k`. Given the owners the cost is not
quadratic, so the alternation is not Newton's method.

A second choice is hidden, and its options are a continuum: the coefficients :math:`a_i=U^+x_i` of a pattern. With these
held fixed the cost is majorised by :math:`\frac12\sum_i\|x_i-U'a_i\|^2`, whose curvature is
:math:`A_k=\sum_ia_ia_i^T` for each row of U'. That is the metric here, and :math:`-P\nabla E` the direction in which
this slower alternation sets out; its step is one of subspace iteration on :math:`M_k`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np

from kmeans_convergence.core.gap import FlooredGap
from kmeans_convergence.core.problem import Capability, Curvature, Problem
from kmeans_convergence.errors import InputError
from kmeans_convergence.problems.owners import OwnersEvaluation, block_diagonal, one_hot
from kmeans_convergence.problems.patterns import as_patterns
from kmeans_convergence.starts import Streams

# Costs below this share of all squares differ by rounding errors: the fit is perfect.
PERFECT = 1e-20

# Curvature below this share of a subspace's largest is rounding, and none.
FLAT = 1e-12

# Weight of the present subspace, as a share of the moments, where fewer patterns than dimensions leave some open.
HINT = 1e-9


class Axes(NamedTuple):
    """Principal axes of the second moments of each group, in ascending order.

    Attributes
    ----------
    values : ndarray of shape (R, K, d)
        Moments along the axes.
    inside : ndarray of shape (R, K, d)
        Share of the squared length of each axis that lies in the present subspace.
    outside : ndarray of shape (R, K, d)
        The rest of it, with all its digits.
    """

    values: np.ndarray
    inside: np.ndarray
    outside: np.ndarray


@dataclass(frozen=True)
class SubspacesEvaluation(OwnersEvaluation):
    """What one pass over the patterns says about R runs of K subspaces of q dimensions.

    Attributes
    ----------
    dimension : int
        q
    scale : float
        Mean square of a pattern.
    blocks : ndarray of shape (R, K, d q)
        Bases U_k (d, q), row by row, read-only.
    duals : ndarray of shape (R, K, d, q)
        U (U' U)^-1, whose products with patterns are their coefficients.
    total : ndarray of shape (R,)
        `cost`.
    moments : ndarray of shape (R, K, d, d)
        M_k, the sum of x x' over the patterns of each subspace.
    owners : ndarray of shape (R, m), int32
    """

    dimension: int
    scale: float
    blocks: np.ndarray
    duals: np.ndarray
    total: np.ndarray
    moments: np.ndarray
    owners: np.ndarray

    @property
    def cost(self) -> np.ndarray:
        """See `Evaluation`."""
        return self.total

    def of(self, *parts: Any) -> Self:
        """See `Evaluation`."""
        return type(self)(self.dimension, self.scale, *parts)

    def parts(self) -> tuple[np.ndarray | None, ...]:
        """See `Evaluation`."""
        return self.blocks, self.duals, self.total, self.moments, self.owners

    @cached_property
    def bases(self) -> np.ndarray:
        """U_k, shape (R, K, d, q); of a run that has diverged, some basis."""
        bases = self._matrices(self.blocks)
        finite = np.isfinite(bases).all(axis=(1, 2, 3), keepdims=True)
        return np.where(finite, bases, np.eye(*bases.shape[2:]))

    @cached_property
    def coefficients(self) -> np.ndarray:
        """A_k, the sum of a a' over the patterns of each subspace, shape (R, K, q, q)."""
        return _transposed(self.duals) @ self.moments @ self.duals

    @cached_property
    def gradient(self) -> np.ndarray:
        """See `Evaluation`: minus the sum of residuals times coefficients, shape (R, K d q)."""
        return self._flat(self._away(-(self.moments @ self.duals)))

    def _away(self, v: np.ndarray) -> np.ndarray:
        """Return what of matrices (R, K, d, ...) is orthogonal to the subspaces."""
        return v - self.duals @ (_transposed(self.bases) @ v)

    @cached_property
    def _orthonormal(self) -> np.ndarray:
        """The orthonormal bases nearest to the present ones, (R, K, d, q)."""
        return polar(self.bases)

    @cached_property
    def _axes(self) -> Axes:
        values, vectors = np.linalg.eigh(self.moments)
        within = _transposed(self._orthonormal) @ vectors
        outside = vectors - self._orthonormal @ within
        return Axes(values, (within**2).sum(axis=2), (outside**2).sum(axis=2))

    @property
    def _projection(self) -> np.ndarray:
        return self._orthonormal @ _transposed(self._orthonormal)

    def _spanned(self, moments: np.ndarray) -> np.ndarray:
        """Return the bases, nearest to the present ones, of the first principal axes of moments (R, K, d, d)."""
        q = self.dimension
        largest = np.trace(moments, axis1=2, axis2=3)[..., None, None]
        values = np.linalg.eigvalsh(moments)[..., -q, None, None]
        undetermined = values <= FLAT * largest
        hint = np.where(undetermined, HINT * largest, 0.0)
        vectors = np.linalg.eigh(moments + hint * self._projection)[1][..., -q:]
        return vectors @ polar(_transposed(vectors) @ self._orthonormal)

    @cached_property
    def image(self) -> np.ndarray:
        """The first principal axes of each group, turned into each other to be near to the present basis."""
        return self._where_owning(self._spanned(self.moments))

    def damped_image(self, rate: float) -> np.ndarray:
        """See `Evaluation`: as if there were imaginary patterns, evenly in the present subspaces."""
        patterns = (1 - rate) / rate * self.owners.shape[1] / self.blocks.shape[1]
        imaginary = patterns * self.scale / self.dimension
        return self._where_owning(self._spanned(self.moments + imaginary * self._projection))

    def _where_owning(self, bases: np.ndarray) -> np.ndarray:
        """Return new bases as points; a subspace without patterns stays."""
        owning = np.trace(self.moments, axis1=2, axis2=3) > 0
        return self._flat(np.where(owning[..., None, None], bases, self.bases))

    @cached_property
    def promised_decrease(self) -> np.ndarray:
        """By how much the cost falls with these owners; a sum of terms that are not negative."""
        values, inside, outside = self._axes
        q = self.dimension
        bound = values[..., -q, None]
        first = ((values[..., -q:] - bound) * outside[..., -q:]).sum(axis=(1, 2))
        others = ((bound - values[..., :-q]) * inside[..., :-q]).sum(axis=(1, 2))
        return np.asarray(0.5 * (first + others))

    @cached_property
    def _spectrum(self) -> tuple[np.ndarray, np.ndarray]:
        """Eigenvalues of A_k, those without curvature 0, and eigenvectors."""
        values, vectors = np.linalg.eigh(self.coefficients)
        return np.where(values > FLAT * values[..., -1:], np.maximum(values, 0), 0.0), vectors

    @cached_property
    def curvature(self) -> Curvature:
        """Eigenvalues of A_k."""
        values = self._spectrum[0]
        least = np.where(values > 0, values, np.inf).min(axis=(1, 2))
        return Curvature(least, values.mean(axis=(1, 2)), values.max(axis=(1, 2)))

    @property
    def mean_curvature(self) -> np.ndarray:
        """See `Evaluation`; from the trace."""
        return np.asarray(np.trace(self.coefficients, axis1=2, axis2=3).mean(axis=1) / self.dimension)

    def precondition(self, v: np.ndarray) -> np.ndarray:
        """Return v times the pseudo-inverses of A_k."""
        values, vectors = self._spectrum
        inverse = np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)
        turned = self._matrices(self.as_blocks(v)) @ vectors
        return self._flat(turned * inverse[..., None, :] @ _transposed(vectors))

    def squared_norm(self, v: np.ndarray) -> np.ndarray:
        """Return the sum of squares of v a over the patterns, shape (R,)."""
        values, vectors = self._spectrum
        turned = self._matrices(self.as_blocks(v)) @ vectors
        return np.asarray((values[..., None, :] * turned**2).sum(axis=(1, 2, 3)))

    @cached_property
    def hessian(self) -> np.ndarray:
        """Second derivatives along directions orthogonal to the subspaces, zero along others; shape (R, P, P).

        What turns a basis changes nothing, so that the former are coordinates of the subspaces.
        """
        d, q = self.moments.shape[-1], self.dimension
        away = self._away(np.broadcast_to(np.eye(d), self.moments.shape))
        inverse = _transposed(self.duals) @ self.duals
        steep = away[..., :, None, :, None] * self.coefficients[..., None, :, None, :]
        bent = (away @ self.moments @ away)[..., :, None, :, None] * inverse[..., None, :, None, :]
        return block_diagonal((steep - bent).reshape(*self.blocks.shape, d * q))

    def _matrices(self, blocks: np.ndarray) -> np.ndarray:
        return blocks.reshape(*blocks.shape[:2], -1, self.dimension)

    @staticmethod
    def _flat(matrices: np.ndarray) -> np.ndarray:
        return matrices.reshape(len(matrices), -1)


def dual(bases: np.ndarray) -> np.ndarray:
    """Return U (U' U)^-1 for bases (..., d, q)."""
    orthonormal, triangle = np.linalg.qr(bases)
    return np.asarray(_transposed(np.linalg.solve(triangle, _transposed(orthonormal))))


def polar(matrices: np.ndarray) -> np.ndarray:
    """Return the nearest matrices with orthonormal columns to matrices (..., m, q) of full rank, m >= q."""
    left, _, right = np.linalg.svd(matrices, full_matrices=False)
    return np.asarray(left @ right)


def _transposed(matrices: np.ndarray) -> np.ndarray:
    return matrices.swapaxes(-1, -2)


class SubspacesProblem(Problem):
    """Minimise half the sum of squared distances of patterns from the nearest of K subspaces through the origin.

    Parameters are bases (R, K, d, q), of full rank. The unit of work is a pattern.

    Parameters
    ----------
    X : array_like of shape (n, d)
    groups : int
        K
    dimension : int
        q, of the subspaces: below d.

    Attributes
    ----------
    X : ndarray of shape (n, d), read-only
    groups, dimension : int

    Raises
    ------
    InputError
        When X is no matrix of finite numbers, the subspaces have no dimension or fill the space, or there are fewer
        patterns than their bases have vectors.
    """

    capabilities = frozenset({Capability.SUBSETS, Capability.HESSIAN})

    def __init__(self, X: np.ndarray, groups: int, dimension: int) -> None:
        self.X = as_patterns(np.asarray(X, dtype=np.float64))
        patterns, features = self.X.shape
        if not 1 <= dimension < features:
            raise InputError(
                f"The subspaces have the dimension {dimension}: 1 to {features - 1} are allowed of {features} features."
            )
        if not 1 <= groups * dimension <= patterns:
            raise InputError(
                f"{patterns} patterns are too few for {groups} subspaces of dimension {dimension}: "
                f"at least {groups * dimension}, and one subspace, are needed."
            )
        self.groups, self.dimension = groups, dimension
        self._products = self.X[:, :, None] * self.X[:, None, :]

    @property
    def size(self) -> int:
        """Number of patterns."""
        return len(self.X)

    @cached_property
    def gap(self) -> FlooredGap:
        """Per cent; of a perfect fit, of what is a matter of rounding errors."""
        return FlooredGap(PERFECT * 0.5 * float((self.X**2).sum()) or PERFECT)

    def pack(self, parameters: Any) -> np.ndarray:
        """Return bases (R, K, d, q) as flat vectors."""
        U = np.array(parameters, dtype=np.float64)
        needed = self.groups, self.X.shape[1], self.dimension
        if U.ndim != 4 or U.shape[1:] != needed:
            raise InputError(f"The bases have shape {U.shape}: (runs, {', '.join(map(str, needed))}) is needed.")
        return U.reshape(len(U), -1)

    def unpack(self, x: np.ndarray) -> np.ndarray:
        """Return flat vectors as bases, a view."""
        return x.reshape(len(x), self.groups, self.X.shape[1], self.dimension)

    def evaluate(self, x: np.ndarray) -> SubspacesEvaluation:
        """Evaluate R points of shape (R, K d q) in one pass."""
        return self._evaluate(x, self.X, self._products)

    def evaluate_rows(self, x: np.ndarray, rows: np.ndarray) -> SubspacesEvaluation:
        """Evaluate each run on patterns of its own, `rows` (R, m)."""
        return self._evaluate(x, self.X[rows], self._products[rows])

    def nothing_seen(self, x: np.ndarray, rows: np.ndarray) -> SubspacesEvaluation:
        """Return the evaluation of runs that see no pattern of `rows`."""
        features = self.X.shape[1]
        moments = np.zeros((len(x), self.groups, features, features))
        return self._evaluation(
            x, dual(self.unpack(x)), np.zeros(len(x)), moments, np.zeros(rows.shape, dtype=np.int32)
        )

    def draw(self, rngs: Streams) -> np.ndarray:
        """Draw bases (R, K, d, q) of subspaces through patterns, no pattern for two of them."""
        q = self.dimension
        chosen = [rng.choice(len(self.X), size=self.groups * q, replace=False) for rng in rngs]
        spanning = self.X[np.array(chosen)].reshape(len(rngs), self.groups, q, -1)
        return np.linalg.qr(spanning.swapaxes(2, 3))[0]

    def _evaluate(self, x: np.ndarray, X: np.ndarray, products: np.ndarray) -> SubspacesEvaluation:
        bases = self.unpack(x)
        finite = np.isfinite(bases).all(axis=(1, 2, 3))
        bases = np.where(finite[:, None, None, None], bases, np.eye(*bases.shape[2:]))
        X = np.broadcast_to(X, (len(x), *X.shape[-2:]))
        duals = dual(bases)
        coefficients = X[:, None] @ duals
        residuals = X[:, None] - coefficients @ _transposed(bases)
        squares = (residuals**2).sum(axis=3)
        # ties go to the lowest index
        owners = squares.argmin(axis=1)
        cost = 0.5 * np.take_along_axis(squares, owners[:, None], axis=1)[:, 0].sum(axis=1)
        cost = np.where(finite, cost, np.nan)
        d = self.X.shape[1]
        moments = one_hot(owners, self.groups) @ products.reshape(*products.shape[:-2], d * d)
        return self._evaluation(x, duals, cost, moments.reshape(len(x), self.groups, d, d), owners.astype(np.int32))

    def _evaluation(self, x: np.ndarray, *parts: np.ndarray) -> SubspacesEvaluation:
        blocks = np.array(x).reshape(len(x), self.groups, -1)
        return SubspacesEvaluation(self.dimension, float((self.X**2).sum() / len(self.X)), blocks, *parts)
