"""Files and folders: whole or not at all, with several writers, on a full disk, and when the process is killed."""

import errno
import os
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from kmeans_convergence.atomic import filling, replacing
from kmeans_convergence.pipeline.tables import write_array, write_csv
from kmeans_convergence.report.text import write

TABLE = pd.DataFrame({"a": np.arange(2000), "b": np.linspace(0, 1, 2000)})


def listed(folder):
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*"))


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_after_a_failure_the_old_file_is_there_and_nothing_else(tmp_path, failure):
    (tmp_path / "a.txt").write_text("old")

    def fail():
        with replacing(tmp_path / "a.txt") as partial:
            partial.write_text("ne")
            raise failure

    with pytest.raises(failure):
        fail()
    assert listed(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


@pytest.mark.parametrize(
    ("name", "writer"),
    [
        ("a.csv", lambda path: write_csv(TABLE, path)),
        ("a.csv.gz", lambda path: write_csv(TABLE, path)),
        ("a.npy", lambda path: write_array(np.ones(5000), path)),
        ("a.txt", lambda path: write("word " * 2000, path)),
    ],
)
def test_writers_in_one_place_do_not_meet(tmp_path, name, writer):
    path = tmp_path / name
    writer(path)
    whole = path.read_bytes()

    def again(_):
        writer(path)
        return path.read_bytes()

    with ThreadPoolExecutor(4) as pool:
        contents = list(pool.map(again, range(40)))
    assert set(contents) == {whole}
    assert listed(tmp_path) == [name]


def test_an_error_names_the_file_that_is_meant(tmp_path):
    with pytest.raises(OSError, match="No space left") as caught, replacing(tmp_path / "a.csv"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.filename == str(tmp_path / "a.csv")


def test_an_error_names_the_file_of_the_folder_that_is_meant(tmp_path):
    def fill():
        with filling(tmp_path / "deep" / "folder") as folder:
            (folder / "first").write_text("1")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder / "second"))

    with pytest.raises(OSError, match="No space left") as caught:
        fill()
    assert caught.value.filename == str(tmp_path / "deep" / "folder" / "second")
    # an error about another file keeps its name
    with pytest.raises(FileNotFoundError) as caught, filling(tmp_path / "folder"):
        (tmp_path / "elsewhere").read_text()
    assert caught.value.filename == str(tmp_path / "elsewhere")
    assert listed(tmp_path) == []


LARGE = """
import resource, signal, sys
import pandas as pd
from pathlib import Path
from kmeans_convergence.pipeline.tables import write_csv
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
try:
    write_csv(pd.DataFrame({"a": range(5000)}), Path("large.csv"))
except OSError as problem:
    print(problem.filename)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="files have no limit")
def test_a_table_that_does_not_fit_leaves_nothing_and_is_named(tmp_path):
    run = subprocess.run([sys.executable, "-c", LARGE], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout == "large.csv\n"
    assert listed(tmp_path) == []


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_is_filled_at_the_end(tmp_path, there):
    target = tmp_path / "deep" / "folder"
    if there:
        target.mkdir(parents=True)
        for name in ("one", "mine"):
            (target / name).write_text("old")
    with filling(target) as folder:
        (folder / "one").write_text("new")
        (folder / "two").write_text("new")
        assert (target / "one").exists() == there
        assert not (target / "two").exists()
    contents = {file.name: file.read_text() for file in target.iterdir()}
    assert contents == {"one": "new", "two": "new"} | ({"mine": "old"} if there else {})
    assert listed(tmp_path) == sorted(["deep", "deep/folder", *(f"deep/folder/{name}" for name in contents)])


@pytest.mark.parametrize("there", [False, True])
def test_of_two_writers_of_a_folder_all_files_are_of_one(tmp_path, monkeypatch, there):
    # a slow disk: others have their turn between two files
    monkeypatch.setattr(os, "replace", lambda *names: (time.sleep(0.002), rename(*names)))
    rename = os.rename
    target = tmp_path / "folder"
    if there:
        target.mkdir()
    names = [f"file{i}" for i in range(10)]

    def fill(writer):
        with filling(target) as folder:
            for name in names:
                (folder / name).write_text(str(writer))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fill, range(8)))
    assert len({(target / name).read_text() for name in names}) == 1
    assert listed(tmp_path) == sorted(["folder", *(f"folder/{name}" for name in names)])
