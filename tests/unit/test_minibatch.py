"""Mini-batch optimizers: counts, averages, estimated factor, cosine schedule, nested batches, scikit-learn's."""

from itertools import islice

import numpy as np
import pytest
from sklearn.cluster import MiniBatchKMeans

from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.optimizers import MajorizeMinimize, Rate, Stop, minimize
from kmeans_convergence.optimizers.minibatch import (
    MiniBatchAveraged,
    MiniBatchCounts,
    MiniBatchCurvature,
    MiniBatchEstimated,
    MiniBatchRoot,
    MovingAverage,
    OnlineEM,
    batch_size,
    batches,
    contraction,
    counts_step,
)
from kmeans_convergence.optimizers.nested import NestedMiniBatch
from kmeans_convergence.optimizers.packaged import ScikitLearnMiniBatch
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, streams

RUNS, N, K = 6, 600, 5
OPTIMIZERS = {
    "counts": MiniBatchCounts(),
    "c4": MiniBatchCounts(4.0),
    "averaged": MiniBatchAveraged(),
    "estimated": MiniBatchEstimated(),
    "root": MiniBatchRoot(),
    "moving average": MovingAverage(epochs=9),
    "nested": NestedMiniBatch(),
    "scikit-learn": ScikitLearnMiniBatch(9),
}


@pytest.fixture(scope="module")
def starts():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 3)) + 2 * rng.integers(4, size=(N, 1))
    return QuantizationProblem(X), draw(X, K, streams(1, "mini", K, range(RUNS), "start"))


def rngs(runs=range(RUNS)):
    return streams(1, "mini", K, runs, "order")


def sculley(X, w, v, batch):
    """Sculley's pseudo-code: the nearest prototypes of a batch are cached, then its patterns are visited in turn."""
    w, v = w.copy(), v.copy()
    nearest = [((x - w) ** 2).sum(axis=1).argmin() for x in X[batch]]
    for x, k in zip(X[batch], nearest, strict=True):
        v[k] += 1
        w[k] = (1 - 1 / v[k]) * w[k] + x / v[k]
    return w, v


def test_counts_are_sculleys_pseudo_code(starts):
    problem, w = starts
    trace = minimize(problem, MiniBatchCounts(), w, epochs=6, rngs=rngs())
    # 5 iterates of the first epoch and the second epoch
    expected, v = list(w), [np.zeros(K)] * RUNS
    for rows, _ in islice(batches(N, rngs()), 2 * 16):
        for run in range(RUNS):
            expected[run], v[run] = sculley(problem.X, expected[run], v[run], rows[run])
    np.testing.assert_allclose(trace.w, expected, rtol=1e-11)


def test_the_rate_of_the_root_by_hand(starts):
    problem, w = starts
    trace = minimize(problem, MiniBatchRoot(), w, epochs=6, rngs=rngs())
    expected = w.copy()
    for rows, _ in islice(batches(N, rngs()), 2 * 16):
        for run in range(RUNS):
            batch = problem.X[rows[run]]
            nearest = [((x - expected[run]) ** 2).sum(axis=1).argmin() for x in batch]
            for k in set(nearest):
                won = batch[np.array(nearest) == k]
                expected[run, k] += np.sqrt(len(won) / len(batch)) * (won.mean(axis=0) - expected[run, k])
    np.testing.assert_allclose(trace.w, expected, rtol=1e-11)


def test_a_first_batch_of_all_patterns_is_a_step_of_lloyds(starts):
    problem, w = starts
    rows, x = np.tile(np.arange(N), (RUNS, 1)), problem.pack(w)
    step, metric = counts_step(CountingOracle(problem, RUNS), x, rows, np.zeros_like(x), 1.0)
    lloyd = problem.evaluate(w)
    np.testing.assert_array_equal(problem.unpack(step), lloyd.means)
    np.testing.assert_array_equal(metric, np.repeat(lloyd.counts, 3, axis=1))


def test_the_order_within_a_batch_does_not_matter(starts):
    problem, w = starts
    rows, _ = next(batches(N, rngs()))
    x, before = problem.pack(w), np.full((RUNS, K * 3), 7.0)
    one, other = (counts_step(CountingOracle(problem, RUNS), x, r, before, 4.0)[0] for r in (rows, rows[:, ::-1]))
    np.testing.assert_allclose(one, other, rtol=1e-13)


def test_a_larger_factor_by_hand():
    # prototypes at 0 and 10 win (1, 2) and 8; n_k were 6 and 0: rates 4 * 2 / 8 and min(1, 4 * 1 / 1), or 2 / 8 and 1
    problem = CountingOracle(QuantizationProblem(np.array([[1.0], [2.0], [8.0]])), 1)
    x, rows, counts = np.array([[0.0, 10.0]]), np.array([[0, 1, 2]]), np.array([[6.0, 0.0]])
    np.testing.assert_allclose(counts_step(problem, x, rows, counts, 4.0)[0], [[1.5, 8.0]])
    np.testing.assert_allclose(counts_step(problem, x, rows, counts, 1.0)[0], [[0.375, 8.0]])


@pytest.mark.parametrize(
    ("n", "size"), [(1, 1), (10, 10), (16, 16), (150, 16), (256, 16), (600, 38), (16384, 1024), (10**6, 1024)]
)
def test_batch_sizes_by_hand(n, size):
    assert batch_size(n) == size


@pytest.mark.parametrize("n", [1, 16, 17, 150, 600, 20000])
def test_an_epoch_shows_each_pattern_once(n):
    epochs = batches(n, rngs([0, 1]))
    orders = []
    for epoch in range(2):
        seen, due = [], []
        while sum(rows.shape[1] for rows in seen) < n:
            rows, last = next(epochs)
            seen.append(rows)
            due.append(last)
        sizes = [rows.shape[1] for rows in seen]
        assert max(sizes) <= batch_size(n)
        assert max(sizes) - min(sizes) <= 1
        orders.append(np.concatenate(seen, axis=1))
        np.testing.assert_array_equal(np.sort(orders[-1], axis=1), [np.arange(n)] * 2)
        assert due[-1]
        assert epoch == 0 or sum(due) == 1
    if n > 16:
        assert (orders[0] != orders[1]).any()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_run_is_the_same_in_any_company(starts, name):
    problem, w = starts
    whole = minimize(problem, OPTIMIZERS[name], w, passes=7, rngs=rngs())
    some = [4, 1]
    part = minimize(problem, OPTIMIZERS[name], w[some], passes=7, rngs=rngs(some))
    rows = len(part.cost)
    for measure, values in whole.measures.items():
        np.testing.assert_array_equal(part.measures[measure], values[:rows, some])
    np.testing.assert_array_equal(part.w, whole.w[some])
    assert part.stop == tuple(whole.stop[run] for run in some)


class Counting(QuantizationProblem):
    """Counts the patterns of mini-batches."""

    seen = 0

    def evaluate_rows(self, w, rows):
        self.seen += rows.size
        return super().evaluate_rows(w, rows)


@pytest.mark.parametrize("name", ["counts", "c4", "averaged", "estimated", "moving average"])
def test_charges_add_up_to_the_patterns_touched(starts, name):
    problem, w = Counting(starts[0].X), starts[1]
    trace = minimize(problem, OPTIMIZERS[name], w, passes=6, rngs=rngs())
    assert trace.passes[-1].sum() * N == problem.seen
    # 8 batches of 38 and 8 of 37, shown after 1, 2, 4, 8 and 16 of them; three passes go into the estimate
    later = [5, 6] if name == "estimated" else [2, 3, 4, 5, 6]
    np.testing.assert_allclose(N * trace.passes[:, 0], [0, 38, 76, 152, 304, 600, *(N * np.array(later))])


def test_the_average_is_that_of_the_iterates_since_the_last_one(starts):
    problem, w = starts
    start, each = problem.pack(w), []
    here, counts = start, np.zeros_like(start)
    for rows, _ in islice(batches(N, rngs()), 32):
        here, counts = counts_step(CountingOracle(problem, RUNS), here, rows, counts, 4.0)
        each.append(here)
    averages = list(islice(MiniBatchAveraged().iterates(CountingOracle(problem, RUNS), start, rngs()), 6))
    parts = [each[:1], each[1:2], each[2:4], each[4:8], each[8:16], each[16:]]
    for average, part in zip(averages, parts, strict=True):
        np.testing.assert_allclose(average, np.mean(part, axis=0), rtol=1e-12)


def test_rho_on_the_uniform_density():
    # three prototypes on [0, 1] are best at 1/6, 3/6, 5/6; each goes to the middle of its cell, so that errors e go to
    # (e_1 + e_2, e_1 + 2 e_2 + e_3, e_2 + e_3) / 4: the slowest shrink by cos^2(pi / 6) = 3/4
    errors = np.array([[1, 1, 0], [1, 2, 1], [0, 1, 1]]) / 4
    slow = np.array([1, 2, 1])
    np.testing.assert_array_equal(errors @ slow, 0.75 * slow)
    n = 100_000
    x = (np.array([1, 3, 5]) / 6 + 0.04 * slow)[None]
    rows = np.arange(n)[None]
    even = QuantizationProblem((rows.T + 0.5) / n)
    assert contraction(CountingOracle(even, 1), x, rows) == pytest.approx(0.75, abs=1e-3)
    # moves of 0.015 to 0.03 carry some 2,000 patterns over each face, so that a length is right to about 2 %
    drawn = QuantizationProblem(np.random.default_rng(0).uniform(size=(n, 1)))
    assert contraction(CountingOracle(drawn, 1), x, rows) == pytest.approx(0.75, abs=0.06)
    # away from the slow direction the ratio is smaller, but not by much: fast errors are gone after one move
    x = np.array([[0.05, 0.4, 0.7]])
    assert 0.70 < contraction(CountingOracle(even, 1), x, rows)[0] < 0.7505


def test_moves_are_weighted_by_patterns():
    # two prototypes share 16,000 patterns on [0, 1] and three share 1,000 on [10, 11]; along their slow directions
    # errors shrink by 1/2 and 3/4, that is, by moves 0.02 (1, 1) and 0.01 (1, 2, 1) at first
    X = np.concatenate([(np.arange(16_000) + 0.5) / 16_000, 10 + (np.arange(1000) + 0.5) / 1000])[:, None]
    x = np.array([[1 / 4 + 0.04, 3 / 4 + 0.04, 10 + 1 / 6 + 0.04, 10 + 1 / 2 + 0.08, 10 + 5 / 6 + 0.04]])
    few, many = 1000 / 3 * 0.01**2 * 6, 16_000 / 2 * 0.02**2 * 2
    expected = np.sqrt((many / 2**4 + few * 0.75**4) / (many / 2**2 + few * 0.75**2))
    rho = contraction(CountingOracle(QuantizationProblem(X), 1), x, np.arange(17_000)[None])
    assert rho[0] == pytest.approx(expected, abs=0.01)


def test_rho_of_a_run_at_rest_is_zero():
    X = np.array([[0.0], [1.0], [10.0], [11.0]])
    metered = CountingOracle(QuantizationProblem(X), 1)
    assert contraction(metered, np.array([[0.5, 10.5]]), np.arange(4)[None]) == 0
    np.testing.assert_array_equal(metered.charged, 12)


@pytest.mark.parametrize(("rho", "factor"), [(0, 1), (0.75, 4), (0.9, 10), (0.99, 16), (1, 16), (1.3, 16)])
def test_the_factor_by_hand(monkeypatch, starts, rho, factor):
    problem, w = starts
    monkeypatch.setattr(
        "kmeans_convergence.optimizers.minibatch.contraction", lambda problem, x, rows: np.full(len(x), float(rho))
    )
    found = MiniBatchEstimated.factor(CountingOracle(problem, RUNS), problem.pack(w), rngs())
    np.testing.assert_allclose(found, np.full((RUNS, 1), factor))


def test_a_cosine_schedule_ends_at_zero_and_so_does_the_run(starts):
    problem, w = starts
    optimizer = MovingAverage(0.8, epochs=3)
    assert optimizer.rate(0) == 0.8
    assert optimizer.rate(0.5) == pytest.approx(0.4)
    assert optimizer.rate(1) == 0
    trace = minimize(problem, optimizer, w, passes=50, rngs=rngs())
    np.testing.assert_array_equal(trace.passes[-1], 3)
    assert (trace.diagnostics["largest_move"][-2] > 0).all()


def test_a_moving_average_by_hand():
    # all patterns at one place: after T batches the distance is the product of 1 - alpha_t; who wins nothing stays
    problem, w = QuantizationProblem(np.full((64, 1), 3.0)), np.array([[[11.0], [99.7], [-77.3]]])
    trace = minimize(problem, MovingAverage(0.5, 2), w, passes=9, rngs=rngs([0]))
    alpha = 0.25 * (1 + np.cos(np.pi * np.arange(1, 9) / 8))
    assert trace.w[0, 0, 0] == pytest.approx(3 + 8 * np.prod(1 - alpha), rel=1e-12)
    np.testing.assert_array_equal(trace.w[0, 1:], w[0, 1:])


def test_nested_batches_end_at_rest_for_lloyd(starts):
    problem, w = starts
    trace = minimize(problem, NestedMiniBatch(), w, passes=500, rngs=rngs())
    assert set(trace.stop) == {Stop.FIXED_POINT}
    end = problem.evaluate(trace.w)
    np.testing.assert_array_equal(end.means, trace.w)
    lloyd = minimize(problem, MajorizeMinimize(), trace.w, epochs=1)
    np.testing.assert_array_equal(lloyd.w, trace.w)
    assert len(set(trace.passes[-1])) > 1


class Batches(QuantizationProblem):
    """Writes down the batches of one run, and the whole passes as None."""

    def __init__(self, X):
        super().__init__(X)
        self.log = []

    def evaluate_rows(self, x, rows):
        self.log.append((rows[0], self.unpack(x)[0]))
        return super().evaluate_rows(x, rows)

    def evaluate(self, x):
        self.log.append((None, self.unpack(x)[0]))
        return super().evaluate(x)


def test_batches_are_nested_and_double_when_prototypes_move_by_less_than_their_error(starts):
    problem = Batches(starts[0].X)
    x = problem.pack(starts[1][:1])
    patience = 2.0
    list(islice(NestedMiniBatch(patience).iterates(CountingOracle(problem, 1), x, rngs([0])), 30))
    sizes = []
    for (rows, here), (after, there) in zip(problem.log[:-1], problem.log[1:], strict=True):
        if rows is None:
            break
        sizes.append(len(rows))
        owner = ((problem.X[rows][:, None] - here) ** 2).sum(axis=2).argmin(axis=1)
        votes = []
        for k in range(K):
            members = problem.X[rows[owner == k]]
            if len(members):
                np.testing.assert_allclose(there[k], members.mean(axis=0), rtol=1e-12)
            move = np.linalg.norm(there[k] - here[k])
            error = np.sqrt(members.var(axis=0, ddof=1).sum() / len(members)) if len(members) > 1 else 0
            votes.append(move == 0 or error / move > patience)
        grown = N if after is None else len(after)
        assert grown == (min(N, 2 * len(rows)) if all(votes) else len(rows))
        if after is not None:
            np.testing.assert_array_equal(after[: len(rows)], rows)
    assert sorted(set(sizes)) == [38, 76, 152, 304]


def test_nested_batches_are_charged_when_they_are_shown(starts):
    problem = Batches(starts[0].X)
    x = problem.pack(starts[1][:1])
    metered = CountingOracle(problem, 1)
    for _ in islice(NestedMiniBatch().iterates(metered, x, rngs([0])), 25):
        assert metered.charged[0] == sum(N if rows is None else len(rows) for rows, _ in problem.log)
    assert metered.charged[0] > 5 * N


def test_nested_batches_do_not_increase_the_cost_once_they_hold_all_data(starts):
    problem = Batches(starts[0].X)
    x = problem.pack(starts[1][:1])
    list(islice(NestedMiniBatch().iterates(CountingOracle(problem, 1), x, rngs([0])), 40))
    whole = [here for rows, here in problem.log if rows is None]
    assert len(whole) > 3
    costs = QuantizationProblem(problem.X).evaluate(np.stack(whole)).cost
    assert (np.diff(costs) <= 0).all()
    # and each is Lloyd's step from the one before
    np.testing.assert_array_equal(QuantizationProblem(problem.X).evaluate(whole[0][None]).means[0], whole[1])


def test_nested_batches_of_few_places_go_on_while_they_rest_on_a_part():
    # each pattern stands at 0 or 1 and so do the prototypes, but for 5 patterns at 2 that a small batch may miss
    X = np.repeat([0.0, 1.0, 2.0], [300, 295, 5])[:, None]
    w = np.tile([[0.0], [1.0]], (4, 1, 1))
    trace = minimize(QuantizationProblem(X), NestedMiniBatch(), w, passes=50, rngs=rngs(range(4)))
    np.testing.assert_allclose(trace.w[:, 1, 0], (295 + 10) / 300)
    assert set(trace.stop) == {Stop.FIXED_POINT}


@pytest.mark.parametrize("n", [60, N, 3000])
def test_scikit_learns_is_as_shipped(n):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n, 2)) + 3 * rng.integers(3, size=(n, 1))
    w = draw(X, K, streams(2, "mini", K, range(3), "start"))
    # one that wins nothing, to be moved elsewhere
    w[0, 0] = 99
    trace = minimize(QuantizationProblem(X), ScikitLearnMiniBatch(12), w, passes=40, rngs=rngs(range(3)))
    for run, rng in enumerate(rngs(range(3))):
        judge = MiniBatchKMeans(K, init=w[run], n_init=1, max_iter=12, random_state=int(rng.integers(2**31)))
        judge.fit(X)
        np.testing.assert_array_equal(trace.w[run], judge.cluster_centers_)
        assert trace.w[run].max() < 50
        assert 2 * trace.cost[-1, run] == pytest.approx(judge.inertia_, rel=1e-9)
        size = min(n, 1024)
        assert round(trace.passes[-1, run] * n) == judge.n_steps_ * size + min(n, 3 * size)
        assert (np.diff(trace.passes[:, run]) >= 0).all()


def test_fits_of_scikit_learns_are_beginnings_of_longer_ones():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(3000, 2))
    w = X[None, :K]
    trace = minimize(QuantizationProblem(X), ScikitLearnMiniBatch(6), w, epochs=3, rngs=rngs([0]))
    # 1, 4 and 6 epochs are 2, 11 and 17 steps of 1024 patterns; the start was valued on 3000
    np.testing.assert_allclose(3000 * trace.passes[:, 0], [0, *(1024 * np.array([2, 11, 17]) + 3000)])


def test_an_epoch_is_cut_into_as_many_batches_as_are_asked_for():
    for n, parts, expected in ((100, 16, 16), (5, 16, 5), (600, None, 16)):
        found = list(islice(batches(n, rngs(range(2)), parts), 2 * expected))
        assert [due for _, due in found][expected - 1 :: expected] == [True, True]
        for epoch in (found[:expected], found[expected:]):
            seen = np.concatenate([rows for rows, _ in epoch], axis=1)
            np.testing.assert_array_equal(np.sort(seen, axis=1), np.tile(np.arange(n), (2, 1)))


def test_gradient_steps_in_units_of_the_curvature_of_the_batch(starts):
    problem, w = starts
    # one batch an epoch is all data: the gradient with a rate in units of K / n
    trace = minimize(problem, MiniBatchCurvature(Rate(0.5), 1), w, epochs=3, rngs=rngs())
    x = problem.pack(w)
    for epoch in (1, 2, 3):
        x = x - 0.5 / epoch * K / N * problem.evaluate(x).gradient
    np.testing.assert_allclose(trace.w.reshape(RUNS, -1), x, rtol=1e-9)
    # the unit of the data changes nothing
    other = minimize(
        QuantizationProblem(1000 * problem.X), MiniBatchCurvature(Rate(0.5), 8), 1000 * w, epochs=2, rngs=rngs()
    )
    same = minimize(problem, MiniBatchCurvature(Rate(0.5), 8), w, epochs=2, rngs=rngs())
    np.testing.assert_allclose(other.w, 1000 * same.w, rtol=1e-9)


def test_online_alternation_averages_what_patterns_say(starts):
    problem, w = starts
    here = problem.evaluate(problem.pack(w))
    rate = 0.25
    weight = (1 - rate) / rate * N / K
    expected = (weight * w + here.sums) / (weight + here.counts)[..., None]
    np.testing.assert_allclose(problem.unpack(here.damped_image(rate)), expected, rtol=1e-12)
    np.testing.assert_allclose(here.damped_image(1.0), here.image, rtol=1e-12)
    trace = minimize(problem, OnlineEM(parts=8), w, passes=30.0, rngs=rngs())
    assert (trace.cost[-1] < trace.cost[0]).all()
