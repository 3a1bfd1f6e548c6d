"""Data sets that are downloaded when they are first read, and kept in a folder of the user's choice."""

from __future__ import annotations

import errno
import logging
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kmeans_convergence.errors import InputError
from kmeans_convergence.signals import unwound_when_terminated

FOLDER_VARIABLE = "KMEANS_CONVERGENCE_DATA"

# R's row names, which the files of the Rdatasets collection begin with.
ROW_NAMES = "rownames"

# Seconds that a download may take in all; the largest file has a few megabytes.
LIMIT = 300.0

Table = tuple[np.ndarray, tuple[str, ...]]


def folder() -> Path:
    """Return the folder of downloaded files: that of the environment variable, else the system's for caches."""
    import pooch  # slow to import

    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else Path(pooch.os_cache("kmeans-convergence"))


def fetch(name: str, file: str, url: str, sha256: str) -> Path:
    """Return the file of a data set: the one in `folder` if its SHA-256 is right, else a download that has it.

    A download stands under another name until its SHA-256 is known to be right, and is removed if it is not.

    Raises
    ------
    InputError
        When there is no network, the download breaks off or has another SHA-256, or it cannot be written.
    """
    import pooch  # slow to import
    from requests.exceptions import RequestException, Timeout

    pooch.get_logger().setLevel(logging.WARNING)
    place = folder()
    mend = f"{FOLDER_VARIABLE} may name a folder that has {file}"
    try:
        with unwound_when_terminated():
            return Path(pooch.retrieve(url, known_hash=f"sha256:{sha256}", fname=file, path=place, downloader=_in_time))
    except ValueError as problem:
        raise InputError(
            f"Data set {name!r}: what {url} sends has not the SHA-256 {sha256} and was not kept; {mend}."
        ) from problem
    except RequestException as problem:
        if problem.response is not None:
            problem.response.close()  # pooch leaves the connection open after an answer such as 404
        reason = f"not in {LIMIT:g} s" if type(problem) is Timeout else type(problem).__name__
        raise InputError(f"Data set {name!r} could not be downloaded from {url} ({reason}); {mend}.") from problem
    except OSError as problem:
        reason = (
            "there is no space left" if problem.errno == errno.ENOSPC else problem.strerror or type(problem).__name__
        )
        raise InputError(
            f"Data set {name!r} could not be written to {place} ({reason}): {FOLDER_VARIABLE} may name another folder."
        ) from problem


def _in_time(url: str, file: str, registry: Any) -> None:
    """Download a file, as pooch asks for it, in a limited time: a server may send a byte now and then for ever.

    The thread is not waited for: whatever it still writes, it writes to a file that is removed.
    """
    import pooch
    from requests.exceptions import Timeout

    failures: list[BaseException] = []

    def download() -> None:
        try:
            pooch.HTTPDownloader()(url, file, registry)
        # whatever it is, it is raised where it is waited for
        except BaseException as problem:
            failures.append(problem)

    thread = threading.Thread(target=download, daemon=True)
    thread.start()
    thread.join(LIMIT)
    if thread.is_alive():
        raise Timeout(f"not there after {LIMIT:g} s")
    if failures:
        raise failures[0]


def parse(path: Path, drop: tuple[str, ...] = ()) -> Table:
    """Read the features of a downloaded file.

    Parameters
    ----------
    path : Path
        A CSV file with a header, or numbers between spaces without one if its name ends in ``.data.gz``.
    drop : tuple of str
        Columns of a CSV file that are numbers but no features. R's row names and columns of text go anyway, and so do
        rows with missing values.

    Returns
    -------
    X : ndarray of shape (n, d)
    features : tuple of str, length d

    Raises
    ------
    InputError
        When there is no such column to drop.
    """
    if path.name.endswith(".data.gz"):
        X = np.loadtxt(path, ndmin=2)
        return X, tuple(f"x{feature + 1}" for feature in range(X.shape[1]))
    table = pd.read_csv(path)
    missing = [column for column in drop if column not in table]
    if missing:
        raise InputError(
            f"{path} has no column {missing[0]!r} to drop: its columns are {', '.join(map(str, table.columns))}."
        )
    table = table.drop(columns=[ROW_NAMES, *drop] if ROW_NAMES in table else list(drop))
    numbers = table.select_dtypes("number").dropna()
    return numbers.to_numpy(dtype=np.float64), tuple(str(column) for column in numbers.columns)


def read(name: str, file: str, url: str, sha256: str, drop: tuple[str, ...]) -> Table:
    """Fetch a data set and read it; see `fetch` and `parse`."""
    return parse(fetch(name, file, url, sha256), drop)
