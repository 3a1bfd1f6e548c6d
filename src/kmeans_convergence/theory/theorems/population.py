r"""The curvature of a population's cost: the paper's Hessian, and what the Voronoi faces take away from it.

On a density, moving a prototype moves the faces of its cell and hands patterns over (Du, Faber and Gunzburger 1999):

.. math:: H = \mathrm{blockdiag}(N_k I) - \int_{faces} \frac{q_x q_x^T}{\|w_k - w_l\|} p(x) dS,

where :math:`q_x` is :math:`x - w_k` in block k, :math:`-(x - w_l)` in block l and 0 elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement, pairwise

import numpy as np
import sympy as sp
from numpy.polynomial import Polynomial

from kmeans_convergence.theory import checks
from kmeans_convergence.theory.checks import Checking, Theorem

# Central differences of a smooth function: the step and the error of the second order balance at these.
STEP = checks.EPS ** (1 / 3)
SMOOTH = 1e-7

# No two prototypes are nearer to each other than this share of the interval or the square.
GAP = 0.03


# Steps of Lloyd's map: far more than any of these densities takes.
STEPS = 10_000


@dataclass(frozen=True)
class Density:
    """A polynomial density on [0, 1]; prototypes are sorted, shape (K,)."""

    coefficients: tuple[float, ...]

    @property
    def p(self) -> Polynomial:
        return Polynomial(self.coefficients)

    @cached_property
    def _integrals(self) -> tuple[Polynomial, Polynomial]:
        return self.p.integ(), (Polynomial([0, 1]) * self.p).integ()

    def moments(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return N_k and S_k, the integrals of p and of x p over the cells, shape (K,) each."""
        edges = np.concatenate([[0.0], (w[1:] + w[:-1]) / 2, [1.0]])
        mass, sums = (np.diff(integral(edges)) for integral in self._integrals)
        return mass, sums

    def gradient(self, w: np.ndarray) -> np.ndarray:
        """Return N_k w_k - S_k, shape (K,)."""
        mass, sums = self.moments(w)
        return np.asarray(mass * w - sums)

    def lloyd(self, w: np.ndarray) -> np.ndarray:
        """Return the means of the cells, shape (K,)."""
        mass, sums = self.moments(w)
        return np.asarray(sums / mass)

    def minimum(self, clusters: int) -> np.ndarray:
        """Return the fixed point of Lloyd's map that it reaches from equal gaps, shape (K,)."""
        w = (np.arange(clusters) + 0.5) / clusters
        for _ in range(STEPS):
            before, w = w, self.lloyd(w)
            if abs(w - before).max() <= 4 * checks.EPS:
                break
        return w


DENSITIES = (Density((1.0,)), Density((0.0, 2.0)), Density((0.0, 6.0, -6.0)))


def face_term(q: np.ndarray, gap: sp.Expr, density: sp.Expr) -> np.ndarray:
    """Return what a point of a face takes from the Hessian: q q^T p / |w_k - w_l|, an array like the outer product."""
    return np.asarray(np.outer(q, q) * density / gap)


def hessian_on_line(w: np.ndarray, mass: np.ndarray, density: Polynomial | sp.Lambda) -> np.ndarray:
    """Return the Hessian with its face terms, shape (K, K), of sorted prototypes (K,) that own `mass` (K,).

    Works on symbols (dtype object) as well.
    """
    H = np.diag(mass)
    for k in range(len(w) - 1):
        face = (w[k] + w[k + 1]) / 2
        q = 0 * w
        q[k], q[k + 1] = face - w[k], -(face - w[k + 1])
        H = H - face_term(q, w[k + 1] - w[k], density(face))
    return np.asarray(H)


def _symbolic(density: sp.Lambda, w: tuple[sp.Symbol, ...]) -> tuple[sp.Matrix, sp.Matrix]:
    """Return the Hessian of the cost by differentiation, and as claimed."""
    x = sp.Symbol("x")
    edges = [sp.Integer(0), *((u + v) / 2 for u, v in pairwise(w)), sp.Integer(1)]
    cells = list(zip(w, edges[:-1], edges[1:], strict=True))
    cost = sum(sp.integrate(sp.expand((x - u) ** 2 * density(x) / 2), (x, a, b)) for u, a, b in cells)
    mass = np.array([sp.integrate(density(x), (x, a, b)) for _, a, b in cells], dtype=object)
    return sp.hessian(cost, w), sp.Matrix(hessian_on_line(np.array(w, dtype=object), mass, density))


def hessian_symbolic(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the Hessian with face terms for any quadratic density and any three prototypes on a line."""
    x, a, b, c = sp.symbols("x a b c")
    found, claimed = _symbolic(sp.Lambda(x, a + b * x + c * x**2), sp.symbols("w1:4"))
    error = checks.residual(*(found - claimed))
    statement = (
        r"a density $p$: $H = \mathrm{diag}(N_k) - \sum_{\mathrm{faces}} q q^T p(b) / |w_k - w_l|$, where $q$ is "
        r"$b - w_k$ at $k$ and $-(b - w_l)$ at $l$ for the face at $b$"
    )
    hypotheses = r"$d = 1$, any $p = a + bx + cx^2$, $K = 3$, any $w$"
    reference = "du1999, iri1984"
    return Theorem("face terms", statement, "symbolic", 1, error, 0.0, hypotheses, reference)


def uniform_two(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the smallest example by algebra."""
    x, w = sp.Symbol("x"), sp.symbols("w1:3")
    at = dict(zip(w, (sp.Rational(1, 4), sp.Rational(3, 4)), strict=True))
    found, claimed = (H.subs(at) for H in _symbolic(sp.Lambda(x, sp.Integer(1)), w))
    by_hand = sp.Matrix([[3, -1], [-1, 3]]) / 8
    slowest = max((sp.eye(2) - 2 * found).eigenvals())
    error = 0.0 if found == claimed == by_hand and slowest == sp.Rational(1, 2) else math.inf
    statement = (
        r"uniform density, $K = 2$: $H = \left(\begin{smallmatrix}3/8 & -1/8\\ -1/8 & 3/8\end{smallmatrix}\right)$ at "
        r"the minimum $(\frac14, \frac34)$, not $\frac12 I$, and $\rho = \frac12$"
    )
    return Theorem("uniform density, two", statement, "symbolic", 1, error, 0.0, r"$p = 1$ on $[0, 1]$", "du1999")


def hessian_differences(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the Hessian with face terms by differences of the gradient, on three densities."""
    worst = 0.0
    for case in range(points):
        density, w = DENSITIES[case % len(DENSITIES)], _apart(1, int(rng.integers(2, 7)), rng)[:, 0]
        w.sort()
        claimed = hessian_on_line(w, density.moments(w)[0], density.p)
        worst = checks.worst(worst, checks.largest(_jacobian(density.gradient, w) - claimed))
    statement = (
        r"the same by differences of $\nabla E$, for the densities $1$, $2x$ and $6x(1-x)$ and $K = 2, \dots, 6$"
    )
    hypotheses = r"$d = 1$, any $w$"
    return Theorem("face terms", statement, "finite differences", points, worst, SMOOTH, hypotheses, "du1999")


def _apart(features: int, clusters: int, rng: np.random.Generator) -> np.ndarray:
    """Draw prototypes (K, d) in the unit cube that are not too near to each other."""
    trial = checks.draws()
    while True:
        next(trial)
        w = rng.uniform(size=(clusters, features))
        if np.linalg.norm(w[:, None] - w, axis=2)[~np.eye(clusters, dtype=bool)].min() > GAP:
            return np.asarray(w)


def _jacobian(f: Callable[[np.ndarray], np.ndarray], w: np.ndarray) -> np.ndarray:
    """Return the derivatives of `f` (m,) at `w` (m,) by central differences, shape (m, m)."""
    units = STEP * np.eye(w.size)
    return np.stack([(f(w + u) - f(w - u)) / (2 * STEP) for u in units], axis=1)


def _clip(corners: np.ndarray, normal: np.ndarray, offset: float) -> np.ndarray:
    """Return the corners (m, 2) of the part of a convex polygon where normal . x <= offset."""
    inside = corners @ normal - offset
    kept = []
    for x, y, f, g in zip(corners, np.roll(corners, -1, axis=0), inside, np.roll(inside, -1), strict=True):
        if f <= 0:
            kept.append(x)
        if f * g < 0:
            kept.append(x + f / (f - g) * (y - x))
    return np.array(kept).reshape(-1, 2)


SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def cell(w: np.ndarray, k: int) -> np.ndarray:
    """Return the corners of the part of the unit square that is nearest to w_k."""
    corners = SQUARE
    for m, other in enumerate(w):
        if m != k:
            corners = _clip(corners, other - w[k], float(other @ other - w[k] @ w[k]) / 2)
    return corners


def _square_gradient(w: np.ndarray) -> np.ndarray:
    """Return N_k w_k - S_k of the uniform density on the unit square, shape (K d,)."""
    w, slopes = w.reshape(-1, 2), []
    for k in range(len(w)):
        x = cell(w, k)
        y = np.roll(x, -1, axis=0)
        areas = (x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0]) / 2
        slopes.append(areas.sum() * w[k] - areas @ (x + y) / 3)
    return np.concatenate(slopes)


def _square_hessian(w: np.ndarray) -> np.ndarray:
    """Return the Hessian with its face terms of the uniform density on the unit square, shape (K d, K d)."""
    clusters = len(w)
    H = np.zeros((2 * clusters, 2 * clusters))
    for k in range(clusters):
        x = cell(w, k)
        y = np.roll(x, -1, axis=0)
        H[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] += (x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0]).sum() / 2 * np.eye(2)
        for m in range(k + 1, clusters):
            for a, b in zip(x, y, strict=True):
                if all(abs(np.linalg.norm(end - w[k]) - np.linalg.norm(end - w[m])) < 1e-9 for end in (a, b)):
                    # Simpson's rule: the integrand is quadratic along the face
                    for point, weight in ((a, 1 / 6), ((a + b) / 2, 4 / 6), (b, 1 / 6)):
                        q = np.zeros_like(w)
                        q[k], q[m] = point - w[k], -(point - w[m])
                        gap, length = np.linalg.norm(w[k] - w[m]), np.linalg.norm(b - a)
                        H -= face_term(q.ravel(), gap, weight * length)
    return H


def hessian_in_plane(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the Hessian with face terms in the plane, where the faces have a length and the terms are matrices."""
    worst, cases = 0.0, min(points, 20)
    for _ in range(cases):
        w = _apart(2, int(rng.integers(2, 6)), rng)
        worst = checks.worst(worst, checks.largest(_jacobian(_square_gradient, w.ravel()) - _square_hessian(w)))
    statement = (
        r"$H = \mathrm{blockdiag}(N_k I) - \int_{\mathrm{faces}} q_x q_x^T p / \|w_k - w_l\| \, dS$, where $q_x$ is "
        r"$x - w_k$ in block $k$ and $-(x - w_l)$ in block $l$"
    )
    hypotheses = r"$p = 1$ on the unit square, any $w$, $K = 2, \dots, 5$"
    method = "finite differences"
    return Theorem("face terms in the plane", statement, method, cases, worst, SMOOTH, hypotheses, "du1999, liu2009")


def convergence(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check that Lloyd converges at the largest eigenvalue of I - N^-1 H, measured on its own errors."""
    worst, cases = 0.0, 0
    for density in DENSITIES:
        for clusters in (2, 3, 5):
            limit = density.minimum(clusters)
            mass, _ = density.moments(limit)
            jacobian = np.eye(clusters) - hessian_on_line(limit, mass, density.p) / mass[:, None]
            rho = float(np.linalg.eigvals(jacobian).real.max())
            w = limit + 1e-4 / clusters
            for _ in range(STEPS):
                before, w = w, density.lloyd(w)
                if np.linalg.norm(w - limit) < 1e-7:
                    break
            # with its sign: the error keeps its direction
            ratio = float((w - limit) @ (before - limit) / ((before - limit) @ (before - limit)))
            worst, cases = checks.worst(worst, abs(ratio - rho)), cases + 1
    statement = (
        r"Lloyd on a density converges linearly: its error shrinks by $\rho$, the largest eigenvalue of "
        r"$I - N^{-1}H$ at the minimum; where no pattern lies on a face, $\rho = 0$"
    )
    hypotheses = r"$d = 1$; densities $1$, $2x$, $6x(1-x)$; $K = 2, 3, 5$"
    return Theorem("Lloyd's rate", statement, "recursion", cases, worst, 1e-5, hypotheses, "du1999, du2006")


def cosines(clusters: int) -> np.ndarray:
    r"""Return :math:`\cos^2(j\pi/2K)` for j = 1, ..., K: the factors of Lloyd's modes on the uniform density."""
    return np.asarray(np.cos(np.arange(1, clusters + 1) * np.pi / (2 * clusters)) ** 2)


def lloyd_uniform(w: np.ndarray) -> np.ndarray:
    """Return the middles of the cells of the uniform density on [0, 1], for sorted prototypes of shape (K,)."""
    edges = np.concatenate([[0.0], (w[1:] + w[:-1]) / 2, [1.0]])
    return np.asarray((edges[1:] + edges[:-1]) / 2)


LARGEST = 30


def uniform_rates(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the factors of all modes on the uniform density."""
    worst = 0.0
    for clusters in range(2, LARGEST + 1):
        w = (np.arange(clusters) + 0.5) / clusters
        jacobian = np.eye(clusters) - clusters * hessian_on_line(w, np.full(clusters, 1 / clusters), DENSITIES[0].p)
        # Lloyd's map is linear while the order of the prototypes stays
        linear = np.stack([lloyd_uniform(w + u) - w for u in np.eye(clusters) / clusters / 4], axis=1) * clusters * 4
        found = np.sort(np.linalg.eigvalsh(jacobian))[::-1]
        worst = checks.worst(worst, checks.largest(found - cosines(clusters)), checks.largest(linear - jacobian))
    statement = (
        r"uniform density on an interval: Lloyd's errors shrink by $\cos^2(j\pi/2K)$, $j = 1, \dots, K$, the slowest "
        r"by $\rho = \cos^2(\pi/2K)$: about $K^2$ iterations"
    )
    hypotheses = rf"$p = 1$ on $[0, 1]$, $K = 2, \dots, {LARGEST}$"
    return Theorem("uniform density", statement, "eigenvalues", LARGEST - 1, worst, 1e-12, hypotheses)


def best_relaxation(clusters: int) -> tuple[float, float]:
    """Return the best relaxation of Lloyd on the uniform density, and the factor of its slowest mode."""
    sine = math.sin(math.pi / (2 * clusters)) ** 2
    return 2 / (1 + sine), (1 - sine) / (1 + sine)


def relaxation(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the best over-relaxation: the worst factor is convex and piecewise linear, so its corners decide."""
    worst = 0.0
    for clusters in range(2, LARGEST + 1):
        curvature = 1 - cosines(clusters)
        corners = [2 / (a + b) for a, b in combinations_with_replacement(curvature, 2)]
        least = min(max(abs(1 - omega * curvature)) for omega in corners)
        omega, factor = best_relaxation(clusters)
        worst = checks.worst(worst, abs(float(max(abs(1 - omega * curvature))) - least), abs(factor - least))
    statement = (
        r"uniform density: over-relaxed Lloyd is fastest at $\omega = 2/(1 + s)$, $s = \sin^2(\pi/2K)$, with the rate "
        r"$(1 - s)/(1 + s)$"
    )
    hypotheses = rf"$p = 1$ on $[0, 1]$, $K = 2, \dots, {LARGEST}$"
    return Theorem("best relaxation", statement, "exhaustive", LARGEST - 1, worst, 1e-12, hypotheses)


CHECKS: tuple[Checking, ...] = (
    hessian_symbolic,
    uniform_two,
    hessian_differences,
    hessian_in_plane,
    convergence,
    uniform_rates,
    relaxation,
)
