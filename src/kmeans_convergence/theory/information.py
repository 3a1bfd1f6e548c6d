r"""Complete and hidden information about a mixture of Gaussians, and the rate of EM that follows.

What is observed is the complete information less the hidden one (Louis 1982), and near a fixed point EM's error shrinks
by the eigenvalues of :math:`I_c^{-1}I_h`, the share that is hidden (Dempster, Laird and Rubin 1977).

But for `alternation_rate`, this is about the means alone: the mixture has K components of equal weight and unit
variance, and patterns are in units of their standard deviation.
"""

from __future__ import annotations

import numpy as np

from kmeans_convergence.problems import GaussianMixtureProblem
from kmeans_convergence.theory import equations

# What is observed of a direction, as a share of the complete information, when that is rounding.
FLAT = 1e-9


def complete(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return the information about the means if components were known, blockdiag(N_k I), shape (K d, K d).

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Patterns in units of the components' standard deviation.
    w : ndarray of shape (K, d)
    """
    return np.kron(np.diag(equations.responsibilities(X, w).sum(axis=0)), np.eye(w.shape[1]))


def hidden(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return the information about the means that the unknown components hide, shape (K d, K d).

    Louis' (1982) identity: the covariance of the scores r_k (x - w_k) under the responsibilities.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Patterns in units of the components' standard deviation.
    w : ndarray of shape (K, d)
    """
    r = equations.responsibilities(X, w)
    clusters, features = w.shape
    u = X[:, None, :] - w
    means = (r[:, :, None] * u).reshape(len(X), -1)
    found = -(means.T @ means).reshape(clusters, features, clusters, features)
    for k in range(clusters):
        found[k, :, k] += (r[:, k, None] * u[:, k]).T @ u[:, k]
    return np.asarray(found.reshape(w.size, w.size))


def em_rate(X: np.ndarray, w: np.ndarray) -> float:
    """Return the largest share of information that is hidden: the factor of EM's error at a fixed point.

    It is the largest eigenvalue of I_c^{-1} I_h, and 1 where the means coincide.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Patterns in units of the components' standard deviation.
    w : ndarray of shape (K, d)
    """
    roots = 1 / np.sqrt(np.diag(complete(X, w)))
    return float(np.linalg.eigvalsh(roots[:, None] * hidden(X, w) * roots)[-1])


def alternation_rate(problem: GaussianMixtureProblem, x: np.ndarray) -> float:
    """Return the largest share of information about all parameters that is hidden: EM's factor at a fixed point.

    It is 1 less the smallest eigenvalue of I_c^{-1} I_obs, with the inverse P of the complete information and the
    Hessian as the observed one: Dempster, Laird and Rubin (1977), theorem 4. Above 1 the point is a saddle.

    Directions in which nothing changes are left out: a number that is added to all logits, and weight that passes
    between components which coincide.

    Parameters
    ----------
    problem : GaussianMixtureProblem
        With products of its Hessian: without a floor of the eigenvalues.
    x : ndarray of shape (1, P)
        One fixed point, in the problem's coordinates.

    Notes
    -----
    Matrices of P² numbers are made from as many evaluations as there are parameters.
    """
    parameters = x.shape[1]
    here, unit = problem.evaluate(np.repeat(x, parameters, axis=0)), np.eye(parameters)
    shares = np.linalg.eigvals(here.precondition(problem.hessian_product(here, unit)).T).real
    return float(1 - shares[abs(shares) > FLAT].min())
