r"""What the cost of new patterns suffers from a sample of n, and what passes over the sample can still gain.

Near a minimum of the population's cost per pattern, with its Hessian H, face terms included, the shares p_k of the
patterns of each prototype, :math:`N=\mathrm{blockdiag}(p_kI)`, and the covariance C of the gradient of one pattern, let
:math:`\lambda_j` be the eigenvalues of :math:`N^{-1/2}HN^{-1/2}` and :math:`v_j` the variance of
:math:`N^{-1/2}\nabla` along their directions. Then Lloyd's step keeps :math:`1-\lambda_j` of the error in a mode, and
with the `rates.Modes` of a population the excess of the cost per pattern over its minimum is

* of the sample's own minimiser :math:`\mathrm{tr}(H^{-1}C)/2n=\sum_jv_j/2n\lambda_j` (Pollard 1982), which no number of
  passes lowers;
* after one pass of online K-means with the rate c/n_k, from a start that is near enough,
  :math:`\sum_j\lambda_jc^2v_j/2n(2c\lambda_j-1)`, if :math:`2c\lambda_j>1` for all modes.

All of that holds to the first order in 1/n.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import minimize_scalar

from kmeans_convergence.theory.rates import Modes, online_excess


def uniform_modes(clusters: int) -> Modes:
    """Return the modes of the uniform density on [0, 1] at its minimum with K prototypes.

    Each face hands over a quarter of either neighbour's move to both, and all cells have the variance 1 / 12 K².
    """
    hidden = np.zeros((clusters, clusters))
    for k in range(clusters - 1):
        hidden[k : k + 2, k : k + 2] += 0.25
    curvatures, vectors = np.linalg.eigh(np.eye(clusters) - hidden)
    return Modes(curvatures, np.full(clusters, 1 / (12 * clusters**2)), vectors)


def minimiser_excess(modes: Modes, n: float) -> float:
    """Return the expected excess of the minimiser of n patterns; infinite where a mode has no curvature."""
    with np.errstate(divide="ignore"):
        return float((modes.noise / modes.curvatures).sum() / (2 * n))


def one_pass_excess(modes: Modes, factor: float, n: float) -> float:
    """Return the expected excess after one pass of online K-means with the rate factor / n_k over n patterns.

    It is infinite where 2 factor lambda <= 1 for a mode: there it falls more slowly than 1/n, see `stall`.
    """
    strength = 2 * factor * modes.curvatures - 1
    if (strength <= 0).any():
        return math.inf
    return float((modes.curvatures * factor**2 * modes.noise / strength).sum() / (2 * n))


def kept_excess(modes: Modes, factor: float, n: float, begin: float, squares: np.ndarray) -> float:
    r"""Return the expected excess after one pass from a start that counts as if `begin` patterns had been averaged.

    Unlike `one_pass_excess` it holds for any n and factor, also where :math:`1/n_k` stalls: with T = begin + n the
    square of a mode's error is :math:`y^2(b/T)^{2c\lambda}` of the start, and :math:`c^2v\,T^{-2c\lambda}
    \int_b^Ts^{2c\lambda-2}ds` of the noise.

    Parameters
    ----------
    modes : Modes
    factor : float
        c.
    n : float
        Patterns of the pass.
    begin : float
        b, positive: n_k begins with p_k b.
    squares : ndarray of shape (m,)
        Expected squares of the start's error along the modes.
    """
    times = (begin + n) / begin
    forgotten = 0.5 * (modes.curvatures * squares * times ** (-2 * factor * modes.curvatures)).sum()
    return float(forgotten + online_excess(modes.curvatures, modes.noise, times, factor) / begin)


def stall(modes: Modes, factor: float) -> float:
    """Return the power of 1/n with which the excess after one pass falls: min(1, 2 factor lambda) of the slowest mode.

    Where both are equal, a factor log n stands beside it.
    """
    return min(1.0, 2 * factor * float(modes.curvatures.min()))


def best_factor(modes: Modes) -> float:
    """Return the factor with the least excess after one pass; 1 / lambda where all curvatures are the same.

    Each mode's excess is convex in the factor and least at 1 / lambda: so it lies between the least and the largest of
    these. It is infinite where a mode has no curvature.
    """
    least, most = float(modes.curvatures.min()), float(modes.curvatures.max())
    if least <= 0:
        return math.inf
    low = max(1 / most, (1 + 1e-9) / (2 * least))
    found = minimize_scalar(
        lambda factor: one_pass_excess(modes, factor, 1),
        bounds=(low, 1 / least),
        method="bounded",
        options={"xatol": 1e-9 / least},
    )
    return float(found.x)


def averaged_excess(modes: Modes, factor: float, n: float, begin: float = 0.5) -> float:
    r"""Return the expected excess of the mean of the iterates of one pass, from a share `begin` of it to its end.

    With :math:`a=c\lambda` the variance of the mean along a mode is, in the limit of many patterns,
    :math:`\frac{2c^2v}{n(1-b)^2(2a-1)}\frac{(1-b^a)/a-(1-b)}{1-a}`. For large c it is that of the minimiser times
    :math:`1/(1-b)`: averaging makes up for any c that is too large, at the price of the patterns that are not in it.

    Parameters
    ----------
    modes : Modes
    factor : float
        c.
    n : float
    begin : float
        b, from 0 and below 1.
    """
    a, rest = factor * modes.curvatures, 1 - begin
    if (2 * a <= 1).any():
        return math.inf
    power = begin**a
    limit = rest + (begin * math.log(begin) if begin > 0 else 0.0)
    apart = np.where(np.abs(a - 1) < 1e-6, 0.5, a)
    quotient = np.where(apart == a, ((1 - power) / a - rest) / (1 - apart), limit)
    variance = 2 * factor**2 * modes.noise * quotient / (n * rest**2 * (2 * a - 1))
    return float((modes.curvatures * variance).sum() / 2)


def lloyd_passes(modes: Modes, error: np.ndarray, level: float) -> float:
    """Return the number of Lloyd's steps after which the excess that is left of an error is at most `level`.

    Parameters
    ----------
    modes : Modes
    error : ndarray of shape (m,)
        In the coordinates of the modes, those of N^(1/2) w.
    level : float
        Positive.

    Returns
    -------
    float
        A whole number; infinite where an error never falls below.
    """
    parts, keeps = 0.5 * modes.curvatures * error**2, (1 - modes.curvatures) ** 2
    if parts[keeps >= 1].sum() >= level:
        return math.inf

    def left(steps: float) -> float:
        return float((parts * keeps**steps).sum())

    high = 1
    while left(high) > level:
        high *= 2
    low = 0 if high == 1 else high // 2
    if left(low) <= level:
        return float(low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if left(middle) > level else (low, middle)
    return float(high)


def slowest_passes(rate: float, first: float, level: float) -> float:
    """Return log(first / level) / (-2 log rate): Lloyd's steps until an excess along its slowest mode has fallen so."""
    return math.log(first / level) / (-2 * math.log(rate))
