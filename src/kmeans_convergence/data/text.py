"""The text of a file, whatever it is packed in and however its letters are encoded."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import re
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kmeans_convergence.data.notes import Note
from kmeans_convergence.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

# What packed files begin with.
MARKS = {
    b"\x1f\x8b\x08": "gzip",
    **{b"BZh%d1AY&SY" % level: "bzip2" for level in range(1, 10)},
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "spreadsheet",
    b"\x93NUMPY": "npy",
    b"PAR1": "parquet",
}
# Tar files say what they are only behind the first name and its attributes.
TAR_MARK, TAR_PLACE = b"ustar", 257
NAMES = (".gz", ".bz2", ".xz", ".zst", ".zip", ".tar", ".tgz")
# Deeper packing is nobody's habit: data.tar.gz inside a zip file.
DEPTH = 3
DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError, ValueError)

# The longer marks first: that of UTF-32 begins as that of UTF-16.
ENCODINGS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
# Old programs end a text with Ctrl-Z.
END = "\x1a"
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def legible(name: object) -> str:
    """Return the name of a file as text that can be written: what is not UTF-8 in it becomes a replacement sign."""
    return os.fsencode(str(name)).decode("utf-8", "replace")


def read_text(path: Path) -> tuple[str, list[Note]]:
    """Read a file as text: packed or plain by what it holds, not by its name.

    Returns
    -------
    text : str
        With line ends of one kind.
    notes : list of Note

    Raises
    ------
    InputError
        When the file is missing, empty, damaged, no text, or packed in a way that is not understood.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}.")
    data, notes = _unpacked(path.read_bytes(), path)
    if path.suffix.lower() in NAMES and not notes:
        notes.append(Note(f"the name ends in {path.suffix}, but the file is not packed", " and was read as it is"))
    text = _decoded(data, path, notes).rstrip(END).replace("\r\n", "\n").replace("\r", "\n")
    control = CONTROL.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        raise InputError(
            f"{path} is no text: line {line} holds the control character {control[0]!r}, so save it as a CSV file."
        )
    if not text.strip():
        raise InputError(f"{path} is empty; at least one row of numbers is needed.")
    return text, notes


def _packing(data: bytes) -> str | None:
    if data[TAR_PLACE : TAR_PLACE + len(TAR_MARK)] == TAR_MARK:
        return "tar"
    return next((packing for mark, packing in MARKS.items() if data.startswith(mark)), None)


def _unpacked(data: bytes, path: Path) -> tuple[bytes, list[Note]]:
    notes: list[Note] = []
    while packing := _packing(data):
        if packing == "zstd":
            raise InputError(f"{path} is packed by zstd, which is not understood here: unpack it first (zstd -d).")
        if packing == "spreadsheet":
            raise InputError(f"{path} is a spreadsheet: save it as a CSV file.")
        if packing in _TABLES:
            what, as_text = _TABLES[packing]
            notes.append(Note(f"the file is {what}", ", read as a text whose first line has the names of its columns"))
            return as_text(data, path), notes
        if len(notes) == DEPTH:
            raise InputError(f"{path} is packed more than {DEPTH} times: unpack it first.")
        try:
            data = _UNPACK[packing](data, path)
        except InputError:
            raise
        except (*DAMAGED, RuntimeError) as problem:
            raise InputError(f"{path} is packed by {packing}, but damaged or encrypted: unpack it first.") from problem
        notes.append(Note(f"the file is packed by {packing}", " and was unpacked"))
    return data, notes


def _only(names: list[str], path: Path, packing: str) -> str:
    if len(names) != 1:
        raise InputError(f"{path} is a {packing} archive of {len(names)} files: it must hold one table.")
    return names[0]


def _from_zip(data: bytes, path: Path) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
        if {"[Content_Types].xml", "content.xml"} & set(names):
            raise InputError(f"{path} is a spreadsheet: save it as a CSV file.")
        return archive.read(_only(names, path, "zip"))


def _from_tar(data: bytes, path: Path) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = {member.name: member for member in archive.getmembers() if member.isfile()}
        # where macOS keeps what its files are like
        names = [name for name in members if not Path(name).name.startswith("._")]
        file = archive.extractfile(members[_only(names, path, "tar")])
        return file.read() if file else b""


_UNPACK = {
    "gzip": lambda data, _: gzip.decompress(data),
    "bzip2": lambda data, _: bz2.decompress(data),
    "xz": lambda data, _: lzma.decompress(data),
    "zip": _from_zip,
    "tar": _from_tar,
}


def _from_npy(data: bytes, path: Path) -> bytes:
    import pandas as pd  # slow to import, and only such files need it

    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except DAMAGED as problem:
        raise InputError(f"{path} is a file of NumPy's, but damaged or with objects in it: save it anew.") from problem
    if array.ndim not in (1, 2) or array.dtype.kind not in "biuf" or not array.size:
        raise InputError(
            f"{path} holds an array of shape {array.shape} and type {array.dtype}: a matrix of numbers is needed."
        )
    matrix = array.reshape(len(array), -1).astype(np.float64 if array.dtype.kind == "f" else np.int64)
    return _to_csv(pd.DataFrame(matrix, columns=[f"x{place + 1}" for place in range(matrix.shape[1])]))


def _from_parquet(data: bytes, path: Path) -> bytes:
    import pandas as pd  # as above

    try:
        table = pd.read_parquet(io.BytesIO(data))
    except ImportError as problem:
        raise InputError(
            f"{path} is a Parquet file, which needs the package pyarrow: install that, or save it as a CSV file."
        ) from problem
    # whatever its libraries raise
    except Exception as problem:
        raise InputError(f"{path} is a Parquet file, but damaged or encrypted: save it anew.") from problem
    return _to_csv(table)


def _to_csv(table: pd.DataFrame) -> bytes:
    """Return a table as text, with all digits; a cell without a value says so, because an empty line is none."""
    return table.to_csv(index=False, na_rep="nan").encode()


# Files that are tables already, and not text.
_TABLES = {"npy": ("an array of NumPy's", _from_npy), "parquet": ("a Parquet file", _from_parquet)}


def _decoded(data: bytes, path: Path, notes: list[Note]) -> str:
    mark = next((mark for mark in ENCODINGS if data.startswith(mark)), b"")
    encoding = ENCODINGS.get(mark) or _without_mark(data)
    try:
        return data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as problem:
        if encoding != "utf-8":
            raise InputError(f"{path} is no text in {encoding.upper()}: save it as a CSV file in UTF-8.") from problem
    if b"\0" in data:
        raise InputError(f"{path} is no text: save it as a CSV file in UTF-8.")
    notes.append(
        Note(
            "the file is not in UTF-8",
            " and was read as Windows-1252 (Western European): names may have wrong letters, numbers are right",
        )
    )
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _without_mark(data: bytes) -> str:
    """Tell UTF-16, in which every other byte of a table of numbers is zero, from UTF-8."""
    half = len(data) // 2
    first, second = data[::2].count(0), data[1::2].count(0)
    if second > half / 2 and first == 0:
        return "utf-16-le"
    return "utf-16-be" if first > half / 2 and second == 0 else "utf-8"
