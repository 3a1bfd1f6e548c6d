"""The measurements, each a table; times are taken in turns, so that a change of the machine's mood meets all alike."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product as product_of
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from kmeans_convergence.core import Optimizer, Trace, minimize
from kmeans_convergence.core.problem import Evaluator
from kmeans_convergence.optimizers import MajorizeMinimize
from kmeans_convergence.optimizers.accelerated import Nesterov
from kmeans_convergence.optimizers.batch import CurvatureGradient, stable_rate
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans.engine import kernels, passes
from kmeans_convergence.problems.kmeans.problem import RememberingEvaluator
from kmeans_convergence.starts import draw, stream, streams
from kmeans_convergence.studies.performance.run.alone import alone, peak_beyond
from kmeans_convergence.studies.performance.run.limits import Copy, product
from kmeans_convergence.studies.performance.run.methods import METHODS, MOST, Ends, Plain, missing, quiet
from kmeans_convergence.studies.performance.run.shapes import mixture, prepare

P = TypeVar("P", bound=QuantizationProblem)

# Seconds after which no round begins but the second, and of a call that is not repeated: all of it has to end in time.
PATIENCE = 60.0
LONG = 45.0
# Single passes are short: the number of rounds.
PASS_ROUNDS = 15
# Passes of runs whose remembering is measured: a beginning, and about as many as a gradient method needs to its end.
PASSES = (100, 1000)
# Passes until a run is neither at its start nor at its end.
ON_THE_WAY = 10


def say(*words: object) -> None:
    """Tell the person who waits how far it is."""
    print("   ", *words, file=sys.__stderr__, flush=True)


def in_turns(calls: Mapping[str, Callable[[], object]], rounds: int) -> pd.DataFrame:
    """Return seconds: one row for each call and round, in the order in which they were measured."""
    rows: list[dict[str, object]] = []
    long: set[str] = set()
    begun = time.perf_counter()
    for turn in range(rounds):
        if turn > 1 and time.perf_counter() - begun > PATIENCE:
            break
        for name, call in calls.items():
            if name not in long:
                start = time.perf_counter()
                call()
                seconds = time.perf_counter() - start
                rows.append({"what": name, "round": turn, "seconds": seconds})
                if seconds > LONG:
                    long.add(name)
    return pd.DataFrame(rows)


# --- Lloyd to the end -----------------------------------------------------------------------------


@dataclass
class Entry:
    """A method, its data and its starts; and where it ended when it last ran."""

    method: str
    start: str
    X: np.ndarray
    w: np.ndarray
    threads: int
    ends: Ends | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What an entry is compared within: precision and start."""
        return METHODS[self.method].precision, self.start

    def run(self, most: np.ndarray) -> None:
        """Run it; `most` passes for each start."""
        with quiet():
            self.ends = METHODS[self.method].fit(self.X, self.w, most, self.threads)


def entries(X: np.ndarray, starts: np.ndarray, threads: int) -> list[Entry]:
    """Return what can be compared here: each method that is installed; ours also from the start of one that takes none.

    Ours come first, because others are told its number of passes.
    """
    single = X.astype(np.float32)
    single.flags.writeable = False
    found = []
    for name, method in METHODS.items():
        if missing(method):
            continue
        data = X if method.precision == "float64" else single
        if method.own_start is None:
            found.append(Entry(name, "given", data, starts, threads))
        else:
            own = method.own_start(single, starts.shape[1], len(starts))
            found += [Entry("ours_single", "own", data, own, threads), Entry(name, "own", data, own, threads)]
    return found


def compare(name: str, seed: int, share: float, rounds: int, threads: int) -> pd.DataFrame:
    """Time Lloyd's algorithm to the end by all methods.

    Returns
    -------
    DataFrame
        One row for each method, start and round: shape, n, method, start ("given", or "own" for a method that takes
        none, with ours from there), round, seconds, passes (mean over starts), difference (of the final cost, relative
        to ours of the same precision and start), moved (share of patterns with another assignment at the end), missing
        (why there is no time).
    """
    X, starts = prepare(name, seed, share)
    compared = entries(X, starts, threads)
    references: dict[tuple[str, str], Ends] = {}
    runs: dict[str, Callable[[], None]] = {}
    for entry in compared:
        method = METHODS[entry.method]
        # compiles, loads and fills caches, outside the clock
        entry.run(np.full(len(starts), 2))
        if entry.key not in references:
            entry.run(np.full(len(starts), MOST))
            assert entry.ends is not None
            references[entry.key] = entry.ends
        most = np.full(len(starts), MOST) if method.stops else references[entry.key].passes
        runs[f"{entry.method} {entry.start}"] = partial(entry.run, most)
    say(f"{name}: {len(compared)} entries, {references[compared[0].key].passes.mean():.0f} passes")
    table = in_turns(runs, rounds).rename(columns={"what": "entry"})
    measured = pd.DataFrame([_outcome(X, entry, references[entry.key]) for entry in compared])
    table = table.merge(measured, on="entry").drop(columns="entry")
    table["seconds"] *= table.pop("counted")
    absent = [{"method": method, "missing": why} for method in METHODS if (why := missing(METHODS[method]))]
    table = pd.concat([table, pd.DataFrame(absent, columns=["method", "missing"])], ignore_index=True)
    table.insert(0, "shape", name)
    table.insert(1, "n", len(X))
    for method, seconds in table.groupby("method", sort=False)["seconds"].min().items():
        say(f"{name}: {method} {seconds:.4g} s")
    return table


def _outcome(X: np.ndarray, entry: Entry, reference: Ends) -> dict[str, object]:
    """Return where an entry ended, compared with the reference, by passes over the data in double precision."""
    assert entry.ends is not None
    problem = QuantizationProblem(X)
    ours, theirs = problem.evaluate(reference.w), problem.evaluate(entry.ends.w)
    passes = float(entry.ends.passes.mean())
    # a method with a start of its own has made one pass to get there
    surplus = int(METHODS[entry.method].own_start is not None)
    return {
        "entry": f"{entry.method} {entry.start}",
        "method": entry.method,
        "start": entry.start,
        "passes": passes - surplus,
        "counted": 1 - surplus / passes,
        "difference": float(theirs.cost.sum() / ours.cost.sum() - 1),
        "moved": float((theirs.assignments != ours.assignments).mean()),
    }


# --- one pass and the machine's limits ------------------------------------------------------------


def single_passes(name: str, seed: int, share: float, threads: int) -> pd.DataFrame:
    """Time single passes beside a matrix product of the same size and the copying of memory.

    Returns
    -------
    DataFrame
        One row for each precision: shape, n, precision, bytes (of the data), pass, product, copy (minimum seconds), and
        bandwidth (bytes per second).
    """
    X, starts = prepare(name, seed, share)
    copy = Copy(threads)
    rows = []
    for precision in ("float64", "float32"):
        data = X.astype(precision)
        data.flags.writeable = False
        problem = QuantizationProblem(data)
        # on the way, where prototypes have separated but the run is not over
        w = minimize(problem, MajorizeMinimize(), starts, epochs=ON_THE_WAY).w
        calls: dict[str, Callable[[], object]] = {
            "pass": partial(problem.evaluate, w),
            "product": product(data, w),
            "copy": copy,
        }
        for call in calls.values():
            call()
        least = in_turns(calls, PASS_ROUNDS).groupby("what")["seconds"].min()
        row = {"shape": name, "n": len(X), "precision": precision, "bytes": data.nbytes} | least.to_dict()
        rows.append(row | {"bandwidth": copy.bandwidth(least["copy"])})
    return pd.DataFrame(rows)


def profile(name: str, seed: int, share: float) -> pd.DataFrame:
    """Time the parts of a plain pass on one thread, each over all patterns.

    Returns
    -------
    DataFrame
        One row for each precision and part: shape, n, runs, precision, part, seconds (minimum). With products the
        parts are those of `passes.screened`; else they are the compiled pass, and what NumPy does around it until the
        next prototypes are there.
    """
    X, starts = prepare(name, seed, share)
    tables = []
    for precision in ("float64", "float32"):
        data = X.astype(precision)
        data.flags.writeable = False
        problem = QuantizationProblem(data)
        w = minimize(problem, MajorizeMinimize(), starts, epochs=ON_THE_WAY).w
        products = passes.suits_screening(len(X), *w.shape[1:])
        calls = _parts_with_products(data, w) if products else _parts_without(problem, w)
        for call in calls.values():
            call()
        least = in_turns(calls, PASS_ROUNDS).groupby("what", sort=False)["seconds"].min()
        seconds = least.to_dict() if products else {"pass": least["pass"], "around": least["all"] - least["pass"]}
        tables.append(pd.DataFrame({"precision": precision, "part": list(seconds), "seconds": list(seconds.values())}))
    table = pd.concat(tables, ignore_index=True)
    for place, (column, value) in enumerate({"shape": name, "n": len(X), "runs": len(starts)}.items()):
        table.insert(place, column, value)
    return table


def _parts_with_products(X: np.ndarray, w: np.ndarray) -> dict[str, Callable[[], object]]:
    screen = passes.Screen.of(X)
    narrowed = screen.narrow(w)
    assert narrowed is not None
    # as many patterns as are handled together, again and again
    m = max(64, min(passes.WORKING_SET // (12 * w.shape[2] + 4 * w.shape[1]), 4096, len(X)))
    patterns, norms = np.empty((m, w.shape[2]), dtype=np.float32), np.empty(m, dtype=np.float32)
    scores, errors = np.empty((m, w.shape[1]), dtype=np.float32), np.full(m, 1e-6, dtype=np.float32)
    halves = (0.5 * (narrowed[0].astype(float) ** 2).sum(axis=1)).astype(np.float32)
    owners = np.empty(len(X), dtype=np.int32)
    block = passes.block_size(w.shape[1])
    sums = np.zeros(2), np.zeros((2, w.shape[1])), np.zeros((2, *w.shape[1:]))

    def each(part: Callable[[np.ndarray], object]) -> Callable[[], object]:
        def call() -> None:
            for begin in range(0, len(X) - m + 1, m):
                part(np.arange(begin, begin + m))

        return call

    return {
        "narrow": each(lambda rows: kernels.narrow(X, rows, screen.shift, screen.scale, patterns, norms)),
        "multiply": each(lambda rows: np.matmul(patterns, narrowed[0].T, out=scores)),
        "choose": each(lambda rows: kernels.assign_screened(X, w[0], scores, halves, errors, rows, owners)),
        "add up": each(
            lambda rows: kernels.accumulate(X, w[0], 0, len(X), rows[0], rows[-1] + 1, block, owners, *sums)
        ),
    }


def _parts_without(problem: QuantizationProblem, w: np.ndarray) -> dict[str, Callable[[], object]]:
    runs, clusters, features = w.shape
    owners, second_nearest = np.empty((runs, problem.size), dtype=np.int32), passes.SecondNearest.room(runs, 0)
    sums = np.zeros((runs, 2)), np.zeros((runs, 2, clusters)), np.zeros((runs, 2, clusters, features))
    block = passes.block_size(clusters)
    return {
        "pass": lambda: kernels.pass_directly(problem.X, w, 0, problem.size, block, owners, *second_nearest, *sums),
        "all": lambda: problem.evaluate(w).means,
    }


# --- growth of the cost ---------------------------------------------------------------------------

# What is varied, with the others as they are at the base; n in thousands of patterns.
GROWTH: dict[str, tuple[tuple[int, int, int], dict[str, tuple[float, ...]]]] = {
    "products": ((100, 64, 32), {"n": (12.5, 25, 50, 100, 200), "K": (16, 32, 64, 128, 256), "d": (16, 32, 64, 128)}),
    "direct": ((400, 32, 3), {"n": (50, 100, 200, 400, 800), "K": (8, 16, 32, 64, 128), "d": (1, 2, 3, 4)}),
}


def growth(seed: int, share: float) -> pd.DataFrame:
    """Time single plain passes on mixtures whose n, K or d varies.

    Returns
    -------
    DataFrame
        One row for each problem: scheme, varied ("n", "K" or "d"), n, K, d, seconds (minimum).
    """
    rows = []
    for scheme, (base, variations) in GROWTH.items():
        for varied, values in variations.items():
            sizes: list[dict[str, Any]] = [dict(zip("nKd", base, strict=True)) | {varied: value} for value in values]
            calls = {str(i): _pass_on_mixture(seed, share, **size) for i, size in enumerate(sizes)}
            for call in calls.values():
                call()
            least = in_turns(calls, PASS_ROUNDS).groupby("what")["seconds"].min()
            rows += [
                {"scheme": scheme, "varied": varied} | size | {"n": round(1000 * share * size["n"]), "seconds": seconds}
                for size, (_, seconds) in zip(sizes, least.items(), strict=True)
            ]
            say(f"growth of {scheme} with {varied}: measured")
    return pd.DataFrame(rows)


def _pass_on_mixture(seed: int, share: float, n: float, K: int, d: int) -> Callable[[], object]:
    patterns = max(2 * K, round(1000 * share * n))
    X = mixture(d, K, spread=2.0)(stream(seed, "growth", patterns, K, d), patterns)
    return partial(QuantizationProblem(X).evaluate, draw(X, K, streams(seed, "growth", K, [0], "performance")))


# --- memory ---------------------------------------------------------------------------------------

# Passes after which a method has allocated all that it ever does.
SETTLED = 4


def memory(name: str, seed: int, share: float, threads: int) -> pd.DataFrame:
    """Measure what a fit needs beyond the data, each method in a process of its own.

    Returns
    -------
    DataFrame
        One row for each method that is installed and takes a start: shape, n, method, bytes.
    """
    X, starts = prepare(name, seed, share)
    rows = []
    with TemporaryDirectory() as folder:
        paths = {precision: Path(folder, f"{precision}.npy") for precision in ("float64", "float32")}
        for precision, path in paths.items():
            np.save(path, X.astype(precision))
        for key, method in METHODS.items():
            if not missing(method) and method.own_start is None:
                peak = alone(_peak, threads, key, paths[method.precision], starts, threads)
                rows.append({"shape": name, "n": len(X), "method": key, "bytes": peak})
                say(f"{name}: {key} needs {peak / 2**20:.1f} MiB beyond the data")
    return pd.DataFrame(rows)


def _peak(key: str, path: Path, starts: np.ndarray, threads: int) -> float:
    X = np.load(path)
    X.flags.writeable = False
    some = X[: max(2 * starts.shape[1], 1000)]
    fit, passes = METHODS[key].fit, np.full(len(starts), SETTLED)
    with quiet():
        # what libraries allocate once and for all is not the price of a fit
        fit(some, starts[:1], passes[:1], threads)
        return peak_beyond(lambda: fit(X, starts, passes, threads))


# --- remembering passes ---------------------------------------------------------------------------

# Gradient descent at the rate 1 / N_max, with which its cost cannot rise.
OPTIMIZERS: dict[str, Optimizer] = {
    "Lloyd": MajorizeMinimize(),
    "gradient descent": CurvatureGradient(stable_rate),
    "Nesterov": Nesterov(),
}


class Watched(QuantizationProblem):
    """Tells what its last evaluator has computed."""

    watched: RememberingEvaluator

    def evaluator(self, runs: int) -> Evaluator:
        """Return an evaluator, and keep it at hand."""
        self.watched = RememberingEvaluator(self, runs)
        return self.watched


def remember(name: str, seed: int, share: float, rounds: int) -> pd.DataFrame:
    """Time runs of `minimize` with and without remembering.

    Returns
    -------
    DataFrame
        One row for each length in `PASSES` and optimizer: shape, n, optimizer, passes (at most), plain, remembering
        (minimum seconds), distances (those that were computed, as a share of the plain ones), same (whether all that
        was measured of all iterates, and the last one, are equal to the last bit).
    """
    X, starts = prepare(name, seed, share)
    rows = []
    for length, (label, optimizer) in product_of(PASSES, OPTIMIZERS.items()):
        run = partial(_run, X, starts, optimizer, length)
        (_, plain), (problem, remembering) = run(Plain), run(Watched)
        least = in_turns({"plain": partial(run, Plain), "remembering": partial(run, Watched)}, rounds)
        seconds = least.groupby("what")["seconds"].min()
        rows.append(
            {"shape": name, "n": len(X), "optimizer": label, "passes": length}
            | seconds.to_dict()
            | {"distances": problem.watched.computed / problem.watched.possible, "same": same(plain, remembering)}
        )
        both = ", ".join(f"{kind} {spent:.3g} s" for kind, spent in seconds.items())
        say(f"{name}: {label}, {length} passes, {both}")
    return pd.DataFrame(rows)


def _run(X: np.ndarray, starts: np.ndarray, optimizer: Optimizer, passes: int, kind: type[P]) -> tuple[P, Trace]:
    """Return a fresh problem of a kind, and a run on it."""
    problem = kind(X)
    return problem, minimize(problem, optimizer, starts, epochs=passes)


def same(one: Trace, other: Trace) -> bool:
    """Say whether two runs have measured the same and ended at the same place, to the last bit."""
    measures = all(np.array_equal(values, other.measures[name]) for name, values in one.measures.items())
    return measures and np.array_equal(one.w, other.w)
