"""A signal to terminate is taken for an exit, so that what is half-done is undone."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unwound_when_terminated() -> Iterator[None]:
    """Take a signal to terminate, as a batch system sends it, for an exit: what is half-written is removed on the way.

    Only the main thread may do so; in others the signal ends the process at once.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
