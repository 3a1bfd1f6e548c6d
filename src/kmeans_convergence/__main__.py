"""The command `kmeans-convergence`: what can happen before the libraries are loaded, and the way out.

It imports nothing but what Python itself has loaded anyway: who presses Ctrl-C while libraries are loaded, or has no
memory for them, gets a sentence.
"""

from __future__ import annotations

import mmap
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from kmeans_convergence.errors import explain

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

# Bytes of addresses that a comparison of a small table takes: 0.9 GB with compilation. Without them, compilers and
# libraries of linear algebra end the process in ways of their own.
NEEDED = 2**30

INTERRUPTED = "Interrupted."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 2 where the user can mend what went wrong, 130 after Ctrl-C."""
    _mend_streams()
    # The project's passes have threads of their own; those of the library only take memory.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    heard = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is not signal.SIG_IGN]
    for number in heard:
        signal.signal(number, _leave)
    try:
        _reserve(NEEDED)
        from kmeans_convergence.cli import main as run

        sys.unraisablehook = _raise_again
        for number in heard:
            signal.signal(number, _unwind)
        status = _printed(run(arguments))
    except KeyboardInterrupt:
        _leave(signal.SIGINT, None)
    except SystemExit as ending:
        status = _printed(int(ending.code or 0))
    except Exception as problem:
        said = explain(problem)
        if said is None:
            raise
        _say(said)
        status = _printed(2)
    for number in heard:
        signal.signal(number, _leave)
    return status


def _mend_streams() -> None:
    """Let there be a stream for errors; what its or the output's encoding lacks is written as an escape."""
    # to the end of the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _reserve(size: int) -> None:
    """Ask for memory without using it.

    Raises
    ------
    MemoryError
        When it is not to be had.
    """
    try:
        mmap.mmap(-1, size).close()
    except OSError as problem:
        raise MemoryError from problem


def _printed(status: int) -> int:
    """Send off what is printed, so that Python does not try at its very end; return the status that this leaves."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as problem:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if status == 0:
            _say(f"What was asked for could not be printed ({problem.strerror}).")
            return 2
    return status


def _say(sentence: str) -> None:
    with suppress(OSError):
        print(sentence, file=sys.stderr, flush=True)


def _leave(number: int, _: FrameType | None) -> NoReturn:
    """End at once, with the status that shells expect: nothing is half-done, and nobody waits for threads."""
    if number == signal.SIGINT:
        with suppress(OSError):
            os.write(2, f"{INTERRUPTED}\n".encode())
    os._exit(128 + number)


def _unwind(number: int, _: FrameType | None) -> NoReturn:
    """Leave by an exception, so that what is half-done is undone."""
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)


def _raise_again(ignored: UnraisableHookArgs) -> None:
    """Raise an interruption once more that met code from which no exception gets out, as that of a destructor."""
    if issubclass(ignored.exc_type, KeyboardInterrupt | SystemExit):
        number = signal.SIGINT if issubclass(ignored.exc_type, KeyboardInterrupt) else signal.SIGTERM
        # to the main thread: it may be waiting for something
        again = threading.Timer(0.05, signal.pthread_kill, (threading.main_thread().ident, number))
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(ignored)


if __name__ == "__main__":
    sys.exit(main())
