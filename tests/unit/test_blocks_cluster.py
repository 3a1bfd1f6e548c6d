"""Blocks on a cluster: a real scheduler and two workers, one of which is killed."""

import os
import signal
import time
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

from kmeans_convergence.data.blocks import Cluster, executors, open_blocks
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.optimizers.face_newton import FaceNewton
from kmeans_convergence.problems.kmeans.blocked import BlockedQuantizationProblem
from kmeans_convergence.starts import draw, streams

distributed = pytest.importorskip("distributed")
# the library's own, about what it does with sockets and processes
pytestmark = pytest.mark.filterwarnings("default")

X = np.random.default_rng(0).uniform(size=(5000, 3))
STARTS = draw(X, 5, streams(1, "cube", 5, range(2), "test"))


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module", name="path")
def file_of_patterns(tmp_path_factory):
    path = tmp_path_factory.mktemp("blocks") / "patterns.npy"
    np.save(path, X)
    return path


class Killing(Cluster):
    """Kills a worker in the third pass, while it has blocks to work on."""

    def __init__(self, client):
        super().__init__(client)
        self.client, self.passes, self.killed = client, 0, 0

    def map(self, function, blocks):
        self.passes += 1
        for place, found in enumerate(super().map(function, blocks)):
            if self.passes == 3 and place == 1:
                _, process = sorted(self.client.run(os.getpid).items())[0]
                os.kill(process, signal.SIGKILL)
                self.killed = process
            yield found


def test_a_cluster_changes_no_bit_even_when_a_worker_is_killed(client, path):
    killing = Killing(client)
    for method, executor in ((FaceNewton(), killing), (MajorizeMinimize(), Cluster(client))):
        alone, together = (
            minimize(BlockedQuantizationProblem(open_blocks(path, 300), each), method, STARTS, epochs=8)
            for each in (None, executor)
        )
        assert alone.stop == together.stop
        for name in ("cost", "passes", "w"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(together, name))
    assert killing.killed


def test_arrays_and_dask_arrays_go_to_workers(client):
    dask = pytest.importorskip("dask.array")
    expected = BlockedQuantizationProblem(open_blocks(X, 1000)).evaluate(STARTS)
    for blocks in (open_blocks(X, 1000), open_blocks(dask.from_array(X, chunks=(1000, 3)))):
        found = BlockedQuantizationProblem(blocks, Cluster(client)).evaluate(STARTS)
        np.testing.assert_array_equal(found.sums, expected.sums)


def test_what_a_worker_refuses_is_said_once(client, tmp_path, refused):
    bad = X.copy()
    bad[1234, 1] = np.inf
    np.save(tmp_path / "bad.npy", bad)
    with refused("bad.npy", "inf", "row 1234", "column 1"):
        BlockedQuantizationProblem(open_blocks(tmp_path / "bad.npy", 300), Cluster(client))


def test_a_cluster_that_is_not_there(refused):
    with refused("tcp://127.0.0.1:9", "does not answer"):
        Cluster.at("tcp://127.0.0.1:9", seconds=1)


@contextmanager
def within_the_process(workers):
    with (
        distributed.LocalCluster(
            n_workers=workers, processes=False, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
        distributed.Client(cluster.scheduler_address) as client,
    ):
        yield cluster, Cluster(client)


def test_a_cluster_that_goes_away(refused):
    with within_the_process(1) as (cluster, executor), refused("is gone", "must run"):
        for place, _ in enumerate(executor.map(lambda block: time.sleep(0.2), open_blocks(X, 300).parts)):
            if place == 1:
                cluster.close()


def test_a_cluster_without_workers(refused, monkeypatch):
    monkeypatch.setattr(executors, "PATIENCE", 1.0)
    with within_the_process(0) as (_, executor), refused("no workers", "at least one"):
        list(executor.map(len, open_blocks(X, 300).parts))


def test_workers_that_end_again_and_again(refused):
    def ends(block):
        # what the scheduler says of a task that its workers have not survived
        raise distributed.KilledWorker("task", SimpleNamespace(address="tcp://worker"), 3)

    with within_the_process(1) as (_, executor), refused("again and again", "memory", "smaller blocks"):
        list(executor.map(ends, open_blocks(X, 3000).parts))
