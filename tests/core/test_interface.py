"""What each problem promises to every optimizer, on all problems and at random points."""

import numpy as np
import pytest
from cases import BENT, CASES, PIECES
from hypothesis import given
from hypothesis import strategies as st

from kmeans_convergence.core import Capability
from kmeans_convergence.core.oracle import chosen
from kmeans_convergence.errors import InputError

every = pytest.mark.parametrize("name", CASES | BENT)
quadratic = pytest.mark.parametrize("name", CASES)
points = given(seed=st.integers(0, 2**32 - 1))
RUNS = 4


def at(name, seed):
    """Return a problem, its evaluation at random points, and the stream that drew them."""
    problem, draw = (CASES | BENT)[name]
    rng = np.random.default_rng(seed)
    return problem, problem.evaluate(problem.pack(draw(rng, RUNS))), rng


def inverse(here):
    """Return P as matrices (R, P, P), from its products with the unit vectors."""
    units = np.eye(here.x.shape[1])
    return np.stack([here.precondition(np.repeat(unit[None], len(here.x), axis=0)) for unit in units], axis=2)


@quadratic
@points
def test_the_image_is_a_preconditioned_gradient_step(name, seed):
    _, here, _ = at(name, seed)
    step = here.precondition(here.gradient)
    size = np.abs(here.x).max(axis=1) + np.abs(here.image).max(axis=1)
    # the gradient is a small difference of large numbers where a run is near a minimum
    assert (np.abs(here.image - (here.x - step)).max(axis=1) <= 1e-13 * size).all()
    assert (np.abs(step) > 0).any(axis=1).all()


@quadratic
@points
def test_the_cost_stays_below_its_majoriser(name, seed):
    problem, here, rng = at(name, seed)
    rounding = 1e-12 * np.abs(here.cost)
    for length in (1e-3, 0.1, 1.0, 10.0):
        step = length * rng.normal(size=here.x.shape)
        bound = here.cost + (here.gradient * step).sum(axis=1) + 0.5 * here.squared_norm(step)
        assert (problem.evaluate(here.x + step).cost <= bound + rounding).all()


@every
@points
def test_the_image_lowers_the_cost_by_what_is_promised(name, seed):
    problem, here, _ = at(name, seed)
    assert (here.promised_decrease > 0).all()
    after = problem.evaluate(here.image).cost
    assert (after <= here.cost - here.promised_decrease + 1e-12 * np.abs(here.cost)).all()


@quadratic
@points
def test_what_is_promised_is_half_the_slope_along_the_step(name, seed):
    _, here, _ = at(name, seed)
    slope = (here.gradient * (here.image - here.x)).sum(axis=1)
    np.testing.assert_allclose(here.promised_decrease, -0.5 * slope, rtol=1e-9)


@every
@points
def test_a_gradient_step_by_the_largest_curvature_does_not_raise_the_cost(name, seed):
    problem, here, _ = at(name, seed)
    after = problem.evaluate(here.x - here.gradient / here.curvature.most[:, None]).cost
    least = (here.gradient**2).sum(axis=1) / (2 * here.curvature.most)
    assert (after <= here.cost - least + 1e-12 * np.abs(here.cost)).all()


@every
@pytest.mark.parametrize("seed", range(5))
def test_the_gradient_is_the_slope_of_the_cost(name, seed):
    problem, here, _ = at(name, seed)
    # so small that hardly a pattern changes hands, so large that the differences keep half of the digits
    h = 1e-6 * np.abs(here.x).max(initial=1)
    for unit in np.eye(here.x.shape[1]):
        ahead, behind = problem.evaluate(here.x + h * unit), problem.evaluate(here.x - h * unit)
        slopes = (ahead.cost - behind.cost) / (2 * h)
        rounding = 1e-15 * np.abs(here.cost) / h
        off = np.abs(slopes - (here.gradient * unit).sum(axis=1))
        assert (off <= 1e-5 * np.abs(here.gradient).max(axis=1) + 10 * rounding).all()


@every
@points
def test_the_metric_is_the_inverse_of_the_preconditioner(name, seed):
    _, here, rng = at(name, seed)
    P = inverse(here)
    np.testing.assert_allclose(P, P.transpose(0, 2, 1), atol=1e-12 * np.abs(P).max())
    spectrum = np.linalg.eigvalsh(P)
    assert (spectrum >= -1e-12 * spectrum[:, -1:]).all()
    u, v = rng.normal(size=(2, *here.x.shape))
    np.testing.assert_allclose(here.precondition(u + 2 * v), here.precondition(u) + 2 * here.precondition(v), rtol=1e-9)
    # (P v)' P^-1 (P v) = v' P v
    dual = np.einsum("rp,rpq,rq->r", v, P, v)
    np.testing.assert_allclose(here.squared_norm(here.precondition(v)), dual, rtol=1e-9)
    np.testing.assert_allclose(here.norm(v) ** 2, here.squared_norm(v), rtol=1e-12)


@every
@points
def test_the_curvature_bounds_the_spectrum(name, seed):
    _, here, rng = at(name, seed)
    # the inverse of P, from the lengths of the sums of unit vectors
    units = np.eye(here.x.shape[1])
    squares = np.array([[here.squared_norm(np.repeat(u[None] + v, RUNS, axis=0)) for u in units] for v in units])
    alone = squares.diagonal().T / 4
    matrices = ((squares - alone[:, None] - alone) / 2).transpose(2, 0, 1)
    spectrum, curvature = np.linalg.eigvalsh(matrices), here.curvature
    assert (spectrum <= curvature.most[:, None] * (1 + 1e-9)).all()
    # directions in which the majoriser is flat are left out
    curved = spectrum > 1e-6 * curvature.most[:, None]
    assert (np.where(curved, spectrum, np.inf) >= curvature.least[:, None] * (1 - 1e-6)).all()
    np.testing.assert_allclose(curvature.mean, spectrum.mean(axis=1), rtol=1e-9)
    v = rng.normal(size=here.x.shape)
    assert (here.squared_norm(v) <= curvature.most * (v**2).sum(axis=1) * (1 + 1e-9)).all()
    # a gradient is never in a flat direction
    slope = (here.gradient * here.precondition(here.gradient)).sum(axis=1)
    assert (slope >= (here.gradient**2).sum(axis=1) / curvature.most * (1 - 1e-9)).all()
    assert (slope <= (here.gradient**2).sum(axis=1) / curvature.least * (1 + 1e-9)).all()


@every
@points
def test_a_diagonal_metric_is_offered_where_there_is_one(name, seed):
    problem, here, rng = at(name, seed)
    if Capability.DIAGONAL_METRIC in problem.capabilities:
        v = rng.normal(size=here.x.shape)
        np.testing.assert_allclose((here.metric * v**2).sum(axis=1), here.squared_norm(v), rtol=1e-12)
    else:
        with pytest.raises(InputError, match="no diagonal metric"):
            here.metric  # noqa: B018


@quadratic
@points
def test_packing_is_undone_by_unpacking(name, seed):
    problem, draw = (CASES | BENT)[name]
    parameters = draw(np.random.default_rng(seed), RUNS)
    x = problem.pack(parameters)
    assert x.shape == (RUNS, parameters[0].size)
    np.testing.assert_array_equal(problem.unpack(x), parameters)
    np.testing.assert_array_equal(problem.pack(problem.unpack(x)), x)
    back = problem.from_centred(problem.to_centred(parameters))
    np.testing.assert_allclose(back, parameters, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(
        problem.centred.evaluate(problem.centred.pack(problem.to_centred(parameters))).cost, problem.evaluate(x).cost
    )


def same(found, expected):
    """Two evaluations say the same, bit by bit."""
    assert type(found) is type(expected)
    for one, other in zip(found.parts(), expected.parts(), strict=True):
        np.testing.assert_array_equal(one, other)
    for name in ("x", "cost", "gradient", "image", "promised_decrease"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    np.testing.assert_array_equal(np.stack(found.curvature), np.stack(expected.curvature))


@every
@points
def test_runs_are_selected_and_merged(name, seed):
    problem, here, rng = at(name, seed)
    _, there, _ = at(name, seed + 1)
    for where in (rng.random(RUNS) < 0.5, np.zeros(RUNS, dtype=bool), np.ones(RUNS, dtype=bool)):
        some = where[:, None]
        mixed = problem.evaluate(np.where(some, there.x, here.x))
        same(chosen(where, there, here), mixed)
        same(here.merge(there.select(where), where), mixed)
        assert here.select(where).x.shape == (where.sum(), here.x.shape[1])
        if where.any():
            same(here.select(where), problem.evaluate(here.x[where]))
    # nothing was changed in place
    same(here, problem.evaluate(here.x))


@every
@points
def test_diagnostics_are_one_number_for_each_run(name, seed):
    problem, here, _ = at(name, seed)
    there = problem.evaluate(here.image)
    found, stay = there.diagnostics(here), here.diagnostics(here)
    assert found.keys() == stay.keys()
    for values in (*found.values(), *stay.values()):
        assert values.shape == (RUNS,)
        assert np.isfinite(values).all()
    assert there.solved_by_image(here).shape == (RUNS,)
    assert there.lengths(there.x - here.x).shape[0] == RUNS
    # blocks make up the whole
    whole = np.sqrt((there.lengths(there.x - here.x) ** 2).sum(axis=1))
    np.testing.assert_allclose(whole, np.linalg.norm(there.x - here.x, axis=1), rtol=1e-12)


@every
@points
def test_where_the_image_is_said_to_solve_the_piece_it_does(name, seed):
    problem, here, rng = at(name, seed)
    for _ in range(30):
        there = problem.evaluate(here.image)
        solved = there.solved_by_image(here)
        here = there
        if solved.any():
            break
    # on the piece the cost is that of the choices: no point of it around the image is lower
    lowest = problem.evaluate(there.image).cost
    for length in (1e-6, 1e-4):
        around = problem.evaluate(there.image + length * rng.normal(size=there.x.shape))
        stays = around.solved_by_image(there)
        assert (around.cost >= lowest - 1e-12 * np.abs(lowest))[solved & stays].all()
    assert solved.any() == (name in PIECES)


@every
def test_a_length_is_positive_and_scales_with_what_it_measures(name):
    problem, _ = (CASES | BENT)[name]
    assert problem.length > 0
    assert problem.size > 0
