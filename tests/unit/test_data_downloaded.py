"""Downloads: kept when they are right, refused in one sentence when they are not, and nothing half-written stays."""

import errno
import gzip
import os
import signal
import threading
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pooch
import pytest

from kmeans_convergence.data import downloaded, load, read_registry
from kmeans_convergence.data.downloaded import FOLDER_VARIABLE, fetch, folder, parse, read
from kmeans_convergence.data.summary import describe

TABLE = (
    b'"rownames","species","length","year","width"\n"1","red",1.5,2007,2\n"2","blue",NA,2008,3\n"3","red",4,2009,5\n'
)
RIGHT = sha256(TABLE).hexdigest()

# As in the survey of the bundled sets: patterns, features, distinct patterns, condition number.
SURVEY = {
    "old_faithful": (272, 2, 256, 19.2),
    "quakes": (1000, 5, 1000, 15.7),
    "penguins": (342, 4, 342, 25.4),
    "crabs": (200, 5, 200, 2.8e3),
    "computers": (6259, 7, 6137, 22.3),
    "concrete": (1030, 9, 1005, 79.6),
    "diamonds": (53940, 7, 53732, 384),
    "caravan": (5822, 85, 5171, 3.17e4),
    "nci60": (64, 6830, 64, np.inf),
    "tissue_gene": (189, 500, 185, np.inf),
    "cells": (2019, 56, 2019, np.inf),
    "meats_nir": (215, 100, 193, 5.81e12),
    "pd_speech": (252, 751, 252, np.inf),
    "ecoli": (336, 7, 336, 17.4),
    "ionosphere": (351, 34, 350, 127),
    "sonar": (208, 60, 208, 1.85e3),
    "statlog_seg": (2310, 19, 2086, np.inf),
    "yeast": (1484, 8, 1453, 4.46),
    "s1": (5000, 2, 5000, 1.1),
    "s4": (5000, 2, 5000, 1.15),
    "a3": (7500, 2, 7500, 1.03),
    "unbalance": (6500, 2, 6500, 1.31),
    "birch1": (100000, 2, 100000, 1),
    "birch2": (100000, 2, 99999, 1.48),
}


class Handler(BaseHTTPRequestHandler):
    """Sends the table whole, in part, another one, or an error, as the path says."""

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path == "/gone.csv":
            self.send_error(404)
            return
        if self.path == "/drip.csv":
            # a byte of the header now and then, until somebody has had enough
            while not self.server.enough.wait(0.05):
                self.wfile.write(b"H")
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(TABLE)))
        self.end_headers()
        self.wfile.write({"/whole.csv": TABLE, "/part.csv": TABLE[:40], "/other.csv": TABLE[::-1]}[self.path])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.enough = [], threading.Event()
    server.at = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.enough.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "deep" / "cache"))
    return tmp_path / "deep" / "cache"


def test_a_download_is_kept_and_not_repeated(server, cache):
    for _ in range(2):
        X, features = read("some", "some.csv", f"{server.at}/whole.csv", RIGHT, ("year",))
        np.testing.assert_array_equal(X, [[1.5, 2], [4, 5]])
        assert features == ("length", "width")
    assert server.asked == ["/whole.csv"]
    assert [file.name for file in cache.iterdir()] == ["some.csv"]


def test_a_file_with_another_content_is_replaced(server, cache):
    cache.mkdir(parents=True)
    (cache / "some.csv").write_bytes(TABLE[:40])
    assert fetch("some", "some.csv", f"{server.at}/whole.csv", RIGHT).read_bytes() == TABLE
    assert server.asked == ["/whole.csv"]


@pytest.mark.parametrize(
    ("path", "words"),
    [("other.csv", [RIGHT, "not kept"]), ("part.csv", ["downloaded"]), ("gone.csv", ["downloaded", "HTTPError"])],
)
def test_a_download_that_is_not_right_is_refused_and_not_kept(server, cache, refused, path, words):
    with refused("'some'", f"{server.at}/{path}", FOLDER_VARIABLE, *words):
        fetch("some", "some.csv", f"{server.at}/{path}", RIGHT)
    assert list(cache.iterdir()) == []


def test_a_wrong_file_stays_as_it_is_when_no_right_one_comes(server, cache, refused):
    cache.mkdir(parents=True)
    (cache / "some.csv").write_bytes(b"mine")
    with refused("'some'", RIGHT):
        fetch("some", "some.csv", f"{server.at}/other.csv", RIGHT)
    assert [(file.name, file.read_bytes()) for file in cache.iterdir()] == [("some.csv", b"mine")]


def test_without_a_network(server, cache, refused):
    server.shutdown()
    server.server_close()
    with refused("'some'", server.at, "downloaded", "ConnectionError", FOLDER_VARIABLE):
        fetch("some", "some.csv", f"{server.at}/whole.csv", RIGHT)
    assert list(cache.iterdir()) == []


def test_a_download_that_drips_has_an_end(server, cache, refused, monkeypatch):
    monkeypatch.setattr(downloaded, "LIMIT", 0.5)
    with refused("'some'", f"{server.at}/drip.csv", "0.5 s", FOLDER_VARIABLE):
        fetch("some", "some.csv", f"{server.at}/drip.csv", RIGHT)
    assert list(cache.iterdir()) == []


def test_a_full_disk(server, cache, refused, monkeypatch):
    def half(_, url, file, *__):
        with open(file, "wb") as target:
            target.write(TABLE[:40])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", half)
    with refused("'some'", str(cache), "no space left", FOLDER_VARIABLE):
        fetch("some", "some.csv", f"{server.at}/whole.csv", RIGHT)
    assert list(cache.iterdir()) == []


def test_a_folder_that_is_a_file(server, tmp_path, refused, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file"))
    with refused("'some'", str(tmp_path / "file"), "written", FOLDER_VARIABLE):
        fetch("some", "some.csv", f"{server.at}/whole.csv", RIGHT)


@pytest.fixture
def heeded():
    """A shell that starts the tests in the background lets them ignore an interrupt."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
@pytest.mark.parametrize(("number", "ending"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
def test_an_interrupt_leaves_nothing(cache, monkeypatch, number, ending):
    def interrupt(_, url, file, *__):
        with open(file, "wb") as target:
            target.write(TABLE[:40])
        signal.raise_signal(number)

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", interrupt)
    before = signal.getsignal(number)
    with pytest.raises(ending):
        fetch("some", "some.csv", "http://127.0.0.1/some.csv", RIGHT)
    assert list(cache.iterdir()) == []
    assert signal.getsignal(number) == before


def test_without_a_name_the_folder_is_that_for_caches(monkeypatch):
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert folder().name == "kmeans-convergence"
    assert folder().is_absolute()


def test_numbers_between_spaces(tmp_path):
    path = tmp_path / "some.data.gz"
    path.write_bytes(gzip.compress(b"  1 2.5\n-3   4e1\n"))
    X, features = parse(path)
    np.testing.assert_array_equal(X, [[1, 2.5], [-3, 40]])
    assert features == ("x1", "x2")


def test_a_column_to_drop_must_be_there(tmp_path, refused):
    (tmp_path / "some.csv").write_bytes(TABLE)
    with refused("some.csv", "'weight'", "rownames, species, length, year, width"):
        parse(tmp_path / "some.csv", ("weight",))


@pytest.mark.skipif(FOLDER_VARIABLE not in os.environ, reason=f"{FOLDER_VARIABLE} names no folder of downloads")
@pytest.mark.parametrize("name", SURVEY)
def test_a_downloaded_set_is_the_published_one(root, name):
    dataset = load(name, read_registry(root / "config" / "datasets.tsv"))
    row = describe(dataset)
    n, d, distinct, condition = SURVEY[name]
    assert max(dataset.clusters) <= distinct
    assert (row["n"], row["d"], row["distinct"]) == (n, d, distinct)
    assert row["condition"] == pytest.approx(condition, rel=5e-3)
