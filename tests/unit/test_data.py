"""Data sets: published values, the registry, one's own files, and what is said when they cannot be used."""

import numpy as np
import pytest

from kmeans_convergence.data import describe, files, load, read, read_registry
from kmeans_convergence.data.registry import COLUMNS

HEADER = "\t".join(COLUMNS)


@pytest.fixture(scope="module")
def registry(root):
    return read_registry(root / "config" / "datasets.tsv")


@pytest.fixture
def table(tmp_path):
    """Write a registry."""

    def write(*rows, header=HEADER):
        path = tmp_path / "datasets.tsv"
        path.write_text("\n".join([header, *rows]) + "\n")
        return path

    return write


@pytest.fixture
def own(tmp_path):
    """Write a CSV file and describe it."""

    def write(text, scale=1.0):
        (tmp_path / "mine.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        return {"name": "mine", "source": "csv:mine.csv", "scale": scale, "unit": "mm"}

    return write


def test_iris_is_fishers(registry):
    iris = load("iris", registry)
    assert iris.X.shape == (150, 4)
    assert iris.X.dtype == np.float64
    assert iris.unit == "mm"
    assert iris.features == ("sepal length", "sepal width", "petal length", "petal width")
    np.testing.assert_array_equal(iris.X, np.rint(iris.X))
    # as printed by R's summary(iris), cm; the maxima and minima too
    np.testing.assert_allclose(iris.X.mean(axis=0) / 10, [5.843333, 3.057333, 3.758, 1.199333], atol=5e-7)
    np.testing.assert_array_equal(iris.X.min(axis=0), [43, 20, 10, 1])
    np.testing.assert_array_equal(iris.X.max(axis=0), [79, 44, 69, 25])
    assert len(np.unique(iris.X, axis=0)) == 149


def test_the_uci_file_differs_in_two_rows(registry):
    iris, uci = load("iris", registry).X, load("iris_uci", registry).X
    # the notes of the UCI repository: the 35th flower should be 4.9,3.1,1.5,0.2 and the 38th 4.9,3.6,1.4,0.1
    np.testing.assert_array_equal(np.flatnonzero((iris != uci).any(axis=1)) + 1, [35, 38])
    np.testing.assert_array_equal(iris[[34, 37]], [[49, 31, 15, 2], [49, 36, 14, 1]])
    np.testing.assert_array_equal(uci[[34, 37]], [[49, 31, 15, 1], [49, 31, 15, 1]])
    np.testing.assert_allclose(uci.mean(axis=0) / 10, [5.843333, 3.054, 3.758667, 1.198667], atol=5e-7)
    assert len(np.unique(uci, axis=0)) == 147


def test_features_are_selected_in_the_order_given(registry, refused):
    iris = load("iris", registry)
    some = iris.select(("petal width", "sepal length"))
    np.testing.assert_array_equal(some.X, iris.X[:, [3, 0]])
    assert some.features == ("petal width", "sepal length")
    assert (some.name, some.unit) == ("iris", "mm")
    with refused("'iris'", "'stem length'", "sepal length, sepal width, petal length, petal width"):
        iris.select(("sepal length", "stem length"))


def test_a_row_and_a_file_are_all_that_a_data_set_needs(table, own, tmp_path):
    own("length,width\n1.5,2\n-3,4e1\n")
    registry = read_registry(table("# a comment", "mine\tcsv:mine.csv\t10\tmm\tmine\tof my own"))
    description = describe("mine", registry)
    assert description == {"name": "mine", "source": "csv:mine.csv", "scale": 10.0, "unit": "mm"}
    assert [str(file) for file in files(description)] == ["mine.csv"]
    mine = read(description, tmp_path)
    np.testing.assert_array_equal(mine.X, [[15, 20], [-30, 400]])
    assert (mine.name, mine.features, mine.unit) == ("mine", ("length", "width"), "mm")
    np.testing.assert_array_equal(load("mine", registry, tmp_path).X, mine.X)


def test_bundled_data_open_no_files_and_another_row_changes_no_description(registry, table, root):
    for name in registry.index:
        assert files(describe(name, registry)) == []
    rows = (root / "config" / "datasets.tsv").read_text().splitlines()[1:]
    longer = read_registry(table(*rows, "zzz\tcsv:z.csv\t2.5\tkg\tfree\tmore"))
    for name in registry.index:
        assert describe(name, longer) == describe(name, registry)


def test_a_loaded_data_set_is_a_copy(registry):
    load("iris", registry).X[:] = 0
    assert load("iris", registry).X.all()


@pytest.mark.parametrize(
    ("header", "rows", "words"),
    [
        ("name\tsource\tscale\tunit\tlicence", ["a\tbundled:iris\t1\tmm\tfree"], ["description", "name, source"]),
        (HEADER + "\tcolour", ["a\tbundled:iris\t1\tmm\tfree\tx\tred"], ["colour"]),
        (HEADER.replace("\t", ","), ["a,bundled:iris,1,mm,free,x"], ["tabs"]),
        (HEADER, ["a\tbundled:iris\t1\tmm\tfree\tx", "a\tcsv:b.csv\t1\tmm\tfree\tx"], ["'a'", "twice"]),
        (HEADER, ["a\tbundled:iris\t1\tmm\tfree\tx\tred"], ["tabs", "entries", "header"]),
        (HEADER, ["a\tbundled:iris\t1\tmm\tfree\tx", "b\tcsv:b\t1\tmm\tfree\tx\tred"], ["tabs", "line 3"]),
        *[
            (HEADER, ["a\tbundled:iris\t1\tmm\tfree\tx", f"b\tbundled:iris\t{scale}\tmm\tfree\tx"], ["'b'", word])
            for scale, word in (("0", "0"), ("-1", "-1"), ("ten", "ten"), ("", "positive"), ("inf", "inf"))
        ],
    ],
)
def test_a_broken_registry_is_refused(table, refused, header, rows, words):
    path = table(*rows, header=header)
    with refused(path.name, *words):
        read_registry(path)


def test_unknown_names_and_sources_are_refused(registry, table, refused):
    with refused("'irises'", "iris, iris_uci"):
        describe("irises", registry)
    for source in ("bundled:irises", "http:x", "csv:", "iris", ""):
        broken = read_registry(table(f"a\t{source}\t1\tmm\tfree\tx"))
        with refused("'a'", source, "csv:FILE", "bundled:iris, bundled:iris_uci"):
            load("a", broken)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n3,red\n", ["'b'", "'red'", "pattern 2"]),
        ("a,b\n1,2\n,4\n", ["'a'", "nan", "pattern 2"]),
        ("a,b\n1,inf\n3,4\n", ["'b'", "inf", "pattern 1"]),
        ("a,b\n1,2\n3,4\n5\n", ["'b'", "nan", "pattern 3"]),
        ("a,b\n1,2\n3,4,5\n", ["header", "line 3"]),
        ("a,b\n1,2,3\n4,5,6\n", ["more entries", "header"]),
        ("a,b\n0,2,3\n1,5,6\n", ["more entries", "header"]),
        ("1,2\n3,4\n", ["1, 2", "name the features"]),
        ("a,b\n", ["no patterns"]),
        ("", ["header"]),
        (b"a,b\n1,\xff\n", ["header"]),
    ],
)
def test_a_file_that_is_no_table_of_numbers_is_refused(own, tmp_path, refused, text, words):
    description = own(text)
    with refused("'mine'", "mine.csv", *words):
        read(description, tmp_path)


def test_a_missing_file_is_refused(tmp_path, refused):
    with refused("'mine'", "gone.csv", "does not exist"):
        read({"name": "mine", "source": "csv:gone.csv", "scale": 1.0, "unit": "mm"}, tmp_path)
