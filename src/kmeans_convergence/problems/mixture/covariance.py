r"""Covariance models: what their coordinates are, and the algebra of their Cholesky factors.

A covariance is :math:`\Sigma=CC^T`. Its coordinates are the entries of the lower triangle of C, those of the diagonal
by their logarithms, so that any numbers make a covariance (Pinheiro and Bates 1996). A change of C is written
:math:`dC=CA`; in a *frame* A, itself lower triangular, everything is simple: for patterns :math:`y=C^{-1}(x-\mu)` in
the units of a component, N in number and with :math:`M=\sum yy^T`, the slope of their negative log likelihood is the
lower triangle of :math:`NI-M`, and the information in N patterns is the diagonal form
:math:`N(2\sum_iA_{ii}^2+\sum_{i>j}A_{ij}^2)`.

Arrays have the shape (R, G, ...), with the number G of covariances: one for each of the K components, or one for all.
A factor is a matrix (d, d), or, where it is diagonal, its diagonal; where that is constant, one number.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cached_property

import numpy as np

# What is as high as this share of a floor lies on it.
ON_FLOOR = 1 - 1e-12


class Covariance(ABC):
    """What covariances of d features look like.

    Attributes
    ----------
    features : int
        d.
    shared : bool
        Whether all components have the same.
    size : int
        Coordinates of one covariance.
    ranks : int
        Features that one entry on the diagonal of a factor stands for: d where the factor is one number, otherwise 1.
    """

    shared = False
    size: int
    ranks = 1

    def __init__(self, features: int) -> None:
        self.features = features

    def pool(self, values: np.ndarray) -> np.ndarray:
        """Return values (R, K, ...) of components, summed over those that share a covariance, shape (R, G, ...)."""
        return values.sum(axis=1, keepdims=True) if self.shared else values

    # --- factors ------------------------------------------------------------------------------------------------------

    @abstractmethod
    def factor(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the Cholesky factors C of coordinates (R, G, size)."""

    @abstractmethod
    def coordinates(self, factor: np.ndarray) -> np.ndarray:
        """Return the coordinates (R, G, size) of Cholesky factors."""

    @abstractmethod
    def diagonal(self, factor: np.ndarray) -> np.ndarray:
        """Return the diagonals of factors, shape (R, G, ...)."""

    @abstractmethod
    def inverse(self, factor: np.ndarray) -> np.ndarray:
        """Return the inverses of factors."""

    @abstractmethod
    def product(self, factor: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Return products of factors."""

    @abstractmethod
    def root(self, moments: np.ndarray) -> np.ndarray:
        """Return the Cholesky factors of symmetric `moments`, NaN where they are not positive definite."""

    @abstractmethod
    def apply(self, factor: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """Return C v for vectors (R, K, d, ...) with any trailing axis."""

    @abstractmethod
    def apply_transposed(self, factor: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """Return the product of the transpose of factors with vectors (R, K, d)."""

    def log_determinant(self, factor: np.ndarray) -> np.ndarray:
        """Return log det C, shape (R, G): half of that of the covariance."""
        return self.ranks * np.log(self.diagonal(factor)).sum(axis=2)

    def log_growth(self, frame: np.ndarray) -> np.ndarray:
        """Return by what log det C grows, shape (R, G), as C moves along A."""
        return self.ranks * self.diagonal(frame).sum(axis=2)

    # --- symmetric moments --------------------------------------------------------------------------------------------

    @abstractmethod
    def moments(self, vectors: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return sums of v wᵀ over the last axis of vectors (R, K, d, b), as far as the model knows them."""

    @abstractmethod
    def whitened(self, inverse: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        """Return C⁻¹ S C⁻ᵀ for one symmetric matrix S (d, d), given the inverses of factors."""

    @abstractmethod
    def identity(self, counts: np.ndarray) -> np.ndarray:
        """Return the moments of numbers (R, G) of standard normal patterns."""

    @abstractmethod
    def trace(self, moments: np.ndarray) -> np.ndarray:
        """Return the traces of moments, shape (R, G)."""

    @abstractmethod
    def spread(self, parts: Iterable[np.ndarray]) -> np.ndarray:
        """Return the Cholesky factor of the sum of x xᵀ over patterns, given in parts (b, d), as the model has it."""

    # --- floors -------------------------------------------------------------------------------------------------------

    @abstractmethod
    def covariance(self, factor: np.ndarray, moments: np.ndarray) -> np.ndarray:
        """Return C M Cᵀ of moments of one pattern."""

    @abstractmethod
    def raised(self, covariance: np.ndarray, floor: float) -> np.ndarray:
        """Return the Cholesky factors of covariances whose eigenvalues below a floor are raised to it."""

    @abstractmethod
    def raised_slope(self, factor: np.ndarray, inverse: np.ndarray, frame: np.ndarray, floor: float) -> np.ndarray:
        """Return slopes (R, G, size) by coordinates of a function of raised factors.

        Parameters
        ----------
        factor : ndarray
            Factors before they were raised.
        inverse : ndarray
            Inverses of factors that were raised.
        frame : ndarray
            Symmetric: its lower triangle is the slope by A of factors that were raised.
        floor : float
        """

    def raised_factor(self, factor: np.ndarray, floor: float) -> np.ndarray:
        """Return factors of raised covariances, and exactly the given ones where nothing is below the floor."""
        unit = self.identity(np.ones(factor.shape[:2])) / self.ranks
        raised = self.raised(self.covariance(factor, unit), floor)
        low = self.precisions(self.inverse(factor)).max(axis=2) * floor > 1
        return np.where(low.reshape(*low.shape, *[1] * (factor.ndim - 2)), raised, factor)

    # --- frames -------------------------------------------------------------------------------------------------------

    @abstractmethod
    def frame_of_step(self, factor: np.ndarray, inverse: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Return A of steps (R, G, size) in coordinates."""

    @abstractmethod
    def step_of_frame(self, factor: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """Return the steps (R, G, size) in coordinates of A."""

    @abstractmethod
    def frame_of_slope(self, factor: np.ndarray, slope: np.ndarray) -> np.ndarray:
        """Return slopes by coordinates (R, G, size) as slopes by A."""

    @abstractmethod
    def slope_of_frame(self, inverse: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """Return slopes by A, of which only the lower triangle matters, as slopes (R, G, size) by coordinates."""

    @property
    @abstractmethod
    def information(self) -> np.ndarray:
        """What one pattern says about each entry of A."""

    @abstractmethod
    def transported(self, frame: np.ndarray, moments: np.ndarray) -> np.ndarray:
        """Return A M + M Aᵀ: by what moments of whitened patterns fall as C moves along A."""

    @abstractmethod
    def bent_slope(
        self, inverse: np.ndarray, step: np.ndarray, frame: np.ndarray, slope: np.ndarray, change: np.ndarray
    ) -> np.ndarray:
        """Return by what slopes (R, G, size) by coordinates change as C moves.

        Parameters
        ----------
        inverse : ndarray
            C⁻¹.
        step, frame : ndarray
            The move in coordinates, and its A.
        slope, change : ndarray
            N I - M, and by what it changes.
        """

    @abstractmethod
    def precisions(self, inverse: np.ndarray) -> np.ndarray:
        """Return the eigenvalues of the inverse covariances, shape (R, G, d), given the inverses of factors."""

    @abstractmethod
    def condition(self, factor: np.ndarray, inverse: np.ndarray) -> np.ndarray:
        """Return condition numbers of covariances, shape (R, G).

        Of triangular factors it is that of Frobenius' norm of C, squared: it takes no decomposition, and exceeds the
        ratio of the eigenvalues by at most d².
        """

    @abstractmethod
    def curvatures(self, factor: np.ndarray, inverse: np.ndarray) -> np.ndarray:
        """Return the eigenvalues of the information of one pattern about the coordinates, shape (R, G, size)."""


class Diagonal(Covariance):
    """One variance for each feature."""

    def __init__(self, features: int) -> None:
        super().__init__(features)
        self.size = features

    def fold(self, values: np.ndarray) -> np.ndarray:
        """Return values (..., d) of features, summed over those that share a variance."""
        return values

    def factor(self, coordinates: np.ndarray) -> np.ndarray:
        return np.asarray(np.exp(coordinates))

    def coordinates(self, factor: np.ndarray) -> np.ndarray:
        return np.asarray(np.log(factor))

    def diagonal(self, factor: np.ndarray) -> np.ndarray:
        return factor

    def inverse(self, factor: np.ndarray) -> np.ndarray:
        return 1 / factor

    def product(self, factor: np.ndarray, other: np.ndarray) -> np.ndarray:
        return factor * other

    def root(self, moments: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            root = np.sqrt(moments)
        return np.where(root > 0, root, np.nan)

    def apply(self, factor: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        return factor.reshape(*factor.shape, *[1] * (vectors.ndim - 3)) * vectors

    def apply_transposed(self, factor: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        return factor * vectors

    def moments(self, vectors: np.ndarray, others: np.ndarray) -> np.ndarray:
        return self.fold(np.einsum("rkdb,rkdb->rkd", vectors, others))

    def whitened(self, inverse: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        return inverse**2 * self.fold(np.diag(matrix))

    def identity(self, counts: np.ndarray) -> np.ndarray:
        return np.repeat(self.ranks * counts[..., None], self.size, axis=2)

    def trace(self, moments: np.ndarray) -> np.ndarray:
        return moments.sum(axis=2)

    def spread(self, parts: Iterable[np.ndarray]) -> np.ndarray:
        squares = sum((self.fold((part**2).sum(axis=0)) for part in parts), np.zeros(self.size))
        return np.sqrt(squares / self.ranks)

    def covariance(self, factor: np.ndarray, moments: np.ndarray) -> np.ndarray:
        return factor**2 * moments

    def raised(self, covariance: np.ndarray, floor: float) -> np.ndarray:
        return np.sqrt(np.maximum(covariance, floor))

    def raised_slope(self, factor: np.ndarray, inverse: np.ndarray, frame: np.ndarray, floor: float) -> np.ndarray:
        return np.where(factor**2 >= ON_FLOOR * floor, frame, 0)

    def frame_of_step(self, factor: np.ndarray, inverse: np.ndarray, step: np.ndarray) -> np.ndarray:
        return step

    def step_of_frame(self, factor: np.ndarray, frame: np.ndarray) -> np.ndarray:
        return frame

    def frame_of_slope(self, factor: np.ndarray, slope: np.ndarray) -> np.ndarray:
        return slope

    def slope_of_frame(self, inverse: np.ndarray, frame: np.ndarray) -> np.ndarray:
        return frame

    @property
    def information(self) -> np.ndarray:
        return np.full(self.size, 2.0 * self.ranks)

    def transported(self, frame: np.ndarray, moments: np.ndarray) -> np.ndarray:
        return 2 * frame * moments

    def bent_slope(
        self, inverse: np.ndarray, step: np.ndarray, frame: np.ndarray, slope: np.ndarray, change: np.ndarray
    ) -> np.ndarray:
        return change

    def precisions(self, inverse: np.ndarray) -> np.ndarray:
        return np.broadcast_to(inverse**2, (*inverse.shape[:2], self.features))

    def condition(self, factor: np.ndarray, inverse: np.ndarray) -> np.ndarray:
        return (factor.max(axis=2) * inverse.max(axis=2)) ** 2

    def curvatures(self, factor: np.ndarray, inverse: np.ndarray) -> np.ndarray:
        return np.broadcast_to(self.information, factor.shape)


class Spherical(Diagonal):
    """One variance for all features."""

    def __init__(self, features: int) -> None:
        super().__init__(features)
        self.size, self.ranks = 1, features

    def fold(self, values: np.ndarray) -> np.ndarray:
        return values.sum(axis=-1, keepdims=True)


class Full(Covariance):
    """Any covariance, one for each component."""

    def __init__(self, features: int) -> None:
        super().__init__(features)
        self._rows, self._columns = np.tril_indices(features)
        self.size = len(self._rows)

    @cached_property
    def _on_diagonal(self) -> np.ndarray:
        return np.asarray(self._rows == self._columns)

    def _triangle(self, entries: np.ndarray) -> np.ndarray:
        """Return lower triangles (..., d, d) of entries (..., size)."""
        matrix = np.zeros((*entries.shape[:-1], self.features, self.features))
        matrix[..., self._rows, self._columns] = entries
        return matrix

    def _entries(self, matrix: np.ndarray) -> np.ndarray:
        """Return the entries (..., size) of lower triangles."""
        return np.asarray(matrix[..., self._rows, self._columns])

    def factor(self, coordinates: np.ndarray) -> np.ndarray:
        return self._triangle(np.where(self._on_diagonal, np.exp(coordinates * self._on_diagonal), coordinates))

    def coordinates(self, factor: np.ndarray) -> np.ndarray:
        entries = self._entries(factor)
        return np.where(self._on_diagonal, np.log(np.where(self._on_diagonal, entries, 1)), entries)

    def diagonal(self, factor: np.ndarray) -> np.ndarray:
        return np.diagonal(factor, axis1=-2, axis2=-1)

    def inverse(self, factor: np.ndarray) -> np.ndarray:
        # by forward substitution: LAPACK's would refuse the whole batch for one factor
        inverse = np.zeros_like(factor)
        for i in range(self.features):
            inverse[..., i, i] = 1
            inverse[..., i, :i] = -(factor[..., i, None, :i] @ inverse[..., :i, :i])[..., 0, :]
            inverse[..., i, : i + 1] /= factor[..., i, i, None]
        return inverse

    def product(self, factor: np.ndarray, other: np.ndarray) -> np.ndarray:
        return factor @ other

    def root(self, moments: np.ndarray) -> np.ndarray:
        # for the same reason
        root = np.zeros_like(moments)
        with np.errstate(invalid="ignore", divide="ignore"):
            for j in range(self.features):
                column = moments[..., j:, j] - (root[..., j:, :j] @ root[..., j, :j, None])[..., 0]
                pivot = np.where(column[..., :1] > 0, column[..., :1], np.nan)
                root[..., j:, j] = column / np.sqrt(pivot)
        return root

    def apply(self, factor: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        return factor @ vectors if vectors.ndim == 4 else (factor @ vectors[..., None])[..., 0]

    def apply_transposed(self, factor: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        return (vectors[..., None, :] @ factor)[..., 0, :]

    def moments(self, vectors: np.ndarray, others: np.ndarray) -> np.ndarray:
        return vectors @ others.swapaxes(-1, -2)

    def whitened(self, inverse: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        return inverse @ matrix @ inverse.swapaxes(-1, -2)

    def identity(self, counts: np.ndarray) -> np.ndarray:
        return counts[..., None, None] * np.eye(self.features)

    def trace(self, moments: np.ndarray) -> np.ndarray:
        return moments.trace(axis1=2, axis2=3)

    def spread(self, parts: Iterable[np.ndarray]) -> np.ndarray:
        # by rotations of the patterns: no square is formed
        triangle = np.zeros((self.features, self.features))
        for part in parts:
            triangle = np.asarray(np.linalg.qr(np.concatenate([triangle, part]), mode="r"))
        return np.asarray((np.where(np.diagonal(triangle) < 0, -1, 1)[:, None] * triangle).T)

    def covariance(self, factor: np.ndarray, moments: np.ndarray) -> np.ndarray:
        return factor @ moments @ factor.swapaxes(-1, -2)

    def raised(self, covariance: np.ndarray, floor: float) -> np.ndarray:
        values, vectors = eigen(covariance)
        roots = np.sqrt(np.maximum(values, floor))[..., None] * vectors.swapaxes(-1, -2)
        triangle = np.asarray(np.linalg.qr(roots, mode="r"))
        return (np.sign(self.diagonal(triangle))[..., None] * triangle).swapaxes(-1, -2)

    def raised_slope(self, factor: np.ndarray, inverse: np.ndarray, frame: np.ndarray, floor: float) -> np.ndarray:
        # the derivative of a function of a symmetric matrix (Daleckii and Krein 1965): divided differences
        values, vectors = eigen(self.covariance(factor, np.eye(self.features)))
        raised, transposed = np.maximum(values, floor), vectors.swapaxes(-1, -2)
        gaps, rises = (part[..., None] - part[..., None, :] for part in (values, raised))
        above = (values >= ON_FLOOR * floor)[..., None] & np.ones_like(gaps, dtype=bool)
        shares = np.divide(rises, gaps, out=above.astype(np.float64), where=gaps != 0)
        slope = vectors @ (shares * (transposed @ inverse.swapaxes(-1, -2) @ frame @ inverse @ vectors)) @ transposed
        return self._entries(slope @ factor) * np.where(self._on_diagonal, self._entries(factor), 1)

    def frame_of_step(self, factor: np.ndarray, inverse: np.ndarray, step: np.ndarray) -> np.ndarray:
        scale = np.where(self._on_diagonal, self._entries(factor), 1)
        return inverse @ self._triangle(scale * step)

    def step_of_frame(self, factor: np.ndarray, frame: np.ndarray) -> np.ndarray:
        scale = np.where(self._on_diagonal, self._entries(factor), 1)
        return self._entries(factor @ frame) / scale

    def frame_of_slope(self, factor: np.ndarray, slope: np.ndarray) -> np.ndarray:
        scale = np.where(self._on_diagonal, self._entries(factor), 1)
        return np.tril(factor.swapaxes(-1, -2) @ self._triangle(slope / scale))

    def slope_of_frame(self, inverse: np.ndarray, frame: np.ndarray) -> np.ndarray:
        slope = self._entries(inverse.swapaxes(-1, -2) @ np.tril(frame))
        return slope / np.where(self._on_diagonal, self._entries(inverse), 1)

    @property
    def information(self) -> np.ndarray:
        return np.tril(np.ones((self.features, self.features)) + np.eye(self.features))

    def transported(self, frame: np.ndarray, moments: np.ndarray) -> np.ndarray:
        half = frame @ moments
        return half + half.swapaxes(-1, -2)

    def bent_slope(
        self, inverse: np.ndarray, step: np.ndarray, frame: np.ndarray, slope: np.ndarray, change: np.ndarray
    ) -> np.ndarray:
        transposed, scale = inverse.swapaxes(-1, -2), np.where(self._on_diagonal, self._entries(inverse), 1)
        bent = self._entries(transposed @ (change - frame.swapaxes(-1, -2) @ slope))
        # the logarithm bends, too
        return (bent + self._on_diagonal * step * self._entries(transposed @ slope)) / scale

    def precisions(self, inverse: np.ndarray) -> np.ndarray:
        return eigenvalues(inverse @ inverse.swapaxes(-1, -2))

    def condition(self, factor: np.ndarray, inverse: np.ndarray) -> np.ndarray:
        return np.asarray((factor**2).sum(axis=(2, 3)) * (inverse**2).sum(axis=(2, 3)))

    def curvatures(self, factor: np.ndarray, inverse: np.ndarray) -> np.ndarray:
        # each column of C is informed about by itself
        found = []
        for j in range(self.features):
            columns = inverse[..., j:, j:].copy()
            columns[..., 0] *= factor[..., j, j, None]
            weighted = columns.copy()
            weighted[..., 0, :] *= 2
            found.append(eigenvalues(columns.swapaxes(-1, -2) @ weighted))
        return np.concatenate(found, axis=-1)


class Tied(Full):
    """Any covariance, the same for all components."""

    shared = True


MODELS: dict[str, type[Covariance]] = {"spherical": Spherical, "diagonal": Diagonal, "tied": Tied, "full": Full}


def eigen(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues in rising order and eigenvectors of symmetric matrices, NaN where these are not finite."""
    finite = np.isfinite(matrices).all(axis=(-2, -1))
    values, vectors = np.linalg.eigh(np.where(finite[..., None, None], matrices, 0))
    return np.where(finite[..., None], values, np.nan), vectors


def eigenvalues(matrices: np.ndarray) -> np.ndarray:
    """Return the eigenvalues of symmetric matrices in rising order, NaN where these are not finite."""
    finite = np.isfinite(matrices).all(axis=(-2, -1))
    return np.where(finite[..., None], np.linalg.eigvalsh(np.where(finite[..., None, None], matrices, 0)), np.nan)
