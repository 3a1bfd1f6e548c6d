"""scikit-learn's mixture of Gaussians from given responsibilities: it forms covariances and adds a constant to them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from kmeans_convergence.problems.mixture import Mixture

# The constant that it adds unless it is told otherwise.
CONSTANT = 1e-6


def fit(
    X: np.ndarray, start: np.ndarray, steps: int, constant: float = CONSTANT, tolerance: float = 0.0
) -> Mixture | None:
    """Take steps of EM with full covariances.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    start : ndarray of shape (n, K)
        Responsibilities, whose M-step is the start.
    steps : int
        The largest number of steps.
    constant : float
        `reg_covar`, in squared units of the data.
    tolerance : float
        `tol`: steps end when the bound of the log likelihood changes by less, in nats per pattern.

    Returns
    -------
    Mixture or None
        One run; None when a covariance has no Cholesky factor.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    class Started(GaussianMixture):  # type: ignore[misc]
        def _initialize_parameters(self, X: np.ndarray, random_state: Any, **options: Any) -> None:
            self._initialize(X, start, **options)

    model = Started(start.shape[1], tol=tolerance, reg_covar=constant, max_iter=steps)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            model.fit(X)
            factors = np.linalg.cholesky(model.covariances_)
        except (ValueError, np.linalg.LinAlgError):
            return None
    return Mixture(model.weights_[None], model.means_[None], factors[None])
