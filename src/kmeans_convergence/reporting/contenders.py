"""Names of the comparison's optimizers.

Apart from `style`, so that a new optimizer does not make the figures of the paper's experiment again.
"""

from __future__ import annotations

from kmeans_convergence.experiments.contenders import CONTENDERS


def label(method: str) -> str:
    """Return the name of an optimizer in figures and tables."""
    return CONTENDERS[method].label
