"""Compiled passes over all pairs of n points, row by row above the diagonal.

Configurations have the shape (R, p, n), values of pairs are condensed: `weights[k]` is that of the k-th pair of the
upper triangle, read row by row, and 0 where the pair is missing. The pairs of a row lie side by side in memory, so that
several of them are processed at once; sums are taken in an order that is the same on every processor. Where points
coincide, their distance has no derivative; what depends on its direction is left out there, as in the Guttman
transform.
"""

# Kernels are compiled and have no annotations.
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kmeans_convergence.problems.compiled import compiled

# A division by zero is no error: it would have to be looked for in each step.
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


@compiled(**OPTIONS)
def _sum(values, count):
    """Return the sum of the first values, by eight sums that do not wait for each other."""
    a = b = c = d = e = f = g = h = 0.0
    whole = count - count % 8
    for k in range(0, whole, 8):
        a += values[k]
        b += values[k + 1]
        c += values[k + 2]
        d += values[k + 3]
        e += values[k + 4]
        f += values[k + 5]
        g += values[k + 6]
        h += values[k + 7]
    for k in range(whole, count):
        a += values[k]
    return ((a + b) + (c + d)) + ((e + f) + (g + h))


@compiled(**OPTIONS)
def _square_row(x, i, squares):
    """Write the squared distances of point i from those after it, for one configuration (p, n)."""
    p, n = x.shape
    squares[: n - 1 - i] = 0.0
    for a in range(p):
        others, here = x[a, i + 1 :], x[a, i]
        for c in range(n - 1 - i):
            squares[c] += (here - others[c]) ** 2


@compiled(**OPTIONS)
def _add_row(x, i, factors, pulls, out):
    """Add factor times difference of point i from each after it to `out` (p, n) at i, and take it away at the other."""
    p, n = x.shape
    for a in range(p):
        others, here, outs = x[a, i + 1 :], x[a, i], out[a, i + 1 :]
        for c in range(n - 1 - i):
            pulls[c] = factors[c] * (here - others[c])
            outs[c] -= pulls[c]
        out[a, i] += _sum(pulls, n - 1 - i)


@compiled(**OPTIONS)
def find_distances(x, distances):
    """Compute the distances of all pairs of one configuration.

    Parameters
    ----------
    x : float64 array of shape (p, n), in
    distances : float64 array of shape (n (n - 1) / 2,), out
    """
    n = x.shape[1]
    first = 0
    for i in range(n - 1):
        row = distances[first : first + n - 1 - i]
        _square_row(x, i, row)
        for c in range(n - 1 - i):
            row[c] = math.sqrt(row[c])
        first += n - 1 - i


@compiled(**OPTIONS)
def find_stress(x, targets, weights, cost, gradient):
    """Compute raw stress and its gradient.

    Parameters
    ----------
    x : float64 array of shape (R, p, n), in
    targets : float64 array of shape (n (n - 1) / 2,), in
        The distances wanted.
    weights : float64 array of shape (n (n - 1) / 2,), in
    cost : float64 array of shape (R,), out
    gradient : float64 array of shape (R, p, n), in zeros, out
    """
    runs, _, n = x.shape
    factors, pulls, terms = np.empty(n), np.empty(n), np.empty(n)
    for r in range(runs):
        first = 0
        terms[:] = 0.0
        for i in range(n - 1):
            count = n - 1 - i
            target, weight = targets[first : first + count], weights[first : first + count]
            _square_row(x[r], i, factors)
            for c in range(count):
                distance = math.sqrt(factors[c])
                miss = distance - target[c]
                weighted = weight[c] * miss
                terms[c] += weighted * miss
                factors[c] = 2 * weighted / distance if distance > 0 else 0.0
            _add_row(x[r], i, factors, pulls, gradient[r])
            first += count
        cost[r] = _sum(terms, n)


@compiled(**OPTIONS)
def find_hessian_diagonal(x, targets, weights, diagonal):
    """Compute the diagonal of the Hessian of raw stress.

    Parameters
    ----------
    x, targets, weights
        See `find_stress`.
    diagonal : float64 array of shape (R, p, n), in zeros, out
    """
    runs, p, n = x.shape
    squares, curvatures = np.empty(n), np.empty(n)
    for r in range(runs):
        first = 0
        for i in range(n - 1):
            count = n - 1 - i
            _square_row(x[r], i, squares)
            for a in range(p):
                others, here, outs = x[r, a, i + 1 :], x[r, a, i], diagonal[r, a, i + 1 :]
                for c in range(count):
                    ratio = targets[first + c] / math.sqrt(squares[c]) if squares[c] > 0 else 0.0
                    along = (here - others[c]) ** 2 / squares[c] if squares[c] > 0 else 0.0
                    curvatures[c] = 2 * weights[first + c] * (1 - ratio * (1 - along))
                    outs[c] += curvatures[c]
                diagonal[r, a, i] += _sum(curvatures, count)
            first += count


@compiled(**OPTIONS)
def multiply_hessian(x, targets, weights, v, products):
    """Compute products of the Hessian of raw stress with vectors.

    A pair has the curvature 2 w along the connection of its points and 2 w (1 - target / distance) across.

    Parameters
    ----------
    x, targets, weights
        See `find_stress`.
    v : float64 array of shape (R, p, n), in
    products : float64 array of shape (R, p, n), in zeros, out
    """
    runs, p, n = x.shape
    squares, along, across, pulls = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    for r in range(runs):
        first = 0
        for i in range(n - 1):
            count = n - 1 - i
            _square_row(x[r], i, squares)
            along[:count] = 0.0
            for a in range(p):
                for c in range(count):
                    along[c] += (x[r, a, i] - x[r, a, i + 1 + c]) * (v[r, a, i] - v[r, a, i + 1 + c])
            for c in range(count):
                ratio = targets[first + c] / math.sqrt(squares[c]) if squares[c] > 0 else 0.0
                along[c] = 2 * weights[first + c] * ratio * along[c] / squares[c] if squares[c] > 0 else 0.0
                across[c] = 2 * weights[first + c] * (1 - ratio)
            _add_row(x[r], i, along, pulls, products[r])
            _add_row(v[r], i, across, pulls, products[r])
            first += count


@compiled(**OPTIONS)
def find_squares(v, weights, squares):
    """Compute the weighted sum of squared distances.

    Parameters
    ----------
    v : float64 array of shape (R, p, n), in
    weights : float64 array of shape (n (n - 1) / 2,), in
    squares : float64 array of shape (R,), out
    """
    runs, _, n = v.shape
    row, terms = np.empty(n), np.empty(n)
    for r in range(runs):
        first = 0
        terms[:] = 0.0
        for i in range(n - 1):
            _square_row(v[r], i, row)
            for c in range(n - 1 - i):
                terms[c] += weights[first + c] * row[c]
            first += n - 1 - i
        squares[r] = _sum(terms, n)


@compiled(**OPTIONS)
def sweep(x, order, first, second, targets, weights, unit, rate, factor, counts):
    """Move the two points of each pair in turn along their connection, by the gradient of its own stress.

    The curvature of a pair is 4 w: a step of 1 / (4 w) gives the pair its distance, and no step is longer. A point's
    step is otherwise `rate` where this is positive, else `factor` over its count: the sum of the curvatures of its
    pairs so far. Curvatures are counted in a unit, rates and factors in its inverse.

    Parameters
    ----------
    x : float64 array of shape (R, n, p), in and out
    order : int64 array of shape (R, m), in
        The pairs of each run.
    first, second : int32 arrays, in
        The points of each pair.
    targets, weights : float64 arrays, in
    unit, rate, factor : float
    counts : float64 array of shape (R, n), in and out
    """
    runs, pairs = order.shape
    p = x.shape[2]
    for r in range(runs):
        for t in range(pairs):
            k = order[r, t]
            i, j, weight = first[k], second[k], weights[k]
            square = 0.0
            for a in range(p):
                square += (x[r, i, a] - x[r, j, a]) ** 2
            distance = math.sqrt(square)
            if distance == 0:
                continue
            curvature = 4 * weight / unit
            counts[r, i] += curvature
            counts[r, j] += curvature
            # half of what is missing, in units of curvature
            pull = 0.5 * curvature * (distance - targets[k]) / distance
            rate_i = min(1 / curvature, rate if rate > 0 else factor / counts[r, i])
            rate_j = min(1 / curvature, rate if rate > 0 else factor / counts[r, j])
            for a in range(p):
                difference = x[r, i, a] - x[r, j, a]
                x[r, i, a] -= rate_i * pull * difference
                x[r, j, a] += rate_j * pull * difference
