"""EM on mixtures of Gaussians: its limit of zero variance, the information that it misses, its preconditioner."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kmeans_convergence.problems import MixtureProblem, QuantizationProblem
from kmeans_convergence.starts import from_patterns
from kmeans_convergence.theory import checks, equations
from kmeans_convergence.theory.checks import Checking, Theorem
from kmeans_convergence.theory.information import complete, hidden

COMPONENTS = 3

# Differences of smooth functions need many evaluations: this number of cases will do.
CASES = 20

# Central differences of a smooth function: the step and the error of the second order balance at these.
STEP = checks.EPS ** (1 / 3)
SMOOTH = 1e-7

# Complex steps have no truncation error; this is rounding of sums over the patterns.
COMPLEX_STEP = 1e-30
COMPLEX = 1e-10


def _standard(X: np.ndarray) -> np.ndarray:
    """Return the patterns from their mean in units of a third of their spread, so that components overlap."""
    return checks.centered(X) / checks.spread(X) * 3


def _pairs(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return the same as `hidden`, as the sum over pairs of components."""
    r, H = equations.responsibilities(X, w), np.zeros((w.size, w.size))
    for k in range(len(w)):
        for m in range(k + 1, len(w)):
            q = np.zeros((len(X), *w.shape))
            q[:, k], q[:, m] = X - w[k], -(X - w[m])
            q = q.reshape(len(X), -1)
            H += np.einsum("i,ia,ib->ab", r[:, k] * r[:, m], q, q)
    return H


def missing_information(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check Louis' identity for the means by differences of the gradient."""
    X, worst, cases = _standard(X), 0.0, min(points, CASES)
    problem = MixtureProblem(X)
    for _ in range(cases):
        w = from_patterns(X, COMPONENTS, rng)
        slopes = checks.central_differences(lambda v: problem.evaluate(v).gradient, w, STEP).reshape(w.size, w.size)
        claimed = complete(X, w) - hidden(X, w)
        worst = checks.worst(worst, checks.largest(slopes - claimed) / len(X))
    statement = (
        r"mixture with unit variances: $\nabla^2 E = \mathrm{blockdiag}(N_k I) - H'$, complete less missing "
        r"information, where $H'$ is the covariance of the scores under the responsibilities"
    )
    hypotheses = "means only, equal weights"
    method = "finite differences"
    return Theorem("missing information", statement, method, cases, worst, SMOOTH, hypotheses, "louis1982")


def face_form(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check that the missing information has the form of the face terms."""
    X, worst, cases = _standard(X), 0.0, min(points, CASES)
    for _ in range(cases):
        w = from_patterns(X, COMPONENTS, rng)
        worst = checks.worst(worst, checks.largest(hidden(X, w) - _pairs(X, w)) / checks.largest(hidden(X, w)))
    # across a face, in units of the standard deviation: the log odds rise by the gap for each unit of length
    for gap in (0.5, 1.0, 3.0):
        s = np.linspace(-80 / gap, 80 / gap, 20001)
        odds = 1 / (1 + np.exp(-gap * s))
        worst = checks.worst(worst, abs(float(np.trapezoid(odds * (1 - odds), s)) * gap - 1))
    statement = (
        r"$H' = \sum_i \sum_{k<l} r_{ik} r_{il} q_i q_i^T$, with $q$ as in the face terms, and "
        r"$\int r_k r_l / \sigma^2 \, ds = 1/\|w_k - w_l\|$ across a face: hidden information becomes the face term"
    )
    hypotheses = "two components near the face"
    tolerance = 10 * checks.rounding(X)
    return Theorem("faces and missing information", statement, "random points", cases, worst, tolerance, hypotheses)


def em_rate(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check that the derivative of the EM step at a fixed point is I - I_c^-1 I_obs, the missing share."""
    X, worst, cases = _standard(X), 0.0, min(points, CASES)
    problem = MixtureProblem(X)
    w = np.stack([from_patterns(X, COMPONENTS, rng) for _ in range(cases)])
    for _ in range(500):
        w = problem.evaluate(w).means
    for limit in w:
        found = checks.central_differences(lambda v: problem.evaluate(v).means, limit, STEP)
        claimed = np.linalg.solve(complete(X, limit), hidden(X, limit))
        # rows of the differences are the coordinates that move
        worst = checks.worst(worst, checks.largest(found.reshape(limit.size, -1).T - claimed))
    statement = (
        r"at a fixed point the EM step has the derivative $I - I_c^{-1} I_{\mathrm{obs}} = N^{-1} H'$: EM is Newton "
        r"with the complete-data curvature, and the hidden share is its rate"
    )
    hypotheses = "means only, equal weights, unit variances"
    method = "finite differences"
    return Theorem("EM's rate", statement, method, cases, worst, SMOOTH, hypotheses, "dempster1977, louis1982")


# Least difference of half squared distances, in units of the variance.
MARGINS = (20.0, 30.0, 40.0)


def small_variance(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check how fast responsibilities, EM step and its derivative approach those of batch K-means."""
    X, error, cases = checks.centered(X), 0.0, 0
    for w, _, N, _ in checks.untied_ends(X, rng, min(points, CASES)):
        if N.min() == 0:
            continue
        w = w + 0.01 * checks.spread(X) * checks.unit_directions(w.shape, rng)
        squares, owner = equations.squared_distances(X, w), equations.assignments(X, w)
        owned = np.bincount(owner, minlength=len(w))
        margin = float(np.diff(np.partition(squares, 1, axis=1)[:, :2], axis=1).min()) / 2
        if owned.min() == 0 or margin < 1e-6 * checks.spread(X) ** 2:
            continue
        lloyd = QuantizationProblem(X).evaluate(w[None]).means[0]
        hard = np.eye(len(w))[owner]
        for least in MARGINS:
            sigma = math.sqrt(margin / least)
            r = equations.responsibilities(X / sigma, w / sigma)
            # no responsibility of another component is larger than its odds against the owner
            bound = (len(w) - 1) * math.exp(-least) + checks.EPS
            off = checks.largest(r - hard)
            em = MixtureProblem(X / sigma).evaluate(w[None] / sigma).means[0] * sigma
            reach = float(np.sqrt(equations.squared_distances(X, lloyd).max()))
            step = float(np.linalg.norm(em - lloyd, axis=1).max())
            step_bound = len(X) * bound * reach / (owned.min() - len(X) * bound)
            derivative = np.linalg.solve(complete(X / sigma, w / sigma), hidden(X / sigma, w / sigma))
            size = float(np.linalg.norm(derivative, 2))
            size_bound = len(X) * len(w) * bound * squares.max() / sigma**2 / (owned.min() - len(X) * bound)
            error = checks.worst(error, off / bound - 1, step / step_bound - 1, size / size_bound - 1)
            cases += 1
    statement = (
        r"$\sigma \to 0$: with $\delta = (K-1)e^{-m/\sigma^2}$, $m$ the least $\frac12(d_2^2 - d_1^2)$, "
        r"responsibilities are one-hot up to $\delta$, the EM step is $T(w)$ up to $n\delta R/(N_{\min} - n\delta)$, "
        r"and its missing share $N^{-1}H'$ goes to 0"
    )
    hypotheses = r"no ties, $N_k > 0$, equal weights; $R$ the largest distance to a mean"
    method = "random points"
    tolerance = checks.rounding(X)
    return Theorem("EM for small variances", statement, method, cases, error, tolerance, hypotheses, "bottou1995")


@dataclass(frozen=True)
class Mixture:
    """A Gaussian mixture with all its parameters: weights (K,), means (K, d), covariances (K, d, d)."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def log_densities(self, X: np.ndarray) -> np.ndarray:
        """Return log of weight times density, shape (n, K), as an analytic function of every parameter."""
        u = X[:, None, :] - self.means
        square = np.einsum("ikj,kjm,ikm->ik", u, np.linalg.inv(self.covariances), u)
        constant = X.shape[1] * math.log(2 * math.pi)
        return np.asarray(np.log(self.weights) - (square + np.log(np.linalg.det(self.covariances)) + constant) / 2)

    def log_likelihood(self, X: np.ndarray) -> complex:
        """Return the log likelihood; not conjugated, so that complex steps differentiate it."""
        logs = self.log_densities(X)
        top = logs.real.max(axis=1, keepdims=True)
        return complex((top[:, 0] + np.log(np.exp(logs - top).sum(axis=1))).sum())

    def em_about_old_mean(self, X: np.ndarray) -> Mixture:
        """Return a step of EM whose covariances are about the means before the step."""
        h = np.exp(self.log_densities(X))
        h /= h.sum(axis=1, keepdims=True)
        N = h.sum(axis=0)
        u = X[:, None, :] - self.means
        covariances = np.einsum("ik,ikj,ikm->kjm", h, u, u) / N[:, None, None]
        return Mixture(N / len(X), h.T @ X / N[:, None], covariances)


def _slopes(mixture: Mixture, X: np.ndarray, name: str) -> np.ndarray:
    """Return the derivatives of the log likelihood by the entries of one parameter, in its shape."""
    parameters = {key: getattr(mixture, key).astype(complex) for key in ("weights", "means", "covariances")}
    slopes = np.empty(parameters[name].shape)
    for index in np.ndindex(slopes.shape):
        moved = parameters[name].copy()
        moved[index] += 1j * COMPLEX_STEP
        slopes[index] = Mixture(**(parameters | {name: moved})).log_likelihood(X).imag / COMPLEX_STEP
    return slopes


def preconditioner(mixture: Mixture, slopes: dict[str, np.ndarray], owned: np.ndarray) -> Mixture:
    """Return P times the gradient, in the shape of the parameters (Xu and Jordan 1996, theorem 1).

    `owned` is the sum of the responsibilities of each component, shape (K,).
    """
    alpha, sigma = mixture.weights, mixture.covariances
    n = owned.sum()
    by_weight = (np.diag(alpha) - np.outer(alpha, alpha)) @ slopes["weights"] / n
    by_mean = np.einsum("kjm,km->kj", sigma, slopes["means"]) / owned[:, None]
    by_covariance = 2 * sigma @ slopes["covariances"] @ sigma / owned[:, None, None]
    return Mixture(by_weight, by_mean, by_covariance)


def xu_jordan(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check that the EM step is a preconditioned gradient step, for weights, means and covariances."""
    X, worst, cases = _standard(X)[:, :2], 0.0, min(points, CASES)
    features = X.shape[1]
    for _ in range(cases):
        roots = rng.normal(size=(COMPONENTS, features, features)) / 2
        covariances = np.eye(features) + roots @ roots.transpose(0, 2, 1)
        mixture = Mixture(rng.dirichlet(np.full(COMPONENTS, 5.0)), from_patterns(X, COMPONENTS, rng), covariances)
        after = mixture.em_about_old_mean(X)
        slopes = {name: _slopes(mixture, X, name) for name in ("weights", "means", "covariances")}
        step = preconditioner(mixture, slopes, after.weights * len(X))
        for name in slopes:
            gap = getattr(after, name) - getattr(mixture, name) - getattr(step, name)
            worst = checks.worst(worst, checks.largest(gap))
    statement = (
        r"one step of EM is $\theta + P(\theta)\nabla\ell$: "
        r"$P_\alpha = \frac1n(\mathrm{diag}\,\alpha - \alpha\alpha^T)$, "
        r"$P_{\mu_k} = \Sigma_k/\sum_i h_{ik}$, $P_{\Sigma_k} = 2\,\Sigma_k \otimes \Sigma_k / \sum_i h_{ik}$"
    )
    hypotheses = "covariances about the means before the step"
    return Theorem("EM's preconditioner", statement, "complex steps", cases, worst, COMPLEX, hypotheses, "xu1996")


CHECKS: tuple[Checking, ...] = (missing_information, face_form, em_rate, small_variance, xu_jordan)
