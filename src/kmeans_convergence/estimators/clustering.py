"""K-means."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array, check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from kmeans_convergence.core import CountingOracle, Enough, Evaluation, Optimizer
from kmeans_convergence.errors import InputError
from kmeans_convergence.estimators.common import check_choice, check_integer, check_tolerance, search, seeds
from kmeans_convergence.optimizers import MajorizeMinimize, OnlineKMeans, Switch
from kmeans_convergence.optimizers.accelerated import Anderson, Nesterov
from kmeans_convergence.optimizers.exchange import Hartigan
from kmeans_convergence.optimizers.face_newton import FaceNewton
from kmeans_convergence.optimizers.minibatch import FACTOR, MiniBatchCounts, counts_step
from kmeans_convergence.patterns import as_weights, merged

if TYPE_CHECKING:
    from kmeans_convergence.problems.kmeans import QuantizationProblem

ALGORITHMS: dict[str, Callable[[], Optimizer]] = {
    "hartigan": Hartigan,
    "lloyd": MajorizeMinimize,
    "elkan": MajorizeMinimize,
    "newton": FaceNewton,
    "online-newton": lambda: Switch(OnlineKMeans(factor=FACTOR), 1, FaceNewton()),
    "nesterov": Nesterov,
    "anderson": Anderson,
    "online": lambda: OnlineKMeans(factor=FACTOR),
    "minibatch": lambda: MiniBatchCounts(factor=FACTOR),
}
# Those that can go on with data that come later.
STREAMING = ("online", "minibatch")
# Runs, where starts are drawn one by one and nobody says how many.
SEVERAL = 10


def _streams(estimator: KMeans) -> bool:
    """Say whether there is a `partial_fit`."""
    return isinstance(estimator.algorithm, str) and estimator.algorithm in STREAMING


class KMeans(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator):  # type: ignore[misc]
    r"""K-means with the optimizers of the study, and the interface of `sklearn.cluster.KMeans`.

    Minimises :math:`\sum_i\omega_i\min_k\|x_i-c_k\|^2` over cluster centres c.

    Parameters
    ----------
    n_clusters : int
    algorithm : str
        How the centres are moved:

        - "hartigan": exchanges of single samples (Hartigan 1975), which account for the centres' own move. The default,
          because from the same greedy k-means++ starts it ended 1.4 % lower than Lloyd's algorithm (95 % interval 1.0
          to 1.9), with 0.79 (0.74 to 0.86) times the passes over the data to come within 0.1 % of its end: the study's
          confirmation, on data that no choice had seen. A pass uses one thread for each run and computes all distances.
        - "lloyd", or "elkan": Lloyd's algorithm, as in scikit-learn. Its passes remember bounds where that pays and
          use all threads: on large data they may take less time.
        - "newton": Newton's method with the curvature that Lloyd's algorithm leaves out. It ends about where that ends,
          in fewer passes where that takes many.
        - "online-newton": one epoch of online k-means before it.
        - "nesterov", "anderson": Lloyd's algorithm, extrapolated.
        - "online": online k-means (MacQueen 1967), with the rate 4/n in place of 1/n, by which it would hardly move
          after a while. It makes centres from a stream, see `partial_fit`; in `fit`, each epoch has a fresh order.
        - "minibatch": the same for batches of samples.
    init : {"k-means++", "random"}, callable or array-like of shape (n_clusters, n_features)
        Where runs start: greedy k-means++ of scikit-learn, samples drawn by their weights, what a callable returns for
        ``(X, n_clusters, random_state=...)``, or given centres.
    n_init : "auto" or int
        Runs from different starts, of which the best is kept; "auto" is 10 if `init` is "random" or a callable, else 1.
    max_iter : int
        Passes over the data that a run may take: with "lloyd" they are its iterations.
    tol : float
        A run ends when both a step and that of Lloyd's algorithm from the same point are short: the sum of the
        squared moves of all centres is at most `tol` times the mean variance of the features, as in scikit-learn.
    verbose : int
        Whether a line is printed for each run.
    random_state : int, RandomState instance or None
    copy_x : bool
        Without effect, the data never change; scikit-learn's has the parameter.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features), float64
    labels_ : ndarray of shape (n_samples,), int32
        The nearest centre of each sample, of equally near ones the first; after `partial_fit`, of the last samples.
    inertia_ : float
        Sum of squared distances from the nearest centre, times the weights.
    n_iter_ : int
        Iterates of the run that was kept.
    counts_ : ndarray of shape (n_clusters,), float64
        Weight of the samples of each cluster; after `partial_fit`, of all that have moved its centre so far.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where the data had names of features.

    Notes
    -----
    Equal samples are merged before a run, and put into an order of their own. So a weight is the same as repetitions,
    the order of the samples does not matter, and data with many repetitions take less time.

    Sparse matrices are not supported. A cluster without samples stays where it is; that of scikit-learn moves. As long
    as none is empty, and no sample is tied on the way so that rounding errors decide, "lloyd" has the labels and the
    inertia of scikit-learn from the same start.

    Examples
    --------
    >>> import numpy as np
    >>> from kmeans_convergence.estimators import KMeans
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> kmeans = KMeans(n_clusters=2, random_state=0).fit(X)
    >>> bool(kmeans.labels_[0] == kmeans.labels_[1] != kmeans.labels_[3])
    True
    >>> kmeans.inertia_
    16.0
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        algorithm: str = "hartigan",
        init: Any = "k-means++",
        n_init: Any = "auto",
        max_iter: int = 300,
        tol: float = 1e-4,
        verbose: int = 0,
        random_state: Any = None,
        copy_x: bool = True,
    ) -> None:
        self.n_clusters = n_clusters
        self.algorithm = algorithm
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.copy_x = copy_x

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Find the cluster centres.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored
        sample_weight : array-like of shape (n_samples,), or float, optional
            Weights, not negative.

        Returns
        -------
        self

        Raises
        ------
        InputError
            When a parameter, the data or the weights can't be used.
        """
        self._check_parameters()
        X = self._checked(X, reset=True)
        self._check_size(X)
        weights = _as_weights(sample_weight, len(X))
        some, masses = _different(X, weights)
        numbers = seeds(self.random_state, self._runs())
        found = search(
            _problem(some, masses),
            ALGORITHMS[self.algorithm](),
            np.stack([self._start(X, some, masses, seed) for seed in numbers]),
            _still(self.tol * _variance(some, masses)),
            self.max_iter,
            [np.random.default_rng(seed) for seed in numbers],
            self.verbose,
        )
        self.cluster_centers_, self.inertia_ = found.parameters[0], 2 * found.cost
        self.n_iter_ = len(found.costs)
        self.labels_ = self._nearest(X)
        self.counts_: np.ndarray = np.bincount(self.labels_, weights, minlength=self.n_clusters)
        clusters = len(np.unique(self.labels_))
        if clusters < self.n_clusters:
            warnings.warn(
                f"{clusters} of {self.n_clusters} clusters have samples: there may be too few different ones.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    @available_if(_streams)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Move the centres by some more samples of a stream, in their order; the first ones are the start, too.

        Only the algorithms "online" and "minibatch" have it. After `fit`, they go on from there.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored
        sample_weight : array-like of shape (n_samples,), or float, optional

        Returns
        -------
        self

        Raises
        ------
        InputError
            As for `fit`.
        """
        begun = hasattr(self, "cluster_centers_")
        self._check_parameters()
        X = self._checked(X, reset=not begun)
        weights = _as_weights(sample_weight, len(X))
        if not begun:
            self._check_size(X)
            (seed,) = seeds(self.random_state, 1)
            self.cluster_centers_ = self._start(X, *_different(X, weights), seed).astype(np.float64)
            self.counts_ = np.zeros(self.n_clusters)
        problem = _problem(X, weights)
        centred = problem.centred
        oracle = CountingOracle(centred, 1)
        learn = oracle.sweep_counts if self.algorithm == "online" else partial(counts_step, oracle)
        x = centred.pack(problem.to_centred(self.cluster_centers_[None]))
        metric = np.repeat(self.counts_, X.shape[1])[None]
        x, metric = learn(x, np.arange(len(X))[None], metric, FACTOR)
        self.cluster_centers_ = problem.from_centred(centred.unpack(x))[0]
        self.counts_ = centred.unpack(metric)[0, :, 0].copy()
        self.labels_ = self._nearest(X)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the nearest centre of each sample, int32 (n_samples,); of equally near ones, the first.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        return self._nearest(self._checked(X, reset=False))

    def transform(self, X: Any) -> np.ndarray:
        """Return the distances from all centres, shape (n_samples, n_clusters).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        """
        from scipy.spatial.distance import cdist  # slow to import

        check_is_fitted(self)
        return np.asarray(cdist(self._checked(X, reset=False), self.cluster_centers_))

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return minus the sum of squared distances from the nearest centre, times the weights.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored
        sample_weight : array-like of shape (n_samples,), or float, optional
        """
        check_is_fitted(self)
        X = self._checked(X, reset=False)
        problem = _problem(X, _as_weights(sample_weight, len(X)))
        return -2 * float(problem.evaluate(self.cluster_centers_[None]).cost[0])

    @property
    def _n_features_out(self) -> int:
        """How many columns `transform` returns, for their names."""
        return len(self.cluster_centers_)

    def _check_parameters(self) -> None:
        check_integer("n_clusters", self.n_clusters, 1)
        check_integer("max_iter", self.max_iter, 1)
        check_tolerance("tol", self.tol)
        check_choice("algorithm", self.algorithm, ALGORITHMS)
        if self.n_init != "auto":
            check_integer("n_init", self.n_init, 1)
        if isinstance(self.init, str):
            check_choice("init", self.init, ("k-means++", "random"))

    def _check_size(self, X: np.ndarray) -> None:
        if len(X) < self.n_clusters:
            raise InputError(f"n_samples={len(X)} should be >= n_clusters={self.n_clusters}.")

    def _checked(self, X: Any, reset: bool) -> np.ndarray:
        """Return data as a read-only matrix, which problems need not copy."""
        X = validate_data(self, X, dtype=[np.float64, np.float32], order="C", reset=reset).view()
        X.flags.writeable = False
        return np.asarray(X)

    def _nearest(self, X: np.ndarray) -> np.ndarray:
        return np.asarray(_problem(X).evaluate(self.cluster_centers_[None]).assignments[0])

    def _runs(self) -> int:
        """Return how many runs there are."""
        given = not (isinstance(self.init, str) or callable(self.init))
        if self.n_init == "auto":
            return 1 if given or self.init == "k-means++" else SEVERAL
        if given and self.n_init > 1:
            warnings.warn(
                f"The initial centres are given: there is one run, and not n_init={self.n_init}.",
                RuntimeWarning,
                stacklevel=3,
            )
        return 1 if given else int(self.n_init)

    def _start(self, X: np.ndarray, some: np.ndarray, masses: np.ndarray, seed: int) -> np.ndarray:
        """Return the start of a run, (K, d), on data `X`, of which `some` are different and have these weights."""
        random_state = check_random_state(seed)
        if isinstance(self.init, str):
            return _drawn(some, masses, self.n_clusters, self.init, random_state)
        centres = self.init(X, self.n_clusters, random_state=random_state) if callable(self.init) else self.init
        centres = np.asarray(check_array(centres, dtype=np.float64, input_name="init"))
        shape = (self.n_clusters, X.shape[1])
        if centres.shape != shape:
            raise InputError(f"The initial centres have shape {centres.shape}: {shape} is needed.")
        return centres


def _problem(X: np.ndarray, weights: np.ndarray | None = None) -> QuantizationProblem:
    """Return what is minimised, without weights where all are 1."""
    from kmeans_convergence.problems.kmeans import QuantizationProblem  # loads a compiler

    return QuantizationProblem(X, None if weights is None or (weights == 1).all() else weights)


def _as_weights(sample_weight: Any, samples: int) -> np.ndarray:
    """Return weights (n,) for what scikit-learn takes: nothing, one number for all, or one for each sample."""
    given = np.asarray(1.0 if sample_weight is None else sample_weight)
    return as_weights(given if given.ndim else np.full(samples, given), samples)


def _different(X: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different samples that weigh anything, in an order of their own, and their weights, read-only."""
    some = weights > 0
    found = merged(X, weights) if some.all() else merged(X[some], weights[some])
    for part in found:
        part.flags.writeable = False
    return found


def _drawn(
    some: np.ndarray, masses: np.ndarray, clusters: int, kind: str, random_state: np.random.RandomState
) -> np.ndarray:
    """Draw centres (K, d) from different samples; where these are too few, some are drawn again."""
    from sklearn.cluster import kmeans_plusplus  # slow to import

    few = min(clusters, len(some))
    if kind == "random":
        rows = random_state.choice(len(some), size=few, replace=False, p=masses / masses.sum())
    else:
        # about the mean, distances keep their digits; on one thread they are the same on any number of processors
        with threadpool_limits(1, user_api="blas"):
            centred = some - some.mean(axis=0)
            _, rows = kmeans_plusplus(centred, few, sample_weight=masses, random_state=random_state)
    return np.asarray(some[np.concatenate([rows, random_state.choice(len(some), size=clusters - few)])])


def _variance(some: np.ndarray, masses: np.ndarray) -> float:
    """Return the mean variance of the features of weighted samples."""
    mean = np.average(some, axis=0, weights=masses)
    return float(np.average((some - mean) ** 2, axis=0, weights=masses).mean())


def _still(longest: float) -> Enough:
    """Return what ends a run when neither its step nor Lloyd's has a larger squared length than this."""

    def enough(before: Evaluation, here: Evaluation) -> np.ndarray:
        steps = np.stack([before.image - before.x, here.x - before.x])
        return np.asarray((steps**2).sum(axis=2).max(axis=0) <= longest)

    return enough
