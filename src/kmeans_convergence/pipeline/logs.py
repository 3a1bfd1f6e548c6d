"""What a job prints goes to its log, and one sentence to the person who waits for it."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from kmeans_convergence.errors import explain
from kmeans_convergence.signals import unwound_when_terminated


@contextmanager
def logged(log: str) -> Iterator[None]:
    """Send output and traceback to the file `log`; a failure ends the process with one sentence that names it.

    A process that is interrupted or terminated ends without a word: who did that knows.
    """
    try:
        with (
            unwound_when_terminated(),
            Path(log).open("w", encoding="utf-8") as file,
            redirect_stdout(file),
            redirect_stderr(file),
        ):
            try:
                yield
            except Exception:
                traceback.print_exc()
                raise
    except Exception as problem:
        sys.exit(f"{explain(problem) or problem} (The log is {log}.)")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
