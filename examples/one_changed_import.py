"""What one changed import gives: the same code, from the same starts, with scikit-learn's estimators and with these.

    python examples/one_changed_import.py

Passes count iterations, each of which goes once over the data, or over the pairs of samples.
"""

import warnings
from collections.abc import Iterator
from time import perf_counter
from types import ModuleType
from typing import Any

import numpy as np
from sklearn import cluster, manifold, mixture
from sklearn.datasets import load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from kmeans_convergence import estimators

STARTS = 20


def kmeans(library: ModuleType) -> Iterator[tuple[Any, float]]:
    """Yield fits of k-means to pictures of digits, with their inertia."""
    X = load_digits().data
    for seed in range(STARTS):
        start, _ = cluster.kmeans_plusplus(X, 10, random_state=seed)
        model = library.KMeans(n_clusters=10, init=start, n_init=1)
        yield model, model.fit(X).inertia_


def mixtures(library: ModuleType) -> Iterator[tuple[Any, float]]:
    """Yield fits of a mixture of Gaussians to wines, with the negative log likelihood of a sample."""
    X = scale(load_wine().data)[:, :5]
    for seed in range(STARTS):
        means, _ = cluster.kmeans_plusplus(X, 4, random_state=seed)
        start = {"weights_init": np.full(4, 0.25), "means_init": means, "precisions_init": np.stack(4 * [np.eye(5)])}
        model = library.GaussianMixture(n_components=4, tol=1e-6, max_iter=1000, reg_covar=1e-3, **start)
        yield model, -model.fit(X).score(X)


def embeddings(library: ModuleType) -> Iterator[tuple[Any, float]]:
    """Yield embeddings of pictures of digits, with their stress."""
    X = load_digits().data[:100]
    for seed in range(STARTS):
        start = np.random.default_rng(seed).normal(scale=10, size=(len(X), 2))
        model = library.MDS(n_components=2, init="random", n_init=1, eps=1e-8, max_iter=5000)
        yield model, model.fit(X, init=start).stress_


def main() -> None:
    """Print means over starts of passes, of what is minimised, and of the time."""
    # the first fit in a process loads a compiler, and what it has compiled
    for fit in (kmeans, mixtures, embeddings):
        next(fit(estimators))
    print(f"{'':<22}{'passes':>10}{'minimised':>14}{'ms':>8}")
    for fit, other in ((kmeans, cluster), (mixtures, mixture), (embeddings, manifold)):
        for library in (other, estimators):
            began, fits = perf_counter(), list(fit(library))
            time = (perf_counter() - began) / STARTS
            passes, least = (np.mean(values) for values in zip(*((m.n_iter_, value) for m, value in fits), strict=True))
            name = f"{type(fits[0][0]).__name__}, {library.__name__.split('.')[0]}"
            print(f"{name:<34}{passes:>6.0f}{least:>14.7g}{1000 * time:>8.1f}")


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        main()
