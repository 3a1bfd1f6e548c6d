"""A fresh process for each measurement: its threads are set before any library is loaded, and its memory is its own."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
# Of Linux' prctl: the signal that a process gets when its parent dies.
PR_SET_PDEATHSIG = 1
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def alone(function: Callable[..., T], threads: int, *arguments: Any) -> T:
    """Call a function of a module in a new process whose libraries use a number of threads.

    The process does not outlive this one, nor the call, however these end.
    """
    with _environment(dict.fromkeys(VARIABLES, str(threads))):
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context, initializer=_end_with_parent) as pool:
            result = pool.submit(function, *arguments)
            try:
                return result.result()
            except BaseException:
                # the pool would wait for what nobody wants any more
                for child in multiprocessing.active_children():
                    child.kill()
                raise


def _end_with_parent() -> None:
    """Tie this process to its parent: by the kernel where it is Linux, else as soon as the interpreter has its turn."""
    # an interruption from the keyboard is the parent's to deal with
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch_parent, daemon=True).start()


def _watch_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        # a pipe that closes with the parent: also when it has died before the kernel was asked
        wait([parent.sentinel])
        os._exit(1)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def peak_beyond(function: Callable[[], object]) -> float:
    """Return by how many bytes calling a function raises the resident memory at most; NaN where Linux cannot tell.

    The kernel's high-water mark (VmHWM) is set back to what is resident (VmRSS) before. So what is counted is what the
    machine needs, whoever allocates it: NumPy, BLAS or a compiled library.
    """
    if not (STATUS.exists() and RESET.exists()):
        return float("nan")
    RESET.write_text("5")
    before = _resident("VmRSS")
    function()
    return _resident("VmHWM") - before


def _resident(field: str) -> float:
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith(f"{field}:"))
    return 1024 * float(line.split()[1])
