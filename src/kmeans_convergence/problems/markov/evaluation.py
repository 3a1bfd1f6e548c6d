"""Evaluations of hidden Markov models whose means, variances and transitions are all trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from kmeans_convergence.core.problem import Curvature, Evaluation
from kmeans_convergence.problems.markov.parameters import Layout, Point
from kmeans_convergence.problems.means import count_changed

# Times that the bound of the majoriser's curvature is doubled at most.
DOUBLINGS = 60

# Rounding errors of a cost, in nats per observation.
ROUNDING = 1e-14


@dataclass(frozen=True)
class MarkovEvaluation(Evaluation):
    """What one pass over the sequences says about R models.

    The majoriser of the cost is the negative log likelihood of observations and states, with the prior. It follows from
    how often states are visited, from mean and scatter of what is observed there, and from the numbers of transitions:
    on the best paths, or expected over all.

    Attributes
    ----------
    layout : Layout
    typical : ndarray of shape (d,)
        The variance of the prior's observations.
    soft : bool
        Whether all paths count.
    points : ndarray of shape (R, P)
        `x`.
    costs : ndarray of shape (R,)
        `cost`.
    counts : ndarray of shape (R, S)
        Visits N of each state.
    centres : ndarray of shape (R, S, d)
        Mean of what is observed there; the present mean where nothing is.
    scatter : ndarray of shape (R, S, d)
        Sum of squares about it.
    pairs : ndarray of shape (R, S, S)
        Numbers of transitions.
    prior : ndarray of shape (R,)
        What the prior is worth: observations of each state, and transitions of each kind.
    states : ndarray of shape (R, m T), int32
    """

    layout: Layout
    typical: np.ndarray
    soft: bool
    points: np.ndarray
    costs: np.ndarray
    counts: np.ndarray
    centres: np.ndarray
    scatter: np.ndarray
    pairs: np.ndarray
    prior: np.ndarray
    states: np.ndarray

    @property
    def x(self) -> np.ndarray:
        """See `Evaluation`."""
        return self.points

    @property
    def cost(self) -> np.ndarray:
        """See `Evaluation`."""
        return self.costs

    def of(self, *parts: Any) -> Self:
        """See `Evaluation`."""
        return type(self)(self.layout, self.typical, self.soft, *parts)

    def parts(self) -> tuple[np.ndarray | None, ...]:
        """See `Evaluation`."""
        return (
            self.points,
            self.costs,
            self.counts,
            self.centres,
            self.scatter,
            self.pairs,
            self.prior,
            self.states,
        )

    @cached_property
    def point(self) -> Point:
        """The points taken apart."""
        return self.layout.point(self.points)

    @cached_property
    def _precisions(self) -> np.ndarray:
        return np.exp(-self.point.log_variances)

    @cached_property
    def _probabilities(self) -> np.ndarray:
        return np.exp(self.point.log_transitions)

    @cached_property
    def _mass(self) -> np.ndarray:
        """Observations of each state, those of the prior among them, (R, S, 1)."""
        return (self.counts + self.prior[:, None])[..., None]

    @cached_property
    def _squares(self) -> np.ndarray:
        """Sums of squares about the present means, those of the prior among them, (R, S, d)."""
        offset = self.point.means - self.centres
        return self.scatter + self.counts[..., None] * offset**2 + self.prior[:, None, None] * self.typical

    @cached_property
    def _leaving(self) -> np.ndarray:
        """Transitions from each state, those of the prior among them, (R, S, 1)."""
        return (self.pairs + self.prior[:, None, None]).sum(axis=2, keepdims=True)

    @cached_property
    def gradient(self) -> np.ndarray:
        """See `Evaluation`."""
        means = self.counts[..., None] * self._precisions * (self.point.means - self.centres)
        variances = 0.5 * (self._mass - self._squares * self._precisions)
        logits = self._leaving * self._probabilities - (self.pairs + self.prior[:, None, None])
        return self.layout.join(means, variances, logits[..., :-1])

    @cached_property
    def image(self) -> np.ndarray:
        """Means, variances and shares of transitions along the paths; the mean of a state without visits stays."""
        mean, log_variance, logits = self.layout.split(self.points)
        visited, seen = self.counts[..., None] > 0, np.broadcast_to(self._mass > 0, mean.shape)
        squares = self.scatter + self.prior[:, None, None] * self.typical
        variance = np.divide(squares, self._mass, out=np.exp(log_variance), where=seen)
        log_variance = np.log(variance, out=log_variance.copy(), where=seen & (variance > 0))
        weights = self.pairs + self.prior[:, None, None]
        known = self._leaving > 0
        shares = np.log(np.where(known, weights, 1.0))
        logits = np.where(known, shares[..., :-1] - shares[..., -1:], logits)
        return self.layout.join(np.where(visited, self.centres, mean), log_variance, logits)

    def damped_image(self, rate: float) -> np.ndarray:
        """See `Evaluation`: what is averaged are expectations of sufficient statistics."""
        # as if there were imaginary observations, evenly of all states, that are distributed as the present model says
        odds = (1 - rate) / rate
        imaginary = odds * self.counts.sum(axis=1)[:, None, None] / self.layout.states
        counts, point = self.counts[..., None], self.point
        total = counts + imaginary
        share = np.divide(counts, total, out=np.zeros_like(total), where=total > 0)
        offset = self.centres - point.means
        pairs = (
            self.pairs + odds * self.pairs.sum(axis=(1, 2), keepdims=True) / self.layout.states * self._probabilities
        )
        seen = replace(
            self,
            counts=total[..., 0],
            centres=point.means + share * offset,
            scatter=self.scatter + imaginary * (1 / self._precisions + share * offset**2),
            pairs=pairs,
        )
        return seen.image

    def divergence(self, x: np.ndarray) -> np.ndarray:
        """Return how far the majoriser lies above its minimum at points (R, P), in nats, shape (R,).

        Each term is at least 0 and has all its digits near the minimum, too.
        """
        there, least = self.layout.point(x), self.layout.point(self.image)
        ratio = least.log_variances - there.log_variances
        variances = 0.5 * (self._mass * (np.expm1(ratio) - ratio)).sum(axis=(1, 2))
        squares = (there.means - least.means) ** 2 * np.exp(-there.log_variances)
        means = 0.5 * (self.counts[..., None] * squares).sum(axis=(1, 2))
        odds = there.log_transitions - least.log_transitions
        transitions = (self._leaving * np.exp(least.log_transitions) * (np.expm1(odds) - odds)).sum(axis=(1, 2))
        return np.asarray(variances + means + transitions)

    @cached_property
    def promised_decrease(self) -> np.ndarray:
        """See `Evaluation`."""
        return self.divergence(self.points)

    @cached_property
    def _information(self) -> np.ndarray:
        """The information about the logits, shape (R, S, S - 1, S - 1)."""
        p = self._probabilities[..., :-1]
        return self._leaving[..., None] * (p[..., None] * np.eye(p.shape[2]) - p[..., :, None] * p[..., None, :])

    @cached_property
    def _diagonals(self) -> np.ndarray:
        """Curvature by means and by log variances, (R, 2 S d): that of the inverse of P, which is diagonal there."""
        means = self.counts[..., None] * self._precisions
        variances = np.broadcast_to(0.5 * self._mass, means.shape)
        both = np.concatenate([means, variances], axis=1).reshape(len(means), -1)
        return np.where(np.isfinite(both), both, np.inf)

    @cached_property
    def mean_curvature(self) -> np.ndarray:
        """See `Evaluation`; from the trace."""
        trace = self._diagonals.sum(axis=1) + np.trace(self._information, axis1=2, axis2=3).sum(axis=1)
        return np.asarray(trace / self.points.shape[1])

    @cached_property
    def curvature(self) -> Curvature:
        """Bounds of the spectrum of the inverse of P.

        The majoriser is not quadratic in these coordinates. The upper bound is therefore doubled until the majoriser
        does fall along the gradient by what a quadratic of that curvature promises; this takes no pass.
        """
        logits = np.linalg.eigvalsh(np.where(np.isfinite(self._information), self._information, 0.0))
        spectrum = np.concatenate([self._diagonals, np.maximum(logits, 0).reshape(len(logits), -1)], axis=1)
        most, slope = spectrum.max(axis=1), (self.gradient**2).sum(axis=1)
        rounding = ROUNDING * self.counts.sum(axis=1)
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(DOUBLINGS):
                rate = np.divide(1.0, most, out=np.zeros_like(most), where=most > 0)
                fall = self.promised_decrease - self.divergence(self.points - rate[:, None] * self.gradient)
                short = ~(fall >= 0.5 * slope * rate - rounding)
                if not short.any():
                    break
                most = np.where(short, 2 * most, most)
        least = np.where(spectrum > 0, spectrum, np.inf).min(axis=1)
        return Curvature(least, self.mean_curvature, most)

    def precondition(self, v: np.ndarray) -> np.ndarray:
        """Return P v; the mean of a state without visits has nothing to move by."""
        means, variances, logits = self.layout.split(v)
        p = self._probabilities
        # the inverse of diag(p) - p p' is diag(1 / p) + 1 / p_S
        shares = _quotient(logits, p[..., :-1]) + _quotient(logits.sum(axis=2, keepdims=True), p[..., -1:])
        return self.layout.join(
            _quotient(means, self.counts[..., None] * self._precisions),
            _quotient(2 * variances, self._mass),
            _quotient(shares, self._leaving),
        )

    def squared_norm(self, v: np.ndarray) -> np.ndarray:
        """See `Evaluation`: the information in observations and states."""
        means, variances, logits = self.layout.split(v)
        p = self._probabilities[..., :-1]
        mean = (p * logits).sum(axis=2, keepdims=True)
        # the last logit is 0
        spread = (p * (logits - mean) ** 2).sum(axis=2, keepdims=True) + self._probabilities[..., -1:] * mean**2
        return np.asarray(
            (self.counts[..., None] * self._precisions * means**2).sum(axis=(1, 2))
            + 0.5 * (self._mass * variances**2).sum(axis=(1, 2))
            + (self._leaving * spread).sum(axis=(1, 2))
        )

    @cached_property
    def hessian(self) -> np.ndarray:
        """See `Evaluation`; what all paths say together has another one.

        Raises
        ------
        InputError
            For the soft version.
        """
        if self.soft:
            return super().hessian
        runs, coordinates = self.points.shape
        emissions = self.centres[0].size
        mean, variance = np.arange(emissions), emissions + np.arange(emissions)
        matrix = np.zeros((runs, coordinates, coordinates))
        visits = self.counts[..., None] * self._precisions
        mixed = (-visits * (self.point.means - self.centres)).reshape(runs, emissions)
        matrix[:, mean, mean] = visits.reshape(runs, emissions)
        matrix[:, mean, variance] = matrix[:, variance, mean] = mixed
        matrix[:, variance, variance] = (0.5 * self._squares * self._precisions).reshape(runs, emissions)
        others = self.layout.states - 1
        for s in range(self.layout.states):
            block = slice(2 * emissions + s * others, 2 * emissions + (s + 1) * others)
            matrix[:, block, block] = self._information[:, s]
        return matrix

    def lengths(self, v: np.ndarray) -> np.ndarray:
        """Return the length of a step of each state: of its mean, its log variances and its row of logits, (R, S)."""
        return np.asarray(np.sqrt(sum((part**2).sum(axis=2) for part in self.layout.split(v))))

    def solved_by_image(self, before: Evaluation) -> np.ndarray:
        """Say for which runs both evaluations have the same paths, shape (R,); of soft ones, none."""
        assert isinstance(before, MarkovEvaluation)
        if self.soft:
            return super().solved_by_image(before)
        return np.asarray(count_changed(before.states, self.states) == 0)

    def diagnostics(self, before: Evaluation) -> Mapping[str, np.ndarray]:
        """Return changed states, states without visits (soft: likeliest nowhere), and the largest move, (R,)."""
        assert isinstance(before, MarkovEvaluation)
        visited = np.zeros(self.counts.shape, dtype=bool)
        visited[np.arange(len(visited))[:, None], self.states] = True
        changed = count_changed(before.states, self.states)
        move = self.layout.split(self.points - before.points)[0]
        largest = np.sqrt((move**2).sum(axis=2)).max(axis=1)
        return {"changed": changed, "empty": (~visited).sum(axis=1), "largest_move": largest}


def _quotient(values: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Return values / by, 0 where that would be a division by 0."""
    by = np.broadcast_to(by, values.shape)
    return np.divide(values, by, out=np.zeros_like(values), where=by > 0)
