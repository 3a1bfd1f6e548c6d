r"""The derivation of Bottou and Bengio (1995), sections 2 to 4, checked by machine.

Each function below checks one step and says how far it is from being true. The symbolic checks hold for any
number of patterns; those in rational arithmetic are free of rounding; the others try random prototypes.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import sympy as sp

from kmeans_convergence.optimizers import MajorizeMinimize, Newton
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import uniform_in_box
from kmeans_convergence.theory import checks, equations
from kmeans_convergence.theory.checks import Check, Checking

# Symbols for two prototypes u, v and their N, M patterns x, y. Two features are enough to meet every kind of
# second derivative: same feature, two features, two prototypes.
_N, _M = sp.symbols("N M", integer=True, positive=True)
_I = sp.Symbol("i", integer=True)
_X, _Y = sp.IndexedBase("x"), sp.IndexedBase("y")
_U, _V = sp.symbols("u1:3"), sp.symbols("v1:3")


def symbolic_cost(x: sp.IndexedBase, w: tuple[sp.Symbol, ...], N: sp.Symbol) -> sp.Expr:
    """Return the cost of a prototype `w` that owns the patterns x_1, ..., x_N."""
    return sp.Sum(sum((x[_I, j] - w_j) ** 2 for j, w_j in enumerate(w)) / 2, (_I, 1, N))


def symbolic_sum(j: int) -> sp.Expr:
    """Return feature j of S, the sum of the N patterns of u."""
    return sp.Sum(_X[_I, j], (_I, 1, _N))


def _symbolic_gradient() -> list[sp.Expr]:
    """Differentiate the cost of u with respect to each of its features."""
    return [sp.expand(sp.diff(symbolic_cost(_X, _U, _N), u)).doit() for u in _U]


def gradient_symbolic(X: np.ndarray, rng: np.random.Generator, points: int) -> Check:
    """Check the gradient behind equation (3) for any number of patterns."""
    claimed = [_N * u - symbolic_sum(j) for j, u in enumerate(_U)]
    error = checks.residual(*(g - c for g, c in zip(_symbolic_gradient(), claimed, strict=True)))
    statement = r"$\partial E/\partial w_k = N_k w_k - S_k$ for any number $N_k$ of patterns with sum $S_k$"
    return Check("gradient (3)", statement, "symbolic", 1, error, 0.0)


def gradient_differences(X: np.ndarray, rng: np.random.Generator, points: int) -> Check:
    """Check the gradient behind equation (3) of the whole cost."""
    X, worst = checks.centered(X), 0.0
    problem = QuantizationProblem(X)
    for _ in range(points):
        w, radius = checks.inside_a_cell(X, rng)
        slopes = checks.central_differences(lambda v: problem.evaluate(v).cost, w, radius)
        worst = checks.worst(worst, checks.largest(slopes - equations.gradient(X, w).ravel()) / checks.steepest(X, w))
    statement = r"$\nabla E(w) = -\sum_{i: s_i(w)=k} (x_i - w_k)$ off the Voronoi faces"
    return Check("gradient (3)", statement, "finite differences", points, worst, checks.DIFFERENCES)


def online_gradient(X: np.ndarray, rng: np.random.Generator, points: int) -> Check:
    """Check that the moves (4) of the single patterns, all from the same w, add up to the move (3)."""
    X, rate, worst = checks.exact(X), Fraction(3, 100), 0.0
    for w in checks.exact_starts(X, rng):
        online = sum(equations.online_gradient_step(x, w, rate) - w for x in X)
        worst = checks.worst(worst, checks.largest(online - (equations.batch_gradient_step(X, w, rate) - w)))
    statement = r"the moves (4) of all patterns at the same $w$ add up to the move (3)"
    return Check("online gradient (4)", statement, "exact rational arithmetic", checks.EXACT_STARTS, worst, 0.0)


def auxiliary_majorizes(X: np.ndarray, rng: np.random.Generator, points: int) -> Check:
    """Check that the auxiliary function Q lies above the cost and touches it at w."""
    worst = 0.0
    for _ in range(points):
        w, new = uniform_in_box(X, checks.PROTOTYPES, rng), uniform_in_box(X, checks.PROTOTYPES, rng)
        above, cost = equations.quantization_error(X, new), equations.quantization_error(X, w)
        excess = (above - equations.auxiliary(X, new, w)) / above
        worst = checks.worst(worst, excess, abs(equations.auxiliary(X, w, w) / cost - 1))
    statement = r"$E(w') \le Q(w', w)$ and $Q(w, w) = E(w)$"
    return Check("auxiliary function Q", statement, "random points", points, worst, checks.rounding(X))


def auxiliary_minimizer(X: np.ndarray, rng: np.random.Generator, points: int) -> Check:
    """Check that the mean (5) is the only stationary point of the auxiliary function, and a minimum."""
    solution = sp.solve(_symbolic_gradient(), _U, dict=True)
    curvature = [sp.diff(g, u).is_positive for g, u in zip(_symbolic_gradient(), _U, strict=True)]
    error = math.inf
    if len(solution) == 1 and all(curvature):
        error = checks.residual(*(solution[0][u] - symbolic_sum(j) / _N for j, u in enumerate(_U)))
    statement = r"$Q(\cdot, w)$ has its only stationary point, a minimum, at the means $S_k / N_k$"
    return Check("minimiser of Q (5)", statement, "symbolic", 1, error, 0.0)


def batch_kmeans_rate(X: np.ndarray, rng: np.random.Generator, points: int) -> Check:
    """Check that batch K-means (6) is the mean (5), and the step (3) with a rate for each prototype."""
    X, worst = checks.exact(X), 0.0
    for w in checks.exact_starts(X, rng):
        step = equations.batch_kmeans_step(X, w)
        # an empty prototype has no gradient, whatever its rate
        rates = np.array([Fraction(1, max(1, int(N))) for N in equations.counts(X, w)])
        by_rate = w - rates[:, None] * equations.gradient(X, w)
        worst = checks.worst(
            worst, checks.largest(step - by_rate), checks.largest(step - equations.auxiliary_minimizer(X, w))
        )
    statement = r"the means (5) are the gradient step (3) with the rate $1/N_k$ for prototype $k$"
    return Check("batch K-means (6)", statement, "exact rational arithmetic", checks.EXACT_STARTS, worst, 0.0)


def decrease(X: np.ndarray, rng: np.random.Generator, points: int) -> Check:
    """Check how much each step of batch K-means (6) gains, along whole runs."""
    X, worst, steps = checks.exact(X), 0.0, 0
    for step in checks.exact_steps(X, rng):
        bound = ((step.new - step.w)[step.owner] ** 2).sum() / 2
        moving = (step.after.argmin(axis=1) != step.owner).any()
        worst = checks.worst(worst, float(bound - step.gain) if moving else float(abs(bound - step.gain)))
        steps += 1
    statement = (
        r"$E(w) - E(w') \ge \frac12 \sum_k N_k \|w'_k - w_k\|^2$ for a step (6) from $w$ to $w'$, "
        r"with equality if no assignment changes"
    )
    return Check("decrease", statement, "exact rational arithmetic", steps, worst, 0.0)


def termination(X: np.ndarray, rng: np.random.Generator, points: int) -> Check:
    """Check that batch K-means meets no assignment of the patterns twice before it ends."""
    path = checks.lloyd(X, rng, points)
    repeated = 0
    for run in range(points):
        met = [evaluation.assignments[run].tobytes() for evaluation in path]
        while len(met) > 1 and met[-1] == met[-2]:
            met.pop()
        repeated += len(met) - len(set(met))
    worst = float(repeated) if len(path) <= checks.EPOCHS else math.inf
    statement = r"no assignment of the patterns is met twice, so (6) ends after finitely many steps"
    return Check("termination", statement, "random starts", points, worst, 0.0)


def local_minimum(X: np.ndarray, rng: np.random.Generator, points: int) -> Check:
    """Check that the cost is exactly quadratic around the fixed points of batch K-means without ties."""
    worst, cases = 0.0, 0
    for w, E, N, radius in checks.untied_ends(X, rng, points):
        lengths = radius * rng.uniform(size=len(w))
        moved = w + lengths[:, None] * checks.unit_directions(w.shape, rng)
        if (equations.assignments(X, moved) != equations.assignments(X, w)).any():
            worst = math.inf
        quadratic = E + 0.5 * (N * lengths**2).sum()
        worst, cases = checks.worst(worst, abs(equations.quantization_error(X, moved) / quadratic - 1)), cases + 1
    statement = (
        r"around a fixed point $w^*$ without ties the assignments are constant and "
        r"$E(w^* + \delta) = E(w^*) + \frac12 \sum_k N_k \|\delta_k\|^2$"
    )
    return Check("local minimum", statement, "random points", cases, worst, checks.rounding(X))


def running_mean(X: np.ndarray, rng: np.random.Generator, points: int) -> Check:
    """Check that online K-means (7) keeps each prototype at the mean of the patterns that it has won."""
    X, worst = checks.exact(X), 0.0
    for w in checks.exact_starts(X, rng):
        n, sums = np.zeros(len(w), dtype=np.int64), 0 * w
        for i in np.concatenate([rng.permutation(len(X)), rng.permutation(len(X))]):
            (k,) = equations.assignments(X[i : i + 1], w)
            before, (w, n) = w, equations.online_kmeans_step(X[i], w, n)
            sums[k] = sums[k] + X[i]
            expected = before.copy()
            expected[k] = sums[k] / int(n[k])
            worst = checks.worst(worst, checks.largest(w - expected))
    statement = r"$w_k$ is the mean of the $n_k$ patterns that it has won since the start, over two epochs"
    cases = 2 * len(X) * checks.EXACT_STARTS
    return Check("online K-means (7)", statement, "exact rational arithmetic", cases, worst, 0.0)


def hessian_symbolic(X: np.ndarray, rng: np.random.Generator, points: int) -> Check:
    """Check the Hessian for any numbers of patterns."""
    cost = symbolic_cost(_X, _U, _N) + symbolic_cost(_Y, _V, _M)
    error = checks.residual(*(sp.hessian(cost, (*_U, *_V)).doit() - sp.diag(_N, _N, _M, _M)))
    statement = r"$H = \mathrm{diag}(N_1 I, \dots, N_K I)$ for any numbers $N_k$"
    return Check("Hessian", statement, "symbolic", 1, error, 0.0)


def hessian_differences(X: np.ndarray, rng: np.random.Generator, points: int) -> Check:
    """Check the whole Hessian, with its blocks of zeros."""
    X, worst = checks.centered(X), 0.0
    problem = QuantizationProblem(X)
    for _ in range(points):
        w, radius = checks.inside_a_cell(X, rng)
        slopes = checks.central_differences(lambda v: problem.evaluate(v).gradient, w, radius)
        error = checks.largest(slopes.reshape(w.size, w.size) - equations.hessian(X, w))
        worst = checks.worst(worst, error / len(X))
    statement = r"$H$ is the derivative of $\nabla E$, zeros off the diagonal included"
    return Check("Hessian", statement, "finite differences", points, worst, checks.DIFFERENCES)


def newton_symbolic(X: np.ndarray, rng: np.random.Generator, points: int) -> Check:
    """Check that the Newton step (8) leads to the mean, for any number of patterns."""
    steps = [u - g / sp.diff(g, u) for u, g in zip(_U, _symbolic_gradient(), strict=True)]
    error = checks.residual(*(step - symbolic_sum(j) / _N for j, step in enumerate(steps)))
    statement = r"$w_k - H_k^{-1} \, \partial E/\partial w_k = S_k / N_k$ for any $N_k$"
    return Check("Newton (8)", statement, "symbolic", 1, error, 0.0)


def newton_optimizers(X: np.ndarray, rng: np.random.Generator, points: int) -> Check:
    """Check that the optimizers of the study, and the equations (6) and (8), take the same step."""
    w = np.stack([uniform_in_box(X, checks.PROTOTYPES, rng) for _ in range(points)])
    problem = QuantizationProblem(X)
    here = problem.evaluate(w)
    lloyd, newton = (problem.unpack(rule.step(here, 1)) for rule in (MajorizeMinimize(), Newton()))
    error = [checks.largest(newton - lloyd)]
    for run in range(points):
        error.append(checks.largest(equations.newton_step(X, w[run]) - lloyd[run]))
        error.append(checks.largest(equations.batch_kmeans_step(X, w[run]) - lloyd[run]))
    statement = r"Newton's step $-H^{-1} \nabla E$ from gradient and Hessian is the batch K-means step (6)"
    return Check(
        "Newton (8)", statement, "random points", points, checks.worst(*error) / checks.largest(X), checks.rounding(X)
    )


def at_a_tie(X: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int, int, float]:
    """Construct prototypes a and b at exactly the same distance from a pattern that has no nearer one.

    With this pattern as the origin, a change of signs gives the same distance to the last bit.

    Returns
    -------
    X : ndarray of shape (n, d)
        The patterns, shifted.
    w : ndarray of shape (K, d)
    a, b : int
    radius : float
        How far prototypes may move before another pattern changes its owners.
    """
    trial = checks.draws()
    while True:
        next(trial)
        here = X - X[rng.integers(len(X))]
        w = uniform_in_box(here, checks.PROTOTYPES, rng)
        a = int((w**2).sum(axis=1).argmin())
        b = (a + 1) % checks.PROTOTYPES
        w[b] = w[a] * rng.permutation(np.r_[-1, rng.choice([-1, 1], size=X.shape[1] - 1)])
        radius = checks.cell_radius(here, w)
        if radius > checks.SHORTEST_STEP * checks.spread(X):
            return here, w, a, b, radius


def kink(X: np.ndarray, w: np.ndarray, v: np.ndarray, h: float) -> float:
    """Return the sum of the slopes of the cost along v and along -v.

    The one-sided differences over three points are exact for a cost that is quadratic on either side.
    """
    E = [equations.quantization_error(X, w + step * v) for step in (-2 * h, -h, 0, h, 2 * h)]
    return (4 * E[1] - E[0] - 3 * E[2]) / (2 * h) + (4 * E[3] - E[4] - 3 * E[2]) / (2 * h)


def voronoi_faces(X: np.ndarray, rng: np.random.Generator, points: int) -> Check:
    """Check that the cost has a concave kink on a Voronoi face: there, some direction leads down."""
    worst = 0.0
    for _ in range(points):
        here, w, a, b, radius = at_a_tie(X, rng)
        squares = equations.squared_distances(here, w)
        tied = here[(squares[:, a] == squares[:, b]) & (squares[:, a] == squares.min(axis=1))]
        v = checks.unit_directions(w.shape, rng)
        # a direction of each kind: all prototypes by themselves, and the two across the pattern together
        together = np.where((np.arange(checks.PROTOTYPES) == b)[:, None], v[a], v)
        for u in (v, together):
            claimed = -np.abs((w[a] - tied) @ u[a] - (w[b] - tied) @ u[b]).sum()
            worst = checks.worst(worst, abs(kink(here, w, u, radius / 2) - claimed) / checks.steepest(here, w))
        if not claimed < 0:
            worst = math.inf
    statement = (
        r"slopes at a tie of two distinct prototypes: $D(v) + D(-v) = -\sum |p(v) - q(v)|$ over the tied "
        r"patterns, $< 0$ for some $v$: no local minimum has a tie"
    )
    return Check("Voronoi faces", statement, "finite differences", 2 * points, worst, checks.DIFFERENCES)


def empty_prototype(X: np.ndarray, rng: np.random.Generator, points: int) -> Check:
    """Check that a prototype without patterns has no gradient and no curvature, and stays."""
    problem, worst = QuantizationProblem(X), 0.0
    for _ in range(points):
        w = uniform_in_box(X, checks.PROTOTYPES, rng)
        # so far outside the box of the patterns that each of them is nearer to the others
        w[0] = X.max(axis=0) + 2 * np.ptp(X, axis=0)
        block = equations.hessian(X, w)[: X.shape[1]]
        steps = equations.newton_step(X, w), problem.unpack(Newton().step(problem.evaluate(w[None]), 1))[0]
        errors = [checks.largest(step[0] - w[0]) for step in steps]
        worst = checks.worst(worst, checks.largest(equations.gradient(X, w)[0]), checks.largest(block), *errors)
    statement = (
        r"$N_k = 0$: gradient and Hessian vanish in block $k$, Newton's direction is undefined there, "
        r"and the pseudo-inverse leaves $w_k$ in place"
    )
    return Check("empty prototype", statement, "random points", points, worst, 0.0)


CHECKS: tuple[Checking, ...] = (
    gradient_symbolic,
    gradient_differences,
    online_gradient,
    auxiliary_majorizes,
    auxiliary_minimizer,
    batch_kmeans_rate,
    decrease,
    termination,
    local_minimum,
    running_mean,
    hessian_symbolic,
    hessian_differences,
    newton_symbolic,
    newton_optimizers,
    voronoi_faces,
    empty_prototype,
)


def check_all(X: np.ndarray, seed: int, points: int) -> pd.DataFrame:
    """Check every step of the derivation on patterns `X` of shape (n, d), each from its own random stream.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    seed : int
        Root of the random streams.
    points : int
        Random prototypes to try, where the check is not symbolic or exact.

    Returns
    -------
    DataFrame
        One row for each check: step, statement, method, cases, worst_error, tolerance, holds.
    """
    return checks.table_of(CHECKS, X, seed, "derivation", points)
