"""Rank correlations over data sets, and their intervals over families."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from kmeans_convergence.statistics.correlation import estimate, rank_correlation


@given(arrays(float, (2, 9), elements=st.integers(0, 6).map(float)))
def test_rank_correlation_is_spearmans(values):
    x, y = values
    if min(np.ptp(x), np.ptp(y)) == 0:
        assert np.isnan(rank_correlation(x, y))
    else:
        np.testing.assert_allclose(rank_correlation(x, y), spearmanr(x, y)[0], atol=1e-12)


def test_copies_of_a_set_make_nothing_surer():
    rng = np.random.default_rng(1)
    x = pd.Series(rng.normal(size=12))
    y, family = x + rng.normal(size=12), pd.Series(np.arange(12))
    once = estimate([x, y], family, 1, 2000)
    ten = [pd.concat([some] * 10, ignore_index=True) for some in (x, y, family)]
    again, alone = estimate(ten[:2], ten[2], 1, 2000), estimate(ten[:2], pd.Series(np.arange(120)), 1, 2000)
    np.testing.assert_allclose(again, once)
    assert alone[2] - alone[1] < 0.6 * (once[2] - once[1])


def test_without_a_value_there_is_no_interval():
    same = pd.Series([1.0, 1.0, 1.0])
    assert np.isnan(estimate([same, pd.Series([1.0, 2.0, 3.0])], pd.Series(list("abc")), 1, 10)).all()
    assert np.isnan(estimate([same[:0], same[:0]], same[:0], 1, 10)).all()
