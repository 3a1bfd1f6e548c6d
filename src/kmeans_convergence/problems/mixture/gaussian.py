"""The likelihood of a mixture of Gaussians in all its parameters."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property
from typing import Self

import numpy as np

from kmeans_convergence.core.gap import AbsoluteGap, Gap
from kmeans_convergence.core.problem import Capability
from kmeans_convergence.errors import InputError
from kmeans_convergence.patterns import check_clusters, pieces
from kmeans_convergence.problems.mixture.covariance import MODELS, eigenvalues
from kmeans_convergence.problems.mixture.estimable import check_estimable
from kmeans_convergence.problems.mixture.evaluation import GaussianEvaluation
from kmeans_convergence.problems.mixture.parameters import InverseWishart, Layout, Mixture, Point
from kmeans_convergence.problems.mixture.passes import Moments, Patterns, normalized
from kmeans_convergence.problems.patterns import PatternProblem, deviation


class GaussianMixtureProblem(PatternProblem):
    r"""Minimise the negative log likelihood of a mixture of Gaussians over weights, means and covariances.

    A point consists of K logits, whose softmax are the weights; K means; and the logarithmic Cholesky factors of the
    covariances, see `covariance`. Adding a number to all logits changes nothing: `pack` makes their mean 0, and no
    step of the project's optimizers changes it. Means and factors are in units of the data's standard deviation, so
    that coordinates have no unit and all optimizers do the same to data in other units.

    Parameters
    ----------
    X : array_like of shape (n, d)
    covariance : {"full", "tied", "diagonal", "spherical"}
    ridge : float
        :math:`\epsilon\ge0`, in squared units of the data: patterns are known up to independent noise of this variance
        only. A component's log density is then that which is expected under the noise,
        :math:`\log N(x;\mu,\Sigma)-\frac\epsilon2\mathrm{tr}\,\Sigma^{-1}`, and the M-step adds :math:`\epsilon I` to
        the covariance. (Other programs add it to the M-step alone, which then maximises nothing.)
    prior : InverseWishart, optional
        With one, the cost is the negative log posterior, up to a constant.
    floor : float
        Least eigenvalue of a covariance, in squared units of the data. Coordinates with smaller ones are allowed, and
        mean covariances whose eigenvalues are raised to the floor: so steps of any length stay within the bound, and
        the M-step that respects it (eigenvalues of the covariance raised) minimises the majoriser. There are no
        products of the Hessian then, because the cost bends at the floor.

    Attributes
    ----------
    model : Covariance
    layout : Layout

    Raises
    ------
    InputError
        When `X` is not a matrix of finite numbers, when it has no variance that a covariance of this kind could
        describe, or an option is not what it has to be.

    Notes
    -----
    The complete data are an exponential family, so that :math:`T(x)=x-P\nabla E` holds exactly in the coordinates in
    which EM is an average, the expectations of the sufficient statistics; and for weights, means and covariances, with
    the matrices of Xu and Jordan (1996), if the M-step takes covariances about the old means. P, the inverse of the
    information in the complete data, is a tensor: in the coordinates here `precondition` and `squared_norm` are its
    transforms, so that :math:`-P\nabla E` is the direction in which EM sets out, and the natural gradient of the
    complete data. :math:`x-P\nabla E` and T(x) differ by terms of the second order in the step.
    """

    capabilities = frozenset({Capability.SUBSETS, Capability.HESSIAN_PRODUCTS})

    def __init__(
        self,
        X: np.ndarray,
        covariance: str = "full",
        ridge: float = 0.0,
        prior: InverseWishart | None = None,
        floor: float = 0.0,
    ) -> None:
        super().__init__(X)
        if covariance not in MODELS:
            raise InputError(f"The covariances are {covariance!r}: {', '.join(MODELS)} are allowed.")
        for name, value in (("ridge", ridge), ("floor", floor)):
            if not 0 <= value < math.inf:
                raise InputError(f"The {name} is {value}: a finite number that is not negative is needed.")
        self.covariance, self.ridge, self.prior, self.floor = covariance, ridge, prior, floor
        unit = deviation(self.X)
        if unit == 0:
            raise InputError("All patterns are equal: a mixture of Gaussians needs some that differ.")
        if ridge == floor == 0 and prior is None:
            check_estimable(self.X, covariance)
        self.model = MODELS[covariance](self.X.shape[1])
        self.layout = Layout(self.model, unit, floor / unit**2)
        self._patterns = Patterns(self.X, unit, self.model, ridge / unit**2)
        if floor:
            self.capabilities = self.capabilities - {Capability.HESSIAN_PRODUCTS}
        self._scale = None if prior is None else _as_scale(prior, self.X.shape[1]) / unit**2
        self._strength = 0.0 if prior is None else prior.strength

    def _with(self, X: np.ndarray) -> Self:
        return type(self)(X, self.covariance, self.ridge, self.prior, self.floor)

    @property
    def gap(self) -> Gap:
        """Nats per pattern."""
        return AbsoluteGap(self.size)

    @property
    def length(self) -> float:
        """Coordinates are in units of the data's standard deviation."""
        return 1.0

    def pack(self, parameters: Mixture) -> np.ndarray:
        """Return mixtures as flat vectors (R, P)."""
        return self.layout.pack(parameters)

    def unpack(self, x: np.ndarray) -> Mixture:
        """Return flat vectors as mixtures."""
        return self.layout.unpack(x)

    def to_centred(self, parameters: Mixture) -> Mixture:
        """Return mixtures whose means are less `origin`."""
        return replace(parameters, means=np.asarray(parameters.means, dtype=np.float64) - self.origin)

    def from_centred(self, parameters: Mixture) -> Mixture:
        """Return mixtures of `centred` with means plus `origin`."""
        return replace(parameters, means=parameters.means + self.origin)

    def evaluate(self, x: np.ndarray) -> GaussianEvaluation:
        """Evaluate R points of shape (R, P) in one pass; the cost is in nats."""
        return self._evaluate(x, None)

    def evaluate_rows(self, x: np.ndarray, rows: np.ndarray) -> GaussianEvaluation:
        """Evaluate each run on patterns of its own, `rows` (R, m); a prior counts by their share of all patterns."""
        return self._evaluate(x, rows)

    def nothing_seen(self, x: np.ndarray, rows: np.ndarray) -> GaussianEvaluation:
        """Return the evaluation of runs that see no pattern of `rows`, and no prior."""
        # as if one pattern were distributed as the mixture says, so that EM stays where it is
        x, point = np.array(x), self.layout.point(x)
        counts, first = np.exp(point.log_weights), np.zeros_like(point.means)
        mass, assignments = self.model.pool(counts), np.zeros(rows.shape, dtype=np.int32)
        moments = self.model.identity(mass)
        return GaussianEvaluation(self.layout, x, point, np.zeros(len(x)), counts, first, moments, mass, assignments)

    def hessian_product(self, here: GaussianEvaluation, v: np.ndarray) -> np.ndarray:
        r"""Return the Hessian times vectors `v` (R, P), in one pass.

        It is the Hessian of the majoriser less the covariance of the scores under the responsibilities (Louis 1982):
        :math:`Hv=H_cv-\sum_{ik}r_{ik}(\delta_{ik}-\bar\delta_i)s_{ik}` with scores :math:`s_{ik}`,
        :math:`\delta_{ik}=s_{ik}\cdot v` and their mean under the responsibilities of a pattern.
        """
        model, point = self.model, here.point
        logits, means, coordinates = self.layout.split(v)
        weights = np.exp(point.log_weights)
        logits = logits - (weights * logits).sum(axis=1, keepdims=True)
        shift, frame = model.apply(point.inverse, means), model.frame_of_step(point.factor, point.inverse, coordinates)
        ridge = self._patterns.ridge(point)
        constant = logits + (ridge * frame).reshape(*here.mass.shape, -1).sum(axis=2) - model.log_growth(frame)
        sums = Moments(model, *means.shape)
        for some, _, y, joint in self._patterns.walk(point):
            responsibilities, _ = normalized(joint)
            change = np.einsum("rkdb,rkdb->rkb", y, shift[some][..., None] + model.apply(frame[some], y))
            change += constant[some][..., None]
            change -= (responsibilities * change).sum(axis=1, keepdims=True)
            sums.add(some, responsibilities * change, y)
        # what components hide, and the Hessian of the majoriser
        hidden = model.identity(model.pool(sums.counts)) - sums.pooled(ridge)
        first, step = here.first[..., None], shift[..., None]
        change = model.transported(frame, here.moments) + model.pool(
            model.moments(first, step) + model.moments(step, first)
        )
        bent = model.bent_slope(point.inverse, coordinates, frame, model.identity(here.mass) - here.moments, change)
        turned = model.apply_transposed(frame, here.first) + model.apply(frame, here.first)
        return self.layout.join(
            here.patterns[:, None] * weights * logits - sums.counts,
            model.apply_transposed(point.inverse, turned + here.counts[..., None] * shift - sums.first),
            bent + model.slope_of_frame(point.inverse, hidden),
        )

    def from_responsibilities(self, responsibilities: np.ndarray) -> Mixture:
        """Return the mixtures of an M-step with given responsibilities, of shape (R, n, K): a start for runs.

        Raises
        ------
        InputError
            When the shape is another one, a responsibility is negative or not finite, or there are more components than
            distinct patterns.
        """
        responsibilities = np.asarray(responsibilities, dtype=np.float64)
        if responsibilities.ndim != 3 or responsibilities.shape[1] != self.size:
            raise InputError(
                f"The responsibilities have shape {responsibilities.shape}: (runs, {self.size}, components) is needed."
            )
        runs, _, clusters = responsibilities.shape
        check_clusters(self.X, clusters)
        wrong = np.argwhere(~((responsibilities >= 0) & np.isfinite(responsibilities)))
        if len(wrong):
            run, i, k = wrong[0]
            raise InputError(
                f"The responsibility of component {k} for pattern {i} in run {run} is {responsibilities[run, i, k]}: "
                "a finite number that is not negative is needed."
            )
        centred = self.centred
        mean = np.broadcast_to(centred.X.mean(axis=0, dtype=np.float64), (runs, clusters, self.X.shape[1]))
        coordinates = np.tile(centred.whole, (runs, 1 if self.model.shared else clusters, 1))
        x = self.layout.join(np.zeros((runs, clusters)), mean / centred.layout.unit, coordinates)
        # the moments of the second turn are about the means, so that they keep their digits
        for _ in range(2):
            x = centred.weigh(x, responsibilities.transpose(0, 2, 1)).image
        return self.from_centred(centred.unpack(x))

    @cached_property
    def whole(self) -> np.ndarray:
        """Coordinates of the covariance of all patterns, or of the unit matrix where they have none, shape (size,).

        In units of it second moments are far from singular, so that a start keeps the digits of data whose features are
        nearly dependent. The factor is found from the patterns; from their covariance it would have half of the digits.
        """
        mean = self.X.mean(axis=0, dtype=np.float64)
        deviations = ((part - mean) / self.layout.unit for _, part in pieces(self.X))
        factor = self.model.spread(deviations)[None, None] / math.sqrt(self.size)
        diagonal = self.model.diagonal(factor)
        usable = diagonal.min() > self.X.shape[1] * np.finfo(np.float64).eps * diagonal.max()
        return self.model.coordinates(factor)[0, 0] if usable else np.zeros(self.model.size)

    def weigh(self, x: np.ndarray, responsibilities: np.ndarray) -> GaussianEvaluation:
        """Return what given responsibilities (R, K, n) say about the parameters; it has no cost."""
        point = self.layout.point(x)
        sums = Moments(self.model, *point.means.shape)
        for some, part, y, _ in self._patterns.walk(point):
            sums.add(some, responsibilities[some, :, part], y)
        return self._evaluation(x, np.zeros(len(x)), sums, point, 1.0, np.zeros((len(x), self.size), dtype=np.int32))

    def _evaluate(self, x: np.ndarray, rows: np.ndarray | None) -> GaussianEvaluation:
        x = np.array(x, dtype=np.float64)
        point = self.layout.point(x)
        patterns = self.size if rows is None else rows.shape[1]
        cost, assignments = np.zeros(len(x)), np.empty((len(x), patterns), dtype=np.int32)
        sums = Moments(self.model, *point.means.shape)
        for some, part, y, joint in self._patterns.walk(point, rows):
            # ties go to the lowest index
            assignments[some, part] = joint.argmax(axis=1)
            responsibilities, log_density = normalized(joint)
            cost[some] -= log_density.sum(axis=1)
            sums.add(some, responsibilities, y)
        log_unit, share = self.X.shape[1] * math.log(self.layout.unit), patterns / self.size
        cost += patterns * log_unit
        if self._scale is not None:
            log_determinant = self.model.log_determinant(point.factor) + log_unit
            trace = self.model.trace(self.model.whitened(point.inverse, self._scale))
            cost += share * (self._strength * log_determinant + 0.5 * trace).sum(axis=1)
        return self._evaluation(x, cost, sums, point, share, assignments)

    def _evaluation(
        self, x: np.ndarray, cost: np.ndarray, sums: Moments, point: Point, share: float, assignments: np.ndarray
    ) -> GaussianEvaluation:
        moments, mass = sums.pooled(self._patterns.ridge(point)), self.model.pool(sums.counts)
        if self._scale is not None:
            moments = moments + share * self.model.whitened(point.inverse, self._scale)
            mass = mass + share * self._strength
        return GaussianEvaluation(self.layout, x, point, cost, sums.counts, sums.first, moments, mass, assignments)


def _as_scale(prior: InverseWishart, features: int) -> np.ndarray:
    """Return the scale of a prior, or say why it is none."""
    scale = np.asarray(prior.scale, dtype=np.float64)
    if scale.shape != (features, features) or not (np.allclose(scale, scale.T) and (eigenvalues(scale) > 0).all()):
        raise InputError(
            f"The scale of a prior has to be a symmetric, positive definite matrix of shape {(features, features)}."
        )
    if not 0 < prior.strength < math.inf:
        raise InputError(f"The strength of a prior is {prior.strength}: a positive number is needed.")
    return scale
