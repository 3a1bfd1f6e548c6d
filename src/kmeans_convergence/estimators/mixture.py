"""Mixtures of Gaussians."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import mixture
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from kmeans_convergence.core import Optimizer
from kmeans_convergence.errors import InputError
from kmeans_convergence.estimators.clustering import KMeans
from kmeans_convergence.estimators.common import check_choice, level, search, seeds
from kmeans_convergence.optimizers import MajorizeMinimize
from kmeans_convergence.optimizers.accelerated import Anderson, Squarem

if TYPE_CHECKING:
    from kmeans_convergence.problems import GaussianMixtureProblem
    from kmeans_convergence.problems.mixture import Mixture

ALGORITHMS: dict[str, Callable[[], Optimizer]] = {"squarem": Squarem, "anderson": Anderson, "em": MajorizeMinimize}
# What the problem calls scikit-learn's types of covariances.
COVARIANCES = {"full": "full", "tied": "tied", "diag": "diagonal", "spherical": "spherical"}


class GaussianMixture(mixture.GaussianMixture):  # type: ignore[misc]
    r"""A mixture of Gaussians by accelerated EM, with the interface of `sklearn.mixture.GaussianMixture`.

    Parameters, attributes and methods that are not listed here are those of scikit-learn.

    Parameters
    ----------
    n_components : int
    algorithm : {"squarem", "anderson", "em"}
        EM with SQUAREM (Varadhan and Roland 2008), with Anderson acceleration, or plain. An iterate takes one pass over
        the data with each of them. Where an extrapolation does not raise the likelihood, EM's own step is made next.
    tol : float
        A run ends when neither its last step changed the mean log likelihood of a sample by more than this, nor EM's
        next one promises to raise it by more.
    reg_covar : float
        Variance of independent noise that the samples are known up to. The likelihood allows for it, so that EM, which
        adds it to the diagonals of the covariances, maximises something; scikit-learn adds the same and does not.
    max_iter : int
        Passes over the data that a run may take; with "em" they are its iterations.
    init_params : {"kmeans", "k-means++", "random_from_data", "random"}
        Where runs start: from the clusters of Lloyd's algorithm; those after one step of it from samples drawn by
        k-means++, or evenly; or from random
        responsibilities.

    Attributes
    ----------
    lower_bound_, lower_bounds_ : float, list of float
        Mean log likelihood of a sample, allowing for the noise: at the end, and after each iterate.
    n_iter_ : int
        Iterates of the run that was kept.

    Examples
    --------
    >>> import numpy as np
    >>> from kmeans_convergence.estimators import GaussianMixture
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> gm = GaussianMixture(n_components=2, random_state=0).fit(X)
    >>> sorted(gm.means_[:, 0].round(6).tolist())
    [1.0, 10.0]
    """

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        algorithm: str = "squarem",
        tol: float = 1e-3,
        reg_covar: float = 1e-6,
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str = "kmeans",
        weights_init: Any = None,
        means_init: Any = None,
        precisions_init: Any = None,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
    ) -> None:
        super().__init__(
            n_components,
            covariance_type=covariance_type,
            tol=tol,
            reg_covar=reg_covar,
            max_iter=max_iter,
            n_init=n_init,
            init_params=init_params,
            weights_init=weights_init,
            means_init=means_init,
            precisions_init=precisions_init,
            random_state=random_state,
            warm_start=warm_start,
            verbose=verbose,
            verbose_interval=verbose_interval,
        )
        self.algorithm = algorithm

    def fit_predict(self, X: Any, y: Any = None) -> np.ndarray:
        """Estimate the parameters and return the most probable component of each sample, shape (n_samples,).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored

        Raises
        ------
        InputError
            When the data can't be used.
        """
        from kmeans_convergence.problems import GaussianMixtureProblem  # loads a compiler

        self._validate_params()
        check_choice("algorithm", self.algorithm, ALGORITHMS)
        patterns = validate_data(self, X, dtype=[np.float64, np.float32], ensure_min_samples=2)
        if len(patterns) < self.n_components:
            raise InputError(f"n_samples={len(patterns)} should be >= n_components={self.n_components}.")
        problem = GaussianMixtureProblem(patterns, COVARIANCES[self.covariance_type], ridge=self.reg_covar)
        again = self.warm_start and hasattr(self, "converged_")
        found = search(
            problem,
            ALGORITHMS[self.algorithm](),
            self._present() if again else self._starts(problem),
            level(self.tol * problem.size),
            self.max_iter,
            verbose=self.verbose,
        )
        self.n_iter_, self.converged_ = len(found.costs), found.converged
        self.lower_bound_, self.lower_bounds_ = -found.cost / problem.size, (-found.costs / problem.size).tolist()
        if self.max_iter and not self.converged_:
            warnings.warn(
                f"The best run ended after {self.n_iter_} iterations without having converged to tol={self.tol}.",
                ConvergenceWarning,
                stacklevel=2,
            )
        self._keep(found.parameters)
        return np.asarray(self.predict(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.array_api_support = False
        return tags

    def _keep(self, found: Mixture) -> None:
        """Let the parameters of one run be those of the estimator."""
        factor = found.factors[0]
        self.weights_, self.means_, self.covariances_ = found.weights[0], found.means[0], found.covariances[0]
        if factor.ndim == 3:
            self.precisions_cholesky_ = np.linalg.inv(factor).swapaxes(1, 2)
            self.precisions_ = self.precisions_cholesky_ @ self.precisions_cholesky_.swapaxes(1, 2)
        else:
            self.precisions_cholesky_ = 1 / factor
            self.precisions_ = self.precisions_cholesky_**2
        # one covariance for all has no axis of components, a spherical one no axis of features
        axis = {"tied": 0, "spherical": 1}.get(self.covariance_type)
        if axis is not None:
            for name in ("covariances_", "precisions_", "precisions_cholesky_"):
                setattr(self, name, getattr(self, name).squeeze(axis))

    def _present(self) -> Mixture:
        """Return the parameters of the estimator as the start of one run."""
        from kmeans_convergence.problems.mixture import Mixture  # loads a compiler

        return Mixture(self.weights_[None], self.means_[None], self._factors(self.precisions_)[None])

    def _factors(self, precisions: Any) -> np.ndarray:
        """Return Cholesky factors of covariances for precisions in scikit-learn's shape, or say why there are none."""
        precisions = np.asarray(precisions, dtype=np.float64)
        features = self.n_features_in_
        shape = {
            "full": (self.n_components, features, features),
            "tied": (features, features),
            "diag": (self.n_components, features),
            "spherical": (self.n_components,),
        }[self.covariance_type]
        if precisions.shape != shape:
            raise InputError(f"The precisions have shape {precisions.shape}: {shape} is needed.")
        if self.covariance_type in ("diag", "spherical"):
            if not (precisions > 0).all():
                raise InputError("A precision is not positive: all have to be.")
            return (1 / np.sqrt(precisions)).reshape(self.n_components, -1)
        try:
            factors = np.linalg.cholesky(np.linalg.inv(precisions))
        except np.linalg.LinAlgError as problem:
            raise InputError("A matrix of precisions is not positive definite: all have to be.") from problem
        return np.asarray(factors if self.covariance_type == "full" else factors[None])

    def _starts(self, problem: GaussianMixtureProblem) -> Mixture:
        """Return where the runs start: from responsibilities, but for what the user has given."""
        from kmeans_convergence.problems.mixture import Mixture  # loads a compiler

        numbers = seeds(self.random_state, self.n_init)
        start = problem.from_responsibilities(np.stack([self._responsibilities(problem, seed) for seed in numbers]))
        parts = {"weights": start.weights, "means": start.means, "factors": start.factors}
        given = {
            "weights": self.weights_init,
            "means": self.means_init,
            "factors": None if self.precisions_init is None else self._factors(self.precisions_init),
        }
        for name, value in given.items():
            if value is not None:
                value = np.asarray(value, dtype=np.float64)
                if value.shape != parts[name].shape[1:]:
                    raise InputError(f"The initial {name} have shape {value.shape}: {parts[name].shape[1:]} is needed.")
                parts[name] = np.repeat(value[None], len(numbers), axis=0)
        if not ((parts["weights"] >= 0).all() and np.allclose(parts["weights"].sum(axis=1), 1)):
            raise InputError("The initial weights have to be not negative and to add up to 1.")
        return Mixture(**parts)

    def _responsibilities(self, problem: GaussianMixtureProblem, seed: int) -> np.ndarray:
        """Return responsibilities (n, K) to start from."""
        shape = problem.size, self.n_components
        if self.init_params == "random":
            values = check_random_state(seed).uniform(size=shape)
            return np.asarray(values / values.sum(axis=1, keepdims=True))

        kinds = {"k-means++": "k-means++", "random_from_data": "random"}
        kmeans = KMeans(self.n_components, algorithm="lloyd", n_init=1, random_state=seed)
        if self.init_params in kinds:
            kmeans.set_params(init=kinds[self.init_params], max_iter=1)
        return np.asarray(np.eye(self.n_components)[kmeans.fit(problem.X).labels_])
