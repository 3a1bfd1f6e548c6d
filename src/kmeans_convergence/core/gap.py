"""How far a cost is above another one: each problem declares its scale, and everything that compares costs uses it.

A quantisation error has a natural zero, so that its gap is a share of the reference. A likelihood has none: a change of
units adds a constant to it, which a share would not survive, so that its gap is a difference per pattern.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Gap(Protocol):
    """The scale on which costs of a problem are compared."""

    @property
    def shown(self) -> float:
        """By what gaps are multiplied where people read them."""
        ...

    @property
    def unit(self) -> str:
        """The unit in which people read them."""
        ...

    def of(self, cost: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Return how far costs lie above their references, negative where below."""
        ...

    def level(self, reference: np.ndarray, gap: float) -> np.ndarray:
        """Return the costs that lie a gap above their references."""
        ...

    def size(self, cost: np.ndarray) -> np.ndarray:
        """Return the differences of costs that are a gap of 1, near these costs."""
        ...


@dataclass(frozen=True)
class RelativeGap:
    """Cost / reference - 1, for costs with a natural zero."""

    shown: float = 100.0
    unit: str = "per cent"

    def of(self, cost: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """See `Gap`."""
        return cost / reference - 1

    def level(self, reference: np.ndarray, gap: float) -> np.ndarray:
        """See `Gap`."""
        return reference * (1 + gap)

    def size(self, cost: np.ndarray) -> np.ndarray:
        """See `Gap`."""
        return cost


# That of the quantisation error.
RELATIVE = RelativeGap()


@dataclass(frozen=True)
class AbsoluteGap:
    """(Cost - reference) / scale, for costs of either sign.

    Attributes
    ----------
    scale : float
        Positive: for a likelihood the number of patterns, so that gaps are in nats per pattern.
    """

    scale: float
    shown: float = 1.0
    unit: str = "nats per pattern"

    def of(self, cost: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """See `Gap`."""
        return (cost - reference) / self.scale

    def level(self, reference: np.ndarray, gap: float) -> np.ndarray:
        """See `Gap`."""
        return reference + self.scale * gap

    def size(self, cost: np.ndarray) -> np.ndarray:
        """See `Gap`."""
        return np.full_like(cost, self.scale)


@dataclass(frozen=True)
class FlooredGap:
    """(Cost - reference) / max(reference, floor), for costs with a natural zero that can be reached.

    Attributes
    ----------
    floor : float
        Positive: below it, costs differ by rounding errors alone.
    """

    floor: float
    shown: float = 100.0
    unit: str = "per cent"

    def of(self, cost: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """See `Gap`."""
        return (cost - reference) / self.size(reference)

    def level(self, reference: np.ndarray, gap: float) -> np.ndarray:
        """See `Gap`."""
        return reference + self.size(reference) * gap

    def size(self, cost: np.ndarray) -> np.ndarray:
        """See `Gap`."""
        return np.maximum(cost, self.floor)
