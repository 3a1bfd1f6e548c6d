"""Who works on the blocks: this process, several threads, or the workers of a cluster.

All of them hand back what is found in the order of the blocks, so that sums do not depend on who made them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from kmeans_convergence.data.blocks.block import Block, needed
from kmeans_convergence.errors import InputError

Result = TypeVar("Result")

# Seconds between two looks at a cluster, until it must have answered, and until one without workers is given up.
POLL = 1.0
ANSWER = 10.0
PATIENCE = 30.0


class Executor(Protocol):
    """Applies a function to blocks."""

    def map(self, function: Callable[[Block], Result], blocks: Sequence[Block]) -> Iterator[Result]:
        """Yield the function's value for each block, in their order.

        Parameters
        ----------
        function : callable
            Without effects, and can be pickled: it may be applied to a block more than once, in any process.
        blocks : sequence of Block
        """
        ...


class Serial:
    """One block after the other, in this process."""

    def map(self, function: Callable[[Block], Result], blocks: Sequence[Block]) -> Iterator[Result]:
        """See `Executor`."""
        return map(function, blocks)


class Threads:
    """Several threads of this process; at most one block more than there are threads is in memory.

    Parameters
    ----------
    number : int

    Raises
    ------
    InputError
        When there is to be no thread.
    """

    def __init__(self, number: int) -> None:
        if number < 1:
            raise InputError(f"{number} threads are asked for: at least 1 is needed.")
        self.number = number

    def map(self, function: Callable[[Block], Result], blocks: Sequence[Block]) -> Iterator[Result]:
        """See `Executor`."""
        waiting: deque[Future[Result]] = deque()
        with ThreadPoolExecutor(self.number) as pool:
            for block in blocks:
                waiting.append(pool.submit(function, block))
                if len(waiting) > self.number:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()


class Cluster:
    """The workers of `dask.distributed`, which read files by themselves: each must find them under the same name.

    A worker that is lost loses nothing: others do again what it had done, and find the same.

    Parameters
    ----------
    client : distributed.Client
        Connected; it stays open.
    """

    def __init__(self, client: Any) -> None:
        self._distributed = needed("distributed", "A cluster")
        self._client = client
        self._address = client.scheduler.address

    @classmethod
    def at(cls, address: str, seconds: float = ANSWER) -> Cluster:
        """Connect to the scheduler at an address such as "tcp://127.0.0.1:8786".

        Raises
        ------
        InputError
            When distributed is not installed, or the scheduler does not answer within so many seconds.
        """
        distributed = needed("distributed", "A cluster")
        try:
            return cls(distributed.Client(address, timeout=seconds))
        except (OSError, TimeoutError, ValueError) as problem:
            raise InputError(
                f"The cluster at {address} does not answer: the address of a running scheduler is needed."
            ) from problem

    def map(self, function: Callable[[Block], Result], blocks: Sequence[Block]) -> Iterator[Result]:
        """See `Executor`.

        Raises
        ------
        InputError
            When the scheduler or all workers are gone, or workers end at the same block again and again.
        """
        futures = self._client.map(function, blocks, pure=False)
        for future in futures:
            self._wait(future)
            if future.status == "error":
                raise self._explained(future.exception())
            if future.status != "finished":
                raise InputError(f"The cluster at {self._address} is gone: it must run until the run ends.")
            yield future.result()

    def _wait(self, future: Any) -> None:
        """Wait until a future is done, as long as there is somebody to do it."""
        idle = 0.0
        while not future.done():
            try:
                self._distributed.wait(future, timeout=POLL)
            except TimeoutError:
                idle = 0.0 if self._client.scheduler_info()["workers"] else idle + POLL
                if idle > PATIENCE:
                    raise InputError(
                        f"The cluster at {self._address} has no workers: at least one is needed."
                    ) from None

    def _explained(self, problem: BaseException) -> BaseException:
        """Return what to raise for what a worker has raised."""
        if isinstance(problem, self._distributed.KilledWorker):
            return InputError(
                f"Workers of the cluster at {self._address} ended again and again, as they do when memory ends: "
                "smaller blocks or workers with more memory are needed."
            )
        return problem
