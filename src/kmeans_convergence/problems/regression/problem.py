r"""Clusterwise linear regression (Späth 1979).

.. math:: E(w)=\sum_i\tfrac12\min_k(y_i-x_i\cdot w_k)^2

The alternation gives each pattern to the model that predicts it best, and fits each model to its patterns. Given the
owners the cost is quadratic with the blocks :math:`G_k=X_k^TX_k`, so that the alternation is Newton's method. It does
not feel the units of the regressors, nor their correlation; gradient methods do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from kmeans_convergence.core.gap import FlooredGap
from kmeans_convergence.core.problem import Capability, Curvature, Problem, TermCurvature
from kmeans_convergence.errors import InputError
from kmeans_convergence.problems.owners import OwnersEvaluation, block_diagonal, flat, one_hot
from kmeans_convergence.problems.patterns import as_patterns
from kmeans_convergence.starts import Streams

# Costs below this share of that of models that predict nothing differ by rounding errors: the fit is perfect.
PERFECT = 1e-20

# Curvature of a group below this share of its largest, in directions that all regressors have alike, is none.
FLAT = 1e-10

# Rows from which a model is fitted at first, for each of its coefficients.
DRAWN = 2


def check_rows(X: np.ndarray, groups: int) -> None:
    """Refuse regressors (n, p) that do not determine the coefficients of so many models.

    Raises
    ------
    InputError
        When there are fewer rows than coefficients, or the regressors are collinear.
    """
    rows, features = X.shape
    if rows < groups * features:
        raise InputError(
            f"{rows} rows are too few for {groups} regressions of {features} coefficients each: "
            f"at least {groups * features} are needed."
        )
    if (rank := int(np.linalg.matrix_rank(X))) < features:
        raise InputError(
            f"The {features} regressors are collinear (rank {rank}), so that coefficients are not determined: "
            "leave out those that follow from others."
        )


@dataclass(frozen=True)
class RegressionEvaluation(OwnersEvaluation):
    """What one pass over the rows says about R runs of clusterwise regression.

    Blocks and slopes are in coordinates in which all regressors together are orthonormal, X = Q R: so a group that does
    not determine its coefficients is told whatever the units, and its model changes what it predicts by as little as
    possible.

    Attributes
    ----------
    triangle : ndarray of shape (p, p)
        R
    inverse : ndarray of shape (p, p)
        Its inverse.
    rows : int
        n, of all data.
    blocks : ndarray of shape (R, K, p)
        Coefficients, read-only.
    total : ndarray of shape (R,)
        `cost`.
    squares : ndarray of shape (R, K, p, p)
        Q_k' Q_k over the patterns of each group.
    slopes : ndarray of shape (R, K, p)
        Q_k' times their residuals.
    owners : ndarray of shape (R, m), int32
    """

    triangle: np.ndarray
    inverse: np.ndarray
    rows: int
    blocks: np.ndarray
    total: np.ndarray
    squares: np.ndarray
    slopes: np.ndarray
    owners: np.ndarray

    @property
    def cost(self) -> np.ndarray:
        """See `Evaluation`."""
        return self.total

    def of(self, *parts: Any) -> Self:
        """See `Evaluation`."""
        return type(self)(self.triangle, self.inverse, self.rows, *parts)

    def parts(self) -> tuple[np.ndarray | None, ...]:
        """See `Evaluation`."""
        return self.blocks, self.total, self.squares, self.slopes, self.owners

    @cached_property
    def gradient(self) -> np.ndarray:
        """Minus X_k' times the residuals of each group, shape (R, K p)."""
        return flat(-self.slopes @ self.triangle)

    @cached_property
    def gram(self) -> np.ndarray:
        """X_k' X_k of each group, the Hessian's blocks, shape (R, K, p, p)."""
        return self.triangle.T @ self.squares @ self.triangle

    @cached_property
    def hessian(self) -> np.ndarray:
        """See `Evaluation`."""
        return block_diagonal(self.gram)

    @cached_property
    def image(self) -> np.ndarray:
        """The fit of least squares to each group; what it does not determine changes predictions least."""
        return self.x - self.precondition(self.gradient)

    def damped_image(self, rate: float) -> np.ndarray:
        """See `Evaluation`: as if there were imaginary rows, like all others, that the present models predict."""
        imaginary = (1 - rate) / rate * self.owners.shape[1] / (self.blocks.shape[1] * self.rows)
        if not imaginary:
            return self.image
        squares = self.squares + imaginary * np.eye(self.blocks.shape[2])
        return flat(self.blocks + np.linalg.solve(squares, self.slopes[..., None])[..., 0] @ self.inverse.T)

    @cached_property
    def _spectrum(self) -> tuple[np.ndarray, np.ndarray]:
        """Inverse eigenvalues of `squares`, 0 in directions without curvature, and eigenvectors."""
        values, vectors = np.linalg.eigh(self.squares)
        curved = values > np.maximum(FLAT * values[..., -1:], 0)
        return np.divide(1.0, values, out=np.zeros_like(values), where=curved), vectors

    def _solve(self, v: np.ndarray) -> np.ndarray:
        """Return the pseudo-inverse of `squares` times vectors (R, K, p)."""
        inverse, vectors = self._spectrum
        turned = np.einsum("rkpq,rkp->rkq", vectors, v)
        return np.asarray(np.einsum("rkpq,rkq->rkp", vectors, inverse * turned))

    def precondition(self, v: np.ndarray) -> np.ndarray:
        """Return the (generalised) inverses of X_k' X_k times v."""
        return flat(self._solve(self.as_blocks(v) @ self.inverse) @ self.inverse.T)

    def squared_norm(self, v: np.ndarray) -> np.ndarray:
        """Return the sum of squares by which predictions of the groups' own patterns change, shape (R,)."""
        turned = self.as_blocks(v) @ self.triangle.T
        return np.asarray(np.einsum("rkp,rkpq,rkq->r", turned, self.squares, turned))

    @property
    def mean_curvature(self) -> np.ndarray:
        """See `Evaluation`; from the trace."""
        return np.asarray(np.trace(self.gram, axis1=2, axis2=3).mean(axis=1) / self.blocks.shape[2])

    @cached_property
    def curvature(self) -> Curvature:
        """Eigenvalues of X_k' X_k."""
        values = np.maximum(np.linalg.eigvalsh(self.gram), 0)
        most = values[..., -1].max(axis=1)
        curved = values > FLAT * values[..., -1:]
        least = np.where(curved & (values > 0), values, np.inf).min(axis=(1, 2))
        return Curvature(least, values.mean(axis=(1, 2)), most)


class RegressionProblem(Problem):
    """Minimise half the sum of squared residuals of K linear models, each row on the one that predicts it best.

    Parameters are coefficients (R, K, p). The unit of work is a row.

    Parameters
    ----------
    X : array_like of shape (n, p)
        Regressors, a constant among them where one is wanted.
    y : array_like of shape (n,)
    groups : int
        K

    Attributes
    ----------
    X, y : ndarray, read-only
    groups : int

    Raises
    ------
    InputError
        When these are no finite numbers of such shapes, there are fewer rows than coefficients, or the regressors are
        collinear.
    """

    capabilities = frozenset({Capability.SUBSETS, Capability.HESSIAN})

    def __init__(self, X: np.ndarray, y: np.ndarray, groups: int) -> None:
        self.X = as_patterns(np.asarray(X, dtype=np.float64))
        if np.shape(y) != (len(self.X),):
            raise InputError(f"The response has shape {np.shape(y)}: ({len(self.X)},), one for each row, is needed.")
        self.y = as_patterns(np.reshape(np.asarray(y, dtype=np.float64), (-1, 1)))[:, 0]
        if groups < 1:
            raise InputError(f"The number of regressions is {groups}: at least 1 is needed.")
        check_rows(self.X, groups)
        self.groups = groups
        self._orthonormal, self._triangle = np.linalg.qr(self.X)
        self._inverse = np.linalg.inv(self._triangle)
        self._products = self._orthonormal[:, :, None] * self._orthonormal[:, None, :]

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.X)

    @cached_property
    def gap(self) -> FlooredGap:
        """Per cent; of a perfect fit, of what is a matter of rounding errors."""
        return FlooredGap(PERFECT * 0.5 * float((self.y**2).sum()) or PERFECT)

    @cached_property
    def length(self) -> float:
        """A typical coefficient: that of a regressor by itself."""
        return float(np.sqrt((self.y**2).sum() / (self.X**2).sum())) or 1.0

    @cached_property
    def term_curvature(self) -> TermCurvature:
        """Squared norms of the rows over p: their mean is that of a term's eigenvalues."""
        norms = (self.X**2).sum(axis=1) / self.X.shape[1]
        return TermCurvature(float(norms.min()), float(norms.mean()), float(norms.max()))

    def pack(self, parameters: Any) -> np.ndarray:
        """Return coefficients (R, K, p) as flat vectors."""
        w = np.array(parameters, dtype=np.float64)
        if w.ndim != 3 or w.shape[1:] != (self.groups, self.X.shape[1]):
            raise InputError(
                f"The coefficients have shape {w.shape}: (runs, {self.groups}, {self.X.shape[1]}) is needed."
            )
        return flat(w)

    def unpack(self, x: np.ndarray) -> np.ndarray:
        """Return flat vectors as coefficients, a view."""
        return x.reshape(len(x), self.groups, self.X.shape[1])

    def evaluate(self, x: np.ndarray) -> RegressionEvaluation:
        """Evaluate R points of shape (R, K p) in one pass."""
        return self._evaluate(x, self.X, self.y, self._orthonormal, self._products)

    def evaluate_rows(self, x: np.ndarray, rows: np.ndarray) -> RegressionEvaluation:
        """Evaluate each run on rows of its own, `rows` (R, m)."""
        return self._evaluate(x, *(part[rows] for part in (self.X, self.y, self._orthonormal, self._products)))

    def nothing_seen(self, x: np.ndarray, rows: np.ndarray) -> RegressionEvaluation:
        """Return the evaluation of runs that see none of `rows`."""
        w = np.array(self.unpack(x))
        squares, owners = np.zeros((*w.shape, w.shape[2])), np.zeros(rows.shape, dtype=np.int32)
        return self._evaluation(w, np.zeros(len(w)), squares, np.zeros(w.shape), owners)

    def draw(self, rngs: Streams) -> np.ndarray:
        """Draw coefficients (R, K, p): least squares on a few rows for each model, no row for two of them."""
        features = self.X.shape[1]
        each = min(DRAWN * features, len(self.X) // self.groups)
        drawn = []
        for rng in rngs:
            parts = np.split(rng.permutation(len(self.X))[: each * self.groups], self.groups)
            drawn.append([np.linalg.lstsq(self.X[some], self.y[some])[0] for some in parts])
        return np.array(drawn)

    def _evaluate(
        self, x: np.ndarray, X: np.ndarray, y: np.ndarray, orthonormal: np.ndarray, products: np.ndarray
    ) -> RegressionEvaluation:
        w = np.array(self.unpack(x))
        residuals = y[..., None] - X @ w.swapaxes(1, 2)
        # ties go to the lowest index
        owners = (residuals**2).argmin(axis=2)
        residual = np.take_along_axis(residuals, owners[..., None], axis=2)[..., 0]
        mine = one_hot(owners, self.groups)
        features = self.X.shape[1]
        squares = mine @ products.reshape(*products.shape[:-2], features**2)
        return self._evaluation(
            w,
            0.5 * (residual**2).sum(axis=1),
            squares.reshape(*w.shape, features),
            (mine * residual[:, None]) @ orthonormal,
            owners.astype(np.int32),
        )

    def _evaluation(self, *parts: np.ndarray) -> RegressionEvaluation:
        return RegressionEvaluation(self._triangle, self._inverse, len(self.X), *parts)
