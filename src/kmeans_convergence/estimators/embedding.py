"""Multidimensional scaling."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_array, validate_data

from kmeans_convergence.core import Optimizer
from kmeans_convergence.errors import InputError, shown
from kmeans_convergence.estimators.common import check_choice, check_integer, check_tolerance, level, search, seeds
from kmeans_convergence.optimizers import MajorizeMinimize
from kmeans_convergence.optimizers.accelerated import Anderson, Relaxation, Squarem

if TYPE_CHECKING:
    from kmeans_convergence.problems.stress import StressProblem

ALGORITHMS: dict[str, Callable[[], Optimizer]] = {
    "squarem": Squarem,
    "anderson": Anderson,
    "relaxed": Relaxation,
    "smacof": MajorizeMinimize,
}
INITS = ("classical_mds", "random")


class MDS(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    r"""Multidimensional scaling by accelerated SMACOF, with the interface of `sklearn.manifold.MDS`.

    Minimises stress :math:`\sum_{i<j}(\delta_{ij}-d_{ij})^2`, how far distances d in the embedding are from
    dissimilarities.

    Parameters
    ----------
    n_components : int
        Dimensions of the embedding, fewer than there are samples.
    algorithm : {"squarem", "anderson", "relaxed", "smacof"}
        SMACOF with SQUAREM (Varadhan and Roland 2008), with Anderson acceleration, relaxed by a factor of 2 (de Leeuw
        and Heiser 1980), or plain. An iterate takes one pass over the pairs with each of them.
    metric_mds : bool
        Whether the dissimilarities count, or only their order (Kruskal 1964); equal ones may then be told apart.
    n_init : int
        Runs from random starts, of which the best is kept; there is one run from any other start.
    init : {"classical_mds", "random"}
        Where runs start: from classical scaling, or from random points.
    max_iter : int
        Passes over the pairs that a run may take; with "smacof" they are its iterations.
    eps : float
        A run ends when neither its last step changed stress by more than this share of the sum of squared
        dissimilarities, nor SMACOF's next step promises to lower it by more.
    random_state : int, RandomState instance or None
    metric : str or callable
        "euclidean", "precomputed" if the data are a matrix of dissimilarities, or another metric of
        `scipy.spatial.distance.pdist`.
    metric_params : dict, optional
        Further parameters of the metric.
    normalized_stress : bool or "auto"
        Whether `stress_` is stress-1, :math:`(\sum(\delta-d)^2/\sum d^2)^{1/2}`; "auto" is so unless `metric_mds`.
    verbose : int
        Whether a line is printed for each run.
    n_jobs : int or None
        Without effect, runs are spread over threads; scikit-learn's has the parameter.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_samples, n_components)
    stress_ : float
    dissimilarity_matrix_ : ndarray of shape (n_samples, n_samples)
    n_iter_ : int
        Iterates of the run that was kept.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where the data had names of features.

    Examples
    --------
    >>> import numpy as np
    >>> from kmeans_convergence.estimators import MDS
    >>> X = np.array([[0, 0, 1], [3, 0, 1], [3, 4, 1], [0, 4, 1]])
    >>> mds = MDS(n_components=2)
    >>> mds.fit_transform(X).shape
    (4, 2)
    >>> mds.stress_ < 1e-12
    True
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        algorithm: str = "squarem",
        metric_mds: bool = True,
        n_init: int = 1,
        init: str = "classical_mds",
        max_iter: int = 300,
        verbose: int = 0,
        eps: float = 1e-6,
        n_jobs: int | None = None,
        random_state: Any = None,
        metric: Any = "euclidean",
        metric_params: dict[str, Any] | None = None,
        normalized_stress: Any = "auto",
    ) -> None:
        self.n_components = n_components
        self.algorithm = algorithm
        self.metric_mds = metric_mds
        self.n_init = n_init
        self.init = init
        self.max_iter = max_iter
        self.verbose = verbose
        self.eps = eps
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.metric = metric
        self.metric_params = metric_params
        self.normalized_stress = normalized_stress

    def fit(self, X: Any, y: Any = None, init: Any = None) -> Self:
        """Find the embedding.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or (n_samples, n_samples) if `metric` is "precomputed"
        y : ignored
        init : array-like of shape (n_samples, n_components), optional
            Where to start.

        Returns
        -------
        self

        Raises
        ------
        InputError
            When a parameter or the dissimilarities can't be used.
        """
        from kmeans_convergence.problems.stress import StressProblem, Ties  # loads a compiler

        self._check_parameters()
        X = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        ties = None if self.metric_mds else Ties.PRIMARY
        problem = StressProblem(self._dissimilarities(X), dimensions=self.n_components, ties=ties)
        found = search(
            problem,
            ALGORITHMS[self.algorithm](),
            self._starts(problem, init),
            level(self.eps * problem.pairs.total),
            self.max_iter,
            verbose=self.verbose,
        )
        self.embedding_, self.n_iter_ = found.parameters[0], len(found.costs)
        self.stress_ = self._stress(found.cost)
        self.dissimilarity_matrix_ = problem.pairs.matrix(problem.pairs.dissimilarities)
        return self

    def fit_transform(self, X: Any, y: Any = None, init: Any = None) -> np.ndarray:
        """Find the embedding and return it, shape (n_samples, n_components); see `fit`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or (n_samples, n_samples) if `metric` is "precomputed"
        y : ignored
        init : array-like of shape (n_samples, n_components), optional
        """
        return self.fit(X, init=init).embedding_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = tags.input_tags.positive_only = self._precomputed
        return tags

    @property
    def _precomputed(self) -> bool:
        """Whether the data are dissimilarities."""
        return isinstance(self.metric, str) and self.metric == "precomputed"

    @property
    def _n_features_out(self) -> int:
        """How many columns the embedding has, for their names."""
        return int(self.embedding_.shape[1])

    def _check_parameters(self) -> None:
        for name, least in (("n_components", 1), ("n_init", 1), ("max_iter", 1)):
            check_integer(name, getattr(self, name), least)
        check_tolerance("eps", self.eps)
        check_choice("algorithm", self.algorithm, ALGORITHMS)
        check_choice("init", self.init, INITS)
        if not callable(self.metric) and not isinstance(self.metric, str):
            raise InputError(f"metric is {shown(self.metric)}: the name of one is needed, or a function.")

    def _dissimilarities(self, X: np.ndarray) -> np.ndarray:
        """Return dissimilarities, as a matrix or condensed."""
        from scipy.spatial.distance import pdist  # slow to import

        if self._precomputed:
            if (X < 0).any():
                i, j = np.argwhere(X < 0)[0]
                raise InputError(f"Negative values in data: the dissimilarity of rows {i} and {j} is {X[i, j]}.")
            return X
        return np.asarray(pdist(X, self.metric, **(self.metric_params or {})))

    def _starts(self, problem: StressProblem, init: Any) -> np.ndarray:
        """Return where the runs start, (R, n, p)."""
        if init is not None:
            return np.asarray(check_array(init, dtype=np.float64, input_name="init"))[None]
        if self.init == "classical_mds":
            return problem.classical().configuration[None]
        return problem.draw([np.random.default_rng(seed) for seed in seeds(self.random_state, self.n_init)])

    def _stress(self, raw: float) -> float:
        """Return stress as it is wanted."""
        from scipy.spatial.distance import pdist  # slow to import

        wanted = not self.metric_mds if self.normalized_stress == "auto" else self.normalized_stress
        return float(np.sqrt(raw / (pdist(self.embedding_) ** 2).sum())) if wanted else raw
