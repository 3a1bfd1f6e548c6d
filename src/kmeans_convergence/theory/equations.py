r"""Equations (1) to (8) of Bottou and Bengio (1995) as they stand there, one run at a time.

These functions are slow and obvious: they judge the compiled passes and the optimizers. Throughout, `X` holds
n patterns, shape (n, d), and `w` K prototypes, shape (K, d). Up to equation (7) the functions take arrays of
``fractions.Fraction`` (dtype object) as well, and are then free of rounding.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from scipy.special import logsumexp, softmax


def squared_distances(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    r"""Return :math:`\|x_i-w_k\|^2`, shape (n, K)."""
    squares: np.ndarray = (X[:, None, :] - w[None, :, :]) ** 2
    return np.asarray(squares.sum(axis=2))


def assignments(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return s_i(w), the prototype nearest to each pattern, shape (n,); ties go to the lowest index."""
    nearest: np.ndarray = squared_distances(X, w).argmin(axis=1)
    return nearest


def counts(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return N_k, the number of patterns that each prototype owns, shape (K,)."""
    return np.bincount(assignments(X, w), minlength=len(w))


def loss(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    r"""Equations (1) and (2): :math:`L(x_i,w)=\frac12\min_k\|x_i-w_k\|^2`, shape (n,)."""
    return np.asarray(squared_distances(X, w).min(axis=1) / 2)


def quantization_error(X: np.ndarray, w: np.ndarray) -> float:
    r"""Equation (1): :math:`E(w)=\sum_i L(x_i,w)`."""
    cost: float = loss(X, w).sum()
    return cost


def gradient(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    r"""Gradient of (1): :math:`-\sum_{i:s_i(w)=k}(x_i-w_k)`, shape (K, d), where no pattern is tied."""
    s = assignments(X, w)
    return np.stack([-(X[s == k] - w_k).sum(axis=0) for k, w_k in enumerate(w)])


def batch_gradient_step(X: np.ndarray, w: np.ndarray, rate: float | Fraction) -> np.ndarray:
    r"""Equation (3): w after :math:`\Delta w_k=\epsilon_t\sum_{i:s_i(w)=k}(x_i-w_k)`."""
    s = assignments(X, w)
    return np.stack([w_k + rate * (X[s == k] - w_k).sum(axis=0) for k, w_k in enumerate(w)])


def online_gradient_step(x: np.ndarray, w: np.ndarray, rate: float | Fraction) -> np.ndarray:
    r"""Equation (4): w after the pattern `x` (d,), :math:`\Delta w_k=\epsilon_t(x-w_k)` for the nearest."""
    (k,) = assignments(x[None], w)
    w = w.copy()
    w[k] = w[k] + rate * (x - w[k])
    return w


def auxiliary(X: np.ndarray, new: np.ndarray, w: np.ndarray) -> float:
    r"""Return :math:`Q(w',w)=\sum_i\frac12\|x_i-w'_{s_i(w)}\|^2`, with w' = `new` of shape (K, d).

    The paper gives it no number.
    """
    cost: float = ((X - new[assignments(X, w)]) ** 2).sum() / 2
    return cost


def auxiliary_minimizer(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Equation (5): the minimiser of Q(., w), each prototype at the mean of its patterns, shape (K, d).

    A prototype without patterns does not enter Q and stays where it is.
    """
    s = assignments(X, w)
    return np.stack([X[s == k].mean(axis=0) if (s == k).any() else w_k for k, w_k in enumerate(w)])


def batch_kmeans_step(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    r"""Equation (6): w after :math:`\Delta w_k=\sum_{i:s_i(w)=k}\frac{1}{N_k}(x_i-w_k)`."""
    new, s = w.copy(), assignments(X, w)
    N = np.bincount(s, minlength=len(w))
    for x, k in zip(X, s, strict=True):
        new[k] = new[k] + (x - w[k]) / int(N[k])
    return new


def online_kmeans_step(x: np.ndarray, w: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Equation (7): w and n after the pattern `x`; only the nearest prototype k moves.

    First :math:`\Delta n_k=1`, then :math:`\Delta w_k=\frac{1}{n_k}(x-w_k)`.

    Parameters
    ----------
    x : ndarray of shape (d,)
    w : ndarray of shape (K, d)
    n : ndarray of shape (K,), integers
        Patterns that each prototype has won before this one.
    """
    (k,) = assignments(x[None], w)
    w, n = w.copy(), n.copy()
    n[k] += 1
    w[k] = w[k] + (x - w[k]) / int(n[k])
    return w, n


def hessian(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return the Hessian, the block-diagonal matrix of the N_k I, shape (K d, K d), where no pattern is tied.

    The paper gives it no number.
    """
    return np.kron(np.diag(counts(X, w)), np.eye(w.shape[1]))


def newton_step(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    r"""Equation (8): :math:`w-H^+\nabla E`, pseudo-inverse because empty prototypes have zero blocks."""
    direction = np.linalg.pinv(hessian(X, w), hermitian=True) @ gradient(X, w).ravel()
    return np.asarray(w - direction.reshape(w.shape))


def mixture_log_densities(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    r"""Return :math:`\log\frac1K\mathcal N(x_i;w_k,I)`, shape (n, K): the mixture of section 5."""
    clusters, features = w.shape
    return np.asarray(-squared_distances(X, w) / 2 - features / 2 * np.log(2 * np.pi) - np.log(clusters))


def mixture_cost(X: np.ndarray, w: np.ndarray) -> float:
    r"""Negative log likelihood :math:`-\sum_i\log\sum_k\frac1K\mathcal N(x_i;w_k,I)` in nats (section 5)."""
    return float(-logsumexp(mixture_log_densities(X, w), axis=1).sum())


def responsibilities(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return the posterior probability of each component for each pattern, shape (n, K) (section 5)."""
    return np.asarray(softmax(mixture_log_densities(X, w), axis=1))


def em_step(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return the means weighted by the responsibilities, shape (K, d): one step of EM (section 5)."""
    r = responsibilities(X, w)
    return np.asarray(r.T @ X / r.sum(axis=0)[:, None])
