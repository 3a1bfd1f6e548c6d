"""The parameters of hidden Markov models with Gaussian emissions, and their flat coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from kmeans_convergence.errors import InputError

# Logarithms farther from 0 have no exponential that is a positive, finite number.
FARTHEST = 700.0


@dataclass(frozen=True)
class HiddenMarkov:
    """The parameters of R hidden Markov models with S states and d features.

    Attributes
    ----------
    means, variances : ndarray of shape (R, S, d)
        Of the emissions, whose features are independent given the state.
    transitions : ndarray of shape (R, S, S)
        Probabilities; rows, the second axis, add up to 1.
    """

    means: np.ndarray
    variances: np.ndarray
    transitions: np.ndarray

    def __len__(self) -> int:
        return len(self.means)

    def __getitem__(self, runs: Any) -> HiddenMarkov:
        """Return the models of some runs, a slice, a mask or a list."""
        return HiddenMarkov(self.means[runs], self.variances[runs], self.transitions[runs])


class Point(NamedTuple):
    """Flat coordinates of R models taken apart: means, log variances (R, S, d), log probabilities (R, S, S)."""

    means: np.ndarray
    log_variances: np.ndarray
    log_transitions: np.ndarray


class Layout:
    """Flat coordinates of hidden Markov models: S d means, S d log variances, and S rows of S - 1 logits.

    The logits are those of the transitions against the one to the last state.

    Parameters
    ----------
    states, features : int
    """

    def __init__(self, states: int, features: int) -> None:
        self.states, self.features = states, features

    def split(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return means (R, S, d), log variances (R, S, d) and logits (R, S, S - 1), views.

        Raises
        ------
        InputError
            When the points have another number of coordinates.
        """
        S, emissions = self.states, self.states * self.features
        needed = 2 * emissions + S * (S - 1)
        if x.ndim != 2 or x.shape[1] != needed:
            raise InputError(f"The points have shape {x.shape}: (runs, {needed}) is needed.")
        shape = len(x), S, self.features
        return (
            x[:, :emissions].reshape(shape),
            x[:, emissions : 2 * emissions].reshape(shape),
            x[:, 2 * emissions :].reshape(len(x), S, S - 1),
        )

    @staticmethod
    def join(means: np.ndarray, log_variances: np.ndarray, logits: np.ndarray) -> np.ndarray:
        """Return what `split` takes apart, shape (R, P)."""
        flat = (part.reshape(len(part), part.shape[1] * part.shape[2]) for part in (means, log_variances, logits))
        return np.concatenate(list(flat), axis=1)

    def point(self, x: np.ndarray) -> Point:
        """Return points (R, P) taken apart, with logarithms of probabilities in place of logits."""
        means, log_variances, logits = self.split(x)
        full = np.concatenate([logits, np.zeros((*logits.shape[:2], 1))], axis=2)
        largest = full.max(axis=2, keepdims=True)
        total = largest + np.log(np.exp(full - largest).sum(axis=2, keepdims=True))
        return Point(means, log_variances, full - total)

    def pack(self, models: HiddenMarkov) -> np.ndarray:
        """Return models as points (R, P).

        Raises
        ------
        InputError
            When shapes are not those of a `HiddenMarkov`, or a variance or probability is not positive.
        """
        S, d = self.states, self.features
        parts = {"means": (S, d), "variances": (S, d), "transitions": (S, S)}
        arrays = {name: np.asarray(getattr(models, name), dtype=np.float64) for name in parts}
        for name, shape in parts.items():
            if arrays[name].ndim != 3 or arrays[name].shape[1:] != shape:
                raise InputError(
                    f"The {name} have shape {arrays[name].shape}: (runs, {shape[0]}, {shape[1]}) is needed."
                )
            # those of a run that has diverged are no numbers
            if name != "means" and (arrays[name] <= 0).any():
                raise InputError(f"The {name} hold a number that is not positive: all of them have to be.")
        probabilities = arrays["transitions"]
        logits = np.log(probabilities[..., :-1] / probabilities[..., -1:])
        return self.join(arrays["means"], np.log(arrays["variances"]), logits)

    def unpack(self, x: np.ndarray) -> HiddenMarkov:
        """Return points as models; what has no exponential has the nearest one."""
        point = self.point(x)
        positive = (np.exp(np.clip(part, -FARTHEST, FARTHEST)) for part in point[1:])
        return HiddenMarkov(point.means.copy(), *positive)
