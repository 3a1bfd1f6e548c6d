r"""What hidden choices hide: the curvature of faces on a population, information for soft choices, and of a continuum.

On a density p, :math:`E(w)=\int\min_z c_z(x,w)\,p(x)\,dx`. With :math:`\delta=c_1-c_2` the smaller of two costs is
:math:`c_2+\min(\delta,0)`, whose second derivative is that of the smaller cost less
:math:`\nabla_w\delta\,\nabla_w\delta^T` on the face :math:`\delta=0`:

.. math:: \nabla^2E=B-F,\quad B=\int\nabla^2_wc_{z(x)}\,p\,dx,\quad
   F=\sum_{faces}\int\frac{\nabla_w\delta\,\nabla_w\delta^T}{\|\nabla_x\delta\|}\,p\,dS .

The alternation solves :math:`\int\nabla c_{z(x,w)}(x,w')\,p\,dx=0` for w'; differentiated at a fixed point this is
:math:`B\,dw'=F\,dw`. So there its derivative is :math:`B^{-1}F`, the share of the curvature that the faces hide.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import sympy as sp
from scipy.special import logsumexp, softmax

from kmeans_convergence.theory import checks
from kmeans_convergence.theory.alternations.alternation import alternate
from kmeans_convergence.theory.alternations.chain import FullChain, MeansChain, posteriors
from kmeans_convergence.theory.checks import Checking, Theorem

# Central differences of a smooth function: the step and the error of the second order balance at these.
STEP = checks.EPS ** (1 / 3)
RATE = 1e-6

# Sequences on which all paths can be tried, and how many of them.
LENGTH, STATES, CASES = 6, 2, 2

# Steps of Baum and Welch's method, and steps of Newton's method from there on, which take them to rounding.
FIRST, THEN = 50, 10

# Costs in units of this have one path that outweighs all others.
COLD = 1e-5

# What the two states of these sequences are apart, in deviations.
GAP = 1.5


def face_term(jumps: Sequence[sp.Expr], growth: sp.Expr, density: sp.Expr) -> sp.Expr:
    """Return what a point of a face takes from an entry of the Hessian.

    Parameters
    ----------
    jumps : sequence of two Expr
        Entries of the gradient of the difference of the two costs by the parameters.
    growth : Expr
        By how much the difference grows across the face, per length.
    density : Expr
    """
    return jumps[0] * jumps[1] * density / growth


def faces(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the curvature of the face between two choices, for any costs and any density on a line."""
    x, w = sp.Symbol("x"), sp.symbols("w1:3")
    p, b = sp.Function("p"), sp.Function("b")(*w)
    left, right = (sp.Function(name)(x, *w) for name in ("c1", "c2"))
    delta = left - right
    # where both cost the same: the implicit derivative of the face
    moves = [-(sp.diff(delta, v) / sp.diff(delta, x)).subs(x, b) for v in w]
    residuals = []
    for v in w:
        # what the two cells add to the gradient at the face cancels
        slope = sp.Integral(sp.diff(left, v) * p(x), (x, 0, b)) + sp.Integral(sp.diff(right, v) * p(x), (x, b, 1))
        for u, move in zip(w, moves, strict=True):
            found = sp.diff(slope, u).subs(sp.Derivative(b, u), move)
            inside = sp.Integral(sp.diff(left, v, u) * p(x), (x, 0, b)) + sp.Integral(
                sp.diff(right, v, u) * p(x), (x, b, 1)
            )
            taken = face_term([sp.diff(delta, s) for s in (v, u)], sp.diff(delta, x), p(x)).subs(x, b)
            residuals.append((found - inside + taken).doit())
    statement = (
        r"a density $p$, any costs: $\nabla^2 E = B - F$, $B$ the complete-data Hessian and $F = \sum_{\mathrm{faces}} "
        r"\int \nabla_w\delta\,\nabla_w\delta^T p / \|\nabla_x\delta\|\,dS$ for the difference $\delta$ of the two "
        r"costs: faces only take away"
    )
    hypotheses = "symbolic on a line, one face"
    error = checks.residual(*residuals)
    return Theorem(
        "faces of any costs", statement, "symbolic", len(residuals), error, 0.0, hypotheses, "du1999, iri1984"
    )


def hidden_share(B: sp.Matrix, F: sp.Matrix) -> sp.Matrix:
    """Return the derivative of the alternation at a fixed point."""
    return B.inv() * F


def population_rate(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the derivative of the alternation on two populations, one with quadratic costs and one without."""
    residuals = [*_two_regressions(), *_three_lines()]
    statement = (
        r"on a population the alternation is linear near a fixed point, with the derivative $B^{-1}F$, whether or not "
        r"$C$ is quadratic: two regressions on a uniform rectangle have the rate $9/16$, $K = 3$ lines on even angles "
        r"the rates $\cos^2(j\pi/K)$"
    )
    error = checks.residual(*residuals)
    return Theorem(
        "rate on a population", statement, "symbolic", len(residuals), error, 0.0, "exact densities", "du2006"
    )


def _two_regressions() -> list[sp.Expr]:
    """Compare for y on t through the origin, (t, y) even on [0, 1] x [-1, 1], at the slopes -3/4 and 3/4."""
    t, y = sp.symbols("t y")
    w = sp.symbols("w1:3")
    density, face = sp.Rational(1, 2), (w[0] + w[1]) / 2 * t
    cells = [(-1, face), (face, 1)]

    def over(f: sp.Expr, cell: tuple[sp.Expr, sp.Expr]) -> sp.Expr:
        return sp.integrate(sp.integrate(sp.expand(f * density), (y, *cell)), (t, 0, 1))

    image = sp.Matrix([over(t * y, cell) / over(t**2, cell) for cell in cells])
    at = {w[0]: -sp.Rational(3, 4), w[1]: sp.Rational(3, 4)}
    B = sp.diag(*(over(t**2, cell) for cell in cells))
    delta = ((y - w[0] * t) ** 2 - (y - w[1] * t) ** 2) / 2
    F = sp.Matrix(2, 2, lambda j, k: _along(delta, w, j, k, y, face, density, t))
    derivative = image.jacobian(w).subs(at)
    rest = [*(image.subs(at) - sp.Matrix(w).subs(at)), max(derivative.eigenvals()) - sp.Rational(9, 16)]
    return [*(derivative - hidden_share(B.subs(at), F.subs(at))), *rest]


def _along(
    delta: sp.Expr,
    w: tuple[sp.Symbol, ...],
    j: int,
    k: int,
    y: sp.Symbol,
    face: sp.Expr,
    density: sp.Expr,
    t: sp.Symbol,
) -> sp.Expr:
    """Return an entry of F for the face y = face(t), 0 < t < 1; the second choice is the better one beyond it."""
    jumps = [sp.diff(delta, w[j]), sp.diff(delta, w[k])]
    return sp.integrate(sp.simplify(face_term(jumps, sp.diff(delta, y), density).subs(y, face)), (t, 0, 1))


def _three_lines() -> list[sp.Expr]:
    """Compare for K = 3 lines through the origin and patterns at even angles on the unit circle."""
    K = 3
    phi, w = sp.Symbol("phi"), sp.symbols("w1:4")
    at = {v: k * sp.pi / K for k, v in enumerate(w)}
    # angles are the same after pi: the cells of the first and the last line go round
    around = [w[-1] - sp.pi, *w, w[0] + sp.pi]
    edges = [(a + b) / 2 for a, b in pairwise(around)]
    image, B = [], sp.zeros(K, K)
    for k, v in enumerate(w):
        cell = (edges[k], edges[k + 1])
        cosine, sine = (sp.integrate(f(2 * (phi - v)), (phi, *cell)) for f in (sp.cos, sp.sin))
        # the principal axis, as a turn of the present line
        image.append(v + sp.atan(sine / cosine) / 2)
        B[k, k] = cosine
    F = sp.zeros(K, K)
    for k in range(K):
        this, that, turn = w[k], w[(k + 1) % K], sp.pi if k == K - 1 else 0
        delta = (sp.cos(2 * (phi - that - turn)) - sp.cos(2 * (phi - this))) / 4
        place = {phi: edges[k + 1]}
        for a in (this, that):
            for b in (this, that):
                jumps = [sp.diff(delta, s).subs(place) for s in (a, b)]
                F[w.index(a), w.index(b)] += face_term(jumps, sp.diff(delta, phi).subs(place), sp.Integer(1))
    derivative = sp.Matrix(image).jacobian(w).subs(at)
    modes = sorted(derivative.eigenvals(multiple=True), key=float)
    claimed = sorted((sp.cos(j * sp.pi / K) ** 2 for j in range(K)), key=float)
    return [*(derivative - hidden_share(B.subs(at), F.subs(at))), *(m - c for m, c in zip(modes, claimed, strict=True))]


def hidden_information(r: sp.Matrix, gradients: sp.Matrix) -> sp.Matrix:
    """Return the covariance of the gradients, one in each row, under the probabilities `r` of the choices."""
    mean = gradients.T * r
    return gradients.T * sp.diag(*r) * gradients - mean * mean.T


def soft(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the Hessian of the soft minimum of any three costs of two parameters, and its limit across a face."""
    w, s, t = sp.symbols("w1:3"), sp.Symbol("s", positive=True), sp.Symbol("t", real=True)
    costs = [sp.Function(f"c{z}")(*w) for z in range(3)]
    weights = [sp.exp(-c / s) for c in costs]
    E = -s * sp.log(sum(weights))
    r = sp.Matrix([weight / sum(weights) for weight in weights])
    gradients = sp.Matrix(3, 2, lambda z, j: sp.diff(costs[z], w[j]))
    complete = sum((r[z] * sp.hessian(costs[z], w) for z in range(3)), sp.zeros(2, 2))
    residuals = list(sp.hessian(E, w) - complete + hidden_information(r, gradients) / s)
    odds = 1 / (1 + sp.exp(t))
    # with t the difference of two costs in units of s: the product of both probabilities has the integral 1
    residuals.append(sp.limit(-odds, t, sp.oo) - sp.limit(-odds, t, -sp.oo) - 1)
    residuals.append(-sp.diff(odds, t) - odds * (1 - odds))
    statement = (
        r"soft choices, $E_s = -s \sum_i \log \sum_z e^{-c_i(z, w)/s}$: $\nabla^2 E_s$ is the expected complete-data "
        r"Hessian less the covariance of $\nabla c$ over $s$ (Louis), and $\int r(1 - r)/s\,d\delta = 1$ across a "
        r"face: hidden information becomes $F$"
    )
    error = checks.residual(*residuals)
    return Theorem("soft choices", statement, "symbolic", len(residuals), error, 0.0, "three choices", "louis1982")


Chains = MeansChain | FullChain


def _tiny_chains(rng: np.random.Generator) -> list[tuple[Chains, np.ndarray]]:
    """Draw a sequence whose paths can all be tried, as a model of means and one of all parameters, and starts."""
    x = GAP * np.repeat([0.0, 1.0], LENGTH // 2) + rng.normal(size=LENGTH)
    means = np.array([x.min(), x.max()])
    full = np.concatenate([means, np.full(STATES, np.log(x.var()) - 1), rng.normal(size=STATES * (STATES - 1))])
    transitions = rng.uniform(0.5, 1.5, size=(STATES, STATES))
    return [(MeansChain(x[:, None], transitions), means), (FullChain(x, STATES), full)]


def _information(chain: Chains, w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradient of the soft cost (P,), and complete and hidden information (P, P), over all paths."""
    paths, r = _weighted_paths(chain, w)
    gradients = np.stack([chain.gradient(z, w) for z in paths])
    complete = np.einsum("p,pab->ab", r, np.stack([chain.hessian(z, w) for z in paths]))
    mean = r @ gradients
    return mean, complete, (gradients * r[:, None]).T @ gradients - np.outer(mean, mean)


def _rest(chain: Chains, w: np.ndarray) -> np.ndarray:
    """Return a fixed point of Baum and Welch's method: after some steps Newton's method finds it."""
    for _ in range(FIRST):
        w = chain.expect(w)
    for _ in range(THEN):
        gradient, complete, hidden = _information(chain, w)
        w = w - np.linalg.solve(complete - hidden, gradient)
    return w


def baum_welch(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check forward and backward sums against all paths, Baum and Welch's rate, and their limit."""
    worst, cases = 0.0, 0
    for _ in range(min(points, CASES)):
        for chain, start in _tiny_chains(rng):
            worst = checks.worst(worst, _against_paths(chain, start))
            w = _rest(chain, start)
            moves = STEP * np.eye(len(w))
            worst = checks.worst(worst, checks.largest(chain.expect(w) - w))
            found = np.array([chain.expect(w + e) - chain.expect(w - e) for e in moves]) / (2 * STEP)
            _, complete, hidden = _information(chain, w)
            worst = checks.worst(worst, checks.largest(found.T - np.linalg.solve(complete, hidden)))
            if isinstance(chain, MeansChain):
                worst = checks.worst(worst, checks.largest(chain.expect(start, COLD) - alternate(chain, start)))
            cases += 1
    statement = (
        r"Baum and Welch's method, for means or for all parameters: at a fixed point its derivative is "
        r"$I_c^{-1} I_{\mathrm{hidden}}$, the share of the information that the paths hide; for small variances its "
        r"step for the means is that of Viterbi training"
    )
    hypotheses = "all paths of short sequences"
    method = "exhaustive, differences"
    reference = "baum1970, louis1982"
    return Theorem("Baum and Welch's rate", statement, method, cases, worst, RATE, hypotheses, reference)


def _weighted_paths(chain: Chains, w: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Return all paths, and their probabilities."""
    paths = list(chain.choices())
    return paths, softmax([-chain.cost(z, w) for z in paths])


def _against_paths(chain: Chains, w: np.ndarray) -> float:
    """Return the largest difference of `posteriors` from the sums over all paths."""
    paths, r = _weighted_paths(chain, w)
    losses, transitions = chain.costs(w)
    cost, states, pairs = posteriors(losses, transitions)
    each = [losses[np.arange(LENGTH), z].sum() + transitions[z[:-1], z[1:]].sum() for z in paths]
    one_hot = np.eye(STATES)[np.array(paths)]
    return checks.worst(
        abs(float(cost) + float(logsumexp(-np.array(each)))),
        checks.largest(states - np.einsum("p,pts->ts", r, one_hot)),
        checks.largest(pairs - np.einsum("p,pta,ptb->ab", r, one_hot[:, :-1], one_hot[:, 1:])),
    )


def continuum_share(ww: sp.Matrix, wz: sp.Matrix, zz: sp.Matrix) -> sp.Matrix:
    """Return the curvature that a continuous choice hides, from the blocks of the Hessian of C(z, w)."""
    return wz * zz.inv() * wz.T


def continuum(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check what a choice from a continuum hides, on the best approximation of a matrix by one of rank one."""
    M = sp.Matrix(2, 2, sp.symbols("m1:5"))
    z, w = sp.Matrix(sp.symbols("z1:3")), sp.Matrix(sp.symbols("w1:3"))
    C = sum((M - z * w.T).applyfunc(lambda a: a**2)) / 2
    best = dict(zip(z, M * w / w.dot(w), strict=True))
    E = sp.simplify(C.subs(best))
    ww, zz = sp.hessian(C, w), sp.hessian(C, z)
    wz = sp.Matrix(2, 2, lambda j, k: sp.diff(C, w[j], z[k]))
    gradient = [sp.diff(E, v) - sp.diff(C, v).subs(best) for v in w]
    curvature = sp.hessian(E, w) - (ww - continuum_share(ww, wz, zz)).subs(best)
    # at the best w of a diagonal matrix, the alternation shrinks the other direction by the squared ratio
    a, b = sp.symbols("a b", positive=True)
    at = dict(zip([*M, *w], [a, 0, 0, b, 1, 0], strict=True))
    rate = (ww.inv() * continuum_share(ww, wz, zz)).subs(best).subs(at)
    residuals = [*gradient, *curvature, rate[1, 1] - (b / a) ** 2]
    statement = (
        r"choices from a continuum: $\nabla E = \nabla C$ still, but $\nabla^2 E = C_{ww} - C_{wz}C_{zz}^{-1}C_{zw}$, "
        r"and the alternation is linear: in least squares of rank one the error shrinks by the squared ratio of the "
        r"singular values"
    )
    error = checks.residual(*residuals)
    hypotheses = "symbolic for matrices of two rows"
    reference = "golub1973"
    return Theorem("continuous choices", statement, "symbolic", len(residuals), error, 0.0, hypotheses, reference)


CHECKS: tuple[Checking, ...] = (continuum, faces, population_rate, soft, baum_welch)
