"""The choice is an owner for each pattern: regressions, lines, mixtures and prototypes in other norms."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from scipy.linalg import block_diag

from kmeans_convergence.problems.regression import check_rows
from kmeans_convergence.theory.alternations.blocks import Categories, Gaussians, log_probabilities


class Owners:
    """What they share: each of n patterns chooses the group for which it costs least.

    Parameters
    ----------
    n : int
        Patterns.
    groups : int
    """

    def __init__(self, n: int, groups: int) -> None:
        self.n, self.groups = n, groups

    def losses(self, w: np.ndarray) -> np.ndarray:
        """Return what each pattern costs with each group at `w` (P,), shape (n, K)."""
        raise NotImplementedError

    def choose(self, w: np.ndarray) -> np.ndarray:
        """Return the best group of each pattern, shape (n,)."""
        return np.asarray(self.losses(w).argmin(axis=1))

    def choices(self) -> Iterator[np.ndarray]:
        """Yield all K^n choices."""
        yield from map(np.array, product(range(self.groups), repeat=self.n))

    def cost(self, z: np.ndarray, w: np.ndarray) -> float:
        """Return the sum of the losses."""
        return float(self.losses(w)[np.arange(self.n), z].sum())


class Regressions(Owners):
    """K linear regressions, each pattern on the one that predicts it best (Spath 1979).

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Regressors, a constant among them where one is wanted.
    y : ndarray of shape (n,)
    groups : int
        K; parameters are the K p coefficients.

    Raises
    ------
    InputError
        When there are fewer patterns than coefficients, or the regressors are collinear.
    """

    def __init__(self, X: np.ndarray, y: np.ndarray, groups: int) -> None:
        super().__init__(len(X), groups)
        check_rows(X, groups)
        self.X, self.y = X, y

    def losses(self, w: np.ndarray) -> np.ndarray:
        """Return half the squared residuals, shape (n, K)."""
        return np.asarray((self.y[:, None] - self.X @ w.reshape(self.groups, -1).T) ** 2 / 2)

    def gradient(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return minus the regressors times the residuals, group by group."""
        residual = self.y - (self.X * w.reshape(self.groups, -1)[z]).sum(axis=1)
        return np.concatenate([-self.X[z == k].T @ residual[z == k] for k in range(self.groups)])

    def hessian(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the blocks of the regressors' squares, whatever the coefficients."""
        return np.asarray(block_diag(*(self.X[z == k].T @ self.X[z == k] for k in range(self.groups))))

    def minimize(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the least-squares fit of each group, the one nearest to `w` where there are several."""
        old = w.reshape(self.groups, -1)
        return np.concatenate([least_squares(self.X[z == k], self.y[z == k], old[k]) for k in range(self.groups)])


def least_squares(X: np.ndarray, y: np.ndarray, old: np.ndarray) -> np.ndarray:
    """Return the coefficients (p,) with the least squared residuals; of several the ones nearest to `old`."""
    fit, _, rank, _ = np.linalg.lstsq(X, y)
    return fit if rank == len(old) else old + np.linalg.lstsq(X, y - X @ old)[0]


class Lines(Owners):
    """K lines through the origin of the plane, each pattern on the nearest: the smallest case of k subspaces.

    Parameters
    ----------
    X : ndarray of shape (n, 2)
    groups : int
        K; parameters are the K angles of the lines.
    """

    def __init__(self, X: np.ndarray, groups: int) -> None:
        super().__init__(len(X), groups)
        self.squares, self.doubled = (X**2).sum(axis=1), 2 * np.arctan2(X[:, 1], X[:, 0])

    def losses(self, w: np.ndarray) -> np.ndarray:
        """Return half the squared distances to the lines, shape (n, K)."""
        return np.asarray(self.squares[:, None] * (1 - np.cos(self.doubled[:, None] - 2 * w)) / 4)

    def _sums(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the sums of the squares times cosine and sine of the doubled angles, shape (K,) each."""
        a, b = (np.bincount(z, self.squares * f(self.doubled), self.groups) for f in (np.cos, np.sin))
        return a, b

    def gradient(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the derivatives by the angles."""
        a, b = self._sums(z)
        return np.asarray((a * np.sin(2 * w) - b * np.cos(2 * w)) / 2)

    def hessian(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the second derivatives: negative for a line that is more than 45 degrees from its best angle."""
        a, b = self._sums(z)
        return np.diag(a * np.cos(2 * w) + b * np.sin(2 * w))

    def minimize(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the first principal axes of the groups, the nearest of the equivalent angles."""
        a, b = self._sums(z)
        turn = np.arctan2(b, a) / 2 - w
        return np.where(np.bincount(z, minlength=self.groups) > 0, w + turn - np.pi * np.round(turn / np.pi), w)


class Mixture(Owners):
    """A mixture of K Gaussians on a line with means, variances and weights, each pattern of the likeliest component.

    This is classification EM (Celeux and Govaert 1992).

    Parameters
    ----------
    x : ndarray of shape (n,)
    groups : int
        K; parameters are K means, K log variances and K - 1 logits of the weights.
    """

    def __init__(self, x: np.ndarray, groups: int) -> None:
        super().__init__(len(x), groups)
        self.x = x

    def _parts(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return w[: self.groups], w[self.groups : 2 * self.groups], w[2 * self.groups :]

    def _blocks(self, z: np.ndarray) -> tuple[Gaussians, Categories]:
        return Gaussians.grouped(self.x, z, self.groups), Categories(np.bincount(z, minlength=self.groups))

    def losses(self, w: np.ndarray) -> np.ndarray:
        """Return minus the log of weight times density, up to a constant, shape (n, K)."""
        mu, log_variance, logits = self._parts(w)
        squares = (self.x[:, None] - mu) ** 2 * np.exp(-log_variance)
        return np.asarray((log_variance + squares) / 2 - log_probabilities(logits))

    def cost(self, z: np.ndarray, w: np.ndarray) -> float:
        """Return the negative log likelihood of patterns and choices, with the prior."""
        mu, log_variance, logits = self._parts(w)
        gaussians, weights = self._blocks(z)
        return gaussians.cost(mu, log_variance) + weights.cost(logits)

    def gradient(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the derivatives by means, log variances and logits."""
        mu, log_variance, logits = self._parts(w)
        gaussians, weights = self._blocks(z)
        return np.concatenate([gaussians.gradient(mu, log_variance), weights.gradient(logits)])

    def hessian(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the second derivatives."""
        mu, log_variance, logits = self._parts(w)
        gaussians, weights = self._blocks(z)
        return np.asarray(block_diag(gaussians.hessian(mu, log_variance), weights.hessian(logits)))

    def minimize(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return means, variances and shares of the groups."""
        gaussians, weights = self._blocks(z)
        return np.concatenate([gaussians.minimizer(self._parts(w)[0]), weights.minimizer()])


# Steps of the inner minimisation, far more than it takes, and how often one of them is halved at most.
INNER, HALVINGS = 100, 30


def half_squared_norm(u: np.ndarray, p: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return half the squared p-norm of `u` (m, d), its gradients (m, d) and Hessians (m, d, d).

    At the origin there is a Hessian for p = 2 alone.
    """
    if p == 2:
        return (u**2).sum(axis=1) / 2, u, np.tile(np.eye(u.shape[1]), (len(u), 1, 1))
    size = (np.abs(u) ** p).sum(axis=1)
    slope = np.sign(u) * np.abs(u) ** (p - 1)
    diagonal = (p - 1) * size[:, None] ** (2 / p - 1) * np.abs(u) ** (p - 2)
    outer = (2 - p) * size[:, None, None] ** (2 / p - 2) * slope[:, :, None] * slope[:, None, :]
    return size ** (2 / p) / 2, size[:, None] ** (2 / p - 1) * slope, outer + diagonal[:, :, None] * np.eye(u.shape[1])


class Prototypes(Owners):
    """K prototypes, each pattern with the nearest in the p-norm, at the cost of half the squared distance.

    For p = 2 these are k-means and its means.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    groups : int
        K; parameters are the K d coordinates.
    p : float
        At least 2, so that second derivatives exist off the patterns.
    """

    def __init__(self, X: np.ndarray, groups: int, p: float) -> None:
        super().__init__(len(X), groups)
        self.X, self.p = X, p

    def losses(self, w: np.ndarray) -> np.ndarray:
        """Return half the squared distances, shape (n, K)."""
        u = w.reshape(1, self.groups, -1) - self.X[:, None]
        return np.asarray((np.abs(u) ** self.p).sum(axis=2) ** (2 / self.p) / 2)

    def _derivatives(self, z: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return the gradient of each group (K, d), and its Hessian."""
        w = w.reshape(self.groups, -1)
        found = [half_squared_norm(w[k] - self.X[z == k], self.p)[1:] for k in range(self.groups)]
        return np.array([g.sum(axis=0) for g, _ in found]), [H.sum(axis=0) for _, H in found]

    def gradient(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the derivatives by the coordinates."""
        return self._derivatives(z, w)[0].ravel()

    def hessian(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the second derivatives."""
        return np.asarray(block_diag(*self._derivatives(z, w)[1]))

    def minimize(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the centres of the groups: means for p = 2, else by Newton's method with halved steps."""
        old = w.reshape(self.groups, -1)
        members = [self.X[z == k] for k in range(self.groups)]
        if self.p == 2:
            return np.concatenate([m.mean(axis=0) if len(m) else old[k] for k, m in enumerate(members)])
        return np.concatenate([centre(m, self.p) if len(m) else old[k] for k, m in enumerate(members)])


def centre(X: np.ndarray, p: float) -> np.ndarray:
    """Return the point (d,) with the least sum of squared p-norms to the patterns `X` (m, d).

    The sum is strictly convex for p > 1, so Newton's method with steps that are halved until they descend finds it.
    """
    if len(X) == 1:
        return np.asarray(X[0])
    # patterns may lie on the mean, where the second derivative does not exist
    w = X.mean(axis=0) + 1e-3 * np.ptp(X, axis=0) * np.sqrt(np.arange(2, 2 + X.shape[1]))
    for _ in range(INNER):
        values, g, H = (part.sum(axis=0) for part in half_squared_norm(w - X, p))
        step = -np.linalg.lstsq(H, g)[0]
        for _ in range(HALVINGS):
            if half_squared_norm(w + step - X, p)[0].sum() <= values:
                break
            step = step / 2
        if np.array_equal(w + step, w):
            break
        w = w + step
    return np.asarray(w)
