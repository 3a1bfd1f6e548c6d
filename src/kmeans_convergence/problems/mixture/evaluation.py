"""Evaluations of mixtures of Gaussians."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from kmeans_convergence.core.problem import Curvature, Evaluation
from kmeans_convergence.problems.means import count_changed
from kmeans_convergence.problems.mixture.covariance import Covariance, eigenvalues
from kmeans_convergence.problems.mixture.parameters import Layout, Point, centred_logits, spread_over

# Times that the bound of the majoriser's curvature is doubled at most.
DOUBLINGS = 60

# Rounding errors of a cost, in nats per pattern.
ROUNDING = 1e-14


@dataclass(frozen=True)
class GaussianEvaluation(Evaluation):
    r"""What one pass over the patterns says about R mixtures.

    The majoriser of the cost is the expected negative log likelihood of the complete data. It follows from the numbers
    of patterns that components are responsible for, and from their moments about the present means in units of the
    present covariances.

    Attributes
    ----------
    layout : Layout
    points : ndarray of shape (R, P)
        `x`.
    point : Point
        The same taken apart.
    costs : ndarray of shape (R,)
        `cost`.
    counts : ndarray of shape (R, K)
        N_k, the sum of responsibilities.
    first : ndarray of shape (R, K, d)
        Sum of :math:`r_{ik}y_{ik}`, with :math:`y_{ik}=C_k^{-1}(x_i-\mu_k)`.
    moments : ndarray of shape (R, G, ...)
        Sum of :math:`r_{ik}y_{ik}y_{ik}^T` for each covariance, with ridge and prior.
    mass : ndarray of shape (R, G)
        What `moments` are to be divided by: the N_k of each covariance, and the strength of the prior.
    assignments : ndarray of shape (R, n), int32
        The component that is most responsible for a pattern.
    """

    layout: Layout
    points: np.ndarray
    point: Point
    costs: np.ndarray
    counts: np.ndarray
    first: np.ndarray
    moments: np.ndarray
    mass: np.ndarray
    assignments: np.ndarray

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
        points, *others = parts
        return type(self)(self.layout, points, self.layout.point(points), *others)

    def parts(self) -> tuple[np.ndarray | None, ...]:
        """See `Evaluation`."""
        return self.x, self.cost, self.counts, self.first, self.moments, self.mass, self.assignments

    @property
    def patterns(self) -> np.ndarray:
        """Number of patterns that were seen, shape (R,)."""
        return self.counts.sum(axis=1)

    @cached_property
    def gradient(self) -> np.ndarray:
        """See `Evaluation`."""
        model, point = self.layout.model, self.point
        return self.layout.join(
            self.patterns[:, None] * np.exp(point.log_weights) - self.counts,
            -model.apply_transposed(point.inverse, self.first),
            self._slope(model.identity(self.mass) - self.moments),
        )

    def _slope(self, frame: np.ndarray) -> np.ndarray:
        """Return slopes by a symmetric frame as slopes by the coordinates of covariances."""
        model, floor = self.layout.model, self.layout.floor
        if not floor:
            return model.slope_of_frame(self.point.inverse, frame)
        return model.raised_slope(model.factor(self.point.coordinates), self.point.inverse, frame, floor)

    @cached_property
    def image(self) -> np.ndarray:
        """The image under EM; a component that no pattern belongs to stays where it is, and loses its weight."""
        return self._maximizer(self.counts, self.moments, self.mass)

    def damped_image(self, rate: float) -> np.ndarray:
        """See `Evaluation`: what is averaged are expectations of sufficient statistics."""
        # as if EM had seen, too, imaginary patterns that are distributed as the present mixture says
        imaginary = (1 - rate) / rate * self.patterns[:, None] * np.exp(self.point.log_weights)
        model, pooled = self.layout.model, self.layout.model.pool(imaginary)
        return self._maximizer(self.counts + imaginary, self.moments + model.identity(pooled), self.mass + pooled)

    def _maximizer(self, counts: np.ndarray, moments: np.ndarray, mass: np.ndarray) -> np.ndarray:
        """Return the M-step for such counts and moments, and the present `first`, as points."""
        model, point, floor = self.layout.model, self.point, self.layout.floor
        shift = self._shift(counts)
        covariance = self._covariance(shift, moments, mass)
        factor = model.product(point.factor, model.root(covariance))
        if floor:
            factor = model.raised(model.covariance(point.factor, covariance), floor)
        logits = centred_logits(counts) + point.logits.mean(axis=1, keepdims=True)
        return self.layout.join(logits, point.means + model.apply(point.factor, shift), model.coordinates(factor))

    def _shift(self, counts: np.ndarray) -> np.ndarray:
        """Return by how much means move, in units of each component, shape (R, K, d)."""
        return np.divide(self.first, counts[..., None], out=np.zeros_like(self.first), where=counts[..., None] > 0)

    def _covariance(self, shift: np.ndarray, moments: np.ndarray, mass: np.ndarray) -> np.ndarray:
        """Return covariances about the new means, in units of the present ones: near singular ones cost no digits."""
        model = self.layout.model
        about_means = moments - model.pool(model.moments(self.first[..., None], shift[..., None]))
        unit, scale = model_unit(model, mass), spread_over(model.ranks * mass, moments)
        return np.divide(about_means, scale, out=unit, where=scale > 0)

    def divergence(self, x: np.ndarray) -> np.ndarray:
        """Return how far the majoriser lies above its minimum at points (R, P), in nats, shape (R,).

        It is the divergence of Kullback and Leibler of complete data; each term is at least 0 and has all its digits
        near the minimum, too.
        """
        model, there, least = self.layout.model, self.layout.point(x), self.layout.point(self.image)
        ratio = there.log_weights - least.log_weights
        weights = self.patterns * (np.exp(least.log_weights) * (np.expm1(ratio) - ratio)).sum(axis=1)
        shift = model.apply(there.inverse, least.means - there.means)
        relative = model.product(there.inverse, least.factor)
        excess = model.diagonal(relative) - 1
        # B - log B - 1 for the squares B on the diagonal, and the squares off it
        squares = _sum_entries(relative**2) - (model.diagonal(relative) ** 2).sum(axis=2)
        # a covariance that is singular beside the other is infinitely far from it
        with np.errstate(divide="ignore"):
            bent = squares + (excess**2 + 2 * (excess - np.log1p(excess))).sum(axis=2)
        if self.layout.floor:
            bent = bent + self._excess_of_raised(there, least)
        covariances = 0.5 * model.ranks * (self.mass * bent).sum(axis=1)
        return weights + 0.5 * (self.counts * (shift**2).sum(axis=2)).sum(axis=1) + covariances

    def _excess_of_raised(self, there: Point, least: Point) -> np.ndarray:
        r"""Return :math:`\mathrm{tr}\,\Delta(I/\phi-\Sigma^{-1})`, (R, G), by what covariances are raised to the floor.

        Where the floor :math:`\phi` holds the minimum of the majoriser up by :math:`\Delta`, the slope does not vanish.
        """
        model, floor, unit = self.layout.model, self.layout.floor, model_unit(self.layout.model, self.mass)
        free = model.covariance(self.point.factor, self._covariance(self._shift(self.counts), self.moments, self.mass))
        raised = model.covariance(least.factor, unit) - free
        return model.trace(raised) / floor - model.trace(model.covariance(there.inverse, raised))

    @cached_property
    def promised_decrease(self) -> np.ndarray:
        """See `Evaluation`."""
        return self.divergence(self.x)

    @cached_property
    def curvature(self) -> Curvature:
        """Bounds of the spectrum of the inverse of P.

        The majoriser is not quadratic in these coordinates. The upper bound is therefore doubled until the majoriser
        does fall along the gradient by what a quadratic of that curvature promises; this takes no pass.
        """
        model, point, runs = self.layout.model, self.point, len(self.x)
        weights = self.patterns[:, None] * np.exp(point.log_weights)
        shares = eigenvalues(weights[..., None] * (np.eye(weights.shape[1]) - np.exp(point.log_weights)[:, None]))
        # a level that all logits share changes nothing
        shares[:, 0] = 0
        means = self.counts[..., None] * model.precisions(point.inverse)
        factors = self.mass[..., None] * model.curvatures(point.factor, point.inverse)
        spectrum = np.concatenate(
            [shares, *(part.reshape(runs, part.shape[1] * part.shape[2]) for part in (means, factors))], axis=1
        )
        most, slope = spectrum.max(axis=1), (self.gradient**2).sum(axis=1)
        rounding = ROUNDING * self.patterns
        # a trial that is much too long ends at infinity, which is not less
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(DOUBLINGS):
                fall = self.promised_decrease - self.divergence(self.x - self.gradient / most[:, None])
                short = ~(fall >= 0.5 * slope / most - rounding)
                if not short.any():
                    break
                most = np.where(short, 2 * most, most)
        return Curvature(np.where(spectrum > 0, spectrum, np.inf).min(axis=1), spectrum.mean(axis=1), most)

    def precondition(self, v: np.ndarray) -> np.ndarray:
        """Return P v: of a component without patterns, and of a weight that is 0, nothing."""
        model, point = self.layout.model, self.point
        logits, means, coordinates = self.layout.split(v)
        logits = logits - logits.mean(axis=1, keepdims=True)
        logits = _quotient(logits, self.patterns[:, None] * np.exp(point.log_weights))
        means = model.apply(point.factor, model.apply_transposed(point.factor, means))
        frame = model.frame_of_slope(point.factor, coordinates)
        frame = _quotient(frame, spread_over(self.mass, frame) * model.information)
        return self.layout.join(
            logits - logits.mean(axis=1, keepdims=True),
            _quotient(means, self.counts[..., None]),
            model.step_of_frame(point.factor, frame),
        )

    def squared_norm(self, v: np.ndarray) -> np.ndarray:
        """See `Evaluation`: the information in the complete data, for components with the present counts."""
        model, point = self.layout.model, self.point
        logits, means, coordinates = self.layout.split(v)
        weights = np.exp(point.log_weights)
        logits = logits - (weights * logits).sum(axis=1, keepdims=True)
        frame = model.frame_of_step(point.factor, point.inverse, coordinates)
        squares = _sum_entries(model.information * frame**2)
        return (
            self.patterns * (weights * logits**2).sum(axis=1)
            + (self.counts * (model.apply(point.inverse, means) ** 2).sum(axis=2)).sum(axis=1)
            + (self.mass * squares).sum(axis=1)
        )

    def diagnostics(self, before: Evaluation) -> Mapping[str, np.ndarray]:
        """Return changed assignments, components most responsible for no pattern, and the worst condition, (R,)."""
        assert isinstance(before, GaussianEvaluation)
        changed, owning = count_changed(before.assignments, self.assignments), np.zeros(self.counts.shape, dtype=bool)
        owning[np.arange(len(owning))[:, None], self.assignments] = True
        condition = self.layout.model.condition(self.point.factor, self.point.inverse).max(axis=1)
        return {"changed": changed, "empty": (~owning).sum(axis=1), "condition": condition}


def model_unit(model: Covariance, mass: np.ndarray) -> np.ndarray:
    """Return the covariance of one standard normal pattern for each of `mass` (R, G)."""
    return model.identity(np.ones_like(mass)) / model.ranks


def _quotient(values: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Return values / by, 0 where that would be a division by 0."""
    return np.divide(values, by, out=np.zeros_like(values), where=by > 0)


def _sum_entries(values: np.ndarray) -> np.ndarray:
    """Return the sums (R, G) of arrays (R, G, ...) over all entries of a factor."""
    return np.asarray(values.sum(axis=tuple(range(2, values.ndim))))
