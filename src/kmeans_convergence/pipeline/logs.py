"""What a job prints goes to its log, and one sentence to the person who waits for it."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path


@contextmanager
def logged(log: str) -> Iterator[None]:
    """Send output and traceback to the file `log`; a failure ends the process with one sentence that names it."""
    try:
        with Path(log).open("w") as file, redirect_stdout(file), redirect_stderr(file):
            try:
                yield
            except Exception:
                traceback.print_exc()
                raise
    except Exception as problem:
        sys.exit(f"{problem} (The log is {log}.)")
