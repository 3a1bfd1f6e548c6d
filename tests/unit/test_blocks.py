"""Patterns in blocks: the same blocks from every source, the same bits from every executor, and what is refused."""

import math
import os
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from kmeans_convergence.core import Stop
from kmeans_convergence.data.blocks import Cluster, Serial, Threads, open_blocks
from kmeans_convergence.data.blocks.block import Summary, summarize
from kmeans_convergence.optimizers import MajorizeMinimize, Newton, OnlineKMeans, minimize
from kmeans_convergence.optimizers.face_newton import FaceNewton
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans.blocked import BlockedQuantizationProblem
from kmeans_convergence.problems.kmeans.faces import Options
from kmeans_convergence.starts import draw, streams

X = np.random.default_rng(0).uniform(size=(6007, 3))
RNGS = streams(1, "cube", 5, range(3), "test")
STARTS = draw(X, 5, RNGS)
ROWS = 700
METHODS = {"lloyd": MajorizeMinimize(), "newton": Newton(), "faces": FaceNewton()}


def blocked(source=X, rows=ROWS, executor=None):
    return BlockedQuantizationProblem(open_blocks(source, rows), executor)


def whole(blocks):
    return np.concatenate([part.read() for part in blocks.parts])


def assert_same_bits(one, other):
    assert one.stop == other.stop
    for name in ("cost", "gradient_norm", "passes", "w", "ended"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


# --- the problem ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, ROWS, 6007, 10_000])
def test_a_pass_over_blocks_is_a_pass_over_the_patterns(rows):
    some = X[:500] if rows == 1 else X
    here, there = blocked(some, rows).evaluate(STARTS), QuantizationProblem(some).evaluate(STARTS)
    np.testing.assert_array_equal(here.counts, there.counts)
    np.testing.assert_allclose(here.cost, there.cost, rtol=1e-13)
    np.testing.assert_allclose(here.sums, there.sums, rtol=1e-12)
    if rows >= len(some):
        for name in ("cost", "sums", "gradient", "image"):
            np.testing.assert_array_equal(getattr(here, name), getattr(there, name))


def test_many_features_and_prototypes_are_screened_with_the_same_result():
    wide = np.random.default_rng(1).normal(size=(2000, 24)) + 5
    starts = draw(wide, 30, streams(1, "wide", 30, range(2), "test"))
    here, there = blocked(wide, 900).evaluate(starts), QuantizationProblem(wide).evaluate(starts)
    np.testing.assert_array_equal(here.counts, there.counts)
    np.testing.assert_allclose(here.sums, there.sums, rtol=1e-12)


@pytest.mark.parametrize("name", METHODS)
def test_methods_do_the_same_on_blocks(name):
    here = minimize(blocked(), METHODS[name], STARTS, passes=math.inf)
    there = minimize(QuantizationProblem(X), METHODS[name], STARTS, passes=math.inf)
    if name == "faces":
        # each block has its share of the patterns that are searched: other ones than those of the whole
        np.testing.assert_allclose(here.cost[-1], there.cost[-1], rtol=0.01)
    else:
        np.testing.assert_allclose(here.w, there.w, rtol=1e-9)
        np.testing.assert_array_equal(here.passes[-1], there.passes[-1])
    assert set(here.stop) == {Stop.FIXED_POINT}
    np.testing.assert_array_equal(here.diagnostics["empty"], 0)
    assert "changed" not in here.diagnostics


def test_newton_steps_are_those_of_all_patterns_when_all_are_searched():
    everything = Options(patterns=1e9)
    starts = minimize(QuantizationProblem(X), MajorizeMinimize(), STARTS, epochs=8).w
    traces = [
        minimize(problem, FaceNewton(options=everything), starts, epochs=12)
        for problem in (blocked(), QuantizationProblem(X))
    ]
    np.testing.assert_allclose(traces[0].w, traces[1].w, rtol=1e-6)
    np.testing.assert_allclose(traces[0].cost, traces[1].cost, rtol=1e-12)
    lloyd = minimize(QuantizationProblem(X), MajorizeMinimize(), starts, epochs=12)
    assert (traces[0].cost[-1] < lloyd.cost[-1]).all()


def test_the_work_of_newton_steps_is_charged():
    everything = FaceNewton(options=Options(patterns=1e9))
    trace = minimize(blocked(), everything, STARTS[:1], epochs=20)
    # each step with faces searches all patterns on top of its pass
    assert (np.diff(trace.passes[:, 0]) > 2).any()
    assert trace.passes[-1, 0] > 21


def test_ends_where_images_repeat():
    problem = blocked(np.array([[0.0], [1.0], [9.0], [10.0]]), 3)
    one, other, moved = (problem.evaluate(np.array([[[a], [b]]])) for a, b in ((0.2, 9), (0.4, 9.1), (0.4, 30.0)))
    assert other.solved_by_image(one).all()
    assert not moved.solved_by_image(one).any()


def test_data_far_from_zero_keep_their_digits():
    far = X + 1e9
    start = STARTS + 1e9
    here = minimize(blocked(far), MajorizeMinimize(), start, passes=math.inf)
    there = minimize(QuantizationProblem(far), MajorizeMinimize(), start, passes=math.inf)
    np.testing.assert_allclose(here.cost, there.cost, rtol=1e-12)
    np.testing.assert_allclose(here.w, there.w, rtol=1e-15)


def test_methods_that_go_from_pattern_to_pattern_are_refused(refused):
    with refused("OnlineKMeans", "BlockedQuantizationProblem"):
        minimize(blocked(), OnlineKMeans(), STARTS, epochs=1, rngs=RNGS)


def test_summaries_of_blocks_are_those_of_the_whole():
    parts = [summarize(part) for part in open_blocks(X + 1e6, 1000).parts]
    found = parts[0]
    for part in parts[1:]:
        found = found.joined(part)
    assert isinstance(found, Summary)
    assert found.rows == len(X)
    np.testing.assert_allclose(found.mean, (X + 1e6).mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(found.squares, len(X) * X.var(axis=0), rtol=1e-6)
    assert blocked().length == pytest.approx(QuantizationProblem(X).length, rel=1e-12)


# --- sources -------------------------------------------------------------------------------------------


def save(folder, array, name="patterns.npy"):
    np.save(folder / name, array)
    return folder / name


@pytest.mark.parametrize("kind", ["<f8", ">f8", "<f4", "<i2", "|u1", "|b1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_npy_file_is_read_as_it_was_written(tmp_path, kind, order):
    array = np.asarray(100 * X[:1234], dtype=kind, order=order)
    blocks = open_blocks(save(tmp_path, array), 100)
    assert [part.rows for part in blocks.parts] == [100] * 12 + [34]
    np.testing.assert_array_equal(whole(blocks), array.astype(np.float64))
    assert blocks.parts[0].read().dtype == (np.float32 if kind == "<f4" else np.float64)
    assert blocks.parts[0].read().flags.c_contiguous


def test_a_mapped_array_is_not_copied(tmp_path):
    mapped = np.load(save(tmp_path, X), mmap_mode="r")
    assert np.shares_memory(open_blocks(mapped).parts[0].read(), mapped)
    mine = X.copy()
    blocks = open_blocks(mine)
    mine[:] = 0
    np.testing.assert_array_equal(whole(blocks), X)


def test_the_usual_blocks_depend_on_the_features_alone():
    sizes = [part.rows for part in open_blocks(np.zeros((400_000, 2), dtype=np.float32)).parts]
    assert sizes == [262_144, 400_000 - 262_144]


def test_rows_and_starts_are_those_of_the_array():
    blocks = open_blocks(X, ROWS)
    rows = np.array([6006, 0, 700, 699, 700])
    np.testing.assert_array_equal(blocks.take(rows), X[rows])
    np.testing.assert_array_equal(blocks.draw(5, streams(1, "cube", 5, range(3), "test")), STARTS)


@pytest.fixture
def arrow():
    return pytest.importorskip("pyarrow")


def write_parquet(path, columns, group=100):
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.table(columns), path, row_group_size=group)
    return path


def test_parquet_files_are_read_by_row_groups(arrow, tmp_path):
    names = ["a", "b", "c"]
    for part, rows in enumerate((slice(0, 250), slice(250, 400))):
        columns = {name: X[rows, j] for j, name in enumerate(names)}
        write_parquet(tmp_path / f"part{part}.parquet", columns | {"word": ["x"] * len(X[rows])})
    blocks = open_blocks(tmp_path)
    assert [part.rows for part in blocks.parts] == [100, 100, 50, 100, 50]
    assert blocks.features == ("a", "b", "c")
    assert blocks.notes == ("Columns that hold no numbers were left out: 'word'.",)
    np.testing.assert_array_equal(whole(blocks), X[:400])
    np.testing.assert_array_equal(whole(open_blocks(sorted(tmp_path.glob("*.parquet")))), X[:400])
    single = write_parquet(tmp_path / "single.parquet", {"a": X[:9, 0].astype(np.float32), "b": np.arange(9) % 3})
    np.testing.assert_array_equal(whole(open_blocks(single))[:, 1], np.arange(9) % 3)


def test_dask_arrays_are_read_by_chunks():
    dask = pytest.importorskip("dask.array")
    array = dask.from_array(X, chunks=(1000, 2)) + 1
    blocks = open_blocks(array)
    assert [part.rows for part in blocks.parts] == [1000] * 6 + [7]
    np.testing.assert_array_equal(whole(blocks), X + 1)


# --- executors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("name", METHODS)
def test_threads_change_no_bit(name, number, tmp_path):
    path = save(tmp_path, X)
    alone, together = (
        minimize(blocked(path, executor=executor), METHODS[name], STARTS, passes=math.inf)
        for executor in (Serial(), Threads(number))
    )
    assert_same_bits(alone, together)


def test_files_and_arrays_of_the_same_blocks_give_the_same_bits(tmp_path):
    assert_same_bits(*(minimize(blocked(each), FaceNewton(), STARTS, epochs=15) for each in (X, save(tmp_path, X))))


def test_what_is_found_comes_in_the_order_of_the_blocks():
    parts = open_blocks(X, 10).parts
    firsts = [part.first for part in parts]
    assert list(Threads(4).map(lambda part: part.first, parts)) == firsts


# --- what is refused -----------------------------------------------------------------------------------


def test_numbers_that_are_none(tmp_path, refused):
    bad = X.copy()
    bad[1500, 2] = np.nan
    with refused("patterns.npy", "nan", "row 1500", "column 2"):
        blocked(save(tmp_path, bad))
    with refused("The array", "nan", "row 1500", "column 2"):
        blocked(bad)


def test_numbers_too_large_to_be_squared(refused):
    with refused("too large"):
        blocked(np.array([[1e200], [-1e200]]))


def test_a_file_that_changes_while_it_is_used(tmp_path, refused):
    path = save(tmp_path, X)
    problem = blocked(path)
    save(tmp_path, X[::-1])
    os.utime(path, ns=(0, 0))
    with refused("patterns.npy", "has changed"):
        problem.evaluate(STARTS)


def test_a_file_that_ends_while_it_is_used(tmp_path, refused):
    path = save(tmp_path, X)
    problem = blocked(path)
    os.truncate(path, 5000)
    with refused("patterns.npy", "ends after 5000 of"):
        problem.evaluate(STARTS)


@dataclass(frozen=True)
class Cutting:
    """Cuts a file in the middle of a pass."""

    path: os.PathLike

    def map(self, function, blocks):
        for place, block in enumerate(blocks):
            if place == 3:
                os.truncate(self.path, 40_000)
            yield function(block)


def test_a_file_that_ends_within_a_pass(tmp_path, refused):
    path = save(tmp_path, X)
    with refused("patterns.npy", "ends after 40000 of"):
        blocked(path, executor=Cutting(path))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no header", ("NumPy's format",)),
        (np.zeros(5), ("shape (5,)", "matrix")),
        (np.zeros((0, 3)), ("shape (0, 3)",)),
        (np.array([["a"]]), ("<U1", "real numbers")),
        (np.zeros((2, 2), dtype=complex), ("complex128",)),
    ],
)
def test_files_that_hold_no_patterns(tmp_path, refused, content, words):
    path = tmp_path / "patterns.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        save(tmp_path, content)
    with refused("patterns.npy", *words):
        open_blocks(path)


def test_a_file_that_is_shorter_than_its_header_says(tmp_path, refused):
    path = save(tmp_path, X)
    os.truncate(path, 10_000)
    with refused("patterns.npy", "ends after 10000 bytes", "6007 rows"):
        open_blocks(path)


def test_parquet_files_that_hold_no_patterns(arrow, tmp_path, refused):
    words = write_parquet(tmp_path / "words.parquet", {"name": ["x", "y"], "colour": ["r", "g"]})
    with refused("words.parquet", "no column of numbers", "'name', 'colour'"):
        open_blocks(words)
    gaps = write_parquet(tmp_path / "gaps.parquet", {"a": [1.0] * 150 + [None], "b": list(range(151))})
    with refused("gaps.parquet", "nan", "row 150", "column 0"):
        BlockedQuantizationProblem(open_blocks(gaps))
    with refused("gaps.parquet", "columns 'a', 'b'", "'c'"):
        open_blocks([write_parquet(tmp_path / "c.parquet", {"c": [1.0]}), gaps])
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(b"PAR1 and then nothing")
    with refused("damaged.parquet", "no Parquet file"):
        open_blocks(damaged)
    with refused("no rows"):
        open_blocks(write_parquet(tmp_path / "empty.parquet", {"a": np.zeros(0)}))


def test_a_parquet_file_that_changes(arrow, tmp_path, refused):
    path = write_parquet(tmp_path / "a.parquet", {"a": X[:300, 0]})
    problem = BlockedQuantizationProblem(open_blocks(path))
    write_parquet(path, {"a": X[:200, 1]})
    with refused("a.parquet", "while it was used"):
        problem.evaluate(STARTS[:, :, :1])


@pytest.mark.parametrize(
    ("source", "rows", "words"),
    [
        ("table.csv", None, ("table.csv", ".npy")),
        (7, None, ("7",)),
        (np.zeros((2, 2, 2)), None, ("shape (2, 2, 2)",)),
        (np.array([[None]]), None, ("object",)),
        (X, 0, ("0 rows", "at least 1")),
        ("a.parquet", 5, ("5 rows", "row groups")),
    ],
)
def test_sources_that_are_none(source, rows, words, refused):
    with refused(*words):
        open_blocks(source, rows)


def test_an_empty_folder(tmp_path, refused):
    with refused("folder", ".parquet"):
        open_blocks(tmp_path)


def test_dask_arrays_that_hold_no_patterns(refused):
    dask = pytest.importorskip("dask.array")
    array = dask.from_array(X, chunks=(1000, 3))
    with refused("compute_chunk_sizes"):
        open_blocks(array[array[:, 0] > 0.5])
    with refused("no matrix"):
        open_blocks(array[:, 0])
    with refused("chunks"):
        open_blocks(array, 5)


def test_more_prototypes_than_patterns(refused):
    with refused("K = 9", "8 patterns"):
        open_blocks(X[:8]).draw(9, RNGS)


@pytest.mark.parametrize("module", ["pyarrow", "pyarrow.parquet", "distributed"])
def test_what_is_not_installed_is_named(module, tmp_path, refused, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    package = module.split(".")[0]
    with refused(f"package {package}", "pip install"):
        if package == "pyarrow":
            (tmp_path / "a.parquet").write_bytes(b"")
            open_blocks(tmp_path / "a.parquet")
        else:
            Cluster.at("tcp://127.0.0.1:1")


def test_no_threads(refused):
    with refused("0 threads"):
        Threads(0)


# --- under a limit of memory ---------------------------------------------------------------------------

# Of the memory that is left once the program is there, a file takes this many times as much.
TIMES, LIMIT = 20, 8 * 2**20
LIMITED = """
import math, resource, sys
import numpy as np
from kmeans_convergence.data.blocks import open_blocks
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.optimizers.face_newton import FaceNewton
from kmeans_convergence.problems.kmeans.blocked import BlockedQuantizationProblem

path, limit = sys.argv[1], int(sys.argv[2])

def cluster(source):
    problem = BlockedQuantizationProblem(open_blocks(source, rows=8192))
    starts = np.linspace(0.2, 0.8, 3)[None, :, None] * np.ones(16)
    for method in (MajorizeMinimize(), FaceNewton(patience=0, slow=0.0)):
        trace = minimize(problem, method, starts, epochs=4)
        print(trace.cost[-1, 0].hex(), trace.w.sum().hex())

# what is compiled and loaded does not count
cluster(np.random.default_rng(1).uniform(size=(20_000, 16)))
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + limit,) * 2)
try:
    np.load(path)
except MemoryError:
    print("too large")
cluster(path)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="the size of a process is read from Linux's /proc")
def test_a_file_of_twenty_times_the_memory(tmp_path):
    path, features = tmp_path / "patterns.npy", 16
    rows = TIMES * LIMIT // (8 * features)
    large = np.lib.format.open_memmap(path, "w+", np.float64, (rows, features))
    for first in range(0, rows, 2**18):
        part = large[first : first + 2**18]
        part[:] = np.random.default_rng(first).uniform(size=part.shape)
    large.flush()
    del large
    command = [sys.executable, "-c", LIMITED, str(path), str(LIMIT)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 0, found.stderr
    _, _, said, *costs = found.stdout.splitlines()
    assert said == "too large"
    # what there would be with enough memory, from other blocks
    problem = BlockedQuantizationProblem(open_blocks(path))
    starts = np.linspace(0.2, 0.8, 3)[None, :, None] * np.ones(features)
    expected = minimize(problem, MajorizeMinimize(), starts, epochs=4).cost[-1, 0]
    assert float.fromhex(costs[0].split()[0]) == pytest.approx(expected, rel=1e-12)
    assert float.fromhex(costs[1].split()[0]) <= expected
