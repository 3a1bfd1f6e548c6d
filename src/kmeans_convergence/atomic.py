"""Files and folders that are written whole or not at all, whoever else writes to the same place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

# Ends the name of what is not finished; only a process that is killed outright leaves any.
SUFFIX = ".partial"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a name to write to: that file takes the place of `path` at the end, and is gone after any failure.

    Raises
    ------
    OSError
        That of the writer; it names `path`, under whatever name was written.
    """
    partial = _unique(path.parent, path.name)
    try:
        with _named(partial, path):
            yield partial
            os.replace(partial, path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def filling(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill: at the end its files are in `folder`, after any failure nothing is.

    A folder that is there keeps what is not replaced. Of two writers, one's files are all there before the other's.

    Raises
    ------
    OSError
        That of the writer; it names the file in `folder`, under whatever name was written.
    """
    stage = _unique(nearest(folder), folder.name)
    try:
        with _named(stage, folder):
            stage.mkdir()
            yield stage
            _move(stage, folder)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def check_writable(folder: Path) -> None:
    """Make and remove what `filling` would.

    Raises
    ------
    OSError
        When that cannot be done.
    """
    probe = _unique(nearest(folder), folder.name)
    try:
        probe.mkdir()
        (probe / "file").touch()
    finally:
        shutil.rmtree(probe, ignore_errors=True)


def nearest(folder: Path) -> Path:
    """Return what is there of a path: itself, or the folder in which it can be made."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    return there


def _unique(folder: Path, name: str) -> Path:
    # names have an end: a long one is cut
    return folder / f".{name[:50]}.{token_hex(8)}{SUFFIX}"


@contextmanager
def _named(written: Path, meant: Path) -> Iterator[None]:
    """Let an error name the file that is meant; writing to a full disk names none."""
    try:
        yield
    except OSError as problem:
        named = Path(written if problem.filename is None else os.fsdecode(problem.filename))
        if problem.errno is None or not named.is_relative_to(written):
            raise
        raise OSError(problem.errno, problem.strerror, str(meant / named.relative_to(written))) from problem


def _move(stage: Path, folder: Path) -> None:
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(stage, folder)
            return
        except OSError:
            # somebody else may just have made it
            if not folder.is_dir():
                raise
    with _turn(folder):
        for file in sorted(stage.iterdir()):
            os.replace(file, folder / file.name)


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Wait for other writers of this folder, where the system has such locks."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(ImportError, OSError):
            import fcntl  # not on all systems

            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
