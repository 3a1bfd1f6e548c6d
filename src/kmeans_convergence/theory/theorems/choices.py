r"""Which alternations over hidden choices are Newton's method: the theorem, part by part.

Let :math:`E(w)=\sum_i\min_z c_i(z,w)+g(w)` over finitely many choices z for each term, with twice continuously
differentiable costs. Write z(w) for the best choices at w, :math:`C(w')=\sum_i c_i(z_i(w),w')+g(w')` for the cost when
they are known, m for its minimiser and H for its Hessian at w. The alternation goes from w to m.

*Off the faces.* Where each best choice is unique it is better than the others by some margin, costs are continuous and
choices are finitely many, so that it stays the best one in a neighbourhood. There E = C, with all its derivatives.

*Kinks.* The slope of a smallest of several functions along v is the least slope of those that are smallest, so
:math:`D(v)+D(-v)=-\sum_i(\max-\min)` of the slopes of the best choices, at most 0. At a local minimum no D(v) is
negative; hence each difference is 0 for all v: best choices that are tied have the same gradient there, and E has no
kink.

*Newton.* With u = w - m, the step :math:`-H^{-1}\nabla C` is -u iff :math:`\nabla C=Hu`. Since
:math:`\nabla(C-\frac12u\cdot\nabla C)=\frac12(\nabla C-Hu)`, this holds throughout a connected open set iff
:math:`C-\frac12u\cdot\nabla C` is constant there, which is Euler's equation: C is a constant plus a function
homogeneous of degree two about m. If C is twice differentiable at m, and the set holds the way to m, then
:math:`\nabla C(m+tu)=t\nabla C(m+u)` and :math:`t\to0` gives :math:`\nabla C(m+u)=\nabla^2C(m)u`: C is quadratic.

*Location costs.* Let :math:`c(w)=\varphi(w-x)`, with a convex :math:`\varphi` that is least at 0 and twice
differentiable elsewhere, and let the alternation be Newton's method on all data. One pattern: :math:`\varphi` is
homogeneous of degree two. Two patterns x and y: the minimiser of :math:`\varphi(w-x)+\varphi(w-y)` is neither of them,
so the sum is twice differentiable there and, by the last paragraph, quadratic. Near x the second term is twice
differentiable, and so the first one is, too: :math:`\varphi` at 0. Hence it is quadratic.

*Where it is not.* :math:`\nabla C(w)=\bar Hu` with the mean :math:`\bar H` of the Hessians on the way from m to w, so
Newton's step goes the share :math:`H^{-1}\bar H` of the way, and ends at :math:`m+\frac12H^{-1}\nabla^3C[u,u]` up to
the third order in u. This term has the same sign on both sides of m: what falls short on one side goes too far on the
other.

*Exponential families.* Let :math:`C=n(A(\theta)-\theta\cdot\bar t)` with the natural parameters :math:`\theta`, and
:math:`\mu=\nabla A` the mean parameters, whose Fisher information for one observation is
:math:`I=(\nabla^2A)^{-1}`. Then :math:`\nabla_\mu C=nI(\mu-\bar t)`, so the alternation, which goes to
:math:`\bar t`, is :math:`\mu-(nI)^{-1}\nabla_\mu C`: the gradient step scaled by the information in the complete data.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations_with_replacement, product

import numpy as np
import sympy as sp

from kmeans_convergence.theory import checks
from kmeans_convergence.theory.alternations.alternation import Alternation, alternate, newton, newton_given, path, value
from kmeans_convergence.theory.alternations.chain import MeansChain
from kmeans_convergence.theory.alternations.examples import EXAMPLES, SMALL, TINY
from kmeans_convergence.theory.alternations.owners import Prototypes, Regressions
from kmeans_convergence.theory.checks import Checking, Theorem

Start = Callable[[np.random.Generator], np.ndarray]

# Starts of each example, where a check tries many differences at each.
CASES = 5

# Central differences of a smooth function: the step and the error of the second order balance at these.
STEP = checks.EPS ** (1 / 3)
SMOOTH = 1e-6

# Solving with badly conditioned Hessians and adding up patterns.
ALGEBRA = 1e-10

# Steps that differ do so by more than this, relative to the size of the parameters.
VISIBLE = 1e-4

# So near to a minimiser that the second order of what Newton's step misses stands out, and the others hardly count.
NEAR = 1e-4

# More steps than any of the examples takes.
STEPS = 200


def _off_faces(problem: Alternation, start: Start, rng: np.random.Generator) -> np.ndarray:
    """Draw starts until no choice changes within the differences around one; return it, shape (P,)."""
    trial = checks.draws()
    while True:
        next(trial)
        w = start(rng)
        here, units = problem.choose(w), STEP * np.eye(len(w))
        if all(np.array_equal(problem.choose(v), here) for v in (*(w + units), *(w - units))):
            return w


def derivatives(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check by differences of E that its derivatives are those of the cost with the choices known."""
    worst, cases = 0.0, 0
    for example in EXAMPLES:
        problem, start = example.build(SMALL, rng)
        for _ in range(CASES):
            w = _off_faces(problem, start, rng)
            units = STEP * np.eye(len(w))
            slopes = np.array([value(problem, w + e) - value(problem, w - e) for e in units]) / (2 * STEP)
            curvatures = np.array([slope(problem, w + e) - slope(problem, w - e) for e in units]) / (2 * STEP)
            z = problem.choose(w)
            gradient, hessian = problem.gradient(z, w), problem.hessian(z, w)
            # differences of the cost lose the digits that it has before theirs
            scale = checks.largest(gradient) + abs(value(problem, w))
            errors = checks.largest(slopes - gradient) / scale, checks.largest(curvatures - hessian)
            worst, cases = checks.worst(worst, errors[0], errors[1] / checks.largest(hessian)), cases + 1
    statement = (
        r"$E(w) = \sum_i \min_z c_i(z, w)$: where each best choice is unique, $\nabla E$ and $\nabla^2 E$ are those of "
        r"$C(w) = \sum_i c_i(z_i, w)$ with the best choices $z_i$ held fixed"
    )
    hypotheses = "finitely many choices, smooth costs"
    return Theorem("derivatives", statement, "finite differences", cases, worst, SMOOTH, hypotheses, "danskin1966")


def slope(problem: Alternation, w: np.ndarray) -> np.ndarray:
    """Return the gradient with the best choices at `w`, shape (P,)."""
    return problem.gradient(problem.choose(w), w)


def best_choices(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check on tiny cases, against all of them, that the choices are the best ones."""
    worst, cases = 0.0, 0
    for example in EXAMPLES:
        for _ in range(CASES):
            problem, start = example.build(TINY, rng)
            w = start(rng)
            least = min(problem.cost(z, w) for z in problem.choices())
            worst, cases = checks.worst(worst, abs(value(problem, w) - least) / (1 + abs(least))), cases + 1
    statement = (
        r"owners by the least cost, paths by dynamic programming and matchings by linear assignment are the best "
        r"choices of all"
    )
    return Theorem("best choices", statement, "exhaustive", cases, worst, 1e-13, "tiny cases")


def descent(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check along whole runs that the cost falls, that no choices come back, and what is there at the end."""
    error, cases = 0.0, 0
    for example in EXAMPLES:
        problem, start = example.build(SMALL, rng)
        for _ in range(CASES):
            iterates = path(problem, start(rng), alternate, STEPS)
            met = [problem.choose(w).tobytes() for w in iterates]
            while len(met) > 1 and met[-1] == met[-2]:
                met.pop()
            costs = np.array([value(problem, w) for w in iterates])
            end = iterates[-1]
            if len(iterates) > STEPS or len(met) > len(set(met)) or (np.diff(costs[: len(met)]) >= 0).any():
                error = math.inf
            error = checks.worst(error, checks.largest(slope(problem, end)) / (1 + abs(costs[-1])))
            cases += 1
    statement = (
        r"the alternation lowers $E$ in each step that changes the choices, meets no choices twice, and so ends after "
        r"finitely many steps, where $\nabla C = 0$"
    )
    hypotheses = "finitely many choices, each with a unique minimiser; ties to a fixed rule"
    return Theorem("descent and end", statement, "random starts", cases, error, 1e-7, hypotheses, "selim1984")


# Terms, choices of each and directions of a random cost at a tie; lengths so small that only tied choices matter.
TERMS, OPTIONS, LENGTH = 3, 3, Fraction(1, 10**6)


def _tied_quadratics(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw values (terms, choices), slopes (terms, choices, 2) and curvatures at 0, integers; values are tied often."""
    values = rng.integers(0, 2, size=(TERMS, OPTIONS))
    # the best choice of each term is worth 0
    values[:, 0] = 0
    curvatures = rng.integers(-3, 4, size=(TERMS, OPTIONS, 2, 2))
    return values, rng.integers(-3, 4, size=(TERMS, OPTIONS, 2)), curvatures + np.swapaxes(curvatures, 2, 3)


def _least(quadratics: tuple[np.ndarray, np.ndarray, np.ndarray], v: np.ndarray) -> Fraction:
    """Return E at `v` (2,), fractions."""
    values, slopes, curvatures = quadratics
    each = values + slopes @ v + np.einsum("a,ijab,b->ij", v, curvatures.astype(object), v) / 2
    return Fraction(each.min(axis=1).sum())


def kink(slopes: np.ndarray) -> int:
    """Return by how much the slopes along v and -v miss to cancel, for the slopes (m,) of tied choices along v."""
    return int(slopes.max() - slopes.min())


def kinks(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check in fractions what the slopes on both sides of a tie add up to, and that a kink leads down."""
    error, cases = 0.0, 0
    for _ in range(points):
        quadratics = _tied_quadratics(rng)
        values, slopes, _ = quadratics
        for v in map(np.array, product((-1, 0, 1), repeat=2)):
            E = [_least(quadratics, step * LENGTH * v) for step in (-2, -1, 0, 1, 2)]
            # three points give the slope of a quadratic without an error
            found = (4 * (E[1] + E[3]) - E[0] - E[4] - 6 * E[2]) / (2 * LENGTH)
            jumps = [kink(slopes[i, values[i] == 0] @ v) for i in range(TERMS)]
            error = checks.worst(error, float(abs(found + sum(jumps))))
            if sum(jumps) > 0 and not min(E) < E[2]:
                error = math.inf
            cases += 1
    statement = (
        r"at a tie $D(v) + D(-v) = -\sum_i (\max - \min)$ of the slopes of the best choices along $v$: kinks bend "
        r"down, and a local minimum has none"
    )
    hypotheses = "smooth costs; tied choices may have the same gradient"
    return Theorem("kinks", statement, "exact rational arithmetic", cases, error, 0.0, hypotheses)


# The smallest set of integers on which k-medians has a strict minimum at a tie, and its prototypes.
TIED_MEDIANS = ((0, 0, 1, 2, 2), (0, 2))


def medians(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check that a strict local minimum may lie at a tie where costs have kinks of their own."""
    error, cases, first = 0.0, 0, None
    # slopes are linear between these directions, the rays on which one of the terms has a kink of its own
    rays = np.array([v for v in product((-1, 0, 1), repeat=2) if any(v)])
    for n, top in ((n, top) for n in (2, 3, 4, 5) for top in (2, 3)):
        for values in combinations_with_replacement(range(top + 1), n):
            x = np.array(values)
            for w in product(sorted(set(values)), repeat=2):
                if w[0] < w[1] and first is None:
                    half, tied = _on_rays(x, np.array(w), rays)
                    first = (values, w) if tied and (half > 0).all() else None
                    cases += 1
    if first != TIED_MEDIANS:
        error = math.inf
    statement = (
        r"smoothness is needed: with $c = |x - w_k|$ (k-medians) the patterns 0, 0, 1, 2, 2 have a strict local "
        r"minimum at 0 and 2, though 1 is tied; with fewer patterns there is none"
    )
    return Theorem(
        "kinks of the costs", statement, "exhaustive, exact", cases, error, 0.0, "two prototypes on integers up to 3"
    )


def _on_rays(x: np.ndarray, w: np.ndarray, rays: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return the slopes of k-medians along rays, shape (m,), and whether a pattern is tied."""
    distance = np.abs(x[:, None] - w)
    tied = distance[:, 0] == distance[:, 1]
    # a distance grows with slope -sign(x - w) v, and by |v| at the pattern itself
    sign = np.sign(w - x[:, None])
    slopes = np.where(sign == 0, np.abs(rays[:, None]), sign * rays[:, None])
    best = distance == distance.min(axis=1, keepdims=True)
    return np.where(best, slopes, np.inf).min(axis=2).sum(axis=1), bool(tied.any())


def euler(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the identity behind the condition for any cost of three parameters."""
    u = sp.symbols("u1:4")
    C = sp.Function("C")(*u)
    gradient, hessian = [sp.diff(C, a) for a in u], sp.hessian(C, u)
    remainder = C - euler_share() * sum(a * g for a, g in zip(u, gradient, strict=True))
    claimed = [(g - sum(hessian[j, k] * u[k] for k in range(3))) / 2 for j, g in enumerate(gradient)]
    error = checks.residual(*(sp.diff(remainder, a) - c for a, c in zip(u, claimed, strict=True)))
    statement = (
        r"the alternation is Newton's step throughout a connected open set iff $C$ is there a constant plus a function "
        r"homogeneous of degree two about its minimiser $m$: $\nabla(C - \frac12 u \cdot \nabla C) = "
        r"\frac12(\nabla C - Hu)$, $u = w - m$"
    )
    return Theorem("Newton", statement, "symbolic", 1, error, 0.0, "unique minimiser, $H$ invertible")


def euler_share() -> sp.Rational:
    """Return the share of u times the gradient in a function that is homogeneous of degree two."""
    return sp.Rational(1, 2)


def degree_share(q: sp.Expr) -> sp.Expr:
    """Return the share of the way to the minimiser that Newton's step goes if the cost is homogeneous of degree q."""
    return 1 / (q - 1)


def homogeneous(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check Newton's step on powers of p-norms, and which squares are quadratic."""
    u, q, p = sp.symbols("u1:3", positive=True), sp.Symbol("q", positive=True), sp.Symbol("p", positive=True)
    residuals = []
    for norm in (2, 3, 4):
        C = (u[0] ** norm + u[1] ** norm) ** (q / norm)
        step = sp.Matrix([-degree_share(q) * a for a in u])
        residuals += list(sp.hessian(C, u) * step + sp.Matrix([sp.diff(C, a) for a in u]))
    # a quadratic form has the law of the parallelogram: here on the unit vectors
    law = 2 * (1 + 1) ** (2 / p) - 2 * (1 + 1)
    error = checks.residual(*residuals) if sp.solve(law, p) == [2] else math.inf
    statement = (
        r"$C$ homogeneous of degree $q$ about $m$: Newton's step goes $1/(q-1)$ of the way, all of it iff $q = 2$. "
        r"Squared $p$-norms have $q = 2$, and are quadratic, or twice differentiable at $m$, for $p = 2$ alone"
    )
    return Theorem("degree two", statement, "symbolic", len(residuals) + 1, error, 0.0, "one pattern, off the axes")


def location(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check that two patterns suffice to tell quadratic costs from others of degree two."""
    # on a line, such costs are a u^2 on one side and b u^2 on the other
    a, b, w = sp.symbols("a b w", positive=True)
    inside, beyond = a * w**2 + b * (1 - w) ** 2, a * w**2 + a * (w - 1) ** 2
    (minimum,) = sp.solve(sp.diff(inside, w), w)
    newton_beyond = sp.simplify(w - sp.diff(beyond, w) / sp.diff(beyond, w, 2))
    error = 0.0 if sp.solve(sp.together(newton_beyond - minimum), a) == [b] else math.inf
    pair, cases = np.array([[-1.0, -0.3], [1.0, 0.3]]), 1
    for p in NORMS:
        problem, starts = Prototypes(pair, 1, p), rng.uniform(-2, 2, size=(points, 2))
        gap = max(checks.largest(newton(problem, w) - alternate(problem, w)) for w in starts)
        if (gap > VISIBLE) != (p != QUADRATIC):
            error = math.inf
        cases += points
    statement = (
        r"costs $\varphi(w_k - x)$: the alternation is Newton's method on all data iff $\varphi$ is a quadratic form. "
        r"Two patterns in a group tell: their sum is not homogeneous of degree two about its own minimiser"
    )
    hypotheses = r"$\varphi$ convex, twice differentiable but at its minimum 0"
    return Theorem("location costs", statement, "symbolic, random points", cases, error, 0.0, hypotheses)


# Norms to try, and the one whose square is quadratic.
NORMS, QUADRATIC = (2.0, 3.0, 4.0, 6.0), 2.0


def viterbi_newton(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check in fractions that Viterbi training of means takes Newton's steps, with paths that are the best of all."""
    error, cases = 0.0, 0
    transitions = np.array([[Fraction(0), Fraction(3, 2)], [Fraction(1, 2), Fraction(1, 4)]], dtype=object)
    for values in product(range(4), repeat=4):
        problem = MeansChain(np.array([[Fraction(v)] for v in values], dtype=object), transitions)
        w = np.array([Fraction(1, 3), Fraction(5, 2)], dtype=object)
        z = problem.choose(w)
        step = problem.minimize(z, w)
        visits = [int(v) for v in problem.hessian(z, w).diagonal()]
        inverse = np.array([Fraction(1, v) if v else Fraction(0) for v in visits], dtype=object)
        least = min(problem.cost(other, w) for other in problem.choices())
        gap = float(abs(problem.cost(z, w) - least))
        error = checks.worst(error, gap, checks.largest(w - inverse * problem.gradient(z, w) - step))
        cases += 1
    statement = (
        r"Viterbi training of the means of a hidden Markov model is Newton's method, $H = \mathrm{diag}(N_k I)$ with "
        r"the visits $N_k$ on the best path; k-means is the case of one pattern a path"
    )
    hypotheses = "known variances and transitions; a state without visits stays"
    method = "exhaustive, exact"
    return Theorem("Viterbi, means", statement, method, cases, error, 0.0, hypotheses, "juang1990")


def same_path(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check that whole paths agree where costs are quadratic, and steps differ where they are not."""
    error, cases = 0.0, 0
    for example in EXAMPLES:
        problem, start = example.build(SMALL, rng)
        gaps = []
        for _ in range(CASES):
            first = start(rng)
            ours, theirs = (path(problem, first, step, CASES) for step in (alternate, newton))
            # rounding may move the last digit where the other path has ended
            both = zip(ours, theirs, strict=False)
            gaps.append(max(checks.largest(a - b) for a, b in both) / (1 + checks.largest(np.array(ours))))
            cases += 1
        if example.quadratic:
            error = checks.worst(error, *gaps)
        elif not max(gaps) > VISIBLE:
            error = math.inf
    statement = (
        r"quadratic costs: alternation and Newton's method take the same path (k-means, Viterbi training of means, "
        r"clusterwise regression, matching under translation). Other costs: they do not"
    )
    return Theorem("same path", statement, "random starts", cases, error, ALGEBRA, "no ties", "juang1990, spath1979")


def regression(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the blocks of clusterwise regression, and that the alternation does not feel the units of regressors."""
    worst, cases, (groups, each) = 0.0, 0, SMALL
    for _ in range(points):
        A = np.stack([np.ones(groups * each), rng.uniform(1, 4, size=groups * each)], axis=1)
        problem, w = Regressions(A, rng.normal(size=len(A)), groups), rng.normal(size=2 * groups)
        z, old = problem.choose(w), w.reshape(groups, -1)
        # with fewer patterns than coefficients, the fit nearest to the old one depends on the units
        if np.bincount(z, minlength=groups).min() < 2:
            continue
        change = np.linalg.qr(rng.normal(size=(2, 2)))[0] @ np.diag([1.0, 30.0])
        other = Regressions(A @ change, problem.y, groups)
        moved = np.linalg.solve(change, old.T).T.ravel()
        back = alternate(other, moved).reshape(groups, -1) @ change.T
        descended = (moved - other.gradient(z, moved)).reshape(groups, -1) @ change.T
        plain = (w - problem.gradient(z, w)).reshape(groups, -1)
        worst = checks.worst(worst, checks.largest(back.ravel() - alternate(problem, w)) / (1 + checks.largest(w)))
        if not checks.largest(descended - plain) > VISIBLE:
            worst = math.inf
        cases += 1
    statement = (
        r"clusterwise regression has the blocks $X_k^T X_k$: its alternation commutes with every linear change of the "
        r"regressors, gradient descent does not, and feels their condition"
    )
    hypotheses = "no ties, as many patterns as coefficients in each group"
    return Theorem("regression", statement, "random starts", cases, worst, ALGEBRA, hypotheses, "spath1979")


def variance_shares(v: sp.Expr, s: sp.Expr) -> dict[str, sp.Expr]:
    """Return Newton's share of the way from the variance v to its minimiser s, in three coordinates."""
    return {"variance": v / (2 * s - v), "precision": s / v, "logarithm": (1 - v / s) / sp.log(s / v)}


def variance(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check how far Newton's step goes for a variance, in three coordinates, and on which side it goes too far."""
    v, s, t = sp.symbols("v s t", positive=True)
    coordinates = {
        "variance": (t, v, s),
        "precision": (1 / t, 1 / v, 1 / s),
        "logarithm": (sp.exp(t), sp.log(v), sp.log(s)),
    }
    residuals, error = [], 0.0
    for name, (as_variance, here, there) in coordinates.items():
        C = sp.log(as_variance) + s / as_variance
        step = (-sp.diff(C, t) / sp.diff(C, t, 2)).subs(t, here)
        share = variance_shares(v, s)[name]
        residuals.append(sp.expand_log(sp.simplify(step - share * (there - here)), force=True))
        # half and one and a half of the minimiser: one side falls short, the other goes too far
        sides = [float(share.subs({v: sp.Rational(r) * s}).subs(s, 1)) for r in ("1/2", "3/2")]
        if not (min(sides) < 1 < max(sides)):
            error = math.inf
    error = checks.worst(error, checks.residual(*residuals))
    statement = (
        r"a variance $v$ with the minimiser $s$: Newton's step goes $v/(2s - v)$ of the way in $v$, $s/v$ in $1/v$ and "
        r"$(1 - v/s)/\log(s/v)$ in $\log v$: short on one side of $s$, too far on the other, and in $v$ uphill beyond "
        r"$2s$"
    )
    return Theorem("variances", statement, "symbolic", len(residuals), error, 0.0, "one group, known mean")


def rotation(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check Newton's step on the cosine that angles of lines and rotations have."""
    u, a, b = sp.symbols("u a b", real=True)
    # an amplitude and a minimiser at 0; lines have twice the angle
    residuals = []
    for multiple in (1, 2):
        C = b - sp.exp(a) * sp.cos(multiple * u)
        residuals.append(sp.trigsimp(-sp.diff(C, u) / sp.diff(C, u, 2) + angle_step(multiple * u) / multiple))
    statement = (
        r"an angle $u$ from its best value (twice the angle for a principal axis in the plane): Newton's step is "
        r"$-\tan u$, further than the alternation's $-u$ on both sides, and uphill beyond a right angle"
    )
    error = checks.residual(*residuals)
    return Theorem("angles", statement, "symbolic", 2, error, 0.0, "$u$ not a right angle", "besl1992, bradley2000")


def angle_step(u: sp.Expr) -> sp.Expr:
    """Return how far Newton's step turns back from the angle u."""
    return sp.tan(u)


def leading_gap(c2: sp.Expr, c3: sp.Expr, u: sp.Expr) -> sp.Expr:
    """Return by how much Newton's step ends beyond the minimiser, to the second order in the distance u from it."""
    return c3 / c2 * u**2 / 2


def _end(problem: Alternation, start: Start, rng: np.random.Generator) -> np.ndarray:
    """Return where a run ends, shape (P,), with no group or state left empty: there the Hessian is invertible."""
    trial = checks.draws()
    while True:
        next(trial)
        end = path(problem, start(rng), alternate, STEPS)[-1]
        if np.linalg.eigvalsh(problem.hessian(problem.choose(end), end))[0] > 0:
            return end


def beyond(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check to which order Newton's step misses the minimiser that the alternation reaches."""
    u, c2, c3, c4 = sp.symbols("u c2:5", positive=True)
    C = c2 * u**2 / 2 + c3 * u**3 / 6 + c4 * u**4 / 24
    missed = sp.series(u - sp.diff(C, u) / sp.diff(C, u, 2), u, 0, 3).removeO()
    worst, cases = checks.residual(missed - leading_gap(c2, c3, u)), 1
    for example in EXAMPLES:
        if example.quadratic:
            continue
        problem, start = example.build(SMALL, rng)
        end = _end(problem, start, rng)
        z = problem.choose(end)
        for _ in range(CASES):
            direction = rng.normal(size=len(end))
            direction /= np.linalg.norm(direction)
            H = problem.hessian(z, end)
            third = (problem.hessian(z, end + STEP * direction) - problem.hessian(z, end - STEP * direction)) / (
                2 * STEP
            )
            claimed = np.linalg.solve(H, third @ direction) / 2
            # both sides together: what is of odd order cancels
            missed_by = [newton_given(problem, z, end + side * NEAR * direction) - end for side in (1, -1)]
            gap = checks.largest(sum(missed_by) / (2 * NEAR**2) - claimed)
            worst, cases = checks.worst(worst, gap / (1 + checks.largest(claimed))), cases + 1
    statement = (
        r"Newton's step goes the share $H^{-1}\bar H$ of the way $m - w$, $\bar H$ the mean Hessian on it, and ends at "
        r"$m + \frac12 H^{-1}\nabla^3 C[u, u] + O(u^3)$: both have the same limit, and what falls short on one side "
        r"goes too far on the other"
    )
    method = "symbolic, finite differences"
    return Theorem("beyond quadratic", statement, method, cases, worst, NEAR, "near $m$, choices as at $m$")


def scoring_step(mu: sp.Matrix, information: sp.Matrix, gradient: sp.Matrix) -> sp.Matrix:
    """Return the mean parameters after the gradient step scaled by the information of one observation's cost."""
    return mu - information.inv() * gradient


def _families() -> list[tuple[sp.Expr, tuple[sp.Symbol, ...]]]:
    """Return log partition functions of exponential families, and their natural parameters."""
    a, b = sp.symbols("a b", real=True)
    negative = sp.Symbol("c", negative=True)
    return [
        # Gaussians: the mean of known variance, and mean and variance; then three categories, Poisson, exponential
        (a**2 / 2, (a,)),
        (-(a**2) / (4 * negative) - sp.log(-2 * negative) / 2, (a, negative)),
        (sp.log(1 + sp.exp(a) + sp.exp(b)), (a, b)),
        (sp.exp(a), (a,)),
        (-sp.log(-negative), (negative,)),
    ]


def scoring(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check that the alternation is a gradient step, scaled by the complete data's information, in mean parameters."""
    residuals, cases = [], 0
    for A, theta in _families():
        t = sp.symbols(f"t1:{len(theta) + 1}")
        C = A - sum(a * b for a, b in zip(theta, t, strict=True))
        mu = sp.Matrix([sp.diff(A, a) for a in theta])
        # derivatives by the mean parameters, by way of the natural ones
        information = mu.jacobian(theta).inv()
        gradient = information.T * sp.Matrix([sp.diff(C, a) for a in theta])
        residuals += list(scoring_step(mu, information, gradient) - sp.Matrix(t))
        cases += 1
    statement = (
        r"exponential families, any $C = n(A(\theta) - \theta\cdot\bar t)$: in the mean parameters the alternation is "
        r"$\mu - (nI)^{-1}\nabla_\mu C$ with the Fisher information $I$ of the complete data, and Newton's method iff "
        r"$I$ is constant"
    )
    hypotheses = "Gaussians with and without variance, categories, Poisson, exponential"
    error = checks.residual(*residuals)
    reference = "amari1998, kunstner2021"
    return Theorem("Fisher scoring", statement, "symbolic", cases, error, 0.0, hypotheses, reference)


CHECKS: tuple[Checking, ...] = (
    derivatives,
    best_choices,
    descent,
    kinks,
    medians,
    euler,
    homogeneous,
    location,
    viterbi_newton,
    same_path,
    regression,
    variance,
    rotation,
    beyond,
    scoring,
)
