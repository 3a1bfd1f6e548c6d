"""Accelerated EM: what is rejected, when a run ends, and what it gains."""

import math
from itertools import islice

import numpy as np
import pytest

from kmeans_convergence.core import CountingOracle, Stop, minimize
from kmeans_convergence.data.synthetic import mixture
from kmeans_convergence.experiments.contenders import CONTENDERS, SHIPPED
from kmeans_convergence.optimizers import MajorizeMinimize
from kmeans_convergence.optimizers.accelerated import (
    Anderson,
    HeavyBall,
    Nesterov,
    OverRelaxation,
    SafeguardedExtrapolation,
)
from kmeans_convergence.optimizers.quasi_newton import LBFGS
from kmeans_convergence.problems import MixtureProblem, QuantizationProblem
from kmeans_convergence.starts import draw, stream, streams
from kmeans_convergence.theory.information import complete, hidden

# Three components that overlap: EM contracts by 0.94 only.
X, _, _ = mixture(stream(5, "safeguards"), 300, 2, 3, 1.2)
PROBLEM = MixtureProblem(X)
RUNS = 5
STARTS = draw(X, 3, streams(5, "safeguards", 3, range(RUNS), "starts"))
STEPS = 60
FAST = {
    "relaxed 1.5": OverRelaxation(1.5),
    "relaxed 1.9": OverRelaxation(1.9),
    "heavy ball": HeavyBall(),
    "nesterov": Nesterov(),
    "anderson": Anderson(),
}


class Watched(SafeguardedExtrapolation):
    """Writes down what another optimizer would extrapolate to."""

    def __init__(self, optimizer):
        self.optimizer, self.wanted = optimizer, []

    def extrapolations(self, here):
        inner = self.optimizer.extrapolations(here)
        x = next(inner)
        while True:
            self.wanted.append(x)
            x = inner.send((yield x))


def follow(problem, optimizer):
    """Return STEPS iterates after the start, as evaluations, and the extrapolations that were wanted."""
    watched = Watched(optimizer)
    iterates = watched.iterates(CountingOracle(problem, RUNS), problem.pack(STARTS), ())
    path = [problem.evaluate(x) for x in [problem.pack(STARTS), *islice(iterates, STEPS)]]
    return path, watched.wanted


@pytest.mark.parametrize("name", FAST)
def test_on_a_mixture_an_extrapolation_that_lowers_the_cost_is_never_overridden(name):
    path, wanted = follow(PROBLEM, FAST[name])
    same_labels = extrapolated = 0
    for r in range(RUNS):
        kept = path[0]
        for t in range(1, STEPS):
            # the iterate was lower than the last one that was kept: it is kept, and the next one is what was wanted
            step, plain = path[t].x[r], kept.image[r]
            if path[t].cost[r] < kept.cost[r]:
                np.testing.assert_array_equal(path[t + 1].x[r], wanted[t][r])
                extrapolated += (wanted[t][r] != path[t].image[r]).any()
                same_labels += (path[t].assignments[r] == kept.assignments[r]).all()
                kept = path[t]
            elif (step != plain).any():
                # rejected: the plain step from where the run was
                np.testing.assert_array_equal(path[t + 1].x[r], plain)
            else:
                kept = path[t]
    # what lowered the cost was an extrapolation, mostly one that changes no hard label
    assert extrapolated > 10 * RUNS
    assert same_labels > 5 * RUNS


def test_on_k_means_the_plain_step_is_made_where_it_solves_the_piece():
    problem = QuantizationProblem(X)
    path, wanted = follow(problem, FAST["relaxed 1.9"])
    solved = 0
    for t in range(1, STEPS):
        settled = (path[t].assignments == path[t - 1].assignments).all(axis=1)
        np.testing.assert_array_equal(path[t + 1].x[settled], path[t].image[settled])
        np.testing.assert_array_equal(path[t + 1].x[~settled], wanted[t][~settled])
        solved += settled.sum()
    assert 0 < solved < RUNS * STEPS


@pytest.mark.parametrize("name", FAST)
def test_what_is_kept_never_rises(name):
    path, _ = follow(PROBLEM, FAST[name])
    costs = np.stack([here.cost for here in path])
    # an iterate above the least so far is followed by one that is not above it, but for rounding
    least = np.minimum.accumulate(costs, axis=0)
    above = costs > least * (1 + 1e-13)
    assert not (above[1:-1] & above[2:]).any()
    # over-relaxation below 2 is never rejected, because the majoriser promises a decrease; the others dare more
    assert above.any() == (not name.startswith("relaxed"))


@pytest.mark.parametrize("name", [*FAST, "lbfgs"])
def test_accelerated_em_is_faster_than_em(name):
    passes = []
    for optimizer in (MajorizeMinimize(), FAST.get(name, LBFGS(2000.0))):
        trace = minimize(PROBLEM, optimizer, STARTS, passes=2000.0)
        assert set(trace.stop) == {Stop.FIXED_POINT}
        limit = minimize(PROBLEM, MajorizeMinimize(), trace.w, passes=math.inf).cost[-1]
        near = PROBLEM.gap.of(trace.cost, limit) <= 1e-6
        passes.append(trace.passes[near.argmax(axis=0), np.arange(RUNS)])
    em, fast = passes
    assert np.median(em) > 40
    # relaxation by 1.5 makes log rho about 1.5 times as large; all others do better
    assert np.median(fast / em) < (0.75 if name == "relaxed 1.5" else 0.65)


@pytest.mark.parametrize("omega", [0.5, 1.0, 1.5, 1.9])
def test_over_relaxed_em_contracts_as_the_hidden_information_says(omega):
    end = minimize(PROBLEM, MajorizeMinimize(), STARTS[:1], passes=math.inf).w
    shares, modes = np.linalg.eig(np.linalg.solve(complete(X, end[0]), hidden(X, end[0])))
    factors = 1 - omega * (1 - shares.real)
    slowest = np.abs(factors).argmax()
    near = end + 1e-4 * modes[:, slowest].real.reshape(end.shape)
    norms = minimize(PROBLEM, OverRelaxation(omega), near, epochs=15).gradient_norm[:, 0]
    assert (norms[15] / norms[5]) ** (1 / 10) == pytest.approx(abs(factors[slowest]), abs=1e-4)


@pytest.mark.parametrize("name", [*FAST, "lbfgs"])
def test_ends_where_em_has_nothing_left_to_gain(name):
    trace = minimize(PROBLEM, FAST.get(name, LBFGS(2000.0)), STARTS, passes=2000.0)
    end = minimize(PROBLEM, MajorizeMinimize(), trace.w, passes=math.inf)
    assert PROBLEM.gap.of(trace.cost[-1], end.cost[-1]).max() < 1e-12
    np.testing.assert_allclose(PROBLEM.evaluate(trace.w).means, trace.w, atol=1e-6)


class OtherUnit(MixtureProblem):
    """The same densities of patterns in another unit: a constant less."""

    def __init__(self, X, less):
        super().__init__(X)
        self.less = less

    def evaluate(self, w):
        here = super().evaluate(w)
        w, cost, *others = here.parts()
        return here.of(w, cost - self.less, *others)


SOME = STARTS[:3]
EM = minimize(PROBLEM, MajorizeMinimize(), SOME, passes=1e4)
CONSTANTS = {"crosses zero": (EM.cost[0].min() + EM.cost[-1].max()) / 2, "negative": 2 * EM.cost[0].max()}
GENERAL = {
    key: CONTENDERS[key].optimizer(400, math.sqrt(math.prod(CONTENDERS[key].settings or (math.nan,))))
    for key in SHIPPED
    if not CONTENDERS[key].optimizer(400, 1.0).needs
}
# They compare no costs.
BLIND = {"batch_kmeans", "gradient_nmax", "gradient_fixed", "gradient_nesterov", "gradient_heavy_ball", "adam"}


@pytest.mark.parametrize("key", GENERAL)
def test_runs_end_whatever_the_sign_of_the_cost(key):
    plain = minimize(PROBLEM, GENERAL[key], SOME, passes=2000.0)
    # Adam stands still where its schedule ends, which need not be where nothing is left to gain
    assert set(plain.stop) == ({Stop.BUDGET} if key == "adam" else {Stop.FIXED_POINT})
    for name, less in CONSTANTS.items():
        trace = minimize(OtherUnit(X, less), GENERAL[key], SOME, passes=2000.0)
        assert (trace.cost[0] > 0).all() == (name == "crosses zero")
        assert (trace.cost[-1] < 0).all()
        assert set(trace.stop) == set(plain.stop)
        if key in BLIND:
            np.testing.assert_array_equal(trace.passes, plain.passes)
            np.testing.assert_array_equal(trace.w, plain.w)
        # the others round otherwise, so that they may end a little elsewhere, but not before their end
        best = minimize(PROBLEM, MajorizeMinimize(), trace.w, passes=math.inf).cost[-1]
        assert PROBLEM.gap.of(PROBLEM.evaluate(trace.w).cost, best).max() < (1e-6 if key == "adam" else 1e-9)
