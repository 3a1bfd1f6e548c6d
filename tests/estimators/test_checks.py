"""All checks of scikit-learn for estimators, with no exception."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from kmeans_convergence.estimators import MDS, GaussianMixture, KMeans

ESTIMATORS = [
    KMeans(),
    # its start depends on nothing but the data: so runs must not depend on more either
    *(KMeans(algorithm=algorithm) for algorithm in ("lloyd", "online-newton", "anderson", "online", "minibatch")),
    GaussianMixture(),
    GaussianMixture(n_components=2, covariance_type="tied", algorithm="squarem"),
    MDS(),
    MDS(metric="precomputed", metric_mds=False, algorithm="relaxed"),
]


# some checks have fewer different samples than clusters, and others stop after few iterations
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_scikit_learns_checks(estimator, check):
    check(estimator)
