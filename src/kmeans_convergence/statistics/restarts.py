"""Batch K-means with restarts: what it finds for the passes that another optimizer spends.

No run is made for this: batch K-means takes the run that is paired with the optimizer's, then those from the next
starts of the same problem.
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def best(cost: pd.Series, passes: pd.Series, allowed: pd.DataFrame, seeding: float) -> pd.DataFrame:
    """Return the least cost that batch K-means finds from each start and those after it, for a number of passes.

    It always finishes the run from the paired start, whatever that costs; a further run counts if it ends before the
    passes are used up. After the last start comes the first one: when there are more passes than all runs need, what
    it finds is the best of all, and could be better with starts that were never drawn.

    Parameters
    ----------
    cost, passes : Series of length R
        Of the runs of batch K-means, in the order in which they are started.
    allowed : DataFrame of shape (R, M)
        Passes, by paired run and optimizer.
    seeding : float
        Passes that each start costs, see `starts.passes_of`. Both sides pay for the first.

    Returns
    -------
    DataFrame of shape (R, M)
    """
    R = len(cost)
    later = (np.arange(R)[:, None] + np.arange(R)) % R
    spent = passes.to_numpy()[later]
    spent[:, 1:] += seeding
    spent = spent.cumsum(axis=1)
    # a cost that is not known is never the least
    least = np.minimum.accumulate(np.where(np.isnan(cost), np.inf, cost)[later], axis=1)
    found = np.empty(allowed.shape)
    for m, budget in enumerate(allowed.to_numpy().T):
        finished = np.maximum((spent <= budget[:, None]).sum(axis=1), 1)
        found[:, m] = least[np.arange(R), finished - 1]
    return pd.DataFrame(found, index=allowed.index, columns=allowed.columns)
